//! One fault after the other, on one fleet under load.

use crate::{
    crew::{Crew, Orders},
    end_and_audit, fleet,
    watch::{Ended, Kind, Watch},
};
use hongbao_fleet::{Fault, Fleet, Plan, Routing};
use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

const CREWS: usize = 4;
/// How long each fault lasts.
const LASTS: Duration = Duration::from_secs(6);
/// Far more than it may take; what it took is printed.
const BACK_WITHIN: Duration = Duration::from_secs(30);

struct Trial {
    fleet: Fleet,
    watch: Arc<Watch>,
    rows: Vec<String>,
}

impl Trial {
    /// Lets a fault happen under load, ends it, and waits until everything works again.
    async fn run(
        &mut self,
        name: &str,
        begin: impl AsyncFnOnce(&mut Fleet),
        end: impl AsyncFnOnce(&mut Fleet),
        unharmed: impl Fn(Kind) -> bool,
    ) {
        self.watch.take();
        begin(&mut self.fleet).await;
        tokio::time::sleep(LASTS).await;
        let during = self.watch.take();
        end(&mut self.fleet).await;
        let repaired = Instant::now();
        let back = loop {
            self.watch.take();
            // Not for something to happen, but to see whether anything is refused.
            tokio::time::sleep(Duration::from_millis(500)).await;
            let calls = self.watch.take();
            let all = ["send", "chat", "lists", "wallet"].map(|kind| (kind, None)).into_iter();
            let of_sites = ["pay", "grab", "open"]
                .into_iter()
                .flat_map(|kind| ['S', 'N'].map(|site| (kind, Some(site))));
            let works =
                |kind| calls.get(&kind).is_some_and(|ended| ended.well > 0 && ended.refused == 0);
            if all.chain(of_sites).all(works) {
                break repaired.elapsed().saturating_sub(Duration::from_millis(500));
            }
            assert!(repaired.elapsed() < BACK_WITHIN, "{name}: not back: {calls:?}");
        };
        let row = row(name, &during, back);
        println!("{row}");
        self.rows.push(row);
        for (kind, ended) in &during {
            if unharmed(*kind) {
                assert!(ended.well > 0 && ended.refused == 0, "{name} harmed {kind:?}: {ended:?}");
            }
        }
        self.watch.assert_right();
    }
}

fn row(name: &str, during: &BTreeMap<Kind, Ended>, back: Duration) -> String {
    let share = |(kind, ended): (&Kind, &Ended)| {
        let site = kind.1.map(|site| format!(" {site}")).unwrap_or_default();
        let all = ended.well + ended.refused;
        let percent = 100.0 * f64::from(ended.well) / f64::from(all.max(1));
        format!("{}{site} {percent:.0} % of {all}", kind.0)
    };
    let shares: Vec<String> = during.iter().map(share).collect();
    format!("| {name} | {} | {:.1} s |", shares.join(", "), back.as_secs_f64())
}

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

fn of_site(kind: Kind, site: char) -> bool {
    kind.1 == Some(site)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_under_load() {
    let fleet = fleet(Plan::default()).await;
    let (watch, orders) = (Arc::<Watch>::default(), Arc::<Orders>::default());
    let mut crews = Vec::new();
    for number in 0..CREWS {
        let name = format!("crew {number}");
        let crew = Crew::gather(fleet.url(), name, Arc::clone(&watch), Arc::clone(&orders)).await;
        crews.push(tokio::spawn(crew.work()));
    }
    let mut trial = Trial { fleet, watch, rows: Vec::new() };

    trial.run("nothing", async |_| {}, async |_| {}, |_| true).await;
    // As long as nothing fails, each shard has one lane.
    assert_eq!(lost_races(&trial.fleet).await, 0);
    shards_fail(&mut trial).await;
    others_fail(&mut trial).await;
    caches_fail(&mut trial).await;
    orders.calls_may_break.store(true, Ordering::Relaxed);
    nodes_fail(&mut trial).await;
    println!("opens that met a lost race in all: {}", lost_races(&trial.fleet).await);

    orders.stop.store(true, Ordering::Relaxed);
    let mut opened = 0;
    for crew in crews {
        opened += crew.await.unwrap().check().await;
    }
    println!("{}\n{opened} shares opened at the end", trial.rows.join("\n"));
    trial.watch.assert_right();
    let Trial { fleet, .. } = trial;
    tokio::task::spawn_blocking(|| end_and_audit(fleet)).await.unwrap();
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

/// Ledger, lists, people; and replies that end half-way.
async fn others_fail(trial: &mut Trial) {
    trial
        .run(
            "the ledger is gone",
            async |fleet| fleet.ledger.proxy.set(Fault::Refuse),
            async |fleet| fleet.ledger.proxy.set(Fault::None),
            |kind| matches!(kind.0, "open" | "grab" | "chat" | "lists"),
        )
        .await;
    trial
        .run(
            "lists are gone",
            async |fleet| fleet.lists.set(Fault::Refuse),
            async |fleet| fleet.lists.set(Fault::None),
            |kind| !matches!(kind.0, "lists" | "wallet"),
        )
        .await;
    trial
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

/// Shared caches: nothing notices.
async fn caches_fail(trial: &mut Trial) {
    for (name, fault) in
        [("a site's cache refuses", Fault::Refuse), ("a site's cache stalls", Fault::Stall)]
    {
        trial
            .run(
                name,
                async |fleet| fleet.sites[0].cache.proxy.set(fault),
                async |fleet| fleet.sites[0].cache.proxy.set(Fault::None),
                |_| true,
            )
            .await;
    }
    trial
        .run(
            "a site's cache is killed, and empty when it is back",
            async |fleet| fleet.sites[0].cache.server.kill().unwrap(),
            async |fleet| fleet.sites[0].cache.server.run().unwrap(),
            |_| true,
        )
        .await;
    trial
        .run(
            "caches are wiped",
            async |fleet| {
                for site in &fleet.sites {
                    site.cache.server.wipe().unwrap();
                }
            },
            async |_| {},
            |kind| kind.0 != "pay",
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
                for node in &mut fleet.nodes {
                    assert_eq!(node.stop().unwrap(), Some(0));
                    node.run().unwrap();
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
