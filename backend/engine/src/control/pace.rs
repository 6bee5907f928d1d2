//! Flow control per person and per group (R-CTRL-1, R-CTRL-6). Its time is that of records,
//! so that it is the same in a simulation.

use hongbao_config as config;
use hongbao_domain::{Refusal, runtime::Clock};
use hongbao_shared::{ErrorCode, GroupId, ServiceId, Timestamp, UserId};
use moka::{policy::EvictionPolicy, sync::Cache};
use parking_lot::Mutex;
use std::{fmt, sync::Arc, time::Duration};

/// How many allowances are kept; beyond that, the one that was not used the longest is
/// forgotten, and its owner may do as much as somebody new.
const COUNTED_MAX: u64 = 200_000;
const MINUTE_MS: u64 = 60_000;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Deed {
    /// A grab.
    Grab,
    /// A pre-order; how many is a switch.
    PreOrder,
    /// A message.
    Message,
    /// A top-up.
    TopUp,
    /// An invitation made or revoked.
    Invitation,
    /// A group made, joined or left, or a member removed.
    Group,
    /// A change of oneself: name, picture, password, sessions, what is muted.
    Profile,
    /// A mark of how far one has read.
    Mark,
    /// A call with a key.
    Keyed,
    /// A stream that is begun.
    Stream,
    /// Looking for what is not there.
    Miss,
}

impl Deed {
    /// As metrics and refusals name it.
    const fn name(self) -> &'static str {
        match self {
            Self::Grab => "grabs",
            Self::PreOrder => "pre-orders",
            Self::Message => "messages",
            Self::TopUp => "top-ups",
            Self::Invitation => "invitations",
            Self::Group => "groups",
            Self::Profile => "changes",
            Self::Mark => "marks",
            Self::Keyed => "keyed calls",
            Self::Stream => "streams",
            Self::Miss => "misses",
        }
    }
}

/// Counts what each person does on this node, and what each group takes.
#[derive(Debug)]
pub struct Pace {
    settings: config::Flow,
    people: Counts<(Deed, UserId)>,
    groups: Counts<GroupId>,
    services: Counts<ServiceId>,
}

impl Pace {
    /// Limits what `settings` say.
    pub fn new(settings: config::Flow, clock: &Arc<dyn Clock>) -> Self {
        Self {
            settings,
            people: Counts::new(clock),
            groups: Counts::new(clock),
            services: Counts::new(clock),
        }
    }

    /// Counts one deed of a person, or says when to come back: `rate_limited`.
    pub fn check(&self, deed: Deed, user: UserId) -> Result<(), Refusal> {
        self.check_with(deed, user, self.per_minute(deed))
    }

    /// As [`Pace::check`], by a limit that a switch says.
    pub(super) fn check_with(
        &self,
        deed: Deed,
        user: UserId,
        per_minute: u32,
    ) -> Result<(), Refusal> {
        let taken = self.people.take((deed, user), per_minute);
        taken.map_err(|after| refused(deed.name(), "user", after))
    }

    /// Counts a message of a person, and one in a group.
    pub fn check_message(&self, user: UserId, group: GroupId) -> Result<(), Refusal> {
        self.check(Deed::Message, user)?;
        let taken =
            self.groups.take(group, self.limit(self.settings.messages_per_group_per_minute));
        taken.map_err(|after| refused(Deed::Message.name(), "group", after))
    }

    /// Counts a call of a service, by its own limit.
    pub fn check_service(&self, service: ServiceId, per_minute: u32) -> Result<(), Refusal> {
        let taken = self.services.take(service, per_minute);
        taken.map_err(|after| refused("calls", "service", after))
    }

    /// Looks for something on behalf of a person, and counts it if it is not there: numbers
    /// and codes that do not exist are asked for at every database that could know them.
    pub async fn look<T>(
        &self,
        user: UserId,
        look: impl Future<Output = Result<T, Refusal>>,
    ) -> Result<T, Refusal> {
        let per_minute = self.per_minute(Deed::Miss);
        let key = (Deed::Miss, user);
        // Taken first: those who look at the same time share what there is.
        let taken = self.people.take(key, per_minute);
        taken.map_err(|after| refused(Deed::Miss.name(), "user", after))?;
        let found = look.await;
        let is_miss = |refusal: &Refusal| {
            matches!(
                refusal.code,
                ErrorCode::PacketNotFound
                    | ErrorCode::PreOrderExpired
                    | ErrorCode::InvitationInvalid
                    // Nobody could look everywhere: it may not be there.
                    | ErrorCode::Unavailable
            )
        };
        if !found.as_ref().is_err_and(is_miss) {
            self.people.give_back(key, per_minute);
        }
        found
    }

    fn per_minute(&self, deed: Deed) -> u32 {
        let flow = &self.settings;
        self.limit(match deed {
            Deed::Grab => flow.grabs_per_user_per_minute,
            Deed::PreOrder => flow.sends_per_user_per_minute,
            Deed::Message => flow.messages_per_user_per_minute,
            Deed::TopUp => flow.top_ups_per_user_per_minute,
            Deed::Invitation => flow.invitations_per_user_per_minute,
            Deed::Group => flow.groups_per_user_per_minute,
            Deed::Profile => flow.changes_per_user_per_minute,
            Deed::Mark => flow.marks_per_user_per_minute,
            Deed::Keyed => flow.keyed_calls_per_user_per_minute,
            Deed::Stream => flow.streams_per_user_per_minute,
            Deed::Miss => flow.misses_per_user_per_minute,
        })
    }

    fn limit(&self, setting: u32) -> u32 {
        if self.settings.per_person { setting } else { 0 }
    }
}

fn refused(what: &'static str, of: &'static str, after: Duration) -> Refusal {
    metrics::counter!("hongbao_flow_refused_total", "what" => what, "limit" => of).increment(1);
    Refusal::new(ErrorCode::RateLimited)
        .detail(format!("Too many {what} in a minute; come back later."))
        .retry_after(after)
}

/// Allowances, bounded in number.
struct Counts<K> {
    clock: Arc<dyn Clock>,
    allowances: Cache<K, Arc<Mutex<Allowance>>>,
}

impl<K> fmt::Debug for Counts<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Counts").finish_non_exhaustive()
    }
}

impl<K: Copy + Eq + std::hash::Hash + Send + Sync + 'static> Counts<K> {
    fn new(clock: &Arc<dyn Clock>) -> Self {
        let allowances = Cache::builder()
            .max_capacity(COUNTED_MAX)
            .eviction_policy(EvictionPolicy::lru())
            .build();
        Self { clock: Arc::clone(clock), allowances }
    }

    /// Takes one of so many in a minute, 0 for no limit; or tells how long it takes until
    /// there is one.
    fn take(&self, key: K, per_minute: u32) -> Result<(), Duration> {
        if per_minute == 0 {
            return Ok(());
        }
        let per_minute = u64::from(per_minute);
        let now = self.clock.now();
        let full = per_minute.saturating_mul(MINUTE_MS);
        let fresh = || Arc::new(Mutex::new(Allowance { parts: full, at: now }));
        let allowance = self.allowances.get_with(key, fresh);
        allowance.lock().take(per_minute, now)
    }

    /// One was taken and not used.
    fn give_back(&self, key: K, per_minute: u32) {
        if per_minute > 0
            && let Some(allowance) = self.allowances.get(&key)
        {
            let mut allowance = allowance.lock();
            allowance.parts = allowance.parts.saturating_add(MINUTE_MS);
        }
    }
}

/// What may still be done. It fills up as time goes by, to a minute's worth at most.
#[derive(Debug)]
struct Allowance {
    /// In shares of a deed, of which each takes [`MINUTE_MS`]: whole numbers stay exact.
    parts: u64,
    at: Timestamp,
}

impl Allowance {
    /// Takes one, or tells how long it takes until there is one.
    fn take(&mut self, per_minute: u64, now: Timestamp) -> Result<(), Duration> {
        // Nothing for a clock that was set back; from then on it counts as before.
        let passed = u64::try_from(now.millis_since(self.at)).unwrap_or_default();
        let full = per_minute.saturating_mul(MINUTE_MS);
        self.parts = passed.saturating_mul(per_minute).saturating_add(self.parts).min(full);
        self.at = now;
        if let Some(rest) = self.parts.checked_sub(MINUTE_MS) {
            self.parts = rest;
            return Ok(());
        }
        let missing = MINUTE_MS.saturating_sub(self.parts);
        Err(Duration::from_millis(missing.div_ceil(per_minute.max(1))))
    }
}
