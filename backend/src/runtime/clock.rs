use hongbao_shared::Timestamp;
use std::{
    fmt,
    time::{SystemTime, UNIX_EPOCH},
};

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
