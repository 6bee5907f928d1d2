//! Groups: who is in them, and the logs of their chats (R-PEOPLE-2).

mod cards;
mod cursor;
mod list;
mod log;
mod members;
mod messages;
mod wakes;

pub use crate::store::people::{Dress, Line, LinePost, PacketPost};
pub use cards::{CardStates, CardView};
pub(crate) use cursor::Cursor;
pub use log::{LOG_PART_MAX, LogEvent, LogPart};
pub use members::Members;
pub use messages::{MESSAGES_PAGE_DEFAULT, MESSAGES_PAGE_MAX};
pub use wakes::{Growth, Listener, Wakes, WakesSettings};

use crate::{
    Refusal,
    accounts::{Accounts, ID_DRAWS_MAX, Memo},
    runtime::{Clock, Entropy},
    store::people::{GroupDraft, InvitationDraft, JoinDraft, PeopleError, PeopleStore},
};
use data_encoding::BASE32_NOPAD;
use hongbao_shared::{
    ErrorCode, GroupId, Limits, MessageId, UserId,
    api::groups::{Group, Invitation, JoinRequest, NewGroup},
    text,
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

    /// Who listens to which log on this node.
    pub fn wakes(&self) -> &Arc<Wakes> {
        &self.wakes
    }

    /// A new group with its maker as the only member. `group_name_invalid`,
    /// `too_many_groups`.
    pub async fn create(&self, user: UserId, new: NewGroup) -> Result<Group, Refusal> {
        let chars_max = usize::try_from(self.limits.group_name_chars_max).unwrap_or(usize::MAX);
        let name = text::one_line(&new.name, chars_max)
            .map_err(|fault| Refusal::new(ErrorCode::GroupNameInvalid).detail(fault.to_string()))?;
        let mut draft = GroupDraft {
            id: GroupId::from_random(self.entropy.bits()),
            name,
            owner_id: user,
            at: self.clock.now(),
            groups_per_user_max: self.limits.groups_per_user_max,
        };
        let mut draws = 1;
        let created = loop {
            match self.store.add_group(draft.clone()).await {
                Ok(created) => break created,
                Err(PeopleError::IdTaken) if draws < ID_DRAWS_MAX => {
                    draft.id = GroupId::from_random(self.entropy.bits());
                    draws += 1;
                }
                Err(error) => return Err(error.into()),
            }
        };
        self.tell(draft.id, created.id).await;
        self.with_members(user, draft.id).await
    }

    /// A group with its members. `group_not_found` for everyone else.
    pub async fn get(&self, user: UserId, group: GroupId) -> Result<Group, Refusal> {
        self.admit(group, user).await?;
        self.with_members(user, group).await
    }

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

    /// Joins by an invitation; whoever is a member already just gets the group.
    /// `invitation_invalid`, `group_full`, `too_many_groups`.
    pub async fn join(&self, user: UserId, request: &JoinRequest) -> Result<Group, Refusal> {
        if request.code.len() > INVITATION_CHARS_MAX {
            return Err(ErrorCode::InvitationInvalid.into());
        }
        let joined = self
            .store
            .join(JoinDraft {
                code: request.code.clone(),
                user_id: user,
                at: self.clock.now(),
                group_members_max: self.limits.group_members_max,
                groups_per_user_max: self.limits.groups_per_user_max,
            })
            .await?;
        self.has_joined(joined.group_id, user);
        if let Some(message) = joined.message {
            self.tell(joined.group_id, message.id).await;
        }
        self.with_members(user, joined.group_id).await
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
            read_up_to: place.read_up_to,
            members: self.accounts.profiles(&ids).await,
        })
    }

    /// A log has grown: wakes who reads it on this node, and hints at it to its other
    /// members. The one place that tells; other nodes will hear of it from here.
    async fn tell(&self, group: GroupId, newest: MessageId) {
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
