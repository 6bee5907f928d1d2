//! Parts that are put together of the stores.

use super::{Stores, background::Bells};
use crate::{
    accounts::Accounts,
    archive::Mover,
    cache::LocalTier,
    calls::Calls,
    control::{Clocks, Control},
    courier::Courier,
    demo::{Demo, DemoParts},
    groups::Groups,
    hooks::{Hooks, HooksSettings},
    keys::Keys,
    ledger::{Ledger, Treasury},
    packets::{Expirer, Finder, Packets, Peers},
    push::{PushSettings, Pushes},
    services::Services,
};
use hongbao_config::Config;
use hongbao_domain::{
    board::{Board, Place},
    runtime::{Clock, Entropy, Tasks, TrueClock, Zone},
    store::{orders::OrderStore, outbox::Outbox},
};
use hongbao_shared::{Limits, Shard, Site};
use std::sync::Arc;

/// Looks packets up wherever they are.
pub(super) fn finder(
    stores: &Stores,
    local: &LocalTier,
    control: &Arc<Control>,
    peers: Peers,
    clock: &Arc<dyn Clock>,
) -> Arc<Finder> {
    let (orders, control, clock) = (stores.orders.clone(), Arc::clone(control), Arc::clone(clock));
    Arc::new(Finder::new(local.clone(), orders, control, peers, clock))
}

/// The accounts of programs, on the store of people.
pub(super) fn services(
    stores: &Stores,
    accounts: &Arc<Accounts>,
    groups: &Arc<Groups>,
    clock: &Arc<dyn Clock>,
    entropy: &Arc<dyn Entropy>,
    limits: &Arc<Limits>,
) -> Arc<Services> {
    Arc::new(Services::new(
        Arc::clone(&stores.people),
        Arc::clone(accounts),
        Arc::clone(groups),
        Arc::clone(clock),
        Arc::clone(entropy),
        Arc::clone(limits),
    ))
}

/// The webhooks of programs, on the store of people.
pub(super) fn hooks(
    config: &Config,
    stores: &Stores,
    keys: Keys,
    courier: Option<Arc<dyn Courier>>,
    clock: &Arc<dyn Clock>,
    entropy: &Arc<dyn Entropy>,
) -> Arc<Hooks> {
    let settings = HooksSettings {
        per_service_max: config.webhooks.per_service_max,
        pending_max: config.webhooks.pending_max,
    };
    let (store, clock, entropy) =
        (Arc::clone(&stores.people), Arc::clone(clock), Arc::clone(entropy));
    Arc::new(Hooks::new(store, keys, courier, clock, entropy, settings))
}

/// Where browsers are told, on the store of people.
pub(super) fn pushes(
    config: &Config,
    stores: &Stores,
    keys: &Keys,
    courier: Option<Arc<dyn Courier>>,
    clock: &Arc<dyn Clock>,
    entropy: &Arc<dyn Entropy>,
) -> Arc<Pushes> {
    let settings = PushSettings {
        contact: Some(config.push.contact.clone()).filter(|contact| !contact.is_empty()),
        ttl_s: config.limits.packet_lifetime_s,
        enabled: config.push.enabled,
        services: config.push.services.clone(),
    };
    let (store, clock, entropy) =
        (Arc::clone(&stores.people), Arc::clone(clock), Arc::clone(entropy));
    Arc::new(Pushes::new(store, keys.clone(), courier, clock, entropy, settings))
}

/// The books, with what the house gives and allows.
pub(super) fn ledger(
    config: &Config,
    stores: &Stores,
    clock: &Arc<dyn Clock>,
    zone: &Zone,
    tasks: &Tasks,
) -> Ledger {
    let treasury = Treasury {
        settings: config.treasury.clone(),
        welcome: config.limits.welcome_grant_fen,
        zone: zone.clone(),
        clock: Arc::clone(clock),
    };
    Ledger::start(Arc::clone(&stores.ledger), Arc::clone(clock), tasks).with_treasury(treasury)
}

/// The keys of calls, on the store of people.
pub(super) fn calls(config: &Config, stores: &Stores, clock: &Arc<dyn Clock>) -> Arc<Calls> {
    let (people, alone) = (Arc::clone(&stores.people), config.fleet.is_none());
    Arc::new(Calls::new(people, Arc::clone(clock), config.calls.clone(), alone))
}

/// The members of demo groups, who use the same services as everybody.
pub(super) fn demo(
    accounts: &Arc<Accounts>,
    groups: &Arc<Groups>,
    packets: &Arc<Packets>,
    ledger: &Arc<Ledger>,
    clock: &Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    limits: Arc<Limits>,
) -> Arc<Demo> {
    Arc::new(Demo::new(DemoParts {
        accounts: Arc::clone(accounts),
        groups: Arc::clone(groups),
        packets: Arc::clone(packets),
        ledger: Arc::clone(ledger),
        clock: Arc::clone(clock),
        entropy,
        limits,
    }))
}

/// The time of the databases that keep what depends on it, as soon as they say it, and what
/// knows whether this machine's clock agrees.
pub(super) async fn clocks(
    stores: &Stores,
    own: Arc<dyn Clock>,
) -> anyhow::Result<(Arc<dyn Clock>, Arc<Board>, Arc<Clocks>)> {
    let time = Arc::new(TrueClock::new(own));
    let clock: Arc<dyn Clock> = Arc::clone(&time) as _;
    let board = Arc::new(Board::new(Arc::clone(&clock)));
    let shards = stores.orders.iter().map(|((site, shard), store)| {
        (Place::Shard(*site, *shard), Arc::clone(store) as Arc<dyn Outbox>)
    });
    let ledger = (Place::Database("ledger"), Arc::clone(&stores.ledger) as Arc<dyn Outbox>);
    let clocks = Clocks::new(time, shards.chain([ledger]).collect(), Arc::clone(&board));
    clocks.begin().await?;
    Ok((clock, board, Arc::new(clocks)))
}

/// One for each shard.
pub(super) fn expirers(
    stores: &Stores,
    bells: &Bells,
    clock: &Arc<dyn Clock>,
    local: &LocalTier,
    finder: &Arc<Finder>,
    clocks: &Arc<Clocks>,
) -> Vec<Arc<Expirer>> {
    let of_shard = |(place, store): (&(Site, Shard), &Arc<dyn OrderStore>)| {
        Arc::new(Expirer {
            place: *place,
            store: Arc::clone(store),
            bell: Arc::clone(&bells[place]),
            clock: Arc::clone(clock),
            local: local.clone(),
            finder: Arc::clone(finder),
            clocks: Arc::clone(clocks),
        })
    };
    stores.orders.iter().map(of_shard).collect()
}

/// Moves days to cold storage.
pub(super) fn mover(
    config: &Config,
    stores: &Stores,
    clock: &Arc<dyn Clock>,
    zone: Zone,
    board: &Arc<Board>,
    node: i64,
) -> Mover {
    Mover {
        hot: stores.hot.clone(),
        cold: stores.cold.clone(),
        node,
        clock: Arc::clone(clock),
        zone,
        hot_days: config.storage.hot_days,
        board: Arc::clone(board),
    }
}
