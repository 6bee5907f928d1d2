//! The servers that a fleet stands on: their databases, clocks and caches.

use super::{super::open_stores_to_read, super::places::Places, Findings, folder};
use futures::future::join_all;
use hongbao_cache::ExaminedCache;
use hongbao_config::{Config, Fleet};
use hongbao_domain::runtime::{Clock, SKEW_MAX, SystemClock};
use hongbao_shared::{Site, Timestamp};
use hongbao_storage::{Examined, Link, Version};
use std::{collections::BTreeMap, time::Duration};

/// An open waits for its shard's answers; lanes gather more meanwhile, up to a point.
const FAR: Duration = Duration::from_millis(20);

pub(super) async fn examine(config: &Config, fleet: &Fleet, findings: &mut Findings) {
    let places = Places::of(config, false);
    let asked = places.links().map(async |(schema, link)| {
        let examined = hongbao_storage::examine(link, schema).await;
        (link, examined, SystemClock.now())
    });
    let mut servers = BTreeMap::<String, Vec<_>>::new();
    for answer in join_all(asked).await {
        servers.entry(answer.0.server()).or_default().push(answer);
    }
    let mut are_current = true;
    for (name, schemas) in servers {
        are_current &= server(&format!("database {name}"), &schemas, findings);
    }
    caches(fleet, findings).await;
    // Opening others would migrate them.
    if are_current {
        match open_stores_to_read(config).await {
            Ok((stores, _lock)) => {
                folder::stored(config, &stores, findings).await;
                stores.close().await;
            }
            Err(error) => findings.wrong("databases", format_args!("{error:#}")),
        }
    }
}

type Asked<'a> = (&'a Link, anyhow::Result<Examined>, Timestamp);

/// One server, with all that this node has on it. Is every schema there, and of this version?
fn server(about: &str, schemas: &[Asked<'_>], findings: &mut Findings) -> bool {
    let mut are_current = true;
    let mut connections: u32 = 0;
    let mut first = None;
    for (link, examined, asked_at) in schemas {
        connections = connections.saturating_add(link.connections_max);
        let schema = &link.namespace;
        let examined = match examined {
            Ok(examined) => examined,
            Err(error) => {
                findings.wrong(about, format_args!("{schema}: {error:#}"));
                are_current = false;
                continue;
            }
        };
        first.get_or_insert((examined, *asked_at));
        are_current &= examined.version == Version::Current;
        match examined.version {
            Version::Current => {}
            Version::Missing => findings.wrong(
                about,
                format_args!(
                    "the schema {schema} is missing: `hongbao migrate` makes it, or the \
                              address is wrong"
                ),
            ),
            Version::Older => findings.doubtful(
                about,
                format_args!(
                    "{schema} is of a version before; the next start brings it up to date"
                ),
            ),
            Version::Newer => findings
                .wrong(about, format_args!("{schema} is of a later version than this program")),
            Version::Foreign => findings.wrong(
                about,
                format_args!(
                    "another program made {schema}: one of its migrations differs from this \
                     version's"
                ),
            ),
        }
    }
    let Some((examined, asked_at)) = first else { return false };
    of_server(about, examined, asked_at, findings);
    if connections > examined.connections_max {
        findings.wrong(
            about,
            format_args!(
                "this node alone may hold {connections} connections, and the server takes {} of \
                 all nodes (max_connections)",
                examined.connections_max
            ),
        );
    } else {
        let (count, answer) = (schemas.len(), examined.answered_in.as_secs_f64() * 1000.0);
        findings.fine(
            about,
            format_args!(
                "{count} schemas; answers in {answer:.1} ms; this node holds up to {connections} \
                 of its {} connections",
                examined.connections_max
            ),
        );
    }
    are_current
}

fn of_server(about: &str, examined: &Examined, asked_at: Timestamp, findings: &mut Findings) {
    if examined.is_standby {
        findings.wrong(about, "it is a standby, which takes no writes: name the primary");
    }
    if !examined.careless.is_empty() {
        findings.wrong(
            about,
            format_args!(
                "{}: what has been answered can be lost with the machine",
                examined.careless.join(", ")
            ),
        );
    }
    let ahead = Duration::from_millis(asked_at.millis_since(examined.clock).unsigned_abs());
    // What it showed is as old as its answers to all other questions, which are few.
    if ahead > SKEW_MAX {
        findings.wrong(
            about,
            format_args!(
                "its clock differs from this machine's by {} s; nodes end no packets where it is \
                 more than {} s",
                ahead.as_secs(),
                SKEW_MAX.as_secs()
            ),
        );
    }
    if examined.answered_in > FAR {
        findings.doubtful(
            about,
            format_args!("an answer takes {} ms: it is far away", examined.answered_in.as_millis()),
        );
    }
}

async fn caches(fleet: &Fleet, findings: &mut Findings) {
    for (site, of_site) in &fleet.sites {
        let count = of_site.cache.len();
        if count == 0 {
            findings.doubtful(
                about_cache(*site, 0, 0),
                "there is none: numbers, pre-orders and looks go to the databases",
            );
        }
        let asked = of_site.cache.iter().map(|address| hongbao_cache::examine(address.secret()));
        for (at, examined) in join_all(asked).await.into_iter().enumerate() {
            let about = about_cache(*site, at, count);
            match examined {
                Ok(examined) => cache(&about, &examined, count > 1, findings),
                Err(error) => findings.wrong(about, format_args!("{error:#}")),
            }
        }
    }
}

fn about_cache(site: Site, at: usize, count: usize) -> String {
    if count > 1 {
        format!("cache of site {site}, {}", at + 1)
    } else {
        format!("cache of site {site}")
    }
}

fn cache(about: &str, examined: &ExaminedCache, in_cluster: bool, findings: &mut Findings) {
    let ExaminedCache { is_replica, is_of_cluster, maxmemory_policy, maxmemory, used_memory } =
        examined;
    let before = findings.0.len();
    // In a cluster whoever it is that takes writes is found.
    if *is_replica && !in_cluster {
        findings.wrong(about, "it is a replica, which takes no writes: name the primary");
    }
    if *is_of_cluster != in_cluster {
        findings.wrong(
            about,
            if in_cluster {
                "several addresses are those of a cluster, and this server is of none"
            } else {
                "it is a server of a cluster: name two of its servers at least"
            },
        );
    }
    if maxmemory_policy != "noeviction" {
        findings.doubtful(
            about,
            format_args!(
                "maxmemory-policy is {maxmemory_policy}: a pre-order that gives way cannot be paid \
                 any more; set noeviction"
            ),
        );
    }
    if findings.0.len() == before {
        let used = used_memory >> 20;
        let of = if *maxmemory == 0 { String::new() } else { format!(" of {}", maxmemory >> 20) };
        findings.fine(about, format_args!("answers; {used}{of} MiB used"));
    }
}
