//! Invitations to groups.

use super::{super::size, State, ensure};
use hongbao_domain::store::people::{
    InvitationDraft, ListedInvitation, PeopleError, Revocation, StoredInvitation, ValidInvitation,
};
use hongbao_shared::{GroupId, Timestamp, UserId};
use std::{cmp::Reverse, collections::BTreeSet};

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
        let InvitationDraft { code, group_id, inviter_id, at, expires_at, per_member_max } = draft;
        if !self.is_member(group_id, inviter_id) {
            return Err(PeopleError::GroupNotFound);
        }
        let mut kept: Vec<_> = self
            .invitations
            .iter()
            .filter(|(_, held)| held.is_from(group_id, inviter_id) && held.expires_at > at)
            .map(|(code, held)| (Reverse(held.created_at), code.clone()))
            .collect();
        kept.sort_unstable();
        kept.truncate(size(per_member_max).saturating_sub(1));
        let kept: BTreeSet<String> = kept.into_iter().map(|(_, code)| code).collect();
        let stays = |code: &String, held: &Invitation| {
            !held.is_from(group_id, inviter_id) || kept.contains(code)
        };
        let is_free = self.invitations.get(&code).is_none_or(|held| !stays(&code, held));
        ensure(is_free, "invitations_pkey")?;
        ensure(code.chars().count() >= CODE_CHARS_MIN, "invitations_code_long")?;

        self.invitations.retain(|code, held| stays(code, held));
        let invitation = Invitation { group_id, inviter_id, created_at: at, expires_at };
        self.invitations.insert(code.clone(), invitation);
        Ok(StoredInvitation { code, expires_at })
    }

    pub(super) fn listed_invitations(
        &self,
        group: GroupId,
        reader: UserId,
        now: Timestamp,
        limit: u32,
    ) -> Vec<ListedInvitation> {
        let is_owner = self.is_member(group, reader) && self.is_owner(group, reader);
        let mut listed: Vec<_> = self
            .invitations
            .iter()
            .filter(|(_, held)| held.group_id == group && held.expires_at > now)
            .filter(|(_, held)| is_owner || held.inviter_id == reader)
            .map(|(code, held)| ListedInvitation {
                code: code.clone(),
                inviter_id: held.inviter_id,
                created_at: held.created_at,
                expires_at: held.expires_at,
            })
            .collect();
        listed.sort_by(|a, b| (b.created_at, &a.code).cmp(&(a.created_at, &b.code)));
        listed.truncate(size(limit));
        listed
    }

    pub(super) fn revoke(&mut self, revocation: &Revocation) -> Result<(), PeopleError> {
        let Revocation { code, group_id, by, at } = revocation;
        if !self.is_member(*group_id, *by) {
            return Err(PeopleError::GroupNotFound);
        }
        let held = self.invitations.get(code);
        let held = held.filter(|held| held.group_id == *group_id && held.expires_at > *at);
        let held = held.ok_or(PeopleError::InvitationInvalid)?;
        if held.inviter_id != *by && !self.is_owner(*group_id, *by) {
            return Err(PeopleError::NotOwner);
        }
        self.invitations.remove(code);
        Ok(())
    }

    fn is_owner(&self, group: GroupId, user: UserId) -> bool {
        self.groups.get(&group).is_some_and(|group| group.owner_id == user)
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

    /// Whoever was removed may know any code of the group.
    pub(super) fn withdraw_all(&mut self, group: GroupId) {
        self.invitations.retain(|_, held| held.group_id != group);
    }
}
