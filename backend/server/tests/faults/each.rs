//! What can fail, one after the other.

use crate::{trial::Trial, watch::Kind};
use hongbao_fleet::{Fault, Fleet, Plan, Routing};
use std::{sync::atomic::Ordering, time::Duration};

/// What the ledger, people and lists are each gone for.
const GONE_S: u64 = 30;
/// Longer than any statement, transaction, call or connection may wait.
const PAUSE_S: u64 = 20;

/// How often a lane found that another node had been faster, by the nodes that run now.
pub(crate) async fn lost_races(fleet: &Fleet) -> u64 {
    let mut races = 0;
    for node in &fleet.nodes {
        let metrics = reqwest::get(format!("http://127.0.0.1:{}/metrics", node.port())).await;
        let metrics = metrics.unwrap().text().await.unwrap();
        let counts = metrics.lines().filter_map(|line| {
            line.strip_prefix("hongbao_lane_lost_races_total ")?.parse::<u64>().ok()
        });
        races += counts.sum::<u64>();
    }
    races
}

/// Everything between the nodes and what they keep.
fn set_all(fleet: &Fleet, fault: Fault) {
    for site in &fleet.sites {
        site.databases.iter().for_each(|database| database.proxy.set(fault));
        site.cache.set(fault);
    }
    for proxy in [&fleet.ledger.proxy, &fleet.people, &fleet.lists] {
        proxy.set(fault);
    }
}

fn of_site(kind: Kind, site: char) -> bool {
    kind.1 == Some(site)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_under_load() {
    let mut trial = Trial::begin(Plan::default()).await;
    trial.run("nothing", async |_| {}, async |_| {}, |_| true).await;
    // As long as nothing fails, each shard has one lane.
    assert_eq!(lost_races(&trial.fleet).await, 0);
    shards_fail(&mut trial).await;
    a_primary_is_lost(&mut trial).await;
    others_fail(&mut trial).await;
    caches_fail(&mut trial).await;
    clients_leave(&mut trial).await;
    everything_pauses(&mut trial).await;
    trial.orders.calls_may_break.store(true, Ordering::Relaxed);
    nodes_fail(&mut trial).await;
    println!("opens that met a lost race in all: {}", lost_races(&trial.fleet).await);
    trial.end().await;
}

/// The shared cache is a Redis cluster, and a part of it goes.
#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_a_redis_cluster_fails_under_load() {
    let plan = Plan { nodes: vec!['S', 'N'], cache_clusters: true, ..Plan::default() };
    let mut trial = Trial::begin(plan).await;
    trial
        .run(
            "a server of a Redis cluster is killed",
            async |fleet| fleet.sites[0].cache.servers()[1].kill().unwrap(),
            async |fleet| fleet.sites[0].cache.servers()[1].run().unwrap(),
            |_| false,
        )
        .await;
    trial.end().await;
}

/// Order shards, one by one and all of a site.
async fn shards_fail(trial: &mut Trial) {
    // Packets of the other site do not notice; new ones go there.
    for (name, fault) in
        [("a shard's server refuses", Fault::Refuse), ("a shard's server stalls", Fault::Stall)]
    {
        trial
            .run(
                name,
                async |fleet| fleet.sites[0].databases[0].proxy.set(fault),
                async |fleet| fleet.sites[0].databases[0].proxy.set(Fault::None),
                |kind| of_site(kind, 'N') || matches!(kind.0, "chat" | "wallet"),
            )
            .await;
    }
    trial
        .run(
            "a shard's server is killed",
            async |fleet| fleet.sites[1].databases[1].server.kill().unwrap(),
            async |fleet| fleet.sites[1].databases[1].server.run().unwrap(),
            |kind| of_site(kind, 'S') || matches!(kind.0, "chat" | "wallet"),
        )
        .await;
    trial
        .run(
            "a site's databases are gone",
            async |fleet| {
                for database in &fleet.sites[1].databases {
                    database.proxy.set(Fault::Refuse);
                }
            },
            async |fleet| {
                for database in &fleet.sites[1].databases {
                    database.proxy.set(Fault::None);
                }
            },
            |kind| of_site(kind, 'S') || matches!(kind.0, "chat" | "wallet"),
        )
        .await;
}

/// A shard's server is gone for good; its synchronous standby takes over, and what is in
/// front of both leads there.
async fn a_primary_is_lost(trial: &mut Trial) {
    let standby = trial.fleet.sites[0].databases[1].server.standby().unwrap();
    trial
        .run(
            "a shard's primary is lost, its standby is promoted",
            async |fleet| fleet.sites[0].databases[1].server.kill().unwrap(),
            async |fleet| {
                let database = &mut fleet.sites[0].databases[1];
                standby.promote().unwrap();
                database.proxy.switch_to(standby.port());
                database.server = standby;
            },
            |kind| of_site(kind, 'N') || matches!(kind.0, "chat" | "wallet"),
        )
        .await;
}

/// Ledger, lists, people; and replies that end half-way.
async fn others_fail(trial: &mut Trial) {
    trial
        .for_seconds(GONE_S)
        .run(
            "the ledger is gone",
            async |fleet| fleet.ledger.proxy.set(Fault::Refuse),
            async |fleet| fleet.ledger.proxy.set(Fault::None),
            |kind| matches!(kind.0, "open" | "grab" | "chat" | "lists"),
        )
        .await;
    trial
        .for_seconds(GONE_S)
        .run(
            "lists are gone",
            async |fleet| fleet.lists.set(Fault::Refuse),
            async |fleet| fleet.lists.set(Fault::None),
            |kind| !matches!(kind.0, "lists" | "wallet"),
        )
        .await;
    trial
        .for_seconds(GONE_S)
        .run(
            "people are gone",
            async |fleet| fleet.people.set(Fault::Refuse),
            async |fleet| fleet.people.set(Fault::None),
            |_| false,
        )
        .await;
    trial
        .run(
            "replies are cut in the middle",
            async |fleet| {
                for cut in 0..20 {
                    for site in &fleet.sites {
                        site.databases[0].proxy.set(Fault::Cut(cut * 3));
                    }
                    fleet.ledger.proxy.set(Fault::Cut(cut * 3));
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
            async |_| {},
            |_| false,
        )
        .await;
}

/// Shared caches: nothing notices, but payments whose pre-order stands in the one that fails (R-SEND-1).
async fn caches_fail(trial: &mut Trial) {
    for (name, fault) in
        [("a site's cache refuses", Fault::Refuse), ("a site's cache stalls", Fault::Stall)]
    {
        trial
            .run(
                name,
                async |fleet| fleet.sites[0].cache.set(fault),
                async |fleet| fleet.sites[0].cache.set(Fault::None),
                |kind| kind != ("pay", Some('S')),
            )
            .await;
    }
    trial
        .run(
            "a site's cache is killed, and empty when it is back",
            async |fleet| fleet.sites[0].cache.servers()[0].kill().unwrap(),
            async |fleet| fleet.sites[0].cache.servers()[0].run().unwrap(),
            |kind| kind != ("pay", Some('S')),
        )
        .await;
    trial
        .run(
            "a site's cache takes no writes (READONLY)",
            async |fleet| fleet.sites[0].cache.servers()[0].demote().unwrap(),
            async |fleet| fleet.sites[0].cache.servers()[0].promote().unwrap(),
            |kind| kind != ("pay", Some('S')),
        )
        .await;
    trial
        .run(
            "caches are wiped",
            async |fleet| {
                for site in &fleet.sites {
                    site.cache.servers()[0].wipe().unwrap();
                }
            },
            async |_| {},
            |kind| kind.0 != "pay",
        )
        .await;
}

/// Every call is begun once more often than it is heard: its client is gone in the middle.
async fn clients_leave(trial: &mut Trial) {
    let hasty = trial.orders.clone();
    let calm = trial.orders.clone();
    trial
        .run(
            "clients leave in the middle of every call",
            async |_| hasty.hasty.store(true, Ordering::Relaxed),
            async |_| calm.hasty.store(false, Ordering::Relaxed),
            |_| true,
        )
        .await;
}

/// Nothing moves between the nodes and whatever they keep, and nothing is closed.
async fn everything_pauses(trial: &mut Trial) {
    trial
        .for_seconds(PAUSE_S)
        .run(
            "the network pauses for longer than every timeout",
            async |fleet| set_all(fleet, Fault::Stall),
            async |fleet| set_all(fleet, Fault::None),
            |_| false,
        )
        .await;
}

/// Nodes, and the way to them.
async fn nodes_fail(trial: &mut Trial) {
    trial
        .run(
            "a node is killed",
            async |fleet| fleet.nodes[0].kill().unwrap(),
            async |fleet| fleet.nodes[0].run().unwrap(),
            |_| false,
        )
        .await;
    trial
        .run(
            "nodes are restarted one by one",
            async |fleet| {
                // As docs/OPERATIONS.md says: nginx first.
                for at in 0..fleet.nodes.len() {
                    let node = fleet.nodes[at].port();
                    let others = fleet.nodes.iter().filter(|other| other.port() != node);
                    fleet.nginx.route(others, Routing::Sticky).unwrap();
                    assert_eq!(fleet.nodes[at].stop().unwrap(), Some(0));
                    fleet.nodes[at].run().unwrap();
                    fleet.nginx.route(&fleet.nodes, Routing::Sticky).unwrap();
                }
            },
            async |_| {},
            |_| false,
        )
        .await;
    trial
        .run(
            "every call goes to a random node",
            async |fleet| fleet.nginx.route(&fleet.nodes, Routing::Random).unwrap(),
            async |fleet| fleet.nginx.route(&fleet.nodes, Routing::Sticky).unwrap(),
            |_| false,
        )
        .await;
}
