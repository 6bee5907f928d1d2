//! The tasks behind the services, and the order in which they end.

use super::{App, Stores, newsroom::Newsroom, settings};
use crate::{
    bell::Bell,
    cache::{Comparison, Notes, SharedWriter},
    calls::Calls,
    control::HealthWatch,
    delivery::{CreditClaims, Deliver, LandPaid, Pace, PostToChat, RefundRest, Worker, WriteLists},
    hooks::{Postman, Telling, Told},
    ledger::Ledger,
    news::Publisher,
    packets::{LaneParts, LaneStore, Lanes},
    push::{Pusher, Ringing},
};
use hongbao_domain::{
    cache::SharedTier,
    runtime::{Fallen, Tasks},
    store::outbox::{Destination, Outbox},
};
use hongbao_shared::{Shard, Site};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

/// How long shares gather that go through the queue, at least and while a burst of
/// opens lasts; larger batches cost less.
const CREDIT_GATHER: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(2)];
/// Nobody sees that a card comes this much later; a packet that hundreds open at once
/// is told in fewer, larger rounds.
const CHAT_GATHER: [Duration; 2] = [Duration::from_millis(10), Duration::from_millis(300)];
const LISTS_GATHER: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(5)];
/// What is not urgent rests four times as long as it works: it takes a fifth of a
/// processor from those who open, and credits some ten thousand shares a second.
const REST_PERCENT: u32 = 400;
/// A row tells of one packet: enough of them that a round is worth its transactions when
/// everyone opens another packet, few enough that a hot packet's are told within a lease.
const BATCH_ROWS_MAX: u32 = 256;
const LOOK_AT_CACHE_EVERY: Duration = Duration::from_millis(500);
const HOUSEKEEPING_EVERY: Duration = Duration::from_secs(1);
/// Pre-orders, and likewise keys, that expired in the database and go in one round.
const PURGE_MAX: u32 = 1_000;

/// The bell of each shard's outbox.
pub(super) type Bells = BTreeMap<(Site, Shard), Arc<Bell>>;

/// One group of tasks that ends together.
#[derive(Debug)]
struct Phase {
    tasks: Tasks,
    stop: CancellationToken,
}

impl Phase {
    fn telling(fallen: &Fallen) -> Self {
        Self { tasks: Tasks::telling(fallen), stop: CancellationToken::new() }
    }
}

/// All tasks, in the order in which they end: what feeds the lanes, the lanes, what
/// they feed, the ledger.
#[derive(Debug)]
pub(super) struct Background {
    feeders: Phase,
    lanes: Phase,
    workers: Phase,
    ledger: Tasks,
    pub(super) fallen: Fallen,
}

impl Background {
    pub(super) fn new() -> Self {
        let fallen = Fallen::default();
        Self {
            feeders: Phase::telling(&fallen),
            lanes: Phase::telling(&fallen),
            workers: Phase::telling(&fallen),
            ledger: Tasks::telling(&fallen),
            fallen,
        }
    }

    pub(super) fn ledger_tasks(&self) -> &Tasks {
        &self.ledger
    }

    pub(super) fn start_lanes(
        &self,
        stores: &Stores,
        bells: &Bells,
        parts: &LaneParts,
        runtime: &Handle,
    ) -> Lanes {
        let places = stores.orders.iter().map(|(place, store)| {
            let bell = Arc::clone(&bells[place]);
            (*place, LaneStore { store: Arc::clone(store), bell })
        });
        Lanes::start(places, parts, &self.lanes.tasks, runtime, &self.lanes.stop)
    }

    pub(super) fn beside<F>(&self, task: impl FnOnce(CancellationToken) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.feeders.tasks.spawn(task(self.feeders.stop.clone()));
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.feeders.stop.is_cancelled()
    }

    pub(super) async fn stop(&self, ledger: &Ledger, patience: Duration) {
        for (name, phase) in
            [("feeders", &self.feeders), ("lanes", &self.lanes), ("workers", &self.workers)]
        {
            phase.stop.cancel();
            phase.tasks.close();
            if tokio::time::timeout(patience, phase.tasks.wait()).await.is_err() {
                tracing::warn!(phase = name, "not drained in time; the rest waits on disk");
            }
        }
        ledger.shutdown().await;
        self.ledger.close();
        if tokio::time::timeout(patience, self.ledger.wait()).await.is_err() {
            tracing::warn!("the ledger did not end in time");
        }
    }
}

impl App {
    pub(super) fn start_background(
        &self,
        bells: &Bells,
        writer: Arc<SharedWriter>,
        notes: Arc<Notes>,
    ) {
        self.start_feeders();
        let feeders = &self.background.feeders;
        feeders.tasks.spawn(Arc::clone(&self.mover).run(feeders.stop.clone()));
        let board = Arc::clone(self.control.board());
        feeders.tasks.spawn(Arc::clone(&self.keeper).run(board, feeders.stop.clone()));
        feeders.tasks.spawn(Arc::clone(&self.letters).watch(feeders.stop.clone()));
        let kept =
            Duration::from_hours(u64::from(self.config.journal.acts_kept_days).saturating_mul(24));
        feeders.tasks.spawn(Arc::clone(&self.journal).run(kept, feeders.stop.clone()));
        feeders.tasks.spawn(Arc::clone(&self.reconciliation).run(feeders.stop.clone()));
        feeders
            .tasks
            .spawn(Arc::clone(&self.demo).run(feeders.tasks.beside(), feeders.stop.clone()));
        // Files of one process do not go down one by one, and nobody else turns switches.
        if self.config.fleet.is_some() {
            feeders.tasks.spawn(Arc::clone(&self.follower).run(feeders.stop.clone()));
            let watch =
                HealthWatch { health: Arc::clone(&self.health), stores: self.stores.hot.clone() };
            watch.start(&feeders.tasks, &feeders.stop);
            if let Some(Comparison { shared, .. }) = &self.comparison {
                feeders.tasks.spawn(watch_cache(Arc::clone(shared), feeders.stop.clone()));
            }
        }
        let (clocks, stop) = (Arc::clone(&self.clocks), feeders.stop.clone());
        feeders.tasks.spawn(async move { clocks.watch(&stop).await });
        let board = self.control.board();
        self.stores.report_to(board);
        self.stores.watch_writes(board, &feeders.tasks, &feeders.stop);
        // Elsewhere the databases have disks of their own.
        if self.config.fleet.is_none() {
            let (room, stop) = (Arc::clone(&self.room), feeders.stop.clone());
            feeders.tasks.spawn(async move { room.watch(&stop).await });
        }
        self.start_news();
        let interval = self.config.reconcile.interval_s;
        if let Some(comparison) = self.comparison.clone().filter(|_| interval > 0) {
            let interval = Duration::from_secs(interval.into());
            feeders.tasks.spawn(comparison.run(interval, feeders.stop.clone()));
        }
        let workers = &self.background.workers;
        if self.hooks.tells() {
            let board = Arc::clone(self.control.board());
            let postman = Postman::new(Arc::clone(&self.hooks), board, self.config.fleet.is_none());
            workers.tasks.spawn(postman.run(workers.stop.clone()));
        }
        if self.pushes.has_courier() {
            let pusher = Pusher::new(Arc::clone(&self.pushes));
            workers.tasks.spawn(pusher.run(workers.stop.clone()));
        }
        let stop = workers.stop.clone();
        workers.tasks.spawn(async move { writer.run(stop).await });
        let stop = workers.stop.clone();
        workers.tasks.spawn(async move { notes.run(stop).await });
        for (place, store) in &self.stores.orders {
            let credit = Arc::new(CreditClaims {
                store: Arc::clone(store),
                ledger: Arc::clone(&self.ledger),
            });
            let refund = Arc::new(RefundRest { ledger: Arc::clone(&self.ledger) });
            let chat =
                Arc::new(PostToChat { store: Arc::clone(store), groups: Arc::clone(&self.groups) });
            let lists =
                Arc::new(WriteLists { store: Arc::clone(store), lists: Arc::clone(&self.lists) });
            let telling = |inner: Arc<dyn Deliver>, told| -> Arc<dyn Deliver> {
                if !self.hooks.tells() {
                    return inner;
                }
                let (orders, hooks) = (Arc::clone(store), Arc::clone(&self.hooks));
                Arc::new(Telling { inner, told, orders, hooks })
            };
            let ringing = |inner: Arc<dyn Deliver>| -> Arc<dyn Deliver> {
                if !self.pushes.tells() {
                    return inner;
                }
                Arc::new(Ringing { inner, pushes: Arc::clone(&self.pushes) })
            };
            let later = settings::credit_later(&self.config);
            let queues: [(Destination, Arc<dyn Deliver>, Pace); 4] = [
                (
                    Destination::Credit,
                    telling(credit, Told::Credit),
                    Pace { later, ..unhurried(CREDIT_GATHER) },
                ),
                (Destination::Refund, telling(refund, Told::Refund), Pace::EAGER),
                (Destination::Chat, telling(ringing(chat), Told::Chat), unhurried(CHAT_GATHER)),
                (Destination::Lists, lists, unhurried(LISTS_GATHER)),
            ];
            for (destination, deliver, pace) in queues {
                let worker = Worker {
                    outbox: Arc::clone(store) as Arc<dyn Outbox>,
                    destination,
                    deliver,
                    bell: Arc::clone(&bells[place]),
                    pace,
                    clock: Arc::clone(&self.clock),
                };
                workers.tasks.spawn(worker.run(workers.stop.clone()));
            }
        }
    }

    /// Nothing, where no shared tier brings news of other nodes.
    fn start_news(&self) {
        let feeders = &self.background.feeders;
        let Some(Comparison { shared, .. }) = &self.comparison else { return };
        let node = self.packets.entropy.bits();
        if let Some(news) = Publisher::new(self.accounts.herald(), Arc::clone(shared), node) {
            feeders.tasks.spawn(news.run(feeders.stop.clone()));
        }
        let newsroom = Newsroom {
            accounts: Arc::clone(&self.accounts),
            groups: Arc::clone(&self.groups),
            shared: Arc::clone(shared),
            home: self.config.sites.home.0,
            node,
        };
        feeders.tasks.spawn(newsroom.run(feeders.stop.clone()));
    }

    /// What brings work to the lanes on its own.
    fn start_feeders(&self) {
        let feeders = &self.background.feeders;
        for expirer in &self.packets.expirers {
            feeders.tasks.spawn(Arc::clone(expirer).run(feeders.stop.clone()));
        }
        let land = Worker {
            outbox: Arc::clone(&self.stores.ledger) as Arc<dyn Outbox>,
            destination: Destination::Land,
            deliver: Arc::new(LandPaid {
                packets: Arc::clone(&self.packets),
                clock: Arc::clone(&self.clock),
                give_up_after: Duration::from_secs(self.config.landing.give_up_after_s.into()),
            }),
            // Payments land their packets themselves; this finds those that could
            // not, on its own look-out.
            bell: Arc::default(),
            pace: Pace::EAGER,
            clock: Arc::clone(&self.clock),
        };
        feeders.tasks.spawn(land.run(feeders.stop.clone()));
        feeders.tasks.spawn(housekeeping(
            Arc::clone(&self.packets),
            Arc::clone(&self.stores.ledger),
            Arc::clone(&self.calls),
            feeders.stop.clone(),
        ));
    }
}

fn unhurried([gather, gather_max]: [Duration; 2]) -> Pace {
    let rows_max = BATCH_ROWS_MAX;
    Pace { gather, gather_max, rows_max, rest_percent: REST_PERCENT, ..Pace::EAGER }
}

/// Knows that a shared cache is down, or back, before somebody has to wait to learn it.
async fn watch_cache(shared: Arc<dyn SharedTier>, stop: CancellationToken) {
    loop {
        shared.look().await;
        if stop.run_until_cancelled(tokio::time::sleep(LOOK_AT_CACHE_EVERY)).await.is_none() {
            return;
        }
    }
}

/// Leases numbers ahead, ends what is no longer degraded, and clears away pre-orders that nobody paid and
/// keys whose time is over.
async fn housekeeping(
    packets: Arc<crate::packets::Packets>,
    ledger: Arc<dyn hongbao_domain::store::ledger::LedgerStore>,
    calls: Arc<Calls>,
    stop: CancellationToken,
) {
    while stop.run_until_cancelled(tokio::time::sleep(HOUSEKEEPING_EVERY)).await.is_some() {
        packets.control.board().sweep();
        packets.numbering.prepare().await;
        if let Err(error) = ledger.purge_pre_orders(packets.clock.now(), PURGE_MAX).await {
            tracing::debug!(%error, "expired pre-orders stay for now");
        }
        if let Err(error) = calls.forget(PURGE_MAX).await {
            tracing::debug!(%error, "expired keys stay for now");
        }
    }
}
