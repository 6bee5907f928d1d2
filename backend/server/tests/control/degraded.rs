//! What is degraded comes and goes by itself, and everyone who looks after it sees it
//! (R-CTRL-2, R-CTRL-4).

use crate::{
    administrator,
    common::{
        ManualClock,
        fragile::Fragile,
        person::{Person, send},
        server::TestServer,
    },
    degraded, turn,
};
use hongbao::node::{Outside, create_stores};
use hongbao_config::Config;
use hongbao_domain::board::{Board, Place};
use hongbao_engine::control::{Control, Lookups, Switches};
use hongbao_fleet::Postgres;
use reqwest::Method;
use serde_json::json;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

const PATIENCE: Duration = Duration::from_secs(30);

async fn gauge(server: &TestServer, name: &str, place: &str) -> Option<String> {
    let metrics = send(server.request(Method::GET, "/metrics")).await.body;
    let line = format!("hongbao_degraded{{name=\"{name}\",place=\"{place}\"}} ");
    metrics.lines().find_map(|one| one.strip_prefix(&line)).map(str::to_owned)
}

/// R-CTRL-3: what a switch takes away is gone while the switch says so.
#[tokio::test]
async fn switches_that_take_something_away_are_shown() {
    let server = TestServer::start().await;
    let admin = administrator(&server).await;
    let off = json!({"packets_on": false, "two_screen_lists": true, "credit_mode": "deferred"});
    turn(&admin, &off).await.ok(200);
    let shown = degraded(&admin).await;
    assert_eq!(shown, ["credit_deferred@", "two_screen_lists@", "packets_off@"]);
    let on = json!({"packets_on": true, "two_screen_lists": false, "credit_mode": "queue"});
    turn(&admin, &on).await.ok(200);
    assert!(degraded(&admin).await.is_empty());
}

/// R-SEND-4, R-CTRL-2: without the shared cache, numbers come from the local generator,
/// pre-orders are kept in the database, and grabs go past it. Half a minute after the last of
/// each it is over, whether anybody uses the node or not.
#[tokio::test]
async fn a_lost_cache_is_shown_rung_by_rung() {
    let clock = Arc::new(ManualClock::at("2026-02-16T12:00:00.000Z"));
    let cache = Arc::new(Fragile::new());
    let outside = Outside {
        clock: Arc::clone(&clock) as _,
        shared: Some(Arc::clone(&cache) as _),
        ..Outside::default()
    };
    let server = TestServer::start_on(outside, |_| {}).await;
    let admin = administrator(&server).await;
    let (group, people) = server.group_of(2).await;
    people[0].top_up(1_000, "k").await;
    people[0].send_packet(&group, 100, 1).await;
    assert!(degraded(&admin).await.is_empty());

    cache.set_down(true);
    let order_no = people[0].send_packet(&group, 100, 1).await;
    assert!(order_no.is_local());
    // For a moment after it was paid, this node's memory answers.
    until(async || {
        people[1].grab(order_no).await;
        degraded(&admin).await.len() == 3
    })
    .await;
    let shown = degraded(&admin).await;
    assert_eq!(shown, ["local_numbers@S", "preorders_in_database@S", "grabs_without_cache@S"]);
    assert_eq!(gauge(&server, "local_numbers", "S").await.as_deref(), Some("1"));

    cache.set_down(false);
    clock.advance_s(20);
    assert!(!people[0].send_packet(&group, 100, 1).await.is_local());
    assert_eq!(degraded(&admin).await.len(), 3, "it was not long ago");
    clock.advance_s(10);
    assert!(degraded(&admin).await.is_empty());
    assert_eq!(gauge(&server, "local_numbers", "S").await.as_deref(), Some("0"));
}

/// R-SEND-1: an unpaid pre-order stands in the cache alone. While that does not answer nobody
/// knows whether it has expired, and nobody says so; it is paid as soon as it is back.
#[tokio::test]
async fn what_a_lost_cache_holds_has_not_expired() {
    let cache = Arc::new(Fragile::new());
    let outside = Outside { shared: Some(Arc::clone(&cache) as _), ..Outside::default() };
    let server = TestServer::start_on(outside, |_| {}).await;
    let (group, people) = server.group_of(1).await;
    people[0].top_up(1_000, "k").await;
    let body = json!({"group_id": group, "kind": "lucky", "total_fen": 100, "shares": 1});
    let order_no = people[0].pre_order(&body).await;
    let pay = async || people[0].post(&format!("/packets/{order_no}/pay"), &json!({})).await;

    cache.set_down(true);
    let answer = pay().await;
    assert_eq!(answer.refused(), (503, "unavailable".to_owned()));
    assert_eq!(answer.headers["retry-after"], "1");
    cache.set_down(false);
    pay().await.ok(200);
    // What is paid needs no cache.
    cache.set_down(true);
    pay().await.ok(200);
}

/// R-CTRL-2: whoever waits long for the database is seen.
#[tokio::test]
async fn a_queue_at_the_limiter_is_shown() {
    let clock = Arc::new(ManualClock::at("2026-02-16T12:00:00.000Z"));
    let board = Arc::new(Board::new(Arc::clone(&clock) as _));
    let switches = Switches { lookups_max: 1, ..Switches::default() };
    let lookups = Lookups::new(Arc::new(Control::new(switches, Arc::clone(&board))), Place::Node);
    let at_work = lookups.turn().await.unwrap();
    let ends_work = async {
        until(async || !board.list().is_empty()).await;
        drop(at_work);
    };
    let (turn, ()) = tokio::join!(lookups.turn(), ends_work);
    drop(turn.unwrap());
    assert_eq!(board.list()[0].name, "lookups_limited");
    clock.advance_s(30);
    drop(lookups.turn().await.unwrap());
    assert!(board.list().is_empty());
}

pub(crate) async fn until(holds: impl AsyncFn() -> bool) {
    let patience = Instant::now() + PATIENCE;
    while !holds().await {
        assert!(Instant::now() < patience, "it never comes about");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// People on one server, everything else on another.
fn two_servers(most: &Postgres, people: &Postgres) -> String {
    let (most, people) = (most.url(), people.url());
    let site = |site: char| {
        format!(
            "[sites.{site}]
cold = '{most}'
shards = [{{shards = '0-1', database = '{most}'}}]
"
        )
    };
    let once = format!("ledger = '{most}'\npeople = '{people}'\nlists = '{most}'\n");
    once + &site('S') + &site('N')
}

/// R-SITE-3, R-STORE-3: a server that is killed takes shards, both sites and databases with
/// it; they are back by themselves when it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_lost_server_takes_with_it_is_shown() {
    let settings = [("fsync", "off"), ("max_connections", "200")];
    let most = Postgres::start(&settings).unwrap();
    let people = Postgres::start(&settings).unwrap();
    let fleet = toml::from_str(&two_servers(&most, &people)).unwrap();
    let config = Config { fleet: Some(fleet), ..Config::default() };
    let stores = create_stores(&config).await.unwrap();
    let outside = Outside { stores: Some(stores), ..Outside::default() };
    let server = TestServer::start_on(outside, |own| own.fleet = config.fleet.clone()).await;
    let admin = administrator(&server).await;
    until(async || degraded(&admin).await.is_empty()).await;

    most.kill().unwrap();
    let gone = [
        "site_down@S",
        "site_down@N",
        "shard_down@S0",
        "shard_down@S1",
        "shard_down@N0",
        "shard_down@N1",
        "database_down@ledger",
        "database_down@lists",
    ];
    until(async || {
        ask_for_lists(&admin).await;
        let shown = degraded(&admin).await;
        gone.iter().all(|one| shown.iter().any(|shown| shown == one))
    })
    .await;
    assert_eq!(gauge(&server, "site_down", "N").await.as_deref(), Some("1"));
    assert_eq!(gauge(&server, "database_down", "ledger").await.as_deref(), Some("1"));
    assert!(!degraded(&admin).await.contains(&"database_down@people".to_owned()));

    most.run().unwrap();
    until(async || degraded(&admin).await.is_empty()).await;
    assert_eq!(gauge(&server, "site_down", "N").await.as_deref(), Some("0"));
    assert_eq!(gauge(&server, "database_down", "ledger").await.as_deref(), Some("0"));
}

/// Whether it is answered or not: a database is found to be down by those who need it.
async fn ask_for_lists(person: &Person) {
    person.get("/lists/sent").await;
}
