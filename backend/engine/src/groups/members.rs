//! Who is in a group, in this node's memory: every grab asks. Who goes, and what each
//! member keeps for themself.

use super::Groups;
use crate::{accounts::Memo, news::News};
use hongbao_domain::{Refusal, store::people::Removal, whole};
use hongbao_shared::{ErrorCode, GroupId, MessageId, UserId};
use parking_lot::RwLock;
use std::{collections::HashSet, sync::Arc, time::Duration};

/// How long this node may still know somebody as a member who has left through
/// another node. Somebody who has joined there is known at once.
const CACHED_FOR: Duration = Duration::from_mins(1);
/// Somebody who is not a member is looked up again after this time: they may have
/// joined through another node.
const STRANGERS_CACHED_FOR: Duration = Duration::from_secs(2);
const STRANGERS_CACHED_MAX: u64 = 50_000;

/// The members of one group.
#[derive(Debug)]
pub struct Members(RwLock<HashSet<UserId>>);

impl Members {
    fn new(ids: Vec<UserId>) -> Self {
        Self(RwLock::new(ids.into_iter().collect()))
    }

    /// Is this person one of them?
    pub fn contains(&self, user: UserId) -> bool {
        self.0.read().contains(&user)
    }

    /// How many they are.
    pub fn len(&self) -> usize {
        self.0.read().len()
    }

    /// Is nobody there?
    pub fn is_empty(&self) -> bool {
        self.0.read().is_empty()
    }

    /// All of them, by id.
    pub fn ids(&self) -> Vec<UserId> {
        let mut ids: Vec<_> = self.0.read().iter().copied().collect();
        ids.sort_unstable();
        ids
    }

    /// Calls `visit` with each of them, in no particular order.
    pub(super) fn each(&self, visit: impl FnMut(UserId)) {
        self.0.read().iter().copied().for_each(visit);
    }

    fn add(&self, user: UserId) {
        self.0.write().insert(user);
    }

    fn remove(&self, user: UserId) {
        self.0.write().remove(&user);
    }
}

/// Holds groups with up to `memberships_max` members in all.
pub(super) fn memo(memberships_max: u64) -> Memo<GroupId, Arc<Members>> {
    Memo::new(memberships_max, CACHED_FOR, |_, members: &Arc<Members>| {
        u32::try_from(members.len()).unwrap_or(u32::MAX)
    })
}

pub(super) fn strangers() -> Memo<(GroupId, UserId), ()> {
    Memo::new(STRANGERS_CACHED_MAX, STRANGERS_CACHED_FOR, |_, ()| 1)
}

impl Groups {
    /// The members of a group; `group_not_found`.
    pub async fn members(&self, group: GroupId) -> Result<Arc<Members>, Refusal> {
        self.load_members(group).await?.ok_or_else(|| ErrorCode::GroupNotFound.into())
    }

    /// Is this person in this group? No, if there is no such group. For a member of a
    /// group in this node's memory no database is asked (R-OPEN-1).
    pub async fn is_member(&self, group: GroupId, user: UserId) -> Result<bool, Refusal> {
        let Some(members) = self.load_members(group).await? else {
            return Ok(false);
        };
        if members.contains(user) {
            return Ok(true);
        }
        if self.strangers.get(&(group, user)).is_some() {
            return Ok(false);
        }
        let seen = self.strangers.mark();
        let is_member = self.store.is_member(group, user).await?;
        if is_member {
            members.add(user);
        } else {
            self.strangers.keep(&(group, user), (), seen);
        }
        Ok(is_member)
    }

    /// Whoever is not a member hears that there is no such group.
    pub(super) async fn admit(&self, group: GroupId, user: UserId) -> Result<(), Refusal> {
        if self.is_member(group, user).await? {
            Ok(())
        } else {
            Err(ErrorCode::GroupNotFound.into())
        }
    }

    /// Takes somebody out of a group: oneself, or as its owner anybody. On this node they
    /// are no member from then on. `group_not_found`, `not_owner`, `member_not_found`.
    pub async fn remove(
        self: &Arc<Self>,
        by: UserId,
        group: GroupId,
        user: UserId,
    ) -> Result<(), Refusal> {
        let removal = Removal { group_id: group, user_id: user, by, at: self.clock.now() };
        let groups = Arc::clone(self);
        whole(async move {
            let message = groups.store.remove(removal).await?;
            groups.accounts.herald().tell(News::Left(group, user));
            groups.has_left(group, user);
            groups.tell(group, message.id).await;
            Ok(())
        })
        .await
    }

    /// Writes down how far a member has read; never goes back. What they have open elsewhere
    /// hears of it, so that what was read on the phone is not unread on the desktop (R-WEB-1).
    /// `group_not_found`.
    pub async fn read(
        &self,
        user: UserId,
        group: GroupId,
        up_to: MessageId,
    ) -> Result<(), Refusal> {
        if self.store.set_read(group, user, up_to).await? {
            self.accounts.herald().tell(News::Read(group, user));
            self.wakes.hint_reader(user, group);
        }
        Ok(())
    }

    /// Mutes a group for a member, or not any more. `group_not_found`.
    pub async fn mute(&self, user: UserId, group: GroupId, muted: bool) -> Result<(), Refusal> {
        Ok(self.store.set_muted(group, user, muted).await?)
    }

    /// Pins a group to the top of a member's list, or not any more; what they have open elsewhere
    /// hears of it (R-WEB-1). `group_not_found`.
    pub async fn pin(&self, user: UserId, group: GroupId, pinned: bool) -> Result<(), Refusal> {
        self.store.set_pinned(group, user, pinned).await?;
        self.accounts.herald().tell(News::Read(group, user));
        self.wakes.hint_reader(user, group);
        Ok(())
    }

    /// Adds to what is in memory instead of dropping it: a group that a thousand join
    /// at once would be loaded a thousand times. `seen` is the mark of `members` before
    /// the database was asked. Nobody is hinted at it here: the entry that says so hints
    /// at it to all members, the new one among them, and a second hint would have them
    /// read the list of their groups twice.
    pub(super) async fn has_joined(&self, group: GroupId, user: UserId, seen: u64) {
        self.strangers.forget(&(group, user));
        if let Some(members) = self.members.settled(&group).await {
            members.add(user);
            // Somebody has left some group meanwhile, perhaps this person this one.
            // Looked at after the insert: whoever leaves later removes it themself.
            if self.members.mark() != seen {
                self.members.evict(&group);
            }
        }
    }

    /// Somebody has joined through another node.
    pub(crate) fn heard_joined(&self, group: GroupId, user: UserId) {
        // Out of what is known of strangers; the next look-up finds them in the database.
        self.strangers.forget(&(group, user));
        self.wakes.hint_user(user, group);
    }

    /// Somebody has left, here or through another node.
    pub(crate) fn has_left(&self, group: GroupId, user: UserId) {
        // From what callers hold; then from the memory, for those who are just loading.
        let held = self.members.get(&group);
        self.members.forget(&group);
        if let Some(members) = held {
            members.remove(user);
        }
        self.wakes.hint_user(user, group);
    }

    pub(super) async fn load_members(
        &self,
        group: GroupId,
    ) -> Result<Option<Arc<Members>>, Refusal> {
        self.members
            .get_or_load(group, async {
                // The transaction that admits members bounds them; this bounds what a
                // lowered limit leaves behind.
                let ids = self.store.member_ids(group, u32::MAX).await?;
                Ok((!ids.is_empty()).then(|| Arc::new(Members::new(ids))))
            })
            .await
    }
}
