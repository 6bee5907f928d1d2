//! Groups, members and invitations.

use super::{
    super::Database,
    GROUP_FOUND, GROUP_MEMBERS_MAX, GROUPS_PER_USER_MAX, INVITATION_VALID, group_id, guard,
    id_array,
    messages::{self, Keys},
    user_id,
};
use crate::store::{
    StoreError,
    people::{
        GroupDraft, InvitationDraft, JoinDraft, JoinedGroup, StoredBody, StoredInvitation,
        StoredMessage,
    },
};
use hongbao_shared::{GroupId, MessageId, Timestamp, UserId};
use sqlx::{Row, SqliteConnection};

// As stored; never renumbered.
const MEMBER: i64 = 0;
const OWNER: i64 = 1;
const FIRST_PLACE: i64 = 1;

pub(super) async fn add(
    database: &Database,
    draft: GroupDraft,
) -> Result<StoredMessage, StoreError> {
    database
        .write(move |tx| {
            Box::pin(async move {
                sqlx::query(
                    "INSERT INTO chat_groups
                         (id, name, owner_id, member_count, last_place, created_at)
                     VALUES (?1, ?2, ?3, 1, ?4, ?5)",
                )
                .bind(draft.id.get())
                .bind(&draft.name)
                .bind(draft.owner_id.get())
                .bind(FIRST_PLACE)
                .bind(draft.at.millis())
                .execute(&mut *tx)
                .await?;
                count_group(tx, draft.owner_id, draft.groups_per_user_max).await?;
                insert_member(tx, draft.id, draft.owner_id, FIRST_PLACE, OWNER, draft.at).await?;
                announce(tx, draft.id, draft.owner_id, draft.at, StoredBody::Created).await
            })
        })
        .await
}

pub(super) async fn join(database: &Database, draft: JoinDraft) -> Result<JoinedGroup, StoreError> {
    database
        .write(move |tx| {
            Box::pin(async move {
                let group = invited_to(tx, &draft.code, draft.at).await?;
                if is_member_in(tx, group, draft.user_id).await? {
                    return Ok(JoinedGroup { group_id: group, message: None });
                }
                let place: i64 = sqlx::query_scalar(
                    "UPDATE chat_groups SET member_count = member_count + 1,
                                            last_place = last_place + 1
                     WHERE id = ?1 AND member_count < ?2 RETURNING last_place",
                )
                .bind(group.get())
                .bind(draft.group_members_max)
                .fetch_optional(&mut *tx)
                .await?
                .ok_or_else(|| guard(GROUP_MEMBERS_MAX))?;
                count_group(tx, draft.user_id, draft.groups_per_user_max).await?;
                insert_member(tx, group, draft.user_id, place, MEMBER, draft.at).await?;
                let message =
                    announce(tx, group, draft.user_id, draft.at, StoredBody::Joined).await?;
                Ok(JoinedGroup { group_id: group, message: Some(message) })
            })
        })
        .await
}

async fn invited_to(
    tx: &mut SqliteConnection,
    code: &str,
    at: Timestamp,
) -> Result<GroupId, StoreError> {
    let group: Option<i64> =
        sqlx::query_scalar("SELECT group_id FROM invitations WHERE code = ?1 AND expires_at > ?2")
            .bind(code)
            .bind(at.millis())
            .fetch_optional(tx)
            .await?;
    group_id(group.ok_or_else(|| guard(INVITATION_VALID))?)
}

/// One more group for this person, if they may be in one more.
async fn count_group(
    tx: &mut SqliteConnection,
    user: UserId,
    groups_per_user_max: u32,
) -> Result<(), StoreError> {
    let counted = sqlx::query(
        "UPDATE users SET group_count = group_count + 1 WHERE id = ?1 AND group_count < ?2",
    )
    .bind(user.get())
    .bind(groups_per_user_max)
    .execute(tx)
    .await?;
    if counted.rows_affected() == 1 { Ok(()) } else { Err(guard(GROUPS_PER_USER_MAX)) }
}

async fn insert_member(
    tx: &mut SqliteConnection,
    group: GroupId,
    user: UserId,
    place: i64,
    role: i64,
    at: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO members (group_id, user_id, place, role, joined_at)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )
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
async fn announce(
    tx: &mut SqliteConnection,
    group: GroupId,
    user: UserId,
    at: Timestamp,
    body: StoredBody,
) -> Result<StoredMessage, StoreError> {
    let message = messages::append(tx, group, user, at, body, Keys::NONE).await?;
    read(tx, group, user, message.id).await?;
    Ok(message)
}

/// False if the member is not there, or has read that far.
async fn read(
    tx: &mut SqliteConnection,
    group: GroupId,
    user: UserId,
    up_to: MessageId,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE members SET read_up_to = ?3
         WHERE group_id = ?1 AND user_id = ?2 AND read_up_to < ?3",
    )
    .bind(group.get())
    .bind(user.get())
    .bind(up_to.get())
    .execute(tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn invite(
    database: &Database,
    draft: InvitationDraft,
) -> Result<StoredInvitation, StoreError> {
    database
        .write(move |tx| {
            Box::pin(async move {
                if !is_member_in(tx, draft.group_id, draft.inviter_id).await? {
                    return Err(guard(GROUP_FOUND));
                }
                if let Some(recent) = recent_invitation(tx, &draft).await? {
                    return Ok(recent);
                }
                sqlx::query(
                    "DELETE FROM invitations
                     WHERE group_id = ?1 AND inviter_id = ?2 AND expires_at <= ?3",
                )
                .bind(draft.group_id.get())
                .bind(draft.inviter_id.get())
                .bind(draft.at.millis())
                .execute(&mut *tx)
                .await?;
                sqlx::query(
                    "INSERT INTO invitations (code, group_id, inviter_id, created_at, expires_at)
                     VALUES (?1, ?2, ?3, ?4, ?5)",
                )
                .bind(&draft.code)
                .bind(draft.group_id.get())
                .bind(draft.inviter_id.get())
                .bind(draft.at.millis())
                .bind(draft.expires_at.millis())
                .execute(tx)
                .await?;
                Ok(StoredInvitation { code: draft.code, expires_at: draft.expires_at })
            })
        })
        .await
}

async fn recent_invitation(
    tx: &mut SqliteConnection,
    draft: &InvitationDraft,
) -> Result<Option<StoredInvitation>, StoreError> {
    let row = sqlx::query(
        "SELECT code, expires_at FROM invitations
         WHERE group_id = ?1 AND inviter_id = ?2 AND created_at >= ?3 AND expires_at > ?4
         ORDER BY created_at DESC LIMIT 1",
    )
    .bind(draft.group_id.get())
    .bind(draft.inviter_id.get())
    .bind(draft.reuse_since.millis())
    .bind(draft.at.millis())
    .fetch_optional(tx)
    .await?;
    row.map(|row| {
        Ok(StoredInvitation {
            code: row.try_get(0)?,
            expires_at: Timestamp::from_millis(row.try_get(1)?),
        })
    })
    .transpose()
}

pub(super) async fn is_member(
    database: &Database,
    group: GroupId,
    user: UserId,
) -> Result<bool, StoreError> {
    let mut reader = database.readers().acquire().await?;
    is_member_in(&mut reader, group, user).await
}

pub(super) async fn is_member_in(
    connection: &mut SqliteConnection,
    group: GroupId,
    user: UserId,
) -> Result<bool, StoreError> {
    let found: Option<i64> =
        sqlx::query_scalar("SELECT 1 FROM members WHERE group_id = ?1 AND user_id = ?2")
            .bind(group.get())
            .bind(user.get())
            .fetch_optional(connection)
            .await?;
    Ok(found.is_some())
}

pub(super) async fn member_ids(
    database: &Database,
    group: GroupId,
    limit: u32,
) -> Result<Vec<UserId>, StoreError> {
    let ids: Vec<i64> = sqlx::query_scalar(
        "SELECT user_id FROM members WHERE group_id = ?1 ORDER BY place LIMIT ?2",
    )
    .bind(group.get())
    .bind(limit)
    .fetch_all(database.readers())
    .await?;
    ids.into_iter().map(user_id).collect()
}

pub(super) async fn faces(
    database: &Database,
    groups: &[GroupId],
    per_group: u32,
) -> Result<Vec<(GroupId, UserId)>, StoreError> {
    if groups.is_empty() {
        return Ok(Vec::new());
    }
    // The inner LIMIT keeps a group of thousands at `per_group` rows.
    let rows: Vec<(i64, i64)> = sqlx::query_as(
        "SELECT m.group_id, m.user_id FROM json_each(?1) AS g
         CROSS JOIN members m ON m.group_id = g.value AND m.user_id IN
             (SELECT user_id FROM members WHERE group_id = g.value ORDER BY place LIMIT ?2)
         ORDER BY g.key, m.place",
    )
    .bind(id_array(groups.iter().map(|id| id.get())))
    .bind(per_group)
    .fetch_all(database.readers())
    .await?;
    rows.into_iter().map(|(group, user)| Ok((group_id(group)?, user_id(user)?))).collect()
}
