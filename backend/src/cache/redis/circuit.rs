use hongbao_shared::Timestamp;
use parking_lot::Mutex;
use std::time::Duration;
use tokio::time::Instant;

/// How long calls fail at once after a failure, before one of them tries again.
const REST: Duration = Duration::from_millis(250);

/// Keeps everybody from waiting for a server that does not answer: while it is down, one
/// call tries it now and then, and all others fail at once (R-CTRL-2).
#[derive(Debug, Default)]
pub(super) struct Circuit(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    down: Option<Down>,
    /// Rises with every change, so that a call which began before one says nothing about
    /// the time after it.
    era: u64,
}

#[derive(Debug)]
struct Down {
    since: Timestamp,
    try_at: Instant,
}

/// What a call may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pass {
    /// It answers, as far as is known; the era in which that is known.
    Go(u64),
    /// It is down, and this call is the one that finds out whether it is back.
    Probe,
    /// It is down.
    Stop,
}

impl Circuit {
    pub(super) fn ask(&self) -> Pass {
        let mut state = self.0.lock();
        let era = state.era;
        match &mut state.down {
            None => Pass::Go(era),
            Some(down) => {
                let now = Instant::now();
                if now < down.try_at {
                    return Pass::Stop;
                }
                // Also if the probe is dropped: the next one comes as soon.
                down.try_at = now + REST;
                Pass::Probe
            }
        }
    }

    /// A call of this era failed; says whether that is news.
    pub(super) fn failed(&self, era: u64, now: Timestamp) -> bool {
        let mut state = self.0.lock();
        if state.down.is_some() || state.era != era {
            return false;
        }
        state.era = state.era.wrapping_add(1);
        state.down = Some(Down { since: now, try_at: Instant::now() + REST });
        true
    }

    /// A probe failed.
    pub(super) fn still_down(&self) {
        if let Some(down) = &mut self.0.lock().down {
            down.try_at = Instant::now() + REST;
        }
    }

    /// A probe succeeded; the era that begins, and whether that is news.
    pub(super) fn recovered(&self) -> (u64, bool) {
        let mut state = self.0.lock();
        let news = state.down.take().is_some();
        if news {
            state.era = state.era.wrapping_add(1);
        }
        (state.era, news)
    }

    /// Since when it is down.
    pub(super) fn down_since(&self) -> Option<Timestamp> {
        self.0.lock().down.as_ref().map(|down| down.since)
    }
}
