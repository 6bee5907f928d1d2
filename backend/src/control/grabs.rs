//! Flow control per person: of grabs (R-CTRL-1), and of look-ups of numbers that do not exist
//! (R-CTRL-6). Its time is that of records, so that it is the same in a simulation.

use crate::{Refusal, runtime::Clock};
use hongbao_shared::{ErrorCode, Timestamp, UserId};
use moka::{policy::EvictionPolicy, sync::Cache};
use parking_lot::Mutex;
use std::{sync::Arc, time::Duration};

/// How many people are counted; beyond that, whoever was not counted the longest is forgotten,
/// and may do as much as somebody new.
const PEOPLE_MAX: u64 = 100_000;
const MINUTE_MS: u64 = 60_000;
/// Nobody who follows links and cards comes near it; whoever tries numbers is bounded by it.
const MISSES_PER_MINUTE: u32 = 240;

/// Counts grabs of each person on this node.
#[derive(Debug)]
pub struct Grabs(Allowances);

/// Counts look-ups in databases that found nothing, of each person on this node.
#[derive(Debug)]
pub struct Misses(Allowances);

#[derive(Debug)]
struct Allowances {
    per_minute: u32,
    clock: Arc<dyn Clock>,
    people: Cache<UserId, Arc<Mutex<Allowance>>>,
}

/// What somebody may still do. It fills up as time goes by, to a minute's worth at most.
#[derive(Debug)]
struct Allowance {
    /// In parts of a call, of which a call takes [`MINUTE_MS`]: whole numbers stay exact.
    parts: u64,
    at: Timestamp,
}

impl Grabs {
    /// So many in a minute; 0 for no limit.
    pub fn new(per_minute: u32, clock: Arc<dyn Clock>) -> Self {
        Self(Allowances::new(per_minute, clock))
    }

    /// Counts one, or says when to come back: `rate_limited`.
    pub fn check(&self, user: UserId) -> Result<(), Refusal> {
        self.0.take(user).map_err(|after| {
            metrics::counter!("hongbao_grabs_refused_total", "limit" => "user").increment(1);
            Refusal::new(ErrorCode::RateLimited).retry_after(after)
        })
    }
}

impl Misses {
    /// With nobody counted yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self(Allowances::new(MISSES_PER_MINUTE, clock))
    }

    /// Counts a look-up before its database is asked, so that many at once count as well; or
    /// says when to come back: `rate_limited`.
    pub fn begin(&self, user: UserId) -> Result<(), Refusal> {
        self.0.take(user).map_err(|after| {
            metrics::counter!("hongbao_lookups_refused_total").increment(1);
            Refusal::new(ErrorCode::RateLimited).retry_after(after)
        })
    }

    /// It was no miss, and does not count.
    pub fn found(&self, user: UserId) {
        self.0.give_back(user);
    }
}

impl Allowances {
    fn new(per_minute: u32, clock: Arc<dyn Clock>) -> Self {
        let people = Cache::builder()
            .max_capacity(PEOPLE_MAX)
            .eviction_policy(EvictionPolicy::lru())
            .build();
        Self { per_minute, clock, people }
    }

    /// Takes one, or tells how long it takes until there is one.
    fn take(&self, user: UserId) -> Result<(), Duration> {
        if self.per_minute == 0 {
            return Ok(());
        }
        let now = self.clock.now();
        let fresh = || Arc::new(Mutex::new(Allowance { parts: self.full(), at: now }));
        let allowance = self.people.get_with(user, fresh);
        allowance.lock().take(self.per_minute.into(), now)
    }

    fn give_back(&self, user: UserId) {
        if let Some(allowance) = self.people.get(&user) {
            let mut allowance = allowance.lock();
            allowance.parts = allowance.parts.saturating_add(MINUTE_MS).min(self.full());
        }
    }

    fn full(&self) -> u64 {
        u64::from(self.per_minute).saturating_mul(MINUTE_MS)
    }
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
