//! Ends need no key (R-MONEY-4, R-MONEY-6): neither the seed nor anything but the packet's
//! own row.

use crate::{
    common::{ManualClock, end_due},
    files::{ORDERS, one_shard, sql, until},
    world::{World, config_in},
};
use hongbao::node::{Outside, open_stores, start_on};
use hongbao_config::Weights;
use hongbao_domain::{
    runtime::{Clock, SystemClock, SystemEntropy},
    store::orders::{OrderStore, StoredState},
};
use hongbao_engine::{keys::Keys, packets::Expirer};
use hongbao_shared::{
    ErrorCode, Kind, OrderNo,
    api::{groups::MessageBody, packets::PacketState},
};
use hongbao_storage::{Schema, SqlOrders};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// As many as end in one page, and one more.
const UNREADABLE: usize = 256;

/// Packets whose seals do not open, as many as end in one page, end before one that is in
/// order; all of them go back, and their sender is told.
#[tokio::test]
async fn packets_whose_seals_do_not_open_end_and_hold_up_nobody() {
    let world = one_shard(|_| {}).await;
    let party = world.party(2).await;
    let sender = party.members[0];
    let before = world.balance(sender).await;
    let mut orders = Vec::new();
    for _ in 0..UNREADABLE {
        orders.push(world.send(&party, Kind::Equal, 20, 2).await);
    }
    let day = orders[0].day().get() + 1;
    let spoil = format!("UPDATE packets_{day:02} SET sealed_server_seed = zeroblob(60)");
    assert_eq!(sql(world.folder.path(), ORDERS, &spoil).await, 256);
    orders.push(world.send(&party, Kind::Equal, 20, 2).await);
    // A node that remembers nothing has to read what it ends.
    let world = world.restart().await;
    world.clock.advance_s(24 * 60 * 60 + 1);
    until("all of it went back", async || world.balance(sender).await == before).await;
    let told = async || {
        let mut told: Vec<OrderNo> = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let groups = &world.app.groups;
            let (cursor_now, cards) = (cursor.as_deref(), &*world.app.packets);
            let page = groups.messages(sender, party.group, cursor_now, Some(100), cards).await;
            let page = page.unwrap();
            told.extend(page.items.iter().filter_map(|message| match message.body {
                MessageBody::Expired { order_no, .. } => Some(order_no),
                _ => None,
            }));
            cursor = page.next_cursor;
            if cursor.is_none() {
                told.sort_unstable();
                return told;
            }
        }
    };
    until("the sender is told", async || told().await.len() == orders.len()).await;
    orders.sort_unstable();
    assert_eq!(told().await, orders);
    world.app.shutdown().await;
}

/// A packet that cannot be read keeps nobody else's money (R-MONEY-4).
#[tokio::test]
async fn a_packet_that_cannot_be_read_holds_up_nobody() {
    let world = one_shard(|_| {}).await;
    let party = world.party(2).await;
    let sender = party.members[0];
    let spoilt = world.send(&party, Kind::Equal, 20, 2).await;
    let before = world.balance(sender).await;
    world.send(&party, Kind::Equal, 20, 2).await;
    let spoil = format!(
        "UPDATE packets_{:02} SET sender_id = -1 WHERE order_no = {}",
        spoilt.day().get() + 1,
        spoilt.to_bits()
    );
    assert_eq!(sql(world.folder.path(), ORDERS, &spoil).await, 1);
    world.clock.advance_s(24 * 60 * 60 + 1);
    until("the other went back", async || world.balance(sender).await == before).await;
    world.app.shutdown().await;
}

/// On a node that ends, no further page of ends is begun, however many packets are due.
#[tokio::test]
async fn a_node_that_ends_begins_no_further_page() {
    let world = one_shard(|_| {}).await;
    let party = world.party(2).await;
    let order_no = world.send(&party, Kind::Equal, 20, 2).await;
    let place = (order_no.site(), order_no.shard());
    let its = world.app.packets.expirers.iter().find(|expirer| expirer.place == place).unwrap();
    // Two days on, so that only this one sees that anything is due.
    let clock = Arc::new(ManualClock::at(&world.clock.now().to_string()));
    clock.advance_s(2 * 24 * 60 * 60);
    let expirer = Expirer {
        place,
        store: Arc::clone(&its.store),
        bell: Arc::clone(&its.bell),
        clock,
        clocks: Arc::clone(&its.clocks),
        local: its.local.clone(),
        finder: Arc::clone(&its.finder),
    };
    // Not as this node remembers it, by whose clock it is not over.
    let state = async || its.store.packet(order_no).await.unwrap().unwrap().progress.state;
    let stop = CancellationToken::new();
    stop.cancel();
    expirer.round(&stop).await.unwrap();
    assert_eq!(state().await, StoredState::Open);
    expirer.round(&CancellationToken::new()).await.unwrap();
    assert_eq!(state().await, StoredState::Expired);
    world.app.shutdown().await;
}

/// Whoever comes to such a packet after its time hears just that, and whoever has opened it
/// hears their share.
#[tokio::test]
async fn what_needs_no_seed_is_answered_without() {
    let world = one_shard(|_| {}).await;
    let party = world.party(3).await;
    let (opener, late) = (party.members[1], party.members[2]);
    let order_no = world.send(&party, Kind::Equal, 20, 2).await;
    let early = world.ticket(opener, order_no).await;
    let share = world.app.packets.open(opener, order_no, &early).await.unwrap();
    let day = order_no.day().get() + 1;
    let spoil = format!("UPDATE packets_{day:02} SET sealed_server_seed = zeroblob(60)");
    assert_eq!(sql(world.folder.path(), ORDERS, &spoil).await, 1);
    let world = world.restart().await;
    let again = world.app.packets.open(opener, order_no, &early).await.unwrap();
    assert_eq!(again, share);
    // Nothing ends it before it is asked for.
    let orders = world.app.packets.finder.store(order_no).unwrap();
    let expires_at = orders.packet(order_no).await.unwrap().unwrap().expires_at;
    let far = expires_at.millis_since(world.clock.now()) / 1_000 - 10;
    world.clock.advance_s(far);
    let ticket = world.ticket(late, order_no).await;
    world.clock.advance_s(20);
    let refused = world.app.packets.open(late, order_no, &ticket).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::PacketExpired, "{refused:?}");
    world.app.shutdown().await;
}

/// A node whose clock is an hour ahead of its shard's database ends nothing there, and says
/// so; where they differ by less than that, the earlier of the two counts (R-CTRL-5).
#[tokio::test(flavor = "multi_thread")]
async fn a_node_whose_clock_is_ahead_ends_nothing_early() {
    let world = on_postgres().await;
    let party = world.party(2).await;
    let order_no = world.send(&party, Kind::Equal, 20, 2).await;
    let state = async || {
        end_due(&world.app).await;
        world.details(party.members[0], order_no).await.state
    };
    let disagree = || world.app.degraded().iter().any(|one| one.name == "clocks_disagree");
    world.clock.advance_s(60 * 60);
    assert_eq!(state().await, PacketState::Open);
    assert!(disagree());
    // Its time is over by this node's clock, and not by the database's.
    world.clock.advance_s(-60 * 60);
    let order_no_late = world.send(&party, Kind::Equal, 20, 2).await;
    assert_eq!(state().await, PacketState::Open);
    assert!(!disagree());
    let orders = world.app.packets.finder.store(order_no).unwrap();
    let later = world.clock.now().plus_seconds(601);
    assert_eq!(orders.hot().due(later, 10).await.unwrap(), []);
    let tell = Arc::new(|_: &_| Vec::new());
    assert_eq!(orders.hot().end(vec![order_no, order_no_late], later, tell).await.unwrap(), []);
    world.app.shutdown().await;
}

/// One shard, whose database is a PostgreSQL server with a clock of its own.
pub(crate) async fn on_postgres() -> World {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config_in(folder.path());
    config.sites.shards = 1;
    config.sites.weights = Weights::Home;
    config.limits.packet_lifetime_s = 600;
    Keys::obtain(&config, &SystemEntropy).unwrap();
    let mut stores = open_stores(&config).await.unwrap();
    for store in stores.orders.values_mut() {
        let database = crate::postgres::database(Schema::Orders).await;
        *store = Arc::new(SqlOrders::new(database)) as Arc<dyn OrderStore>;
    }
    let clock = Arc::new(ManualClock::at(&SystemClock.now().to_string()));
    let outside =
        Outside { clock: Arc::clone(&clock) as _, stores: Some(stores), ..Outside::default() };
    let app = Arc::new(start_on(config, outside).await.unwrap());
    World { app, clock, folder }
}
