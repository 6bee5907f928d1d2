//! Invitations to groups.

use super::{State, ensure};
use crate::store::people::{InvitationDraft, PeopleError, StoredInvitation, ValidInvitation};
use hongbao_shared::{GroupId, Timestamp, UserId};

const CODE_CHARS_MIN: usize = 16;

pub(super) struct Invitation {
    group_id: GroupId,
    inviter_id: UserId,
    created_at: Timestamp,
    expires_at: Timestamp,
}

impl Invitation {
    fn is_from(&self, group: GroupId, inviter: UserId) -> bool {
        (self.group_id, self.inviter_id) == (group, inviter)
    }
}

impl State {
    pub(super) fn invite(
        &mut self,
        draft: InvitationDraft,
    ) -> Result<StoredInvitation, PeopleError> {
        let InvitationDraft { code, group_id, inviter_id, at, expires_at, reuse_since } = draft;
        if !self.is_member(group_id, inviter_id) {
            return Err(PeopleError::GroupNotFound);
        }
        let recent = self
            .invitations
            .iter()
            .filter(|(_, held)| held.is_from(group_id, inviter_id))
            .filter(|(_, held)| held.created_at >= reuse_since && held.expires_at > at)
            .max_by_key(|(code, held)| (held.created_at, *code));
        if let Some((code, held)) = recent {
            return Ok(StoredInvitation { code: code.clone(), expires_at: held.expires_at });
        }
        let ended = |held: &Invitation| held.is_from(group_id, inviter_id) && held.expires_at <= at;
        let is_free = self.invitations.get(&code).is_none_or(ended);
        ensure(is_free, "invitations_pkey")?;
        ensure(code.chars().count() >= CODE_CHARS_MIN, "invitations_code_long")?;

        self.invitations.retain(|_, held| !ended(held));
        let invitation = Invitation { group_id, inviter_id, created_at: at, expires_at };
        self.invitations.insert(code.clone(), invitation);
        Ok(StoredInvitation { code, expires_at })
    }

    pub(super) fn invitation(&self, code: &str, now: Timestamp) -> Option<ValidInvitation> {
        let held = self.invitations.get(code).filter(|held| held.expires_at > now)?;
        let &Invitation { group_id, inviter_id, expires_at, created_at: _ } = held;
        Some(ValidInvitation { group_id, inviter_id, expires_at })
    }

    /// Whoever is not in a group any more invites nobody into it, themself included.
    pub(super) fn withdraw(&mut self, group: GroupId, inviter: UserId) {
        self.invitations.retain(|_, held| !held.is_from(group, inviter));
    }
}
