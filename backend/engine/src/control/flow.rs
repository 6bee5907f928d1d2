//! Flow control: of sends, per person and per node (R-CTRL-1), and of look-ups of packets
//! at each shard (R-CTRL-2).

use super::{Control, Deed, Pace};
use governor::{DefaultDirectRateLimiter, Quota, clock::Clock as _};
use hongbao_domain::{
    Refusal,
    board::{Place, Rung},
};
use hongbao_shared::{ErrorCode, UserId};
use parking_lot::{Mutex, RwLock};
use std::{num::NonZeroU32, sync::Arc, time::Duration};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

/// How many look-ups may wait for a shard at once; beyond it, come back.
const WAITING_MAX: usize = 256;
/// Whoever waits longer than this notices it.
const NOTICED: Duration = Duration::from_millis(250);
const RETRY_WHEN_BUSY: Duration = Duration::from_secs(1);

/// Counts packets that are sent.
#[derive(Debug)]
pub struct Sends {
    control: Arc<Control>,
    pace: Arc<Pace>,
    node: RwLock<NodeLimit>,
}

/// As the switch said when it was made.
#[derive(Debug, Default)]
struct NodeLimit {
    per_second: u32,
    limiter: Option<DefaultDirectRateLimiter>,
}

impl Sends {
    /// Limits what the switches of `control` say, as they change.
    pub fn new(control: Arc<Control>, pace: Arc<Pace>) -> Self {
        Self { control, pace, node: RwLock::default() }
    }

    /// Counts one, or says when to come back: `rate_limited`.
    pub fn check(&self, user: UserId) -> Result<(), Refusal> {
        let (per_user_per_minute, per_second) = self.control.sends();
        self.pace.check_with(Deed::PreOrder, user, per_user_per_minute)?;
        let stale = self.node.read().per_second != per_second;
        if stale {
            let quota = NonZeroU32::new(per_second).map(Quota::per_second);
            let limiter = quota.map(DefaultDirectRateLimiter::direct);
            *self.node.write() = NodeLimit { per_second, limiter };
        }
        if let Some(node) = &self.node.read().limiter {
            node.check().map_err(|until| {
                let why = "more than `sends_per_second`";
                self.control.board().enter(Rung::SendsLimited, Place::Node, why);
                metrics::counter!("hongbao_sends_refused_total", "limit" => "node").increment(1);
                let after = until.wait_time_from(node.clock().now());
                Refusal::new(ErrorCode::RateLimited).retry_after(after)
            })?;
        }
        Ok(())
    }
}

/// Lets as many look-ups at a shard at once as the switches say.
#[derive(Debug)]
pub struct Lookups {
    control: Arc<Control>,
    place: Place,
    /// How many may work.
    size: Mutex<u32>,
    working: Semaphore,
    /// Those that work are not counted here.
    waiting: Semaphore,
}

impl Lookups {
    /// As many at `place` as `control` says, as that changes.
    pub fn new(control: Arc<Control>, place: Place) -> Self {
        Self {
            control,
            place,
            size: Mutex::new(0),
            working: Semaphore::new(0),
            waiting: Semaphore::new(WAITING_MAX),
        }
    }

    /// Waits for a turn; `unavailable` where too many wait already.
    pub async fn turn(&self) -> Result<SemaphorePermit<'_>, Refusal> {
        self.resize();
        if let Ok(permit) = self.working.try_acquire() {
            return Ok(permit);
        }
        let Ok(_waiting) = self.waiting.try_acquire() else {
            self.tell("too many wait already");
            return Err(Refusal::new(ErrorCode::Unavailable).retry_after(RETRY_WHEN_BUSY));
        };
        let mut turn = std::pin::pin!(self.working.acquire());
        let turn = if let Ok(turn) = timeout(NOTICED, &mut turn).await {
            turn
        } else {
            self.tell("somebody waits long");
            turn.await
        };
        turn.map_err(Refusal::internal)
    }

    fn tell(&self, why: &str) {
        self.control.board().enter(Rung::LookupsLimited, self.place, why);
    }

    fn resize(&self) {
        let wanted = self.control.lookups_max();
        let mut size = self.size.lock();
        if let Some(more) = wanted.checked_sub(*size) {
            self.working.add_permits(usize::try_from(more).unwrap_or_default());
            *size = wanted;
        } else {
            // Those at work go first; the next turn takes the rest away.
            let fewer = usize::try_from(size.saturating_sub(wanted)).unwrap_or_default();
            let gone = self.working.forget_permits(fewer);
            *size = size.saturating_sub(u32::try_from(gone).unwrap_or_default());
        }
    }
}
