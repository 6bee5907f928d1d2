//! Invitations to groups.

use super::{GROUP_FOUND, INVITATION_VALID, group_id, guard, holds::hold_groups, members, user_id};
use crate::store::{
    StoreError,
    people::{InvitationDraft, StoredInvitation, ValidInvitation},
    sql::{Database, Tx, sql},
};
use hongbao_shared::{GroupId, Timestamp, UserId};
use std::sync::Arc;

pub(super) async fn invite(
    database: &Database,
    draft: InvitationDraft,
) -> Result<StoredInvitation, StoreError> {
    let draft = Arc::new(draft);
    database
        .write_by_row(move |mut tx| {
            let draft = Arc::clone(&draft);
            Box::pin(async move { invite_in(&mut tx, &draft).await })
        })
        .await
}

async fn invite_in(
    tx: &mut Tx<'_>,
    draft: &InvitationDraft,
) -> Result<StoredInvitation, StoreError> {
    hold_groups(tx, [draft.group_id]).await?;
    if !members::is_member(&mut *tx, draft.group_id, draft.inviter_id).await? {
        return Err(guard(GROUP_FOUND));
    }
    if let Some(recent) = recent_invitation(tx, draft).await? {
        return Ok(recent);
    }
    sql("DELETE FROM invitations
         WHERE group_id = $1 AND inviter_id = $2 AND expires_at <= $3")
    .bind(draft.group_id.get())
    .bind(draft.inviter_id.get())
    .bind(draft.at.millis())
    .execute(tx)
    .await?;
    sql("INSERT INTO invitations (code, group_id, inviter_id, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5)")
    .bind(&draft.code)
    .bind(draft.group_id.get())
    .bind(draft.inviter_id.get())
    .bind(draft.at.millis())
    .bind(draft.expires_at.millis())
    .execute(tx)
    .await?;
    Ok(StoredInvitation { code: draft.code.clone(), expires_at: draft.expires_at })
}

async fn recent_invitation(
    tx: &mut Tx<'_>,
    draft: &InvitationDraft,
) -> Result<Option<StoredInvitation>, StoreError> {
    let row = sql("SELECT code, expires_at FROM invitations
         WHERE group_id = $1 AND inviter_id = $2 AND created_at >= $3 AND expires_at > $4
         ORDER BY created_at DESC LIMIT 1")
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

pub(super) async fn find(
    database: &Database,
    code: &str,
    now: Timestamp,
) -> Result<Option<ValidInvitation>, StoreError> {
    let row = sql("SELECT group_id, inviter_id, expires_at FROM invitations
         WHERE code = $1 AND expires_at > $2")
    .bind(code)
    .bind(now.millis())
    .fetch_optional(database)
    .await?;
    row.map(|row| {
        Ok(ValidInvitation {
            group_id: group_id(row.try_get(0)?)?,
            inviter_id: user_id(row.try_get(1)?)?,
            expires_at: Timestamp::from_millis(row.try_get(2)?),
        })
    })
    .transpose()
}

pub(super) async fn invited_to(
    tx: &mut Tx<'_>,
    code: &str,
    at: Timestamp,
) -> Result<GroupId, StoreError> {
    let group: Option<i64> =
        sql("SELECT group_id FROM invitations WHERE code = $1 AND expires_at > $2")
            .bind(code)
            .bind(at.millis())
            .scalar_optional(tx)
            .await?;
    group_id(group.ok_or_else(|| guard(INVITATION_VALID))?)
}

/// Whoever is not in a group any more invites nobody into it, themself included.
pub(super) async fn withdraw(
    tx: &mut Tx<'_>,
    group: GroupId,
    inviter: UserId,
) -> Result<(), StoreError> {
    sql("DELETE FROM invitations WHERE group_id = $1 AND inviter_id = $2")
        .bind(group.get())
        .bind(inviter.get())
        .execute(tx)
        .await?;
    Ok(())
}
