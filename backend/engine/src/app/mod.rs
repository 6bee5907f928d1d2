//! Puts the parts together: stores, caches, lanes, services and the workers behind
//! them.

mod background;
mod caches;
mod newsroom;
mod parts;
mod reconciling;
mod settings;

pub use reconciling::NotWhole;

use crate::{
    accounts::Accounts,
    archive::Mover,
    cache::{Comparison, LocalTier, Notes, SharedWriter},
    calls::Calls,
    control::{Clocks, Control, Follower, Health, Pace, Room, Sends},
    courier::Courier,
    delivery::DeadLetters,
    demo::Demo,
    groups::{CardStates, Groups},
    hooks::Hooks,
    journal::Journal,
    keys::{Keeper, Keys, seal::Sealer},
    ledger::Ledger,
    lists::Lists,
    live::Live,
    packets::{LaneParts, NumberedSite, Numbering, Packets, Tickets},
    push::Pushes,
    reconcile::Schedule,
    services::Services,
    stores::Stores,
};
use background::{Background, Bells};
use caches::Caches;
use hongbao_config::{Config, ConfigError};
use hongbao_domain::{
    board::Board,
    cache::{SendCache, SharedTier},
    runtime::{Clock, Entropy, Fallen, Zone},
    store::ledger::LedgerStore,
};
use hongbao_shared::{Limits, Site, api::control::Degradation};
use parking_lot::Mutex;
use parts::{calls, clocks, demo, expirers, finder, hooks, ledger, mover, pushes, services};
use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

/// What the application is built on.
#[derive(Debug)]
pub struct Outside {
    /// Tells the time of records.
    pub clock: Arc<dyn Clock>,
    /// Gives secret random bytes.
    pub entropy: Arc<dyn Entropy>,
    /// Seal, open and sign.
    pub keys: Keys,
    /// The cache tier that this node shares with others; `None` for none, or, where there are
    /// no others, for this process's memory.
    pub shared: Option<Arc<dyn SharedTier>>,
    /// Carries what webhooks are told; `None` where nobody is told anything.
    pub courier: Option<Arc<dyn Courier>>,
    /// Carries what browsers are told to the push services that the settings name.
    pub push_courier: Option<Arc<dyn Courier>>,
    /// The databases.
    pub stores: Stores,
    /// Where the lanes run; `None` takes the runtime that starts the application.
    pub lanes: Option<Handle>,
    /// Let go once all is closed.
    pub lock: Option<Lock>,
    /// The databases were restored, perhaps to different moments: they are reconciled before
    /// anybody is served (R-STORE-6).
    pub restored: bool,
}

/// Whatever says that this node's data is its own.
pub type Lock = Box<dyn fmt::Debug + Send + Sync>;

/// The running application.
#[derive(Debug)]
pub struct App {
    /// What it was started with.
    pub config: Arc<Config>,
    /// Tells the time of records.
    pub clock: Arc<dyn Clock>,
    /// People and sessions.
    pub accounts: Arc<Accounts>,
    /// Groups and their chats.
    pub groups: Arc<Groups>,
    /// Accounts of programs.
    pub services: Arc<Services>,
    /// Where programs are told what happens.
    pub hooks: Arc<Hooks>,
    /// Where browsers are told of packets.
    pub pushes: Arc<Pushes>,
    /// Calls with keys.
    pub calls: Arc<Calls>,
    /// Wallets.
    pub ledger: Arc<Ledger>,
    /// The life of a packet.
    pub packets: Arc<Packets>,
    /// "Sent" and "received".
    pub lists: Arc<Lists>,
    /// Streams of what happens.
    pub live: Arc<Live>,
    /// Steering and switches.
    pub control: Arc<Control>,
    /// Turns them.
    pub follower: Arc<Follower>,
    /// What each person may do in a minute.
    pub pace: Arc<Pace>,
    /// Which shards answer.
    pub health: Arc<Health>,
    /// Whether the clocks agree.
    pub clocks: Arc<Clocks>,
    /// Whether the disk has room for what people write.
    pub room: Arc<Room>,
    /// The members of demo groups.
    pub demo: Arc<Demo>,
    /// Follows the keys.
    pub keeper: Arc<Keeper>,
    /// Empties the tables of days that are over.
    pub mover: Arc<Mover>,
    /// What delivery could not bring home.
    pub letters: Arc<DeadLetters>,
    /// Compares the cache that this node shares with others; `None` if it shares none.
    pub comparison: Option<Comparison>,
    /// What administrators and services did.
    pub journal: Arc<Journal>,
    /// Compares the databases.
    pub reconciliation: Arc<Schedule>,
    stores: Stores,
    background: Background,
    /// Until all is closed.
    lock: Mutex<Option<Lock>>,
}

impl App {
    /// Starts lanes and workers.
    pub async fn start(config: Config, outside: Outside) -> anyhow::Result<Self> {
        let (courier, push_courier) = (outside.courier.clone(), outside.push_courier.clone());
        let Outside { clock, entropy, keys, shared, stores, lanes, lock, restored, .. } = outside;
        let runtime = lanes.unwrap_or_else(Handle::current);
        let config = Arc::new(config);
        let zone = config.zone()?;
        let sealer = Sealer::new(&keys);
        // Whatever asks for the time from here on hears that of the databases.
        let (clock, board, clocks) = clocks(&stores, clock).await?;
        let keeper = keeper(&keys, &stores, &clock).await?;
        stores.reclaim().await?;
        let limits = Arc::new(config.limits.clone());
        let control = Arc::new(Control::new(settings::switches(&config), Arc::clone(&board)));
        let (room, background) = (room(&config, &board), Background::new());
        let health = Arc::new(Health::new(Arc::clone(&board), stores.orders.keys().copied()));
        let follower = follower(&control, &stores, &clock).await;

        let Caches { local, sending, writer, notes, peers, comparison } =
            Caches::new(&config, &board, &stores, shared);
        let tasks = background.ledger_tasks();
        let ledger = Arc::new(ledger(&config, &stores, &clock, &zone, tasks));
        let reconciliation =
            reconciling::schedule(&config, &stores, &ledger, &sealer, &zone, &clock, &*entropy);
        if restored {
            reconciling::make_whole(&reconciliation).await?;
        }
        let (accounts, groups) =
            people(&config, &stores, &clock, &entropy, &limits, board, &notes)?;
        let services = services(&stores, &accounts, &groups, &clock, &entropy, &limits);
        let lists = lists(&stores, &clock, &zone, &notes);

        let bells: Bells = stores.orders.keys().map(|place| (*place, Arc::default())).collect();
        let parts = lane_parts(&config, &clock, &local, &writer, &sealer, &control, &health);
        let lanes = Arc::new(background.start_lanes(&stores, &bells, &parts, &runtime));
        let numbering = Arc::new(Numbering::new(
            config.sites.home.0,
            numbered_sites(&stores, &sending),
            zone.clone(),
            Arc::clone(&control),
            Arc::clone(&health),
            Arc::clone(&entropy),
        ));
        numbering.prepare().await;
        let finder = finder(&stores, &local, &control, peers, &clock);
        let pace = Arc::new(Pace::new(config.flow.clone(), &clock));
        let packets = Arc::new(Packets {
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
            limits: config.limits(),
            numbering,
            sealer,
            tickets: Tickets::new(&keys, config.limits.ticket_ttl_s),
            outstanding: parts.outstanding,
            receiving: settings::receiving(&config, &lists, &clock, &zone),
            lanes,
            expirers: expirers(&stores, &bells, &clock, &local, &finder, &clocks),
            finder,
            local,
            sending,
            ledger: Arc::clone(&ledger),
            groups: Arc::clone(&groups),
            accounts: Arc::clone(&accounts),
            sends: Sends::new(Arc::clone(&control), Arc::clone(&pace)),
            pace: Arc::clone(&pace),
            control: Arc::clone(&control),
        });

        let node = entropy.bits().cast_signed();
        let mover = Arc::new(mover(&config, &stores, &clock, zone, control.board(), node));
        let letters = Arc::new(DeadLetters::new(&stores, &bells, Arc::clone(&clock)));
        let demo = demo(&accounts, &groups, &packets, &ledger, &clock, entropy, limits);
        let app = Self {
            pushes: pushes(&config, &stores, &keys, push_courier, &clock, &packets.entropy),
            hooks: hooks(&config, &stores, keys, courier, &clock, &packets.entropy),
            calls: calls(&config, &stores, &clock),
            journal: Arc::new(Journal::new(Arc::clone(&stores.people), Arc::clone(&clock))),
            live: live(&groups, &accounts, &packets),
            reconciliation,
            config,
            clock,
            accounts,
            groups,
            services,
            ledger,
            packets,
            lists,
            control,
            follower,
            pace,
            health,
            clocks,
            room,
            demo,
            keeper,
            mover,
            letters,
            comparison,
            stores,
            background,
            lock: Mutex::new(lock),
        };
        app.start_background(&bells, writer, notes);
        Ok(app)
    }

    /// Do all databases answer and take writes, and does nothing shut down (R-CTRL-5)? Why
    /// not is on the board, and in the log once.
    pub async fn ready(&self) -> bool {
        if self.background.is_stopping() {
            return false;
        }
        if let Some(place) = self.stores.refusing_writes().next() {
            tracing::debug!(%place, "not ready: it takes no writes");
            return false;
        }
        if let Some(what) = self.keeper.missing() {
            tracing::debug!(what, "not ready");
            return false;
        }
        match self.stores.ping().await {
            Ok(()) => true,
            Err(error) => {
                tracing::debug!(error = format!("{error:#}"), "not ready");
                false
            }
        }
    }

    /// Whether one of the tasks behind the services has panicked; whoever runs the application
    /// then has it end (R-CTRL-5).
    pub fn fallen(&self) -> &Fallen {
        &self.background.fallen
    }

    /// Runs a task beside the services, until the application ends.
    pub fn beside<F>(&self, task: impl FnOnce(CancellationToken) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.background.beside(task);
    }

    /// What does without something that is down, on this node (R-CTRL-4).
    pub fn degraded(&self) -> Vec<Degradation> {
        self.control.board().list()
    }

    /// Finishes what was begun: lanes answer what waits in them, outboxes are
    /// delivered as far as that takes no longer than `drain_s`, databases are closed.
    /// What is left over waits in its outbox for the next start.
    pub async fn shutdown(&self) {
        let patience = Duration::from_secs(self.config.server.drain_s.into());
        self.background.stop(&self.ledger, patience).await;
        self.stores.close().await;
        drop(self.lock.lock().take());
    }
}

/// Compares the keys with the data before anything is sealed or opened.
async fn keeper(
    keys: &Keys,
    stores: &Stores,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<Keeper>, ConfigError> {
    let (store, ledger) = (Arc::clone(&stores.keys), Arc::clone(&stores.ledger));
    let keeper = Keeper::new(keys.clone(), store, ledger, Arc::clone(clock));
    keeper.check_at_start().await?;
    Ok(Arc::new(keeper))
}

/// Puts the switches in force that were turned last.
async fn follower(
    control: &Arc<Control>,
    stores: &Stores,
    clock: &Arc<dyn Clock>,
) -> Arc<Follower> {
    let (control, store) = (Arc::clone(control), Arc::clone(&stores.control));
    let follower = Follower::new(control, store, Arc::clone(clock), stores.sites());
    if let Err(refusal) = follower.look().await {
        tracing::warn!(code = refusal.code.as_str(), "switches are as configured for now");
    }
    Arc::new(follower)
}

fn live(groups: &Arc<Groups>, accounts: &Arc<Accounts>, packets: &Arc<Packets>) -> Arc<Live> {
    let cards = Arc::clone(packets) as Arc<dyn CardStates>;
    Arc::new(Live::new(Arc::clone(groups), Arc::clone(accounts), cards))
}

/// Watches the disk of the data folder.
fn room(config: &Config, board: &Arc<Board>) -> Arc<Room> {
    let storage = &config.storage;
    Arc::new(Room::new(storage.data.clone(), storage.free_min_mib, Arc::clone(board)))
}

/// Accounts and groups, on one store.
fn lists(stores: &Stores, clock: &Arc<dyn Clock>, zone: &Zone, notes: &Arc<Notes>) -> Arc<Lists> {
    let lists = Lists::new(Arc::clone(&stores.lists), Arc::clone(clock), zone.clone());
    Arc::new(lists.with_notes(Arc::clone(notes)))
}

fn people(
    config: &Config,
    stores: &Stores,
    clock: &Arc<dyn Clock>,
    entropy: &Arc<dyn Entropy>,
    limits: &Arc<Limits>,
    board: Arc<Board>,
    notes: &Arc<Notes>,
) -> anyhow::Result<(Arc<Accounts>, Arc<Groups>)> {
    let accounts = Accounts::new(
        Arc::clone(&stores.people),
        Arc::clone(clock),
        Arc::clone(entropy),
        Arc::clone(limits),
        settings::accounts(config),
        board,
    )?;
    let accounts = Arc::new(accounts.with_notes(Arc::clone(notes)));
    let groups = Arc::new(Groups::new(
        Arc::clone(&stores.people),
        Arc::clone(&accounts),
        Arc::clone(clock),
        Arc::clone(entropy),
        Arc::clone(limits),
        &settings::groups(config),
    ));
    Ok((accounts, groups))
}

fn lane_parts(
    config: &Config,
    clock: &Arc<dyn Clock>,
    local: &LocalTier,
    writer: &Arc<SharedWriter>,
    sealer: &Sealer,
    control: &Arc<Control>,
    health: &Arc<Health>,
) -> LaneParts {
    LaneParts {
        clock: Arc::clone(clock),
        local: local.clone(),
        shared: Arc::clone(writer),
        sealer: sealer.clone(),
        control: Arc::clone(control),
        health: Arc::clone(health),
        outstanding: settings::outstanding(config),
        settings: settings::lane(config),
    }
}

/// All sites keep their marks with the ledger (R-ORDER-3).
fn numbered_sites(stores: &Stores, sending: &Arc<dyn SendCache>) -> BTreeMap<Site, NumberedSite> {
    let numbered = |site| {
        let of_site = stores.orders.keys().filter(|(other, _)| *other == site);
        let shards = of_site.map(|(_, shard)| *shard).collect();
        let marks: Arc<dyn LedgerStore> = Arc::clone(&stores.ledger);
        (site, NumberedSite::new(shards, marks, Arc::clone(sending)))
    };
    stores.sites().into_iter().map(numbered).collect()
}
