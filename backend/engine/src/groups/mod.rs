//! Groups: who is in them, and the logs of their chats (R-PEOPLE-2).

mod cards;
mod cursor;
mod demo;
mod invitations;
mod linked;
mod list;
mod log;
mod members;
mod messages;
mod wakes;

pub use cards::{CardStates, CardView};
pub(crate) use cursor::Cursor;
pub use demo::DemoCast;
pub use log::{LOG_PART_MAX, LogEvent, LogPart};
pub use members::Members;
pub use messages::{MESSAGES_PAGE_DEFAULT, MESSAGES_PAGE_MAX};
pub use wakes::{Growth, Listener, Wakes, WakesSettings};

use crate::{
    accounts::{Accounts, ID_DRAWS_MAX, Memo},
    news::News,
};
use hongbao_domain::{
    Refusal,
    runtime::{Clock, Entropy},
    store::people::{GroupDraft, PeopleError, PeopleStore},
    text,
};
use hongbao_shared::{
    ErrorCode, GroupId, Limits, MessageId, UserId,
    api::groups::{Group, NewGroup},
};
use std::sync::Arc;

/// Faces in a group's picture.
const FACES_MAX: u32 = 9;
/// Members that come with a group, the earliest; matters only where
/// `group_members_max` was raised.
const MEMBERS_SHOWN_MAX: u32 = 500;

/// How groups are kept.
#[derive(Clone, Debug)]
pub struct GroupsSettings {
    /// The most memberships in this node's memory.
    pub memberships_cached_max: u64,
    /// Who may listen.
    pub wakes: WakesSettings,
}

impl Default for GroupsSettings {
    fn default() -> Self {
        let wakes = WakesSettings { listeners_max: 10_000, per_user_max: 8 };
        Self { memberships_cached_max: 200_000, wakes }
    }
}

/// Groups and their chats.
#[derive(Debug)]
pub struct Groups {
    store: Arc<dyn PeopleStore>,
    accounts: Arc<Accounts>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    limits: Arc<Limits>,
    members: Memo<GroupId, Arc<Members>>,
    strangers: Memo<(GroupId, UserId), ()>,
    wakes: Arc<Wakes>,
}

impl Groups {
    /// On the same store as `accounts`.
    pub fn new(
        store: Arc<dyn PeopleStore>,
        accounts: Arc<Accounts>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        limits: Arc<Limits>,
        settings: &GroupsSettings,
    ) -> Self {
        Self {
            store,
            accounts,
            clock,
            entropy,
            limits,
            members: members::memo(settings.memberships_cached_max),
            strangers: members::strangers(),
            wakes: Arc::new(Wakes::new(settings.wakes)),
        }
    }

    /// Other nodes may have changed anything.
    pub(crate) fn heard_anything(&self) {
        self.members.forget_all();
        self.strangers.forget_all();
        self.wakes.all();
    }

    /// Who listens to which log on this node.
    pub fn wakes(&self) -> &Arc<Wakes> {
        &self.wakes
    }

    /// A new group with its maker as the only member. `group_name_invalid`,
    /// `too_many_groups`.
    pub async fn create(&self, user: UserId, new: NewGroup) -> Result<Group, Refusal> {
        let mut draws = 0;
        loop {
            let draft = self.draft(user, &new.name)?;
            let id = draft.id;
            draws += 1;
            match self.store.add_group(draft).await {
                Ok(created) => {
                    self.tell(id, created.id).await;
                    return self.with_members(user, id).await;
                }
                Err(PeopleError::IdTaken) if draws < ID_DRAWS_MAX => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// A group under a fresh id. `group_name_invalid`.
    pub(crate) fn draft(&self, owner_id: UserId, name: &str) -> Result<GroupDraft, Refusal> {
        let name = text::name(name, self.limits.group_name_chars_max)
            .map_err(|fault| Refusal::new(ErrorCode::GroupNameInvalid).detail(fault.to_string()))?;
        Ok(GroupDraft {
            id: GroupId::from_random(self.entropy.bits()),
            name,
            owner_id,
            at: self.clock.now(),
            groups_per_user_max: self.limits.groups_per_user_max,
        })
    }

    /// A group with its members. `group_not_found` for everyone else.
    pub async fn get(&self, user: UserId, group: GroupId) -> Result<Group, Refusal> {
        self.admit(group, user).await?;
        self.with_members(user, group).await
    }

    async fn with_members(&self, user: UserId, group: GroupId) -> Result<Group, Refusal> {
        let found = self.store.group(group).await?.zip(self.store.place(group, user).await?);
        let (stored, place) = found.ok_or(ErrorCode::GroupNotFound)?;
        let ids = self.store.member_ids(group, MEMBERS_SHOWN_MAX).await?;
        Ok(Group {
            id: stored.id,
            name: stored.name,
            owner_id: stored.owner_id,
            created_at: stored.created_at,
            is_demo: stored.demo_language.is_some(),
            muted: place.muted,
            pinned: place.pinned,
            read_up_to: place.read_up_to,
            members: self.accounts.profiles(&ids).await,
        })
    }

    /// A log has grown: wakes who reads it, and hints at it to its other members, on this
    /// node and on all others. The one place that tells.
    async fn tell(&self, group: GroupId, newest: MessageId) {
        self.accounts.herald().tell(News::Grown(group, newest));
        self.heard_grown(group, newest).await;
    }

    /// A log has grown, here or on another node.
    pub(crate) async fn heard_grown(&self, group: GroupId, newest: MessageId) {
        self.wakes.grown(group, newest);
        if !self.wakes.anybody() {
            return;
        }
        match self.load_members(group).await {
            Ok(Some(members)) => self.wakes.hint_members(group, &members),
            Ok(None) => {}
            // Hints are no more than that.
            Err(error) => tracing::debug!(%error, "the members of a group hear no hint"),
        }
    }
}
