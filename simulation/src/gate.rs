//! The way from a node to its databases: every call passes a gate, which lets faults in.

use crate::{
    Dice,
    fault::{Coverage, DELAY_MAX_MS, Step, StepFault, WorldFault},
    history::History,
    judge::Judge,
    life::Life,
    refusing,
    trouble::{How, Place},
};
use hongbao_domain::store::StoreError;
use hongbao_shared::OrderNo;
use parking_lot::Mutex;
use std::{
    collections::BTreeMap,
    future::pending,
    panic::panic_any,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::time::{Instant, sleep};

/// What a task says that panics because it is its turn.
pub(crate) const SIMULATED_PANIC: &str = "simulated: this task panics";

tokio::task_local! {
    static CALL: ();
}

/// Runs something that is no task of a node: a client's call, a start.
pub(crate) async fn as_call<F: Future>(call: F) -> F::Output {
    CALL.scope((), call).await
}

fn is_call() -> bool {
    CALL.try_with(|()| ()).is_ok()
}

/// Decides what goes wrong; one for all nodes.
#[derive(Debug)]
pub(crate) struct Chaos {
    dice: Mutex<Dice>,
    /// How much goes wrong, in percent of the ordinary.
    intensity: u64,
    calm: AtomicBool,
    /// Does each call take a moment, so that nodes get between each other's?
    takes_turns: AtomicBool,
    coverage: Mutex<Coverage>,
    /// A database that nobody reaches, and until when.
    outage: Mutex<Option<(Place, Instant)>>,
    /// Packets of which a database takes nothing, and until when.
    bad: Mutex<BTreeMap<OrderNo, Instant>>,
    /// Deferred credits that were to be due at once.
    hasty: Mutex<Option<String>>,
    /// Something of a day that was copied again though it was noted.
    starts_over: Mutex<Option<String>>,
    history: Arc<History>,
}

impl Chaos {
    pub(crate) fn new(dice: Dice, intensity: u64, history: Arc<History>) -> Self {
        Self {
            dice: Mutex::new(dice),
            intensity,
            calm: AtomicBool::new(false),
            takes_turns: AtomicBool::new(false),
            coverage: Mutex::default(),
            outage: Mutex::default(),
            bad: Mutex::default(),
            hasty: Mutex::default(),
            starts_over: Mutex::default(),
            history,
        }
    }

    /// From now on nothing goes wrong, or things do again.
    pub(crate) fn set_calm(&self, calm: bool) {
        self.calm.store(calm, Ordering::Relaxed);
    }

    /// From now on each call takes a moment, or none does any more.
    pub(crate) fn take_turns(&self, turns: bool) {
        self.takes_turns.store(turns, Ordering::Relaxed);
    }

    pub(crate) fn is_calm(&self) -> bool {
        self.calm.load(Ordering::Relaxed)
    }

    /// Has anything said, so that it seemed final, what no waiting mends?
    pub(crate) fn said_final(&self) -> bool {
        let coverage = self.coverage.lock();
        let finals = [StepFault::Constraint, StepFault::Corrupt];
        [WorldFault::ReadCorrupt, WorldFault::BadPacket]
            .iter()
            .any(|fault| coverage.world.contains_key(fault))
            || coverage.steps.keys().any(|(_, fault)| finals.contains(fault))
    }

    /// The packet among these of which its database takes nothing now; sometimes it becomes
    /// one of them.
    fn bad_among(&self, orders: &[OrderNo]) -> Option<OrderNo> {
        let mut bad = self.bad.lock();
        if !orders.is_empty() && self.strikes(80) {
            self.befell(WorldFault::BadPacket);
            let until = Instant::now() + Duration::from_millis(self.range(5, 4_000));
            bad.insert(*self.dice.lock().pick(orders), until);
        }
        let is_bad = |order_no: &&OrderNo| {
            bad.get(order_no).is_some_and(|until| *until >= Instant::now() && !self.is_calm())
        };
        orders.iter().find(is_bad).copied()
    }

    /// Its database takes nothing of this packet, for so long.
    pub(crate) fn spoil(&self, order_no: OrderNo, time: Duration) {
        self.befell(WorldFault::BadPacket);
        self.history.note(format_args!("! nothing of {order_no} is taken for {time:?}"));
        self.bad.lock().insert(order_no, Instant::now() + time);
    }

    /// From now on nobody reaches a database, for so long.
    pub(crate) fn cut_off(&self, place: Place, time: Duration) {
        self.befell(WorldFault::Outage);
        self.history.note(format_args!("! {place:?} is down for {time:?}"));
        *self.outage.lock() = Some((place, Instant::now() + time));
    }

    fn is_cut_off(&self, place: Place) -> bool {
        let outage = *self.outage.lock();
        !self.is_calm()
            && outage.is_some_and(|(down, until)| down == place && until > Instant::now())
    }

    /// A deferred credit was to be due at once.
    pub(crate) fn is_hasty(&self, what: String) {
        self.hasty.lock().get_or_insert(what);
    }

    /// The first of those.
    pub(crate) fn hasty(&self) -> Option<String> {
        self.hasty.lock().clone()
    }

    /// Something that was noted as copied is copied again.
    pub(crate) fn starts_over(&self, what: String) {
        self.starts_over.lock().get_or_insert(what);
    }

    /// The first of those.
    pub(crate) fn started_over(&self) -> Option<String> {
        self.starts_over.lock().clone()
    }

    /// Counts a fault that somebody else has brought about.
    pub(crate) fn befell(&self, fault: WorldFault) {
        self.coverage.lock().befell(fault);
    }

    /// A lane has committed so many claims at once.
    pub(crate) fn committed(&self, claims: usize) {
        self.coverage.lock().committed(claims);
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
        // A call's own task is not a task of the node's.
        if fault == StepFault::Panic && is_call() {
            return None;
        }
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
        Step::Refund | Step::PreOrder | Step::PurgePreOrders => 400,
        Step::NoteKey
        | Step::RaiseMark
        | Step::SealDay
        | Step::MoveDay
        | Step::NoteCopied
        | Step::KeepCold
        | Step::EmptyDay => 1_000,
        // Ends are few, because many packets end in one call.
        Step::GiveUp | Step::Expire => 2_000,
    }
}

/// One node's way to one of its databases.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    pub(crate) life: Arc<Life>,
    pub(crate) chaos: Arc<Chaos>,
    pub(crate) place: Place,
    /// How long a call is on its way there, and as long again on its way back.
    pub(crate) way: Duration,
    pub(crate) judge: Arc<Judge>,
}

impl Gate {
    /// A call that changes something: `steps` are what it does.
    pub(crate) async fn write<T, E: From<StoreError>>(
        &self,
        steps: &[Step],
        call: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        self.arrive().await?;
        let struck = steps.iter().find_map(|step| Some((*step, self.chaos.step_fault(*step)?)));
        let fault = struck.map(|(_, fault)| fault);
        if let Some((step, fault)) = struck {
            self.note(format_args!("{step} {fault}"));
        }
        match fault {
            Some(StepFault::LostReply | StepFault::StopAfter) | None => {}
            Some(StepFault::StopBefore) => self.die().await,
            Some(StepFault::Delay) => self.delay(50, DELAY_MAX_MS).await,
            Some(StepFault::Panic) => {
                self.life.troubles.note_whole(Instant::now());
                self.life.panicked.cancel();
                panic_any(SIMULATED_PANIC);
            }
            Some(fault) => return Err(self.refuses(refusing::error(fault)).into()),
        }
        let done = call.await;
        for step in steps {
            self.chaos.coverage.lock().did(*step);
        }
        match fault {
            Some(StepFault::LostReply) => {
                return Err(self.refuses(refusing::error(StepFault::LostReply)).into());
            }
            Some(StepFault::StopAfter) => self.die().await,
            _ => {}
        }
        self.leave().await;
        done
    }

    /// A call that changes nothing.
    pub(crate) async fn read<T, E: From<StoreError>>(
        &self,
        call: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        self.arrive().await?;
        if self.chaos.strikes(20) {
            self.chaos.befell(WorldFault::ReadError);
            return Err(self.refuses(Some(refusing::down())).into());
        }
        if self.chaos.strikes(2) {
            self.chaos.befell(WorldFault::ReadCorrupt);
            self.note(format_args!("{:?} read_corrupt", self.place));
            return Err(self.refuses(Some(refusing::corrupt())).into());
        }
        if self.chaos.strikes(20) {
            self.chaos.befell(WorldFault::ReadDelay);
            self.delay(20, 1_000).await;
        }
        let read = call.await;
        self.leave().await;
        read
    }

    /// A database takes no batch in which there is one of its bad packets, whatever else is.
    pub(crate) fn takes(&self, orders: &[OrderNo]) -> Result<(), StoreError> {
        let Some(order_no) = self.chaos.bad_among(orders) else { return Ok(()) };
        self.note(format_args!("takes nothing of {order_no}"));
        self.life.troubles.note(Place::Packet(order_no), How::Final, Instant::now());
        let is_even = order_no.sequence() % 2 == 0;
        let fault = if is_even { StepFault::Constraint } else { StepFault::Corrupt };
        refusing::error(fault).map_or(Ok(()), Err)
    }

    /// Waits for a drawn number of milliseconds.
    pub(crate) async fn delay(&self, least_ms: u64, most_ms: u64) {
        let time = Duration::from_millis(self.chaos.range(least_ms, most_ms));
        self.life.troubles.note(self.place, How::Passing, Instant::now() + time);
        sleep(time).await;
        self.life.live().await;
    }

    pub(crate) async fn alive(&self) {
        self.life.live().await;
    }

    pub(crate) fn note(&self, what: std::fmt::Arguments<'_>) {
        self.chaos.history.note(format_args!("{} ! {what}", self.life.name));
    }

    async fn arrive(&self) -> Result<(), StoreError> {
        if !self.way.is_zero() {
            sleep(self.way).await;
        }
        if self.chaos.takes_turns.load(Ordering::Relaxed) {
            sleep(Duration::from_millis(1)).await;
        }
        self.life.live().await;
        if self.chaos.is_cut_off(self.place) {
            return Err(self.refuses(Some(refusing::down())));
        }
        Ok(())
    }

    async fn leave(&self) {
        if !self.way.is_zero() {
            sleep(self.way).await;
        }
        self.life.live().await;
    }

    /// Something was asked for that stands nowhere else, while this place was down.
    pub(crate) fn is_missed(&self) {
        self.life.troubles.note(self.place, How::Passing, Instant::now());
    }

    /// From here on this place is known to be broken.
    fn refuses(&self, error: Option<StoreError>) -> StoreError {
        let error = error.unwrap_or_else(refusing::down);
        let how = if refusing::is_final(&error) { How::Final } else { How::Passing };
        self.life.troubles.note(self.place, how, Instant::now());
        error
    }

    async fn die(&self) {
        self.life.stop();
        pending::<()>().await;
    }
}
