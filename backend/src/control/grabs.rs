//! Flow control of grabs, per person (R-CTRL-1). Its time is that of records, so that it is
//! the same in a simulation.

use crate::{Refusal, runtime::Clock};
use hongbao_shared::{ErrorCode, Timestamp, UserId};
use moka::{policy::EvictionPolicy, sync::Cache};
use parking_lot::Mutex;
use std::{sync::Arc, time::Duration};

/// How many people are counted; beyond that, whoever has not grabbed the longest is forgotten,
/// and may grab as often as somebody new.
const PEOPLE_MAX: u64 = 100_000;
const MINUTE_MS: u64 = 60_000;

/// Counts grabs of each person on this node.
#[derive(Debug)]
pub struct Grabs {
    per_minute: u32,
    clock: Arc<dyn Clock>,
    people: Cache<UserId, Arc<Mutex<Allowance>>>,
}

/// What somebody may still grab. It fills up as time goes by, to a minute's worth at most.
#[derive(Debug)]
struct Allowance {
    /// In shares of a grab, of which a grab takes [`MINUTE_MS`]: whole numbers stay exact.
    parts: u64,
    at: Timestamp,
}

impl Grabs {
    /// So many in a minute; 0 for no limit.
    pub fn new(per_minute: u32, clock: Arc<dyn Clock>) -> Self {
        let people = Cache::builder()
            .max_capacity(PEOPLE_MAX)
            .eviction_policy(EvictionPolicy::lru())
            .build();
        Self { per_minute, clock, people }
    }

    /// Counts one, or says when to come back: `rate_limited`.
    pub fn check(&self, user: UserId) -> Result<(), Refusal> {
        if self.per_minute == 0 {
            return Ok(());
        }
        let per_minute = u64::from(self.per_minute);
        let now = self.clock.now();
        let full = per_minute.saturating_mul(MINUTE_MS);
        let fresh = || Arc::new(Mutex::new(Allowance { parts: full, at: now }));
        let allowance = self.people.get_with(user, fresh);
        let taken = allowance.lock().take(per_minute, now);
        taken.map_err(|after| {
            metrics::counter!("hongbao_grabs_refused_total", "limit" => "user").increment(1);
            Refusal::new(ErrorCode::RateLimited).retry_after(after)
        })
    }
}

impl Allowance {
    /// Takes one grab, or tells how long it takes until there is one.
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
