//! A node that remembers a packet hears what became of it on another (R-CACHE-1).

use crate::{
    common::fragile::Fragile,
    world::{Party, World},
};
use hongbao_config::Config;
use hongbao_engine::app::App;
use hongbao_shared::{
    ErrorCode, Kind, OrderNo, UserId,
    api::packets::{GrabState, PacketDetails},
};
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// Shorter than a ticket is good for.
const LIFETIME_S: u32 = 30;
const PATIENCE: Duration = Duration::from_secs(5);

/// Two nodes with one shared tier; both remember the packet as nobody had opened it.
async fn both_remember(
    world: &World,
    shared: &Arc<Fragile>,
    count: i64,
) -> (Arc<App>, Party, OrderNo) {
    let party = world.party(4).await;
    let other = world.second_node_sharing(Arc::clone(shared) as _).await;
    let order_no = world.send(&party, Kind::Lucky, 400, count).await;
    assert_eq!(details(&other, party.members[0], order_no).await.claimed, 0);
    (other, party, order_no)
}

/// Whoever looks again until something has changed grabs more often than people do.
fn impatient(config: &mut Config) {
    config.flow.grabs_per_user_per_minute = 0;
}

async fn details(app: &App, reader: UserId, order_no: OrderNo) -> PacketDetails {
    app.packets.details(reader, order_no).await.unwrap()
}

async fn open(app: &App, user: UserId, order_no: OrderNo) {
    let grabbed = app.packets.grab(user, order_no).await.unwrap();
    app.packets.open(user, order_no, &grabbed.ticket.unwrap()).await.unwrap();
}

/// Asks `app` until it knows of so many claims, as a reader who looks again.
async fn until_claimed(app: &App, reader: UserId, order_no: OrderNo, claimed: u32) {
    let patience = Instant::now() + PATIENCE;
    while details(app, reader, order_no).await.claimed != claimed {
        assert!(Instant::now() < patience, "it never hears of {claimed} claims");
        tokio::task::yield_now().await;
    }
}

async fn until_grabbed(app: &App, user: UserId, order_no: OrderNo, state: GrabState) {
    let patience = Instant::now() + PATIENCE;
    loop {
        let grabbed = app.packets.grab(user, order_no).await.unwrap();
        if grabbed.state == state {
            assert_eq!(grabbed.amount_fen.is_some(), state == GrabState::Opened);
            return;
        }
        assert!(Instant::now() < patience, "{:?} instead of {state:?}", grabbed.state);
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_hears_of_another_through_the_shared_tier() {
    hears(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_hears_of_another_through_the_database() {
    hears(true).await;
}

async fn hears(down: bool) {
    let shared = Arc::new(Fragile::new());
    let world = World::with(impatient, Some(Arc::clone(&shared) as _)).await;
    let (other, party, order_no) = both_remember(&world, &shared, 3).await;
    shared.set_down(down);
    let [one, two, three, four] = party.members[..] else { unreachable!() };
    open(&world.app, one, order_no).await;
    until_grabbed(&other, one, order_no, GrabState::Opened).await;
    until_claimed(&other, one, order_no, 1).await;
    assert!(details(&other, two, order_no).await.claims.is_none(), "two has not opened it");
    open(&world.app, two, order_no).await;
    open(&world.app, three, order_no).await;
    until_grabbed(&other, four, order_no, GrabState::Finished).await;
    until_claimed(&other, four, order_no, 3).await;
    assert_eq!(details(&other, four, order_no).await, world.details(four, order_no).await);
    other.shutdown().await;
    world.end_and_audit().await;
}

/// R-OPEN-2: after the packet's time a node whose lane has not heard of a share, nor of the
/// end, gives the share again, and says how it ended.
#[tokio::test(flavor = "multi_thread")]
async fn what_another_node_gave_stands_after_the_packets_time() {
    let shared = Arc::new(Fragile::new());
    let brief = |config: &mut Config| {
        impatient(config);
        config.limits.packet_lifetime_s = LIFETIME_S;
    };
    let world = World::with(brief, Some(Arc::clone(&shared) as _)).await;
    let (other, party, order_no) = both_remember(&world, &shared, 2).await;
    let [one, two, three, _] = party.members[..] else { unreachable!() };
    let late = world.ticket(three, order_no).await;
    // The other node's lane has the packet, and misses what this one gives.
    open(&other, one, order_no).await;
    let ticket = world.ticket(two, order_no).await;
    let share = world.app.packets.open(two, order_no, &ticket).await.unwrap();
    world.clock.advance_s(i64::from(LIFETIME_S) + 1);
    // While the shard cannot be asked nobody says that it is over.
    let day = order_no.day().get() + 1;
    let place = format!("db/orders-{}-{}.sqlite", order_no.site(), order_no.shard());
    let file = SqliteConnectOptions::new().filename(world.folder.path().join(place));
    let mut orders = SqliteConnection::connect_with(&file).await.unwrap();
    let rename = |from: &str, to: &str| AssertSqlSafe(format!("ALTER TABLE {from} RENAME TO {to}"));
    let packets = format!("packets_{day:02}");
    sqlx::raw_sql(rename(&packets, "away")).execute(&mut orders).await.unwrap();
    let unknown = other.packets.open(two, order_no, &ticket).await.unwrap_err();
    assert_eq!(unknown.code.status(), 503, "{unknown:?}");
    sqlx::raw_sql(rename("away", &packets)).execute(&mut orders).await.unwrap();
    orders.close().await.unwrap();
    let again = other.packets.open(two, order_no, &ticket).await;
    assert_eq!(again.map_err(|refusal| refusal.code), Ok(share));
    let refused = other.packets.open(three, order_no, &late).await;
    assert_eq!(refused.map_err(|refusal| refusal.code), Err(ErrorCode::PacketFinished));
    other.shutdown().await;
    world.end_and_audit().await;
}

/// What a node learns for its readers must not move the shares that its lane is about to
/// give: the lane counts them by its own commits.
#[tokio::test(flavor = "multi_thread")]
async fn readers_move_no_share_of_a_lane() {
    let shared = Arc::new(Fragile::new());
    let world = World::with(impatient, Some(Arc::clone(&shared) as _)).await;
    for down in [false, true] {
        shared.set_down(false);
        let (other, party, order_no) = both_remember(&world, &shared, 4).await;
        shared.set_down(down);
        let [one, two, three, four] = party.members[..] else { unreachable!() };
        // The other node's lane has the packet, and shares of it.
        open(&other, one, order_no).await;
        until_claimed(&world.app, one, order_no, 1).await;
        open(&world.app, two, order_no).await;
        until_claimed(&other, two, order_no, 2).await;
        open(&other, three, order_no).await;
        until_claimed(&world.app, three, order_no, 3).await;
        open(&world.app, four, order_no).await;
        until_claimed(&other, four, order_no, 4).await;
        let proven = hongbao_shared::proof::check(&details(&other, four, order_no).await);
        assert!(proven.unwrap().is_ok());
        other.shutdown().await;
    }
    world.end_and_audit().await;
}
