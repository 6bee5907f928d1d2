use hongbao_shared::Timestamp;
use parking_lot::RwLock;
use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::time::Instant;

/// How far two clocks may be from each other, of which one is a database's:
/// the one bound of skew (R-CTRL-5). Nothing that waits for a moment happens earlier than
/// this before it, or later than this behind it, by the clock of the database that stores it;
/// beyond it clocks are said to disagree.
pub const SKEW_MAX: Duration = Duration::from_secs(5);

/// Tells what time it is. Timers are tokio's, which a simulation pauses.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The moment that is written into records.
    fn now(&self) -> Timestamp;
}

/// The machine's wall clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// The time of the databases, as far as this node has heard it; until then, and where they
/// have no clock but this machine's, the machine's own. From one hearing to the next it is
/// carried on by the machine's monotonic time, which nobody sets: a step of the wall clock
/// moves nothing here. So nodes agree, whatever their machines show (R-CTRL-5).
#[derive(Debug)]
pub struct TrueClock {
    own: Arc<dyn Clock>,
    heard: RwLock<Option<(Instant, Timestamp)>>,
}

impl TrueClock {
    /// Nothing is heard yet: it shows what `own` does.
    pub fn new(own: Arc<dyn Clock>) -> Self {
        Self { own, heard: RwLock::new(None) }
    }

    /// The databases' clock showed `time` at this moment.
    pub fn hear(&self, moment: Instant, time: Timestamp) {
        *self.heard.write() = Some((moment, time));
    }

    /// Has it heard the databases' time?
    pub fn is_set(&self) -> bool {
        self.heard.read().is_some()
    }

    /// By how many milliseconds the machine's own clock is ahead; less than nothing if it is
    /// behind.
    pub fn own_ahead_ms(&self) -> i64 {
        self.own.now().millis_since(self.now())
    }
}

impl Clock for TrueClock {
    fn now(&self) -> Timestamp {
        match *self.heard.read() {
            Some((moment, time)) => time.plus(moment.elapsed()),
            None => self.own.now(),
        }
    }
}
