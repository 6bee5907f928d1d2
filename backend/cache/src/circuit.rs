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
    /// While it is down: when it is tried next.
    try_at: Option<Instant>,
    /// While it is down: does it still answer what only reads?
    reads: bool,
    /// Rises with every change, so that a call which began before one says nothing about
    /// the time after it.
    era: u64,
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
        match &mut state.try_at {
            None => Pass::Go(era),
            Some(try_at) => {
                let now = Instant::now();
                if now < *try_at {
                    return Pass::Stop;
                }
                // Also if the probe is dropped: the next one comes as soon.
                *try_at = now + REST;
                Pass::Probe
            }
        }
    }

    /// A call of this era failed, though what only `reads` may not; `tell` is called if that is
    /// news, before any later news.
    pub(super) fn failed(&self, era: u64, reads: bool, tell: impl FnOnce()) {
        let mut state = self.0.lock();
        if state.try_at.is_none() && state.era == era {
            state.era = state.era.wrapping_add(1);
            state.try_at = Some(Instant::now() + REST);
            state.reads = reads;
            tell();
        }
    }

    /// Something that was tried while it is down failed.
    pub(super) fn still_down(&self, reads: bool) {
        let mut state = self.0.lock();
        state.reads = reads;
        if let Some(try_at) = &mut state.try_at {
            *try_at = Instant::now() + REST;
        }
    }

    /// Is it down, and answers what only reads?
    pub(super) fn only_reads(&self) -> bool {
        let state = self.0.lock();
        state.try_at.is_some() && state.reads
    }

    /// A probe succeeded; the era that begins. `tell` is called if that is news.
    pub(super) fn recovered(&self, tell: impl FnOnce()) -> u64 {
        let mut state = self.0.lock();
        if state.try_at.take().is_some() {
            state.era = state.era.wrapping_add(1);
            tell();
        }
        state.era
    }
}
