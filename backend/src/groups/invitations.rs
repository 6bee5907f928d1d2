//! Into a group by invitation (R-PEOPLE-2).

use super::{FACES_MAX, Groups};
use crate::{
    Refusal,
    news::News,
    runtime::whole,
    store::people::{InvitationDraft, JoinDraft},
};
use data_encoding::BASE32_NOPAD;
use hongbao_shared::{
    ErrorCode, GroupId, UserId,
    api::groups::{Group, Invitation, InvitationPreview, JoinRequest},
};
use std::sync::Arc;

/// How long an invitation is valid.
const INVITATION_TTL_S: i64 = 7 * 24 * 60 * 60;
/// A member who invites again within this time gets the same code.
const INVITATION_REUSED_S: i64 = 24 * 60 * 60;
/// 80 bits: not to be guessed in seven days at any rate.
const INVITATION_BYTES: usize = 10;
/// Longest code that is looked up.
const INVITATION_CHARS_MAX: usize = 64;

impl Groups {
    /// An invitation to a group, valid for seven days. `group_not_found`.
    pub async fn invite(&self, user: UserId, group: GroupId) -> Result<Invitation, Refusal> {
        let mut code = [0; INVITATION_BYTES];
        self.entropy.fill(&mut code);
        let at = self.clock.now();
        let invitation = self
            .store
            .invite(InvitationDraft {
                code: BASE32_NOPAD.encode(&code).to_ascii_lowercase(),
                group_id: group,
                inviter_id: user,
                at,
                expires_at: at.plus_seconds(INVITATION_TTL_S),
                reuse_since: at.plus_seconds(-INVITATION_REUSED_S),
            })
            .await?;
        Ok(Invitation { code: invitation.code, expires_at: invitation.expires_at })
    }

    /// What somebody who was invited may see before joining, signed in or not.
    /// `invitation_invalid`.
    pub async fn preview(
        &self,
        reader: Option<UserId>,
        code: &str,
    ) -> Result<InvitationPreview, Refusal> {
        check_code(code)?;
        let invitation = self.store.invitation(code, self.clock.now()).await?;
        let invitation = invitation.ok_or(ErrorCode::InvitationInvalid)?;
        let id = invitation.group_id;
        let group = self.store.group(id).await?.ok_or(ErrorCode::InvitationInvalid)?;
        let faces = self.store.faces(&[id], FACES_MAX).await?;
        let faces: Vec<_> = faces.into_iter().map(|(_, face)| face).collect();
        let is_member = match reader {
            Some(reader) => self.is_member(id, reader).await?,
            None => false,
        };
        Ok(InvitationPreview {
            group_name: group.name,
            member_count: group.member_count,
            faces: self.accounts.profiles(&faces).await,
            inviter: self.accounts.profile(invitation.inviter_id).await,
            expires_at: invitation.expires_at,
            group_id: is_member.then_some(id),
        })
    }

    /// Joins by an invitation; whoever is a member already just gets the group.
    /// `invitation_invalid`, `group_full`, `too_many_groups`.
    pub async fn join(
        self: &Arc<Self>,
        user: UserId,
        request: &JoinRequest,
    ) -> Result<Group, Refusal> {
        check_code(&request.code)?;
        let draft = JoinDraft {
            code: request.code.clone(),
            user_id: user,
            at: self.clock.now(),
            group_members_max: self.limits.group_members_max,
            groups_per_user_max: self.limits.groups_per_user_max,
        };
        let groups = Arc::clone(self);
        whole(async move {
            let seen = groups.members.mark();
            let joined = groups.store.join(draft).await?;
            groups.accounts.herald().tell(News::Joined(joined.group_id, user));
            groups.has_joined(joined.group_id, user, seen).await;
            if let Some(message) = joined.message {
                groups.tell(joined.group_id, message.id).await;
            }
            groups.with_members(user, joined.group_id).await
        })
        .await
    }
}

/// Whatever cannot be a code is not looked up; not every database can be asked for a text
/// with a zero byte in it.
fn check_code(code: &str) -> Result<(), Refusal> {
    let is_plain = code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if code.len() > INVITATION_CHARS_MAX || !is_plain {
        return Err(ErrorCode::InvitationInvalid.into());
    }
    Ok(())
}
