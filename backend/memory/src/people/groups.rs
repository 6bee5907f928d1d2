//! New groups, and groups as they stand.

use super::{
    super::size,
    MemoryPeople, State, ensure,
    log::{Keys, Log},
    members::{FIRST_PLACE, Member},
};
use async_trait::async_trait;
use hongbao_domain::store::people::{
    DemoGroupDraft, GroupDraft, GroupStore, JoinedGroup, LOG_SCAN_MAX, ListedGroup, PeopleError,
    Place, StoredBody, StoredGroup, StoredMessage,
};
use hongbao_shared::{
    GroupId, Timestamp, UserId,
    api::groups::{Language, UNREAD_MAX},
};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

#[derive(Clone)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) owner_id: UserId,
    pub(super) created_at: Timestamp,
    pub(super) members: BTreeMap<UserId, Member>,
    /// The last place given to a member; places are never given twice.
    pub(super) last_place: i64,
    pub(super) demo_language: Option<Language>,
    pub(super) log: Log,
}

#[async_trait]
impl GroupStore for MemoryPeople {
    async fn add_group(&self, draft: GroupDraft) -> Result<StoredMessage, PeopleError> {
        let state = &mut *self.state.lock();
        state.check_group(&draft)?;
        state.put_group(&draft)
    }

    async fn add_demo_group(&self, draft: DemoGroupDraft) -> Result<JoinedGroup, PeopleError> {
        let state = &mut *self.state.lock();
        let owner = draft.group.owner_id;
        if let Some(theirs) = state.demo_groups.get(&owner) {
            return Ok(JoinedGroup { group_id: *theirs, message: None });
        }
        state.check_group(&draft.group)?;
        let mut members = BTreeSet::from([owner]);
        for member in &draft.members {
            // However many groups they are in: that is what they are for.
            state.check_count(*member, u32::MAX)?;
            ensure(members.insert(*member), "members_unique")?;
        }
        let group_id = draft.group.id;
        let created = state.put_group(&draft.group)?;
        for member in &draft.members {
            state.put_member(group_id, *member);
        }
        if let Some(group) = state.groups.get_mut(&group_id) {
            group.demo_language = Some(draft.language);
        }
        state.demo_groups.insert(owner, group_id);
        Ok(JoinedGroup { group_id, message: Some(created) })
    }

    async fn group(&self, id: GroupId) -> Result<Option<StoredGroup>, PeopleError> {
        Ok(self.state.lock().group(id))
    }

    async fn groups_of(&self, user: UserId, limit: u32) -> Result<Vec<ListedGroup>, PeopleError> {
        Ok(self.state.lock().groups_of(user, limit))
    }
}

impl State {
    pub(super) fn check_group(&self, draft: &GroupDraft) -> Result<(), PeopleError> {
        ensure(!draft.name.is_empty(), "chat_groups_name")?;
        if self.groups.contains_key(&draft.id) {
            return Err(PeopleError::IdTaken);
        }
        self.check_user(draft.owner_id)?;
        self.check_count(draft.owner_id, draft.groups_per_user_max)
    }

    pub(super) fn put_group(&mut self, draft: &GroupDraft) -> Result<StoredMessage, PeopleError> {
        let group = Group {
            name: draft.name.clone(),
            owner_id: draft.owner_id,
            created_at: draft.at,
            members: BTreeMap::new(),
            last_place: FIRST_PLACE - 1,
            demo_language: None,
            log: Log::default(),
        };
        self.groups.insert(draft.id, group);
        self.put_member(draft.id, draft.owner_id);
        self.announce(draft.id, draft.owner_id, draft.at, StoredBody::Created)
    }

    /// One more group for this person, if they may be in one more.
    pub(super) fn check_count(&self, user: UserId, max: u32) -> Result<(), PeopleError> {
        match self.users.get(&user) {
            Some(user) if user.groups.len() < size(max) => Ok(()),
            _ => Err(PeopleError::TooManyGroups),
        }
    }

    /// The line that says that somebody is there now, who has read everything up to it.
    pub(super) fn announce(
        &mut self,
        group: GroupId,
        user: UserId,
        at: Timestamp,
        body: StoredBody,
    ) -> Result<StoredMessage, PeopleError> {
        let message = self.append(group, user, at, body, Keys::NONE)?;
        if let Some(member) = self.member_mut(group, user) {
            member.read_up_to = member.read_up_to.max(message.id.get());
        }
        Ok(message)
    }

    pub(super) fn group(&self, id: GroupId) -> Option<StoredGroup> {
        Some(stored(id, self.groups.get(&id)?))
    }

    pub(super) fn place(&self, group: GroupId, user: UserId) -> Option<Place> {
        let member = self.member(group, user)?;
        let read_up_to = member.read_up_to();
        Some(Place { muted: member.muted, pinned: member.pinned, read_up_to })
    }

    pub(super) fn groups_of(&self, user: UserId, limit: u32) -> Vec<ListedGroup> {
        let Some(person) = self.users.get(&user) else { return Vec::new() };
        let listed = |id: &GroupId| {
            let group = self.groups.get(id)?;
            let member = group.members.get(&user)?;
            let unread = group
                .log
                .said_after(member.read_up_to)
                .take(size(LOG_SCAN_MAX))
                .filter(|message| message.sender_id != user)
                .take(size(UNREAD_MAX))
                .count();
            let last = group.log.newest_for(user, LOG_SCAN_MAX).cloned();
            Some(ListedGroup {
                group: stored(*id, group),
                muted: member.muted,
                pinned: member.pinned,
                unread: u32::try_from(unread).unwrap_or(UNREAD_MAX),
                last_message: last,
            })
        };
        let mut groups: Vec<_> = person.groups.iter().filter_map(listed).collect();
        // Stable, and in the order of ids before.
        groups.sort_by_key(|listed| {
            let at = listed.last_message.as_ref().map(|message| message.at);
            Reverse((listed.pinned, at.unwrap_or(listed.group.created_at)))
        });
        groups.truncate(size(limit));
        groups
    }
}

fn stored(id: GroupId, group: &Group) -> StoredGroup {
    StoredGroup {
        id,
        name: group.name.clone(),
        owner_id: group.owner_id,
        created_at: group.created_at,
        member_count: u32::try_from(group.members.len()).unwrap_or(u32::MAX),
        demo_language: group.demo_language,
        newest_id: group.log.newest_id(),
    }
}
