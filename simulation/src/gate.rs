//! The way from a node to its databases: every call passes a gate, which lets faults in.

use crate::{
    Dice,
    fault::{Coverage, Step, StepFault, WorldFault},
    history::History,
    judge::Judge,
};
use hongbao::store::StoreError;
use parking_lot::Mutex;
use std::{
    future::pending,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

/// Decides what goes wrong; one for all nodes.
#[derive(Debug)]
pub(crate) struct Chaos {
    dice: Mutex<Dice>,
    /// How much goes wrong, in percent of the ordinary.
    intensity: u64,
    calm: AtomicBool,
    coverage: Mutex<Coverage>,
    history: Arc<History>,
}

impl Chaos {
    pub(crate) fn new(dice: Dice, intensity: u64, history: Arc<History>) -> Self {
        Self {
            dice: Mutex::new(dice),
            intensity,
            calm: AtomicBool::new(false),
            coverage: Mutex::default(),
            history,
        }
    }

    /// From now on nothing goes wrong, or things do again.
    pub(crate) fn set_calm(&self, calm: bool) {
        self.calm.store(calm, Ordering::Relaxed);
    }

    pub(crate) fn is_calm(&self) -> bool {
        self.calm.load(Ordering::Relaxed)
    }

    /// Counts a fault that somebody else has brought about.
    pub(crate) fn befell(&self, fault: WorldFault) {
        self.coverage.lock().befell(fault);
    }

    pub(crate) fn coverage(&self) -> Coverage {
        self.coverage.lock().clone()
    }

    /// Does this go wrong, which ordinarily does in so many cases of ten thousand?
    pub(crate) fn strikes(&self, per_ten_thousand: u64) -> bool {
        !self.is_calm() && self.dice.lock().below(1_000_000) < per_ten_thousand * self.intensity
    }

    fn range(&self, least: u64, most: u64) -> u64 {
        self.dice.lock().range(least, most)
    }

    fn step_fault(&self, step: Step) -> Option<StepFault> {
        if !self.strikes(rate(step)) {
            return None;
        }
        let fault = *self.dice.lock().pick(StepFault::ALL);
        self.coverage.lock().met(step, fault);
        Some(fault)
    }
}

/// In how many cases of ten thousand a step goes wrong: what is rare goes wrong more
/// often, so that every run meets much.
fn rate(step: Step) -> u64 {
    match step {
        Step::Lease => 15,
        Step::Settle | Step::PostLines => 120,
        Step::Open | Step::Credit | Step::List => 200,
        Step::Land | Step::Pay | Step::TopUp | Step::PostCard => 250,
        Step::Expire | Step::Refund | Step::PreOrder | Step::PurgePreOrders => 400,
        Step::RaiseMark
        | Step::SealDay
        | Step::MoveDay
        | Step::NoteCopied
        | Step::KeepCold
        | Step::EmptyDay => 1_000,
        Step::GiveUp => 2_000,
    }
}

/// A process: it lives until it is stopped, and then does nothing any more.
#[derive(Debug)]
pub(crate) struct Life {
    pub(crate) name: String,
    stopped: CancellationToken,
    stands_until: Mutex<Option<Instant>>,
}

impl Life {
    pub(crate) fn new(name: String) -> Self {
        Self { name, stopped: CancellationToken::new(), stands_until: Mutex::new(None) }
    }

    /// Stops it where it is.
    pub(crate) fn stop(&self) {
        self.stopped.cancel();
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.is_cancelled()
    }

    pub(crate) async fn until_stopped(&self) {
        self.stopped.cancelled().await;
    }

    /// Nothing gets out of it for so long.
    pub(crate) fn stall(&self, time: Duration) {
        *self.stands_until.lock() = Some(Instant::now() + time);
    }

    /// Goes on, unless it is stopped: then this never returns, like everything in a
    /// process that is gone.
    async fn live(&self) {
        let until = *self.stands_until.lock();
        if let Some(until) = until.filter(|until| *until > Instant::now()) {
            sleep_until(until).await;
        }
        if self.is_stopped() {
            pending::<()>().await;
        }
    }
}

/// One node's way to its databases.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    pub(crate) life: Arc<Life>,
    pub(crate) chaos: Arc<Chaos>,
    pub(crate) judge: Arc<Judge>,
}

impl Gate {
    /// A call that changes something: `steps` are what it does.
    pub(crate) async fn write<T, E: From<StoreError>>(
        &self,
        steps: &[Step],
        call: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        self.life.live().await;
        let struck = steps.iter().find_map(|step| Some((*step, self.chaos.step_fault(*step)?)));
        if let Some((step, fault)) = struck {
            self.note(format_args!("{step} {fault}"));
        }
        match struck.map(|(_, fault)| fault) {
            Some(StepFault::ErrorBefore) => return Err(down().into()),
            Some(StepFault::LostCall) => return Err(unknown().into()),
            Some(StepFault::StopBefore) => self.die().await,
            Some(StepFault::Delay) => self.delay(50, 3_000).await,
            Some(StepFault::LostReply | StepFault::StopAfter) | None => {}
        }
        let done = call.await;
        for step in steps {
            self.chaos.coverage.lock().did(*step);
        }
        match struck.map(|(_, fault)| fault) {
            Some(StepFault::LostReply) => return Err(unknown().into()),
            Some(StepFault::StopAfter) => self.die().await,
            _ => {}
        }
        self.life.live().await;
        done
    }

    /// A call that changes nothing.
    pub(crate) async fn read<T, E: From<StoreError>>(
        &self,
        call: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        self.life.live().await;
        if self.chaos.strikes(20) {
            self.chaos.befell(WorldFault::ReadError);
            return Err(down().into());
        }
        if self.chaos.strikes(20) {
            self.chaos.befell(WorldFault::ReadDelay);
            self.delay(20, 1_000).await;
        }
        let read = call.await;
        self.life.live().await;
        read
    }

    /// Waits for a drawn number of milliseconds.
    pub(crate) async fn delay(&self, least_ms: u64, most_ms: u64) {
        sleep(Duration::from_millis(self.chaos.range(least_ms, most_ms))).await;
        self.life.live().await;
    }

    pub(crate) async fn alive(&self) {
        self.life.live().await;
    }

    pub(crate) fn note(&self, what: std::fmt::Arguments<'_>) {
        self.chaos.history.note(format_args!("{} ! {what}", self.life.name));
    }

    async fn die(&self) {
        self.life.stop();
        pending::<()>().await;
    }
}

fn fault(kind: io::ErrorKind) -> sqlx::Error {
    sqlx::Error::Io(io::Error::new(kind, "simulated"))
}

/// Nothing was changed.
pub(crate) fn down() -> StoreError {
    StoreError::Unavailable(fault(io::ErrorKind::ConnectionRefused))
}

/// It may have been changed.
fn unknown() -> StoreError {
    StoreError::Unknown(fault(io::ErrorKind::ConnectionReset))
}
