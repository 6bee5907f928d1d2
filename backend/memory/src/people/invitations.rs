//! Invitations to groups.

use super::{super::size, MemoryPeople, State, ensure};
use async_trait::async_trait;
use hongbao_domain::store::people::{
    InvitationDraft, InvitationStore, ListedInvitation, PeopleError, Revocation, StoredInvitation,
    ValidInvitation,
};
use hongbao_shared::{GroupId, Timestamp, UserId};
use std::{cmp::Reverse, collections::BTreeSet};

const CODE_CHARS_MIN: usize = 16;

#[derive(Clone)]
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

#[async_trait]
impl InvitationStore for MemoryPeople {
    async fn invite(&self, draft: InvitationDraft) -> Result<StoredInvitation, PeopleError> {
        let state = &mut *self.state.lock();
        let InvitationDraft { code, group_id, inviter_id, at, expires_at, per_member_max } = draft;
        if !state.is_member(group_id, inviter_id) {
            return Err(PeopleError::GroupNotFound);
        }
        let mut kept: Vec<_> = state
            .invitations
            .iter()
            .filter(|(_, held)| held.is_from(group_id, inviter_id))
            .map(|(code, held)| (Reverse(held.created_at), code.clone()))
            .collect();
        kept.sort_unstable();
        kept.truncate(size(per_member_max).saturating_sub(1));
        let kept: BTreeSet<String> = kept.into_iter().map(|(_, code)| code).collect();
        let stays = |code: &String, held: &Invitation| {
            !held.is_from(group_id, inviter_id) || kept.contains(code)
        };
        let is_free = state.invitations.get(&code).is_none_or(|held| !stays(&code, held));
        ensure(is_free, "invitations_pkey")?;
        ensure(code.chars().count() >= CODE_CHARS_MIN, "invitations_code_long")?;

        state.invitations.retain(|code, held| stays(code, held));
        let invitation = Invitation { group_id, inviter_id, created_at: at, expires_at };
        state.invitations.insert(code.clone(), invitation);
        Ok(StoredInvitation { code, expires_at })
    }

    async fn invitation(
        &self,
        code: &str,
        now: Timestamp,
    ) -> Result<Option<ValidInvitation>, PeopleError> {
        Ok(self.state.lock().invitation(code, now))
    }

    async fn invitations(
        &self,
        group: GroupId,
        reader: UserId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<ListedInvitation>, PeopleError> {
        let state = self.state.lock();
        let is_owner = state.is_member(group, reader) && state.is_owner(group, reader);
        let mut listed: Vec<_> = state
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
        Ok(listed)
    }

    async fn revoke(&self, revocation: Revocation) -> Result<(), PeopleError> {
        let state = &mut *self.state.lock();
        let Revocation { code, group_id, by, at } = &revocation;
        if !state.is_member(*group_id, *by) {
            return Err(PeopleError::GroupNotFound);
        }
        let held = state.invitations.get(code);
        let held = held.filter(|held| held.group_id == *group_id && held.expires_at > *at);
        let held = held.ok_or(PeopleError::InvitationInvalid)?;
        if held.inviter_id != *by && !state.is_owner(*group_id, *by) {
            return Err(PeopleError::NotOwner);
        }
        state.invitations.remove(code);
        Ok(())
    }
}

impl State {
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
