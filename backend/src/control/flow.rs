//! Flow control: of sends, per person and per node (R-CTRL-1), and of look-ups of packets
//! at the databases (R-CTRL-2).

use super::{Control, Place, Rung};
use crate::Refusal;
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, clock::Clock as _};
use hongbao_shared::{ErrorCode, UserId};
use parking_lot::{Mutex, RwLock};
use std::{
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

/// How many look-ups may wait for the database at once; beyond it, come back.
const WAITING_MAX: usize = 256;
/// Whoever waits longer than this notices it.
const NOTICED: Duration = Duration::from_millis(250);
const RETRY_WHEN_BUSY: Duration = Duration::from_secs(1);

/// How many checks pass before those are forgotten who have not sent for long.
const CHECKS_PER_TIDYING: u32 = 1 << 12;

/// Counts packets that are sent.
#[derive(Debug)]
pub struct Sends {
    control: Arc<Control>,
    limiters: RwLock<Limiters>,
    checks: AtomicU32,
}

/// As the switches said when they were made.
#[derive(Debug, Default)]
struct Limiters {
    per_user_per_minute: u32,
    per_second: u32,
    users: Option<DefaultKeyedRateLimiter<UserId>>,
    node: Option<DefaultDirectRateLimiter>,
}

impl Sends {
    /// Limits what the switches of `control` say, as they change.
    pub fn new(control: Arc<Control>) -> Self {
        Self { control, limiters: RwLock::default(), checks: AtomicU32::new(0) }
    }

    /// Counts one, or says when to come back: `rate_limited`.
    pub fn check(&self, user: UserId) -> Result<(), Refusal> {
        let (per_user_per_minute, per_second) = self.control.sends();
        let stale = {
            let limiters = self.limiters.read();
            (limiters.per_user_per_minute, limiters.per_second) != (per_user_per_minute, per_second)
        };
        if stale {
            *self.limiters.write() = Limiters::new(per_user_per_minute, per_second);
        }
        let limiters = self.limiters.read();
        if let Some(users) = &limiters.users {
            if self.checks.fetch_add(1, Ordering::Relaxed).is_multiple_of(CHECKS_PER_TIDYING) {
                users.retain_recent();
            }
            users
                .check_key(&user)
                .map_err(|until| refused("user", until.wait_time_from(users.clock().now())))?;
        }
        if let Some(node) = &limiters.node {
            node.check().map_err(|until| {
                let why = "more than `sends_per_second`";
                self.control.board().enter(Rung::SendsLimited, Place::Node, why);
                refused("node", until.wait_time_from(node.clock().now()))
            })?;
        }
        Ok(())
    }
}

impl Limiters {
    fn new(per_user_per_minute: u32, per_second: u32) -> Self {
        let users = NonZeroU32::new(per_user_per_minute).map(Quota::per_minute);
        let node = NonZeroU32::new(per_second).map(Quota::per_second);
        Self {
            per_user_per_minute,
            per_second,
            users: users.map(DefaultKeyedRateLimiter::keyed),
            node: node.map(DefaultDirectRateLimiter::direct),
        }
    }
}

fn refused(what: &'static str, after: Duration) -> Refusal {
    metrics::counter!("hongbao_sends_refused_total", "limit" => what).increment(1);
    Refusal::new(ErrorCode::RateLimited).retry_after(after)
}

/// Lets as many look-ups at the databases at once as the switches say.
#[derive(Debug)]
pub struct Lookups {
    control: Arc<Control>,
    /// How many may work.
    size: Mutex<u32>,
    working: Semaphore,
    /// Those that work are not counted here.
    waiting: Semaphore,
}

impl Lookups {
    /// As many as `control` says, as that changes.
    pub fn new(control: Arc<Control>) -> Self {
        Self {
            control,
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
        self.control.board().enter(Rung::LookupsLimited, Place::Node, why);
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
