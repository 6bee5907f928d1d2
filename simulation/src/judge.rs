//! What waits for a moment, judged by the world's clock and by nobody's records: records of
//! a node whose clock is wrong agree with each other (R-CTRL-5).

use crate::{
    clock::WorldTime,
    fault::{DELAY_MAX_MS, STALL_MAX_MS},
    plan::Plan,
    witness::{Promise, Witness},
};
use hongbao_domain::{
    record::Payment,
    runtime::{Clock as _, SKEW_MAX},
    store::orders::{Ended, Landed, Landing, LaneBatch, LaneOutcome, StoredState},
};
use hongbao_shared::{OrderNo, Timestamp};
use parking_lot::Mutex;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
    time::Duration,
};

/// An end that comes earlier than this is counted, though the bound of skew allows for more.
const EARLY: Duration = Duration::from_secs(1);

/// A write is committed this long after its stamp at most, since its node stands still before it
/// sets out, is delayed on its way, and stands still again.
const ON_THE_WAY_MAX: Duration = Duration::from_millis(2 * STALL_MAX_MS + DELAY_MAX_MS);

/// Sees every change of time's making as it is committed.
#[derive(Debug)]
pub(crate) struct Judge {
    time: Arc<WorldTime>,
    give_up_after: Duration,
    /// How long every packet is to live.
    lifetime: Duration,
    /// The databases have no clock but the machine's: nobody knows what time it is.
    own_clock: bool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// When a packet landed in truth.
    landed: BTreeMap<OrderNo, Timestamp>,
    /// When a packet was paid, as its landing's row says; which is judged as it comes.
    paid: BTreeMap<OrderNo, Timestamp>,
    ends: Ends,
    wrong: Vec<String>,
}

/// Ends by time, and how early they came by the world's clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ends {
    /// All of them.
    pub count: u64,
    /// Those that came more than a second early.
    pub early: u64,
    /// The earliest, in milliseconds before its time.
    pub earliest_ms: i64,
}

impl Ends {
    /// Adds those of another run.
    pub fn add(&mut self, other: Self) {
        self.count += other.count;
        self.early += other.early;
        self.earliest_ms = self.earliest_ms.max(other.earliest_ms);
    }
}

impl fmt::Display for Ends {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} ends by time, {} of them more than {EARLY:?} early by the world's clock, by {} ms \
             at most",
            self.count, self.early, self.earliest_ms
        )
    }
}

impl Judge {
    pub(crate) fn new(time: Arc<WorldTime>, plan: &Plan) -> Self {
        let give_up_after = Duration::from_secs(plan.config.landing.give_up_after_s.into());
        let lifetime = plan.config.packet_lifetime();
        let own_clock = plan.own_clock;
        Self { time, give_up_after, lifetime, own_clock, state: Mutex::default() }
    }

    pub(crate) fn ends(&self) -> Ends {
        self.state.lock().ends
    }

    /// Of these packets alone it is still true when they landed: shards were restored.
    pub(crate) fn goes_back_to(&self, held: &BTreeSet<OrderNo>) {
        self.state.lock().landed.retain(|order_no, _| held.contains(order_no));
    }

    /// Hands over what was wrong.
    pub(crate) fn tell(&self, witness: &Witness) {
        let wrong = std::mem::take(&mut self.state.lock().wrong);
        for wrong in wrong.into_iter().filter(|_| !self.own_clock) {
            witness.note(Promise::TrueTime, wrong);
        }
    }

    /// A lane's batch is committed, right now.
    pub(crate) fn committed(&self, batch: &LaneBatch, outcome: &LaneOutcome) {
        for (landing, landed) in batch.landings.iter().zip(&outcome.landings) {
            if *landed == Landed::New {
                self.landed(landing);
            }
        }
        for (append, held) in batch.appends.iter().zip(&outcome.appends) {
            if *held {
                self.opened(append.order_no);
            }
        }
    }

    fn landed(&self, landing: &Landing) {
        let (now, packet) = (self.time.now(), &landing.packet);
        let (order_no, mut state) = (packet.order_no, self.state.lock());
        if packet.progress.state == StoredState::GivenUp {
            let paid = state.paid.get(&order_no).copied();
            let due = paid.map(|paid| paid.plus(self.give_up_after).minus(SKEW_MAX));
            if due.is_some_and(|due| now < due) {
                let what = format!("{order_no} was paid {paid:?} and given up at {now:?}");
                state.wrong.push(what);
            }
            return;
        }
        let wrong_by_ms = packet.landed_at.millis_since(now);
        if u128::from(wrong_by_ms.unsigned_abs()) > SKEW_MAX.as_millis() {
            let what = format!("{order_no} lands at {now:?} and says {:?}", packet.landed_at);
            state.wrong.push(what);
        }
        if packet.expires_at != packet.landed_at.plus(self.lifetime) {
            let (from, to) = (packet.landed_at, packet.expires_at);
            let what = format!("{order_no} lives from {from:?} to {to:?}, not {:?}", self.lifetime);
            state.wrong.push(what);
        }
        state.landed.insert(order_no, now);
    }

    fn opened(&self, order_no: OrderNo) {
        let (now, mut state) = (self.time.now(), self.state.lock());
        let Some(landed) = state.landed.get(&order_no).copied() else { return };
        // The one bound for the stamp of the landing, the other for that of the claim.
        if now > landed.plus(self.lifetime).plus(SKEW_MAX).plus(SKEW_MAX) {
            let what = format!("{order_no} landed at {landed:?} and gave a share at {now:?}");
            state.wrong.push(what);
        }
    }

    /// Packets end, right now.
    pub(crate) fn ended(&self, ended: &[Ended]) {
        let (now, mut state) = (self.time.now(), self.state.lock());
        for ended in ended {
            let order_no = ended.order_no;
            let Some(landed) = state.landed.get(&order_no).copied() else { continue };
            let early_ms = landed.plus(self.lifetime).millis_since(now);
            let early = Duration::from_millis(u64::try_from(early_ms).unwrap_or_default());
            if self.own_clock {
                continue;
            }
            let ends = Ends { count: 1, early: u64::from(early > EARLY), earliest_ms: early_ms };
            state.ends.add(ends);
            if early > SKEW_MAX {
                let what = format!("{order_no} landed at {landed:?} and ended at {now:?}");
                state.wrong.push(what);
            }
        }
    }

    /// A payment is in the books, right now; its landing was told to be due from `stamp` on.
    pub(crate) fn paid(&self, payment: &Payment, stamp: Timestamp) {
        let (now, mut state) = (self.time.now(), self.state.lock());
        let record = &payment.record;
        if stamp > now.plus(SKEW_MAX) || stamp.plus(ON_THE_WAY_MAX).plus(SKEW_MAX) < now {
            let what = format!("{} is paid at {now:?}, stamped {stamp:?}", record.order_no);
            state.wrong.push(what);
        }
        state.paid.insert(record.order_no, stamp);
        if now > record.expires_at.plus(SKEW_MAX) {
            let what = format!(
                "{} could be paid until {:?} and was at {now:?}",
                record.order_no, record.expires_at
            );
            state.wrong.push(what);
        }
    }
}
