//! The machines, their databases and their clocks.

use crate::{
    Dice,
    clock::{NodeClock, SeededEntropy, WorldTime},
    gate::{Chaos, Gate, Life},
    history::History,
    judge::Judge,
    plan::Plan,
    stores::{
        GatedCache, GatedCold, GatedLedger, GatedLists, GatedOrders, GatedPeople, SharedCache,
    },
    witness::Witness,
};
use hongbao::{
    app::{App, Outside, Stores},
    keys::Keys,
    packets::seal::Sealer,
    store::{
        cold::ColdStore,
        memory::{MemoryCold, MemoryLedger, MemoryLists, MemoryOrders, MemoryPeople},
        orders::OrderStore,
    },
};
use hongbao_shared::{Shard, Site};
use parking_lot::Mutex;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::time::sleep;

/// What survives a process.
#[derive(Debug)]
pub(crate) struct Databases {
    orders: BTreeMap<(Site, Shard), Arc<MemoryOrders>>,
    cold: BTreeMap<Site, Arc<MemoryCold>>,
    pub(crate) ledger: Arc<MemoryLedger>,
    people: Arc<MemoryPeople>,
    pub(crate) lists: Arc<MemoryLists>,
}

/// A process that serves.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) app: Arc<App>,
    pub(crate) life: Arc<Life>,
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
    machines: Vec<Machine>,
}

#[derive(Debug)]
struct Machine {
    clock: Arc<NodeClock>,
    node: Mutex<Option<Node>>,
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
        let databases = Databases::new(plan.config.sites.shards, &time);
        let give_up_after = Duration::from_secs(plan.config.landing.give_up_after_s.into());
        let judge = Arc::new(Judge::new(Arc::clone(&time), give_up_after));
        let secrets = SeededEntropy::new(Dice::new(plan.seed, "key"));
        let keys = Keys::obtain(&plan.config, &secrets)?;
        let machines = (0..plan.nodes).map(|number| Machine {
            clock: Arc::new(NodeClock::new(Arc::clone(&time))),
            node: Mutex::new(None),
            dice: Mutex::new(Dice::new(plan.seed, &format!("machine {number}"))),
        });
        Ok(Self {
            machines: machines.collect(),
            cache: Arc::new(SharedCache::new(Arc::clone(&chaos))),
            witness: Witness::default(),
            judge,
            truth: databases.plain(),
            databases,
            sealer: Sealer::new(&keys),
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
            let life = Arc::new(Life::new(format!("n{number}.{start}")));
            tokio::select! {
                biased;
                () = life.until_stopped() => {}
                started = self.start(machine, &life) => match started {
                    Ok(node) => {
                        self.history.note(format_args!("{} starts", life.name));
                        *machine.node.lock() = Some(node);
                        life.until_stopped().await;
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

    async fn start(&self, machine: &Machine, life: &Arc<Life>) -> anyhow::Result<Node> {
        let (chaos, judge) = (Arc::clone(&self.chaos), Arc::clone(&self.judge));
        let gate = Gate { life: Arc::clone(life), chaos, judge };
        let secrets = Dice::new(machine.dice.lock().bits(), "secrets");
        let outside = Outside {
            clock: Arc::clone(&machine.clock) as _,
            entropy: Arc::new(SeededEntropy::new(secrets)),
            shared: Some(Arc::new(GatedCache {
                cache: Arc::clone(&self.cache),
                gate: gate.clone(),
            })),
            stores: Some(self.databases.gated(&gate, self.plan.nodes == 1)),
            lanes: None,
        };
        let app = App::start_on(self.plan.config.clone(), outside).await?;
        Ok(Node { app: Arc::new(app), life: Arc::clone(life) })
    }
}

impl Databases {
    fn new(shards: u16, time: &Arc<WorldTime>) -> Self {
        let mut orders = BTreeMap::new();
        let mut cold = BTreeMap::new();
        for site in Site::ALL {
            cold.insert(site, Arc::default());
            for shard in (0..shards).filter_map(Shard::new) {
                let clock = Arc::clone(time) as _;
                orders.insert((site, shard), Arc::new(MemoryOrders::with_clock(clock)));
            }
        }
        let ledger = Arc::new(MemoryLedger::with_clock(Arc::clone(time) as _));
        Self { orders, cold, ledger, people: Arc::default(), lists: Arc::default() }
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
        )
    }

    fn gated(&self, gate: &Gate, alone: bool) -> Stores {
        let orders = self.orders.iter().map(|(place, inner)| {
            let store = GatedOrders { inner: Arc::clone(inner), gate: gate.clone(), alone };
            (*place, Arc::new(store) as Arc<dyn OrderStore>)
        });
        let cold = self.cold.iter().map(|(site, inner)| {
            let store = GatedCold { inner: Arc::clone(inner), gate: gate.clone() };
            (*site, Arc::new(store) as Arc<dyn ColdStore>)
        });
        let (ledger, people, lists) = (&self.ledger, &self.people, &self.lists);
        Stores::of(
            orders.collect(),
            cold.collect(),
            Arc::new(GatedLedger { inner: Arc::clone(ledger), gate: gate.clone(), alone }),
            Arc::new(GatedPeople { inner: Arc::clone(people), gate: gate.clone() }),
            Arc::new(GatedLists { inner: Arc::clone(lists), gate: gate.clone() }),
        )
    }
}
