//! Who is in a group: joining and leaving, and what each member keeps for themself.

use super::{super::size, MemoryPeople, State, log::Keys};
use async_trait::async_trait;
use hongbao_domain::store::people::{
    JoinDraft, JoinedGroup, MarkStore, MemberStore, NewEvent, PeopleError, Place, Removal,
    StoredBody, StoredMessage,
};
use hongbao_shared::{GroupId, MessageId, Timestamp, UserId};

pub(super) const FIRST_PLACE: i64 = 1;

#[derive(Clone)]
pub(super) struct Member {
    /// The order of arrival: two may join in the same millisecond.
    place: i64,
    pub(super) muted: bool,
    pub(super) pinned: bool,
    /// 0 before the first.
    pub(super) read_up_to: i64,
}

impl Member {
    pub(super) fn read_up_to(&self) -> Option<MessageId> {
        MessageId::new(self.read_up_to).filter(|id| id.get() > 0)
    }
}

#[async_trait]
impl MemberStore for MemoryPeople {
    async fn join(&self, draft: JoinDraft) -> Result<JoinedGroup, PeopleError> {
        let state = &mut *self.state.lock();
        let invitation = state.invitation(&draft.code, draft.at);
        let group_id = invitation.ok_or(PeopleError::InvitationInvalid)?.group_id;
        if state.is_member(group_id, draft.user_id) {
            return Ok(JoinedGroup { group_id, message: None });
        }
        let count = state.groups.get(&group_id).map_or(0, |group| group.members.len());
        if count >= size(draft.group_members_max) {
            return Err(PeopleError::GroupFull);
        }
        state.check_count(draft.user_id, draft.groups_per_user_max)?;
        state.put_member(group_id, draft.user_id);
        let message = state.announce_joined(group_id, draft.user_id, draft.at)?;
        Ok(JoinedGroup { group_id, message: Some(message) })
    }

    /// Leaving is removing oneself.
    async fn remove(&self, removal: Removal) -> Result<StoredMessage, PeopleError> {
        let state = &mut *self.state.lock();
        let Removal { group_id, user_id: user, by, at } = removal;
        if !state.is_member(group_id, by) {
            return Err(PeopleError::GroupNotFound);
        }
        let owner = state.groups.get(&group_id).map(|group| group.owner_id);
        if by != user && owner != Some(by) {
            return Err(PeopleError::NotOwner);
        }
        if !state.is_member(group_id, user) {
            return Err(PeopleError::MemberNotFound);
        }
        state.drop_member(group_id, user);
        if by == user {
            state.withdraw(group_id, user);
        } else {
            state.withdraw_all(group_id);
        }
        if owner == Some(user) {
            state.pass_on(group_id);
        }
        let body = if by == user { StoredBody::Left } else { StoredBody::Removed { by } };
        state.append(group_id, user, at, body, Keys::NONE)
    }

    async fn is_member(&self, group: GroupId, user: UserId) -> Result<bool, PeopleError> {
        Ok(self.state.lock().is_member(group, user))
    }

    async fn member_ids(&self, group: GroupId, limit: u32) -> Result<Vec<UserId>, PeopleError> {
        Ok(self.state.lock().member_ids(group, limit))
    }

    async fn demo_member_ids(&self, group: GroupId) -> Result<Vec<UserId>, PeopleError> {
        let state = self.state.lock();
        let mut members = state.in_order(group);
        members.retain(|user| state.is_demo(*user));
        Ok(members)
    }

    async fn faces(
        &self,
        groups: &[GroupId],
        per_group: u32,
    ) -> Result<Vec<(GroupId, UserId)>, PeopleError> {
        let state = self.state.lock();
        let of = |group: &GroupId| {
            let group = *group;
            state.member_ids(group, per_group).into_iter().map(move |user| (group, user))
        };
        Ok(groups.iter().flat_map(of).collect())
    }
}

#[async_trait]
impl MarkStore for MemoryPeople {
    async fn place(&self, group: GroupId, user: UserId) -> Result<Option<Place>, PeopleError> {
        Ok(self.state.lock().place(group, user))
    }

    async fn set_read(
        &self,
        group: GroupId,
        user: UserId,
        up_to: MessageId,
    ) -> Result<bool, PeopleError> {
        let state = &mut *self.state.lock();
        let group = state.groups.get_mut(&group).ok_or(PeopleError::GroupNotFound)?;
        let up_to = up_to.min(group.log.newest_id()).get();
        let member = group.members.get_mut(&user).ok_or(PeopleError::GroupNotFound)?;
        let moved = up_to > member.read_up_to;
        member.read_up_to = member.read_up_to.max(up_to);
        Ok(moved)
    }

    async fn set_muted(
        &self,
        group: GroupId,
        user: UserId,
        muted: bool,
    ) -> Result<(), PeopleError> {
        let state = &mut *self.state.lock();
        let member = state.member_mut(group, user).ok_or(PeopleError::GroupNotFound)?;
        member.muted = muted;
        Ok(())
    }

    async fn set_pinned(
        &self,
        group: GroupId,
        user: UserId,
        pinned: bool,
    ) -> Result<(), PeopleError> {
        let state = &mut *self.state.lock();
        let member = state.member_mut(group, user).ok_or(PeopleError::GroupNotFound)?;
        member.pinned = pinned;
        Ok(())
    }
}

impl State {
    /// Puts a person at the end of a group that they are not in; one that is empty is theirs.
    pub(super) fn put_member(&mut self, group_id: GroupId, user: UserId) {
        if let Some(group) = self.groups.get_mut(&group_id) {
            if group.members.is_empty() {
                group.owner_id = user;
            }
            group.last_place += 1;
            let place = group.last_place;
            let member = Member { place, muted: false, pinned: false, read_up_to: 0 };
            group.members.insert(user, member);
        }
        if let Some(user) = self.users.get_mut(&user) {
            user.groups.insert(group_id);
        }
    }

    /// The line that somebody joined, with what webhooks are told of it.
    pub(super) fn announce_joined(
        &mut self,
        group: GroupId,
        user: UserId,
        at: Timestamp,
    ) -> Result<StoredMessage, PeopleError> {
        let line = self.announce(group, user, at, StoredBody::Joined)?;
        self.tell(&[NewEvent::joined(group, user, line.id, at)], at);
        Ok(line)
    }

    fn drop_member(&mut self, group_id: GroupId, user: UserId) {
        if let Some(group) = self.groups.get_mut(&group_id) {
            group.members.remove(&user);
        }
        if self.demo_groups.get(&user) == Some(&group_id) {
            self.demo_groups.remove(&user);
        }
        if let Some(user) = self.users.get_mut(&user) {
            user.groups.remove(&group_id);
        }
    }

    /// The earliest of those who are left becomes the owner, a demo member only where
    /// there is nobody else; a group that is empty keeps the owner that it had until somebody
    /// enters it.
    fn pass_on(&mut self, group_id: GroupId) {
        let members = self.in_order(group_id);
        let person = members.iter().find(|user| !self.is_demo(**user));
        let Some(next) = person.or(members.first()).copied() else { return };
        if let Some(group) = self.groups.get_mut(&group_id) {
            group.owner_id = next;
        }
    }

    pub(super) fn member(&self, group: GroupId, user: UserId) -> Option<&Member> {
        self.groups.get(&group)?.members.get(&user)
    }

    pub(super) fn member_mut(&mut self, group: GroupId, user: UserId) -> Option<&mut Member> {
        self.groups.get_mut(&group)?.members.get_mut(&user)
    }

    pub(super) fn is_member(&self, group: GroupId, user: UserId) -> bool {
        self.member(group, user).is_some()
    }

    pub(super) fn is_demo(&self, user: UserId) -> bool {
        self.users.get(&user).is_some_and(|user| user.profile.is_demo)
    }

    /// The earliest first.
    fn in_order(&self, group: GroupId) -> Vec<UserId> {
        let Some(group) = self.groups.get(&group) else { return Vec::new() };
        let mut members: Vec<_> =
            group.members.iter().map(|(user, member)| (member.place, *user)).collect();
        members.sort_unstable();
        members.into_iter().map(|(_, user)| user).collect()
    }

    pub(super) fn member_ids(&self, group: GroupId, limit: u32) -> Vec<UserId> {
        let mut members = self.in_order(group);
        members.truncate(size(limit));
        members
    }
}
