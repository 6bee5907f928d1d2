//! Groups: who is in them, and the logs of their chats (R-PEOPLE-2).

mod cards;
mod cursor;
mod list;
mod log;
mod members;
mod messages;

pub use crate::store::people::{Dress, Line, LinePost, PacketPost};
pub use cards::{CardStates, CardView};
pub(crate) use cursor::Cursor;
pub use log::{LOG_PART_MAX, LogEvent, LogPart};
pub use members::Members;
pub use messages::{MESSAGES_PAGE_DEFAULT, MESSAGES_PAGE_MAX};

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
use tokio::sync::broadcast;

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
/// News that a slow listener may be behind before it reads the logs instead.
const NEWS_QUEUE_MAX: usize = 1024;

/// How groups are kept.
#[derive(Clone, Debug)]
pub struct GroupsSettings {
    /// The most memberships in this node's memory.
    pub memberships_cached_max: u64,
}

impl Default for GroupsSettings {
    fn default() -> Self {
        Self { memberships_cached_max: 200_000 }
    }
}

/// A log has grown. Only wakes: whoever hears it reads the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct News {
    /// Whose log.
    pub group_id: GroupId,
    /// Up to which message.
    pub message_id: MessageId,
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
    news: broadcast::Sender<News>,
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
            news: broadcast::channel(NEWS_QUEUE_MAX).0,
        }
    }

    /// Hears of every log that grows through this node, from now on.
    pub fn news(&self) -> broadcast::Receiver<News> {
        self.news.subscribe()
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
        self.tell(draft.id, created.id);
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
            self.tell(joined.group_id, message.id);
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

    fn tell(&self, group_id: GroupId, message_id: MessageId) {
        // An error only says that nobody listens.
        let _ = self.news.send(News { group_id, message_id });
    }
}
