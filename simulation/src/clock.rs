use crate::Dice;
use hongbao_domain::runtime::{Clock, Entropy};
use hongbao_shared::Timestamp;
use parking_lot::Mutex;
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};
use tokio::time::Instant;

/// The time of the simulated world: it follows the runtime's virtual timers, and days can
/// go by at once.
#[derive(Debug)]
pub(crate) struct WorldTime {
    start: Instant,
    origin_ms: i64,
    skipped_ms: AtomicI64,
}

impl WorldTime {
    /// Begins at `origin`, now.
    pub(crate) fn new(origin: Timestamp) -> Self {
        Self { start: Instant::now(), origin_ms: origin.millis(), skipped_ms: AtomicI64::new(0) }
    }

    /// How long the run takes so far, without what was skipped.
    pub(crate) fn elapsed_ms(&self) -> i64 {
        i64::try_from(self.start.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    /// Lets time go by at once, for everybody.
    pub(crate) fn skip_s(&self, seconds: i64) {
        self.skipped_ms.fetch_add(seconds * 1_000, Ordering::Relaxed);
    }
}

/// What a clock shows that is right, as those of the databases are.
impl Clock for WorldTime {
    fn now(&self) -> Timestamp {
        let skipped = self.skipped_ms.load(Ordering::Relaxed);
        Timestamp::from_millis(self.origin_ms + self.elapsed_ms() + skipped)
    }
}

/// The clock of one machine, which may be wrong.
#[derive(Debug)]
pub(crate) struct NodeClock {
    world: Arc<WorldTime>,
    wrong_by_ms: AtomicI64,
}

impl NodeClock {
    pub(crate) fn new(world: Arc<WorldTime>) -> Self {
        Self { world, wrong_by_ms: AtomicI64::new(0) }
    }

    /// From now on it is wrong by this much, forwards or back.
    pub(crate) fn step_to(&self, wrong_by_ms: i64) {
        self.wrong_by_ms.store(wrong_by_ms, Ordering::Relaxed);
    }
}

impl Clock for NodeClock {
    fn now(&self) -> Timestamp {
        let wrong_by = self.wrong_by_ms.load(Ordering::Relaxed);
        Timestamp::from_millis(self.world.now().millis() + wrong_by)
    }
}

/// Secret bytes that follow from the seed.
#[derive(Debug)]
pub(crate) struct SeededEntropy(Mutex<Dice>);

impl SeededEntropy {
    pub(crate) fn new(dice: Dice) -> Self {
        Self(Mutex::new(dice))
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.lock().fill(bytes);
    }
}
