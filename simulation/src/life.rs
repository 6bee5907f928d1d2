//! A process of the simulation: what it has befallen, and what it knows (R-CTRL-5, R-STORE-5).

use crate::trouble::Troubles;
use hongbao_domain::store::orders::Copied;
use hongbao_shared::{Day, OrderNo, Shard, Site};
use parking_lot::Mutex;
use std::{collections::BTreeMap, future::pending, sync::atomic::AtomicBool, time::Duration};
use tokio::{
    task,
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

/// A day that a task of a node moves.
type Move = (Option<task::Id>, Site, Shard, Day);

/// A process: it lives until it is stopped, and then does nothing any more.
#[derive(Debug)]
pub(crate) struct Life {
    pub(crate) name: String,
    pub(crate) troubles: Troubles,
    stopped: CancellationToken,
    pub(crate) panicked: CancellationToken,
    stands_until: Mutex<Option<Instant>>,
    /// No database tells it the time until then.
    deaf_until: Mutex<Option<Instant>>,
    /// Does this node defer credits?
    pub(crate) defers: AtomicBool,
    /// How far a day was when one of its tasks went on with it.
    moves: Mutex<BTreeMap<Move, Copied>>,
}

impl Life {
    pub(crate) fn new(name: String) -> Self {
        Self {
            name,
            troubles: Troubles::default(),
            stopped: CancellationToken::new(),
            panicked: CancellationToken::new(),
            stands_until: Mutex::new(None),
            deaf_until: Mutex::new(None),
            defers: AtomicBool::new(false),
            moves: Mutex::default(),
        }
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

    /// Until one of its tasks has panicked.
    pub(crate) async fn until_panicked(&self) {
        self.panicked.cancelled().await;
    }

    /// A task goes on with a day from here.
    pub(crate) fn moves(&self, site: Site, shard: Shard, day: Day, from: Copied) {
        self.moves.lock().insert((task::try_id(), site, shard, day), from);
    }

    /// Where the task that asks has begun with the day of this packet.
    pub(crate) fn moves_from(&self, order_no: OrderNo) -> Copied {
        let key = (task::try_id(), order_no.site(), order_no.shard(), order_no.day());
        self.moves.lock().get(&key).copied().unwrap_or_default()
    }

    /// Nothing gets out of it for so long.
    pub(crate) fn stall(&self, time: Duration) {
        let until = Instant::now() + time;
        self.troubles.note_whole(until);
        *self.stands_until.lock() = Some(until);
    }

    /// No database tells it the time for so long.
    pub(crate) fn deafen(&self, time: Duration) {
        *self.deaf_until.lock() = Some(Instant::now() + time);
    }

    /// Waits as long as no database tells the time.
    pub(crate) async fn hear_time(&self) {
        let until = *self.deaf_until.lock();
        if let Some(until) = until.filter(|until| *until > Instant::now()) {
            sleep_until(until).await;
        }
    }

    /// Goes on, unless it is stopped: then this never returns, like everything in a
    /// process that is gone.
    pub(crate) async fn live(&self) {
        let until = *self.stands_until.lock();
        if let Some(until) = until.filter(|until| *until > Instant::now()) {
            sleep_until(until).await;
        }
        if self.is_stopped() {
            pending::<()>().await;
        }
    }
}
