//! Who is in a group: joining and leaving.

use super::{
    GROUP_FOUND, GROUP_MEMBERS_MAX, GROUPS_PER_USER_MAX, MEMBER_FOUND, OWNER_ASKS, group_id, guard,
    holds::hold_groups,
    invitations, marks,
    messages::{self, Keys},
    user_id,
};
use crate::{Database, Source, Tx, sql};
use hongbao_domain::store::{
    StoreError,
    people::{JoinDraft, JoinedGroup, Removal, StoredBody, StoredMessage},
};
use hongbao_shared::{GroupId, Timestamp, UserId};
use std::sync::Arc;

// As stored; never renumbered.
pub(super) const MEMBER: i64 = 0;
pub(super) const OWNER: i64 = 1;

pub(super) async fn join(database: &Database, draft: JoinDraft) -> Result<JoinedGroup, StoreError> {
    let draft = Arc::new(draft);
    database
        .write_by_row(move |mut tx| {
            let draft = Arc::clone(&draft);
            Box::pin(async move { join_in(&mut tx, &draft).await })
        })
        .await
}

async fn join_in(tx: &mut Tx<'_>, draft: &JoinDraft) -> Result<JoinedGroup, StoreError> {
    let group = invitations::invited_to(tx, &draft.code, draft.at).await?;
    hold_groups(tx, [group]).await?;
    // Whoever invites may have left until the group was theirs to join.
    invitations::invited_to(tx, &draft.code, draft.at).await?;
    if is_member(&mut *tx, group, draft.user_id).await? {
        return Ok(JoinedGroup { group_id: group, message: None });
    }
    let place: i64 = sql("UPDATE chat_groups SET member_count = member_count + 1,
                                                 last_place = last_place + 1
         WHERE id = $1 AND member_count < $2 RETURNING last_place")
    .bind(group.get())
    .bind(draft.group_members_max)
    .scalar_optional(&mut *tx)
    .await?
    .ok_or_else(|| guard(GROUP_MEMBERS_MAX))?;
    count_group(tx, draft.user_id, draft.groups_per_user_max).await?;
    insert_member(tx, group, draft.user_id, place, MEMBER, draft.at).await?;
    let message = announce(tx, group, draft.user_id, draft.at, StoredBody::Joined).await?;
    Ok(JoinedGroup { group_id: group, message: Some(message) })
}

/// Leaving is removing oneself.
pub(super) async fn remove(
    database: &Database,
    removal: Removal,
) -> Result<StoredMessage, StoreError> {
    let Removal { group_id: group, user_id: user, by, at } = removal;
    database
        .write_by_row(move |mut tx| {
            Box::pin(async move {
                let tx = &mut tx;
                hold_groups(tx, [group]).await?;
                let asks = role(tx, group, by).await?.ok_or_else(|| guard(GROUP_FOUND))?;
                if by != user && asks != OWNER {
                    return Err(guard(OWNER_ASKS));
                }
                let role = role(tx, group, user).await?.ok_or_else(|| guard(MEMBER_FOUND))?;
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
            })
        })
        .await
}

pub(super) async fn role(
    tx: &mut Tx<'_>,
    group: GroupId,
    user: UserId,
) -> Result<Option<i64>, StoreError> {
    sql("SELECT role FROM members WHERE group_id = $1 AND user_id = $2")
        .bind(group.get())
        .bind(user.get())
        .scalar_optional(tx)
        .await
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
/// is nobody else; a group that is empty keeps the owner that it had.
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
    marks::read(tx, group, user, message.id).await?;
    Ok(message)
}

pub(super) async fn is_member(
    source: impl Source,
    group: GroupId,
    user: UserId,
) -> Result<bool, StoreError> {
    let row = sql("SELECT user_id FROM members WHERE group_id = $1 AND user_id = $2")
        .bind(group.get())
        .bind(user.get())
        .fetch_optional(source)
        .await?;
    Ok(row.is_some())
}

pub(super) async fn member_ids(
    database: &Database,
    group: GroupId,
    limit: u32,
) -> Result<Vec<UserId>, StoreError> {
    sql("SELECT user_id FROM members WHERE group_id = $1 ORDER BY place LIMIT $2")
        .bind(group.get())
        .bind(limit)
        .scalars(database)
        .await?
        .into_iter()
        .map(user_id)
        .collect()
}

/// The inner LIMIT keeps a group of thousands at so many rows.
const FACES_SQLITE: &str = "SELECT m.group_id, m.user_id FROM json_each($1) AS g
     CROSS JOIN members m ON m.group_id = g.value AND m.user_id IN
         (SELECT user_id FROM members WHERE group_id = g.value ORDER BY place LIMIT $2)
     ORDER BY g.key, m.place";
const FACES_POSTGRES: &str = "SELECT g.id, m.user_id FROM unnest($1) WITH ORDINALITY AS g(id, nth)
     CROSS JOIN LATERAL
         (SELECT user_id, place FROM members WHERE group_id = g.id ORDER BY place LIMIT $2) AS m
     ORDER BY g.nth, m.place";

pub(super) async fn faces(
    database: &Database,
    groups: &[GroupId],
    per_group: u32,
) -> Result<Vec<(GroupId, UserId)>, StoreError> {
    if groups.is_empty() {
        return Ok(Vec::new());
    }
    sql(database.dialect().pick(FACES_SQLITE, FACES_POSTGRES))
        .bind(groups.iter().map(|id| id.get()).collect::<Vec<i64>>())
        .bind(per_group)
        .fetch_all(database)
        .await?
        .iter()
        .map(|row| Ok((group_id(row.try_get(0)?)?, user_id(row.try_get(1)?)?)))
        .collect()
}

pub(super) async fn demo_member_ids(
    database: &Database,
    group: GroupId,
) -> Result<Vec<UserId>, StoreError> {
    sql("SELECT m.user_id FROM members m JOIN users u ON u.id = m.user_id
         WHERE m.group_id = $1 AND u.demo_key IS NOT NULL ORDER BY m.place")
    .bind(group.get())
    .scalars(database)
    .await?
    .into_iter()
    .map(user_id)
    .collect()
}
