//! The machines, their databases and their clocks.

use crate::{
    Dice,
    clock::{NodeClock, SeededEntropy, WorldTime},
    fault::WorldFault,
    gate::{Chaos, Gate, as_call},
    history::History,
    judge::Judge,
    keys::KeyChanges,
    life::Life,
    plan::Plan,
    stores::{
        GatedCache, GatedCold, GatedKeys, GatedLedger, GatedLists, GatedOrders, GatedPeople,
        SharedCache,
    },
    trouble::Place,
    witness::{Promise, Witness},
};
use hongbao_config::CreditMode;
use hongbao_domain::{
    runtime::Entropy,
    store::{cold::ColdStore, orders::OrderStore},
};
use hongbao_engine::{
    app::{App, Outside},
    keys::Keys,
    keys::seal::Sealer,
    stores::Stores,
};
use hongbao_memory::{
    MemoryCold, MemoryControl, MemoryKeys, MemoryLedger, MemoryLists, MemoryOrders, MemoryPeople,
};
use hongbao_shared::{Shard, Site};
use parking_lot::Mutex;
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::time::{Instant, sleep, timeout};

/// Whoever runs a node hears of a panic within this.
const NOTICES_WITHIN: Duration = Duration::from_secs(1);
/// A node that has to end does so within this, whatever it waits for: the longest that a
/// machine stands still, and three times as long as it may drain.
const ENDS_WITHIN: Duration = Duration::from_mins(3);

/// Once nothing goes wrong any more, every machine has a process that serves within this.
const ALL_SERVE_WITHIN: Duration = Duration::from_mins(5);

/// What survives a process.
#[derive(Debug)]
pub(crate) struct Databases {
    pub(crate) orders: BTreeMap<(Site, Shard), Arc<MemoryOrders>>,
    pub(crate) cold: BTreeMap<Site, Arc<MemoryCold>>,
    pub(crate) ledger: Arc<MemoryLedger>,
    pub(crate) people: Arc<MemoryPeople>,
    pub(crate) lists: Arc<MemoryLists>,
    keys: Arc<MemoryKeys>,
}

/// A process that serves.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) app: Arc<App>,
    pub(crate) life: Arc<Life>,
    /// How many changes of the keys it knows.
    pub(crate) ring: usize,
}

/// Everything there is in a run.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) time: Arc<WorldTime>,
    pub(crate) history: Arc<History>,
    pub(crate) chaos: Arc<Chaos>,
    pub(crate) cache: Arc<SharedCache>,
    pub(crate) witness: Witness,
    pub(crate) judge: Arc<Judge>,
    /// The databases as they are, without gates: for those who check.
    pub(crate) truth: Stores,
    pub(crate) databases: Databases,
    pub(crate) sealer: Sealer,
    pub(crate) keys: KeyChanges,
    /// No process starts until it is over.
    held_down: AtomicBool,
    machines: Vec<Machine>,
}

#[derive(Debug)]
struct Machine {
    clock: Arc<NodeClock>,
    node: Mutex<Option<Node>>,
    /// The database that is far from it, if one is, and how far.
    far: Option<(Place, Duration)>,
    /// Draws how long it is gone, and the secrets of its processes.
    dice: Mutex<Dice>,
}

impl World {
    pub(crate) fn new(plan: Plan, keep_lines: bool) -> anyhow::Result<Self> {
        let time = Arc::new(WorldTime::new("2026-02-16T04:00:00.000Z".parse()?));
        let history = Arc::new(History::new(Arc::clone(&time), keep_lines));
        let dice = Dice::new(plan.seed, "chaos");
        let chaos = Arc::new(Chaos::new(dice, plan.intensity, Arc::clone(&history)));
        chaos.set_calm(true);
        let databases = Databases::new(&plan, &time);
        let judge = Arc::new(Judge::new(Arc::clone(&time), &plan));
        let keys = KeyChanges::new()?;
        let mut links = Dice::new(plan.seed, "links");
        let machines = (0..plan.nodes).map(|number| Machine {
            clock: Arc::new(NodeClock::new(Arc::clone(&time))),
            node: Mutex::new(None),
            far: databases.far(&mut links).filter(|_| plan.nodes > 1),
            dice: Mutex::new(Dice::new(plan.seed, &format!("machine {number}"))),
        });
        let machines: Vec<_> = machines.collect();
        for _ in machines.iter().filter(|machine| machine.far.is_some()) {
            chaos.befell(WorldFault::SlowLink);
        }
        Ok(Self {
            machines,
            cache: Arc::new(SharedCache::new(Arc::clone(&chaos))),
            witness: Witness::default(),
            judge,
            truth: databases.plain(),
            databases,
            sealer: keys.sealer()?,
            keys,
            held_down: AtomicBool::new(false),
            plan,
            time,
            history,
            chaos,
        })
    }

    /// The processes that serve now.
    pub(crate) fn nodes(&self) -> Vec<Node> {
        self.machines.iter().filter_map(|machine| machine.node.lock().clone()).collect()
    }

    /// Waits until every machine has a process that serves: one that ends in good order takes
    /// its time, and another starts after it.
    pub(crate) async fn all_nodes(&self) -> Vec<Node> {
        for _ in 0..ALL_SERVE_WITHIN.as_secs() {
            if self.nodes().len() == self.machines.len() {
                break;
            }
            sleep(Duration::from_secs(1)).await;
        }
        self.nodes()
    }

    /// Stops every process, and lets none start; false if there is one that cannot be stopped
    /// because it is on its way up or down.
    pub(crate) async fn hold_down(&self) -> bool {
        let nodes = self.all_nodes().await;
        self.held_down.store(true, Ordering::Relaxed);
        for node in &nodes {
            node.life.stop();
        }
        nodes.len() == self.machines.len()
    }

    /// Lets processes start again.
    pub(crate) fn let_up(&self) {
        self.held_down.store(false, Ordering::Relaxed);
    }

    /// All clocks, also those of machines without a process.
    pub(crate) fn clocks(&self) -> impl Iterator<Item = &Arc<NodeClock>> {
        self.machines.iter().map(|machine| &machine.clock)
    }

    /// Waits for a process that serves, and draws one.
    pub(crate) async fn any_node(&self, dice: &mut Dice) -> Node {
        loop {
            let nodes = self.nodes();
            if !nodes.is_empty() {
                return dice.pick(&nodes).clone();
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// Keeps a machine's process running for ever: one that stops is started again.
    pub(crate) async fn keep_running(self: Arc<Self>, number: usize) {
        let machine = &self.machines[number];
        for start in 0_u32.. {
            while self.held_down.load(Ordering::Relaxed) {
                sleep(Duration::from_millis(100)).await;
            }
            let life = Arc::new(Life::new(format!("n{number}.{start}")));
            self.lose_time(machine, &life);
            tokio::select! {
                biased;
                () = life.until_stopped() => {}
                started = as_call(self.start(machine, &life)) => match started {
                    Ok(node) => {
                        self.history.note(format_args!("{} starts", life.name));
                        *machine.node.lock() = Some(node.clone());
                        tokio::select! {
                            biased;
                            () = life.until_stopped() => {}
                            () = life.until_panicked() => self.fall(machine, &node).await,
                        }
                    }
                    Err(error) => {
                        life.stop();
                        self.history.note(format_args!("{} cannot start: {error:#}", life.name));
                    }
                }
            }
            *machine.node.lock() = None;
            self.history.note(format_args!("{} is gone", life.name));
            let pause = machine.dice.lock().range(50, 15_000);
            let pause = if self.chaos.is_calm() { 100 } else { pause };
            sleep(Duration::from_millis(pause)).await;
        }
    }

    /// Sometimes a machine comes up with a clock that is far ahead, and no database tells it the
    /// time for a while.
    fn lose_time(&self, machine: &Machine, life: &Life) {
        let mut dice = machine.dice.lock();
        if self.chaos.is_calm() || !dice.chance(150) {
            return;
        }
        let ahead_ms = dice.range(900_000, 3_600_000);
        machine.clock.step_to(i64::try_from(ahead_ms).unwrap_or_default());
        life.deafen(Duration::from_millis(dice.range(4_000, 9_000)));
        self.history.note(format_args!("! {} is ahead by {ahead_ms} ms", life.name));
        self.chaos.befell(WorldFault::ClockUnheard);
    }

    /// A task of this node has panicked: the node notices, and ends in good order.
    async fn fall(&self, machine: &Machine, node: &Node) {
        let Node { app, life, .. } = node;
        self.chaos.befell(WorldFault::Fall);
        let notices = timeout(NOTICES_WITHIN, app.fallen().wait()).await;
        let Ok(task) = notices else {
            let what = format!("{}: a task has panicked, and nobody notices", life.name);
            self.witness.note(Promise::PanicIsNoticed, what);
            return life.stop();
        };
        *machine.node.lock() = None;
        self.history.note(format_args!("{} falls: {}", life.name, short(task)));
        life.troubles.note_whole(Instant::now() + ENDS_WITHIN);
        tokio::select! {
            biased;
            () = life.until_stopped() => {}
            () = as_call(app.shutdown()) => {
                self.history.note(format_args!("{} ends in good order", life.name));
            }
            () = sleep(ENDS_WITHIN) => {
                let what = format!("{} does not end after {}", life.name, short(task));
                self.witness.note(Promise::PanicIsNoticed, what);
            }
        }
        life.stop();
    }

    async fn start(&self, machine: &Machine, life: &Arc<Life>) -> anyhow::Result<Node> {
        let gate = Gate {
            life: Arc::clone(life),
            chaos: Arc::clone(&self.chaos),
            judge: Arc::clone(&self.judge),
            place: Place::Cache,
            way: Duration::ZERO,
        };
        let defers = self.plan.config.credit.mode == CreditMode::Deferred;
        life.defers.store(defers, Ordering::Relaxed);
        let ring = self.keys.stage();
        let mut config = self.plan.config.clone();
        config.storage.master_key = self.keys.ring(ring);
        let secrets = Dice::new(machine.dice.lock().bits(), "secrets");
        let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(secrets));
        let keys = Keys::obtain(&config, &*entropy)?;
        let outside = Outside {
            clock: Arc::clone(&machine.clock) as _,
            entropy,
            shared: Some(Arc::new(GatedCache {
                cache: Arc::clone(&self.cache),
                gate: gate.clone(),
            })),
            stores: self.databases.gated(&gate, machine.far, self.plan.nodes == 1),
            keys,
            courier: None,
            push_courier: None,
            lock: None,
            restored: false,
            lanes: None,
        };
        let app = App::start(config, outside).await?;
        Ok(Node { app: Arc::new(app), life: Arc::clone(life), ring })
    }
}

impl Databases {
    fn new(plan: &Plan, time: &Arc<WorldTime>) -> Self {
        let shards = plan.config.sites.shards;
        let mut orders = BTreeMap::new();
        let mut cold = BTreeMap::new();
        for site in Site::ALL {
            cold.insert(site, Arc::default());
            for shard in (0..shards).filter_map(Shard::new) {
                let store = if plan.own_clock {
                    MemoryOrders::default()
                } else {
                    MemoryOrders::with_clock(Arc::clone(time) as _)
                };
                orders.insert((site, shard), Arc::new(store));
            }
        }
        let ledger = if plan.own_clock {
            MemoryLedger::default()
        } else {
            MemoryLedger::with_clock(Arc::clone(time) as _)
        };
        Self {
            orders,
            cold,
            ledger: Arc::new(ledger),
            people: Arc::default(),
            lists: Arc::default(),
            keys: Arc::default(),
        }
    }

    pub(crate) fn any_place(&self, dice: &mut Dice) -> Place {
        let mut places: Vec<_> =
            self.orders.keys().map(|(site, shard)| Place::Shard(*site, *shard)).collect();
        places.extend(self.cold.keys().map(|site| Place::Cold(*site)));
        places.extend([Place::Ledger, Place::People, Place::Lists]);
        *dice.pick(&places)
    }

    /// Draws whether one of them is far from a node, and how far.
    fn far(&self, dice: &mut Dice) -> Option<(Place, Duration)> {
        let (place, way_ms) = (self.any_place(dice), dice.range(2, 20));
        dice.chance(250).then(|| (place, Duration::from_millis(way_ms)))
    }

    fn plain(&self) -> Stores {
        let orders = self
            .orders
            .iter()
            .map(|(place, store)| (*place, Arc::clone(store) as Arc<dyn OrderStore>));
        let cold =
            self.cold.iter().map(|(site, store)| (*site, Arc::clone(store) as Arc<dyn ColdStore>));
        Stores::of(
            orders.collect(),
            cold.collect(),
            Arc::clone(&self.ledger) as _,
            Arc::clone(&self.people) as _,
            Arc::clone(&self.lists) as _,
            Arc::new(MemoryControl::default()),
            Arc::clone(&self.keys) as _,
        )
    }

    fn gated(&self, gate: &Gate, far: Option<(Place, Duration)>, alone: bool) -> Stores {
        let gate = |place| {
            let way = far.filter(|(far, _)| *far == place).map_or(Duration::ZERO, |(_, way)| way);
            Gate { place, way, ..gate.clone() }
        };
        let orders = self.orders.iter().map(|((site, shard), inner)| {
            let gate = gate(Place::Shard(*site, *shard));
            let store = GatedOrders { inner: Arc::clone(inner), gate, alone };
            ((*site, *shard), Arc::new(store) as Arc<dyn OrderStore>)
        });
        let cold = self.cold.iter().map(|(site, inner)| {
            let gate = gate(Place::Cold(*site));
            let store = GatedCold { inner: Arc::clone(inner), gate };
            (*site, Arc::new(store) as Arc<dyn ColdStore>)
        });
        let ledger = Arc::clone(&self.ledger);
        let keys = GatedKeys { inner: Arc::clone(&self.keys), gate: gate(Place::Ledger) };
        Stores::of(
            orders.collect(),
            cold.collect(),
            Arc::new(GatedLedger { inner: ledger, gate: gate(Place::Ledger), alone }),
            Arc::new(GatedPeople { inner: Arc::clone(&self.people), gate: gate(Place::People) }),
            Arc::new(GatedLists { inner: Arc::clone(&self.lists), gate: gate(Place::Lists) }),
            Arc::new(MemoryControl::default()),
            Arc::new(keys),
        )
    }
}

/// The name of a task's function, without where it stands.
fn short(task: &str) -> &str {
    task.split("::{{").next().and_then(|path| path.rsplit("::").next()).unwrap_or(task)
}
