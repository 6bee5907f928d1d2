//! The worst day of all: every database is put back, each to a moment of its own, as servers
//! are that are restored by hand, in the order that the runbook says (R-STORE-6, R-ORDER-2):
//! all nodes are stopped, the ledger goes back to the latest moment, the caches are emptied,
//! numbers are skipped, and what is left is reconciled before a node starts.

use crate::{
    Dice,
    client::Client,
    clock::SeededEntropy,
    fault::WorldFault,
    held, laws, naive,
    people::People,
    plan::Plan,
    witness::{Promise, Shares, Told},
    world::{Databases, World},
};
use hongbao_domain::{
    runtime::{Clock, Tasks},
    store::{ledger::LedgerReads, lists::ListReads, orders::OrderStore},
};
use hongbao_engine::{
    audit::Subject,
    ledger::Ledger,
    packets::skip_numbers,
    reconcile::{Mode, Reconciler, Report},
};
use hongbao_memory::{MemoryCold, MemoryLedger, MemoryLists, MemoryOrders, MemoryPeople};
use hongbao_shared::{Day, Shard, Site, order_no::DAYS};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, atomic::AtomicU64},
};

/// In how many runs of a thousand databases are restored.
const RESTORES: u64 = 300;
/// In how many rounds of a thousand cold storage loses what is being copied to it.
const COLD_RESTORES: u64 = 400;
/// How many backups there are of each.
const MOMENTS: u64 = 3;
/// What people do afterwards.
const ACTS_AFTER: u64 = 25;

/// All databases at one moment, and what people had been told.
#[derive(Debug)]
struct Moment {
    orders: BTreeMap<(Site, Shard), MemoryOrders>,
    ledger: MemoryLedger,
    people: MemoryPeople,
    lists: MemoryLists,
    told: Told,
}

/// The backups of a run; none in a run that restores nothing.
#[derive(Debug)]
pub(crate) struct Backups {
    dice: Dice,
    /// After how many calls each is taken, the last one first.
    due: Vec<u64>,
    taken: Vec<Moment>,
}

impl Backups {
    pub(crate) fn of(plan: &Plan) -> Self {
        let mut dice = Dice::new(plan.seed, "restore");
        let moments = if dice.chance(RESTORES) { MOMENTS } else { 0 };
        let mut due: Vec<_> = (0..moments).map(|_| dice.range(20, plan.operations)).collect();
        due.sort_unstable_by(|one, other| other.cmp(one));
        Self { dice, due, taken: Vec::new() }
    }

    /// Takes one, if so many calls are enough for the next.
    pub(crate) fn look(&mut self, world: &World, calls: u64) {
        if self.due.pop_if(|due| *due <= calls).is_some() {
            world.history.note(format_args!("a backup of everything"));
            self.taken.push(Moment::now(world));
        }
    }

    /// Restores every database from one of them.
    pub(crate) async fn restore(
        mut self,
        world: &Arc<World>,
        people: &Arc<People>,
        calls: &Arc<AtomicU64>,
    ) {
        if self.taken.is_empty() || !world.hold_down().await {
            return world.let_up();
        }
        world.chaos.befell(WorldFault::Restore);
        // Nothing goes back to a later moment than the ledger.
        let newest = self.dice.index(self.taken.len());
        let shards = world.databases.orders.keys();
        let shards = shards.map(|place| (*place, self.dice.index(newest + 1)));
        let mut from: BTreeMap<_, _> = shards.collect();
        let (lists, chats) = (self.dice.index(newest + 1), self.dice.index(newest + 1));
        loop {
            world.history.note(format_args!(
                "! the ledger goes back to moment {newest}, lists to {lists}, people to {chats}, \
                 shards to {from:?}"
            ));
            self.put_back(world, &from, newest, lists, chats);
            self.skip_numbers(world).await;
            let held = held::packets(world).await;
            world.judge.goes_back_to(&held.iter().map(|packet| packet.order_no).collect());
            let left = reconcile(world).await;
            if left.iter().all(|place| from.get(place) == Some(&newest)) {
                for place in left {
                    let what = format!("what {place:?} held is left to somebody");
                    world.witness.note(Promise::Law, what);
                }
                break;
            }
            // The runbook's way out: nothing tells whose a share is, which was opened in the
            // last moment.
            from.extend(left.into_iter().map(|place| (place, newest)));
        }
        let stand = self.shares_that_stand(world, &from).await;
        world.witness.goes_back_to(self.taken.swap_remove(newest).told, stand);
        laws::all(world, false).await;
        world.let_up();
        let mut client = Client {
            name: "after".to_owned(),
            world: Arc::clone(world),
            people: Arc::clone(people),
            in_crowd: false,
            calls: Arc::clone(calls),
            dice: self.dice,
        };
        for _ in 0..ACTS_AFTER {
            client.act().await;
        }
    }

    fn put_back(
        &self,
        world: &World,
        from: &BTreeMap<(Site, Shard), usize>,
        newest: usize,
        lists: usize,
        chats: usize,
    ) {
        let Databases { orders, ledger, people, lists: listed, .. } = &world.databases;
        for (place, moment) in from {
            orders[place].go_back_to(&self.taken[*moment].orders[place]);
        }
        ledger.go_back_to(&self.taken[newest].ledger);
        listed.go_back_to(&self.taken[lists].lists);
        people.go_back_to(&self.taken[chats].people);
        world.cache.wipe();
    }

    async fn skip_numbers(&mut self, world: &World) {
        let entropy = SeededEntropy::new(Dice::new(self.dice.bits(), "skipped"));
        let (ledger, now) = (&*world.databases.ledger, world.time.now());
        if let Err(error) = skip_numbers(ledger, Site::ALL, now, &entropy).await {
            world.witness.note(Promise::NumberIsNew, format!("cannot skip numbers: {error:#}"));
        }
    }

    /// What people were told of shares before the moment of their shard stands, and so does
    /// what the ledger or the lists know of: an opener who lost an answer loses a share of
    /// which nothing but the shard has heard.
    async fn shares_that_stand(
        &self,
        world: &World,
        from: &BTreeMap<(Site, Shard), usize>,
    ) -> Shares {
        let mut stand = world.witness.shares();
        let mut gone = BTreeSet::new();
        for ((order_no, user), told) in &stand {
            let moment = &self.taken[from[&(order_no.site(), order_no.shard())]];
            let before = moment.told.shares();
            if before.contains_key(&(*order_no, *user)) {
                continue;
            }
            let key = vec![naive::credit_key(*order_no, told.0)];
            let credits = world.databases.ledger.transfers_by_key(key).await.unwrap_or_default();
            let listed = world.databases.lists.listed(*order_no).await.unwrap_or_default();
            let is_listed = listed.received.iter().any(|line| line.user_id == *user);
            if !is_listed && !credits.iter().any(Option::is_some) {
                gone.insert((*order_no, *user));
            }
        }
        stand.retain(|key, _| !gone.contains(key));
        stand
    }
}

/// Cold storage before anything is moved, or goes on being moved.
#[derive(Debug)]
pub(crate) struct ColdMoment {
    cold: BTreeMap<Site, MemoryCold>,
    hot: usize,
}

impl ColdMoment {
    pub(crate) async fn now(world: &World) -> Self {
        let cold = world.databases.cold.iter();
        let cold = cold.map(|(site, store)| (*site, store.moment())).collect();
        Self { cold, hot: hot(world).await }
    }

    /// In some cases cold storage loses what was copied to it and is not emptied yet: what is
    /// deleted then must be compared first (R-STORE-2, R-STORE-6).
    pub(crate) async fn restore(&self, world: &World, dice: &mut Dice) {
        if !dice.chance(COLD_RESTORES) || hot(world).await < self.hot {
            return;
        }
        world.history.note(format_args!("! cold storage is as it was"));
        world.chaos.befell(WorldFault::ColdRestore);
        for (site, cold) in &self.cold {
            world.databases.cold[site].go_back_to(cold);
        }
    }
}

/// How many packets are not emptied away.
async fn hot(world: &World) -> usize {
    let mut packets = 0;
    for store in world.databases.orders.values() {
        for day in (0..DAYS).filter_map(Day::new) {
            packets += store.packets_page(day, None, u32::MAX).await.map_or(0, |page| page.len());
        }
    }
    packets
}

impl Moment {
    fn now(world: &World) -> Self {
        let databases = &world.databases;
        let orders = databases.orders.iter().map(|(place, store)| (*place, store.moment()));
        Self {
            orders: orders.collect(),
            ledger: databases.ledger.moment(),
            people: databases.people.moment(),
            lists: databases.lists.moment(),
            told: world.witness.told(),
        }
    }
}

/// Makes whole what can be; the shards in which something is left for somebody.
async fn reconcile(world: &World) -> BTreeSet<(Site, Shard)> {
    let report = reconciled(world).await;
    // A note is one line.
    world.history.note(format_args!("{}", report.to_string().replace('\n', "; ")));
    let left = report.left.iter().filter_map(|left| match &left.subject {
        Subject::Packet(order_no) => Some((order_no.site(), order_no.shard())),
        Subject::Account(_) | Subject::Place(_) => None,
    });
    left.collect()
}

/// As `hongbao reconcile` does.
async fn reconciled(world: &World) -> Report {
    let (tasks, clock) = (Tasks::new(), Arc::clone(&world.time) as Arc<dyn Clock>);
    let stores = world.truth.clone();
    let ledger = Arc::new(Ledger::start(Arc::clone(&stores.ledger), Arc::clone(&clock), &tasks));
    let config = &world.plan.config;
    let zone = config.zone().expect("the default zone is known");
    let (sealer, lifetime) = (world.sealer.clone(), config.packet_lifetime());
    let reconciler = Reconciler::new(stores, Arc::clone(&ledger), sealer, zone, lifetime, clock);
    let report = reconciler.run(Mode::Mend).await;
    ledger.shutdown().await;
    report
}
