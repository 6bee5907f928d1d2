//! Who is in a group: joining and leaving.

use super::{
    GROUP_FOUND, GROUP_MEMBERS_MAX, GROUPS_PER_USER_MAX, MEMBER_FOUND, OWNER_ASKS, SqlPeople,
    guard,
    holds::hold_groups,
    hooks, invitations,
    messages::{self, Keys},
    roles::{MEMBER, OWNER, is_member, read, role},
};
use crate::{Tx, sql};
use async_trait::async_trait;
use hongbao_domain::store::{
    StoreError,
    people::{
        JoinDraft, JoinedGroup, MemberStore, NewEvent, PeopleError, Removal, StoredBody,
        StoredMessage,
    },
};
use hongbao_shared::{GroupId, Timestamp, UserId};

/// The inner LIMIT keeps a group of thousands at so many rows.
const FACES_SQLITE: &str = "SELECT m.group_id, m.user_id FROM json_each($1) AS g
     CROSS JOIN members m ON m.group_id = g.value AND m.user_id IN
         (SELECT user_id FROM members WHERE group_id = g.value ORDER BY place LIMIT $2)
     ORDER BY g.key, m.place";
const FACES_POSTGRES: &str = "SELECT g.id, m.user_id FROM unnest($1) WITH ORDINALITY AS g(id, nth)
     CROSS JOIN LATERAL
         (SELECT user_id, place FROM members WHERE group_id = g.id ORDER BY place LIMIT $2) AS m
     ORDER BY g.nth, m.place";

#[async_trait]
impl MemberStore for SqlPeople {
    async fn join(&self, join: JoinDraft) -> Result<JoinedGroup, PeopleError> {
        self.write(join, |tx, join| Box::pin(join_in(tx, join))).await
    }

    /// Leaving is removing oneself.
    async fn remove(&self, removal: Removal) -> Result<StoredMessage, PeopleError> {
        self.write(removal, |tx, removal| Box::pin(remove_in(tx, *removal))).await
    }

    async fn is_member(&self, group: GroupId, user: UserId) -> Result<bool, PeopleError> {
        Ok(is_member(&self.database, group, user).await?)
    }

    async fn member_ids(&self, group: GroupId, limit: u32) -> Result<Vec<UserId>, PeopleError> {
        let found = sql("SELECT user_id FROM members WHERE group_id = $1 ORDER BY place LIMIT $2")
            .bind(group.get())
            .bind(limit)
            .scalars(&self.database);
        Ok(found.await?)
    }

    async fn demo_member_ids(&self, group: GroupId) -> Result<Vec<UserId>, PeopleError> {
        let found = sql("SELECT m.user_id FROM members m JOIN users u ON u.id = m.user_id
             WHERE m.group_id = $1 AND u.demo_key IS NOT NULL ORDER BY m.place")
        .bind(group.get())
        .scalars(&self.database);
        Ok(found.await?)
    }

    async fn faces(
        &self,
        groups: &[GroupId],
        per_group: u32,
    ) -> Result<Vec<(GroupId, UserId)>, PeopleError> {
        if groups.is_empty() {
            return Ok(Vec::new());
        }
        let found = sql(self.database.dialect().pick(FACES_SQLITE, FACES_POSTGRES))
            .bind(groups.iter().map(|id| id.get()).collect::<Vec<i64>>())
            .bind(per_group)
            .all(&self.database, |row| Ok((row.try_get(0)?, row.try_get(1)?)));
        Ok(found.await?)
    }
}

async fn join_in(tx: &mut Tx<'_>, draft: &JoinDraft) -> Result<JoinedGroup, StoreError> {
    let group = invitations::invited_to(tx, &draft.code, draft.at).await?;
    hold_groups(tx, [group]).await?;
    // Whoever invites may have left until the group was theirs to join.
    invitations::invited_to(tx, &draft.code, draft.at).await?;
    if is_member(&mut *tx, group, draft.user_id).await? {
        return Ok(JoinedGroup { group_id: group, message: None });
    }
    let (members_max, groups_max) = (draft.group_members_max, draft.groups_per_user_max);
    let message = enter(tx, group, draft.user_id, draft.at, members_max, groups_max).await?;
    Ok(JoinedGroup { group_id: group, message: Some(message) })
}

/// Puts a person who is not in it into a group that is held, with the line that says so.
pub(super) async fn enter(
    tx: &mut Tx<'_>,
    group: GroupId,
    user: UserId,
    at: Timestamp,
    group_members_max: u32,
    groups_per_user_max: u32,
) -> Result<StoredMessage, StoreError> {
    let (place, members): (i64, i64) = sql("UPDATE chat_groups
         SET member_count = member_count + 1, last_place = last_place + 1
         WHERE id = $1 AND member_count < $2 RETURNING last_place, member_count")
    .bind(group.get())
    .bind(group_members_max)
    .first(&mut *tx, |row| Ok((row.try_get(0)?, row.try_get(1)?)))
    .await?
    .ok_or_else(|| guard(GROUP_MEMBERS_MAX))?;
    count_group(tx, user, groups_per_user_max).await?;
    insert_member(tx, group, user, place, MEMBER, at).await?;
    if members == 1 {
        pass_on(tx, group).await?;
    }
    let line = announce(tx, group, user, at, StoredBody::Joined).await?;
    hooks::tell_in(tx, &[NewEvent::joined(group, user, line.id, at)], at).await?;
    Ok(line)
}

async fn remove_in(tx: &mut Tx<'_>, removal: Removal) -> Result<StoredMessage, StoreError> {
    let Removal { group_id: group, user_id: user, by, at } = removal;
    hold_groups(tx, [group]).await?;
    let asks = role(&mut *tx, group, by).await?.ok_or_else(|| guard(GROUP_FOUND))?;
    if by != user && asks != OWNER {
        return Err(guard(OWNER_ASKS));
    }
    let role = role(&mut *tx, group, user).await?.ok_or_else(|| guard(MEMBER_FOUND))?;
    delete_member(tx, group, user).await?;
    if by == user {
        invitations::withdraw(tx, group, user).await?;
    } else {
        invitations::withdraw_all(tx, group).await?;
    }
    if role == OWNER {
        pass_on(tx, group).await?;
    }
    let body = if by == user { StoredBody::Left } else { StoredBody::Removed { by } };
    messages::append(tx, group, user, at, body, Keys::NONE).await
}

async fn delete_member(tx: &mut Tx<'_>, group: GroupId, user: UserId) -> Result<(), StoreError> {
    for statement in [
        "DELETE FROM members WHERE group_id = $1 AND user_id = $2",
        "UPDATE chat_groups SET member_count = member_count - 1, demo_for = nullif(demo_for, $2)
         WHERE id = $1",
    ] {
        sql(statement).bind(group.get()).bind(user.get()).execute(tx).await?;
    }
    sql("UPDATE users SET group_count = group_count - 1 WHERE id = $1")
        .bind(user.get())
        .execute(tx)
        .await?;
    Ok(())
}

/// The earliest of those who are left becomes the owner, a demo member only where there
/// is nobody else; a group that is empty keeps the owner that it had until somebody enters it.
async fn pass_on(tx: &mut Tx<'_>, group: GroupId) -> Result<(), StoreError> {
    let next: Option<i64> = sql("SELECT m.user_id FROM members m JOIN users u ON u.id = m.user_id
         WHERE m.group_id = $1 ORDER BY u.demo_key IS NOT NULL, m.place LIMIT 1")
    .bind(group.get())
    .scalar_optional(&mut *tx)
    .await?;
    let Some(next) = next else { return Ok(()) };
    sql("UPDATE members SET role = $3 WHERE group_id = $1 AND user_id = $2")
        .bind(group.get())
        .bind(next)
        .bind(OWNER)
        .execute(tx)
        .await?;
    sql("UPDATE chat_groups SET owner_id = $2 WHERE id = $1")
        .bind(group.get())
        .bind(next)
        .execute(tx)
        .await?;
    Ok(())
}

/// One more group for this person, if they may be in one more.
pub(super) async fn count_group(
    tx: &mut Tx<'_>,
    user: UserId,
    groups_per_user_max: u32,
) -> Result<(), StoreError> {
    let counted =
        sql("UPDATE users SET group_count = group_count + 1 WHERE id = $1 AND group_count < $2")
            .bind(user.get())
            .bind(groups_per_user_max)
            .execute(tx)
            .await?;
    if counted == 1 { Ok(()) } else { Err(guard(GROUPS_PER_USER_MAX)) }
}

pub(super) async fn insert_member(
    tx: &mut Tx<'_>,
    group: GroupId,
    user: UserId,
    place: i64,
    role: i64,
    at: Timestamp,
) -> Result<(), StoreError> {
    sql("INSERT INTO members (group_id, user_id, place, role, joined_at)
         VALUES ($1, $2, $3, $4, $5)")
    .bind(group.get())
    .bind(user.get())
    .bind(place)
    .bind(role)
    .bind(at.millis())
    .execute(tx)
    .await?;
    Ok(())
}

/// The line that says that somebody is there now, who has read everything up to it.
pub(super) async fn announce(
    tx: &mut Tx<'_>,
    group: GroupId,
    user: UserId,
    at: Timestamp,
    body: StoredBody,
) -> Result<StoredMessage, StoreError> {
    let message = messages::append(tx, group, user, at, body, Keys::NONE).await?;
    read(tx, group, user, message.id).await?;
    Ok(message)
}
