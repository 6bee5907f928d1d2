//! Who listens to which group on this node, and how they are woken. Waking carries no
//! news: whoever is woken reads the log, so a wake-up that is lost to a crash loses no
//! entry, and many before a look are one.

use super::Members;
use hongbao_domain::Refusal;
use hongbao_shared::{ErrorCode, GroupId, MessageId, UserId};
use parking_lot::Mutex;
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

/// Groups of which one listener is told at once that they have grown; whoever hears of
/// one reads the list of all.
const HINTS_MAX: usize = 64;
const RETRY_WHEN_FULL: Duration = Duration::from_secs(5);

/// How many may listen.
#[derive(Clone, Copy, Debug)]
pub struct WakesSettings {
    /// On this node; one more is refused.
    pub listeners_max: usize,
    /// One person; with one more, their oldest ends.
    pub per_user_max: usize,
}

/// The listeners of this node.
#[derive(Debug)]
pub struct Wakes {
    settings: WakesSettings,
    listeners: Mutex<Listeners>,
    /// How many there are, to be asked without the lock.
    count: AtomicUsize,
    /// Grows whenever somebody comes or goes.
    presence: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Listeners {
    groups: BTreeMap<GroupId, Audience>,
    /// The oldest first.
    users: BTreeMap<UserId, VecDeque<Ear>>,
    next_id: u64,
}

/// Who listens to one group; gone with the last of them.
#[derive(Debug)]
struct Audience {
    newest: watch::Sender<i64>,
    people: BTreeMap<UserId, usize>,
}

#[derive(Debug)]
struct Ear {
    id: u64,
    group: Option<GroupId>,
    inbox: Arc<Inbox>,
}

/// What one listener is told besides their group's growing.
#[derive(Debug, Default)]
struct Inbox {
    hints: Mutex<BTreeSet<GroupId>>,
    filled: Notify,
    replaced: CancellationToken,
}

/// Somebody who listens, until this is dropped.
#[derive(Debug)]
pub struct Listener {
    wakes: Arc<Wakes>,
    id: u64,
    user: UserId,
    group: Option<GroupId>,
    inbox: Arc<Inbox>,
}

/// How far the log that a [`Listener`] listens to has grown.
#[derive(Debug)]
pub struct Growth(Option<watch::Receiver<i64>>);

impl Wakes {
    /// Nobody listens yet.
    pub fn new(settings: WakesSettings) -> Self {
        Self {
            settings,
            listeners: Mutex::default(),
            count: AtomicUsize::new(0),
            presence: watch::Sender::new(0),
        }
    }

    /// Listens as `user`: to hints, and to `group` if one is given. `unavailable` on a
    /// node that has enough listeners.
    pub fn listen(
        self: &Arc<Self>,
        user: UserId,
        group: Option<GroupId>,
    ) -> Result<(Listener, Growth), Refusal> {
        let inbox = Arc::new(Inbox::default());
        let mut listeners = self.listeners.lock();
        if self.count.load(Ordering::Relaxed) >= self.settings.listeners_max {
            return Err(Refusal::new(ErrorCode::Unavailable).retry_after(RETRY_WHEN_FULL));
        }
        let id = listeners.next_id;
        listeners.next_id = id.wrapping_add(1);
        let ears = listeners.users.entry(user).or_default();
        ears.push_back(Ear { id, group, inbox: Arc::clone(&inbox) });
        let one_too_many = ears.len().saturating_sub(self.settings.per_user_max);
        for oldest in ears.iter().take(one_too_many) {
            // It leaves the registry when its stream has noticed.
            oldest.inbox.replaced.cancel();
        }
        let growth = Growth(group.map(|group| listeners.join(user, group)));
        self.count.fetch_add(1, Ordering::Relaxed);
        drop(listeners);
        self.someone_moved(1.0);
        Ok((Listener { wakes: Arc::clone(self), id, user, group, inbox }, growth))
    }

    /// Is woken like somebody who listens to a group, without being one; `None` if nobody
    /// listens.
    pub fn follow(&self, group: GroupId) -> Option<Growth> {
        let listeners = self.listeners.lock();
        Some(Growth(Some(listeners.groups.get(&group)?.newest.subscribe())))
    }

    /// Does anybody listen?
    pub(super) fn anybody(&self) -> bool {
        self.count.load(Ordering::Relaxed) > 0
    }

    /// A log has grown: wakes those who listen to it.
    pub(super) fn grown(&self, group: GroupId, newest: MessageId) {
        if let Some(audience) = self.listeners.lock().groups.get(&group) {
            audience.newest.send_modify(|known| *known = newest.get().max(*known));
        }
    }

    /// Hints at a group to those of its members who listen to something else.
    pub(super) fn hint_members(&self, group: GroupId, members: &Members) {
        let listeners = self.listeners.lock();
        if listeners.users.len() < members.len() {
            for user in listeners.users.keys().filter(|user| members.contains(**user)) {
                listeners.hint(*user, group);
            }
        } else {
            members.each(|user| {
                listeners.hint(user, group);
            });
        }
    }

    /// Hints at a group in which one person has read on.
    pub(crate) fn hint_reader(&self, user: UserId, group: GroupId) {
        self.listeners.lock().hint(user, group);
    }

    /// Hints at a group that one person has joined or left; and has those who listen to
    /// it look whether they may.
    pub(super) fn hint_user(&self, user: UserId, group: GroupId) {
        let listeners = self.listeners.lock();
        if listeners.hint(user, group)
            && let Some(audience) = listeners.groups.get(&group)
        {
            audience.newest.send_modify(|_| {});
        }
    }

    /// Any log may have grown: everybody looks.
    pub(super) fn all(&self) {
        for audience in self.listeners.lock().groups.values() {
            audience.newest.send_modify(|_| {});
        }
    }

    /// The people who listen to a group on this node, each once.
    pub fn present(&self, group: GroupId) -> Vec<UserId> {
        let listeners = self.listeners.lock();
        let people = listeners.groups.get(&group).map(|audience| audience.people.keys().copied());
        people.into_iter().flatten().collect()
    }

    /// The groups that somebody listens to on this node, and how many people each.
    pub fn present_groups(&self) -> Vec<(GroupId, usize)> {
        let listeners = self.listeners.lock();
        listeners.groups.iter().map(|(group, all)| (*group, all.people.len())).collect()
    }

    /// Changes whenever somebody begins or ends to listen; ask [`Self::present`] or
    /// [`Self::present_groups`] then.
    pub fn watch_presence(&self) -> watch::Receiver<u64> {
        self.presence.subscribe()
    }

    fn someone_moved(&self, by: f64) {
        metrics::gauge!("hongbao_live_streams").increment(by);
        self.presence.send_modify(|moves| *moves = moves.wrapping_add(1));
    }
}

impl Listeners {
    fn join(&mut self, user: UserId, group: GroupId) -> watch::Receiver<i64> {
        let audience = self
            .groups
            .entry(group)
            .or_insert_with(|| Audience { newest: watch::Sender::new(0), people: BTreeMap::new() });
        *audience.people.entry(user).or_default() += 1;
        audience.newest.subscribe()
    }

    fn leave(&mut self, user: UserId, group: GroupId) {
        let Some(audience) = self.groups.get_mut(&group) else { return };
        if let Some(streams) = audience.people.get_mut(&user) {
            *streams = streams.saturating_sub(1);
            if *streams == 0 {
                audience.people.remove(&user);
            }
        }
        if audience.people.is_empty() {
            self.groups.remove(&group);
        }
    }

    /// Hints at a group to one person, wherever they listen to something else. False if they
    /// do not listen.
    fn hint(&self, user: UserId, group: GroupId) -> bool {
        let Some(ears) = self.users.get(&user) else { return false };
        for ear in ears.iter().filter(|ear| ear.group != Some(group)) {
            let mut hints = ear.inbox.hints.lock();
            if hints.len() < HINTS_MAX && hints.insert(group) {
                drop(hints);
                ear.inbox.filled.notify_one();
            }
        }
        true
    }
}

impl Growth {
    /// Waits until the log may have grown since this was last called; for ever without
    /// a group.
    pub async fn grown(&mut self) {
        if let Some(newest) = &mut self.0 {
            // The sender lives in the registry for as long as the listener does.
            if newest.changed().await.is_ok() {
                return;
            }
        }
        std::future::pending::<()>().await;
    }

    /// The newest entry that this node has heard of since somebody listens.
    pub fn newest(&self) -> Option<MessageId> {
        MessageId::new(*self.0.as_ref()?.borrow())
    }
}

impl Listener {
    /// How many people listen to the same group.
    pub fn audience(&self) -> usize {
        let Some(group) = &self.group else { return 0 };
        let listeners = self.wakes.listeners.lock();
        listeners.groups.get(group).map_or(0, |audience| audience.people.len())
    }

    /// Waits until there are hints; they stay until [`Self::take_hints`].
    pub async fn hinted(&self) {
        while self.inbox.hints.lock().is_empty() {
            self.inbox.filled.notified().await;
        }
    }

    /// The groups that have grown, or were joined or left, since this was last called.
    pub fn take_hints(&self) -> BTreeSet<GroupId> {
        std::mem::take(&mut *self.inbox.hints.lock())
    }

    /// Waits until the person listens too often elsewhere.
    pub async fn replaced(&self) {
        self.inbox.replaced.cancelled().await;
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut listeners = self.wakes.listeners.lock();
        if let Some(ears) = listeners.users.get_mut(&self.user) {
            ears.retain(|ear| ear.id != self.id);
            if ears.is_empty() {
                listeners.users.remove(&self.user);
            }
        }
        if let Some(group) = self.group {
            listeners.leave(self.user, group);
        }
        self.wakes.count.fetch_sub(1, Ordering::Relaxed);
        drop(listeners);
        self.wakes.someone_moved(-1.0);
    }
}
