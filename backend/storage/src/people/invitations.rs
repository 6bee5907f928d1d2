//! Invitations to groups.

use super::{
    GROUP_FOUND, INVITATION_VALID, OWNER_ASKS, SqlPeople, guard,
    holds::hold_groups,
    roles::{OWNER, is_member, role},
};
use crate::{Tx, sql};
use async_trait::async_trait;
use hongbao_domain::store::{
    StoreError,
    people::{
        InvitationDraft, InvitationStore, ListedInvitation, PeopleError, Revocation,
        StoredInvitation, ValidInvitation,
    },
};
use hongbao_shared::{GroupId, Timestamp, UserId};

#[async_trait]
impl InvitationStore for SqlPeople {
    async fn invite(&self, invitation: InvitationDraft) -> Result<StoredInvitation, PeopleError> {
        self.write(invitation, |tx, invitation| Box::pin(invite_in(tx, invitation))).await
    }

    async fn invitation(
        &self,
        code: &str,
        now: Timestamp,
    ) -> Result<Option<ValidInvitation>, PeopleError> {
        let found = sql("SELECT group_id, inviter_id, expires_at FROM invitations
             WHERE code = $1 AND expires_at > $2")
        .bind(code)
        .bind(now.millis())
        .first(&self.database, |row| {
            Ok(ValidInvitation {
                group_id: row.try_get(0)?,
                inviter_id: row.try_get(1)?,
                expires_at: row.try_get(2)?,
            })
        });
        Ok(found.await?)
    }

    async fn invitations(
        &self,
        group: GroupId,
        reader: UserId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<ListedInvitation>, PeopleError> {
        let found = sql("SELECT code, inviter_id, created_at, expires_at FROM invitations
             WHERE group_id = $1 AND expires_at > $3 AND (inviter_id = $2 OR EXISTS
                 (SELECT 1 FROM members WHERE group_id = $1 AND user_id = $2 AND role = $4))
             ORDER BY created_at DESC, code LIMIT $5")
        .bind(group.get())
        .bind(reader.get())
        .bind(now.millis())
        .bind(OWNER)
        .bind(limit)
        .all(&self.database, |row| {
            Ok(ListedInvitation {
                code: row.try_get(0)?,
                inviter_id: row.try_get(1)?,
                created_at: row.try_get(2)?,
                expires_at: row.try_get(3)?,
            })
        });
        Ok(found.await?)
    }

    async fn revoke(&self, revocation: Revocation) -> Result<(), PeopleError> {
        self.write(revocation, |tx, revocation| Box::pin(revoke_in(tx, revocation))).await
    }
}

async fn invite_in(
    tx: &mut Tx<'_>,
    draft: &InvitationDraft,
) -> Result<StoredInvitation, StoreError> {
    hold_groups(tx, [draft.group_id]).await?;
    if !is_member(&mut *tx, draft.group_id, draft.inviter_id).await? {
        return Err(guard(GROUP_FOUND));
    }
    // The newest stay, whether or not they have expired: a clock that is ahead may say so of
    // one that has not (R-CTRL-5).
    sql("DELETE FROM invitations WHERE group_id = $1 AND inviter_id = $2 AND code NOT IN
             (SELECT code FROM invitations WHERE group_id = $1 AND inviter_id = $2
              ORDER BY created_at DESC, code LIMIT $3)")
    .bind(draft.group_id.get())
    .bind(draft.inviter_id.get())
    .bind(draft.per_member_max.saturating_sub(1))
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

async fn revoke_in(tx: &mut Tx<'_>, revocation: &Revocation) -> Result<(), StoreError> {
    let Revocation { code, group_id: group, by, at } = revocation;
    hold_groups(tx, [*group]).await?;
    let role = role(&mut *tx, *group, *by).await?.ok_or_else(|| guard(GROUP_FOUND))?;
    let inviter: Option<UserId> = sql("SELECT inviter_id FROM invitations
         WHERE code = $1 AND group_id = $2 AND expires_at > $3")
    .bind(code)
    .bind(group.get())
    .bind(at.millis())
    .scalar_optional(&mut *tx)
    .await?;
    let inviter = inviter.ok_or_else(|| guard(INVITATION_VALID))?;
    if inviter != *by && role != OWNER {
        return Err(guard(OWNER_ASKS));
    }
    sql("DELETE FROM invitations WHERE code = $1").bind(code).execute(tx).await?;
    Ok(())
}

pub(super) async fn invited_to(
    tx: &mut Tx<'_>,
    code: &str,
    at: Timestamp,
) -> Result<GroupId, StoreError> {
    let group: Option<GroupId> =
        sql("SELECT group_id FROM invitations WHERE code = $1 AND expires_at > $2")
            .bind(code)
            .bind(at.millis())
            .scalar_optional(tx)
            .await?;
    group.ok_or_else(|| guard(INVITATION_VALID))
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

/// Whoever was removed may know any code of the group; others invite anew (R-PEOPLE-5).
pub(super) async fn withdraw_all(tx: &mut Tx<'_>, group: GroupId) -> Result<(), StoreError> {
    sql("DELETE FROM invitations WHERE group_id = $1").bind(group.get()).execute(tx).await?;
    Ok(())
}
