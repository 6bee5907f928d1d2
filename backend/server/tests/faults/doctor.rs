//! `hongbao doctor` on what a fleet stands on: schemas, clocks, settings, caches (R-CTRL-4).

use crate::{BINARY, SETTINGS};
use hongbao_fleet::{Cache, Engines, Fault, Plan};
use std::{path::Path, process::Command};

/// What it says, and whether it is content.
fn doctor(engines: &Engines) -> (String, bool) {
    let mut command = Command::new(BINARY);
    command.args(["doctor", "--config"]).arg(engines.config());
    let output = command.env("HONGBAO_LISTEN", "127.0.0.1:0").output().unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (said(&output.stdout) + &said(&output.stderr), output.status.success())
}

#[track_caller]
fn says(said: &str, mark: &str, sentence: &str) {
    let is_it = |line: &str| line.starts_with(mark) && line.contains(sentence);
    assert!(said.lines().any(is_it), "no {mark} {sentence} in:\n{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fleets_servers_are_looked_at() {
    let plan = Plan { shards: 2, durable: true, settings: SETTINGS.to_owned(), ..Plan::default() };
    let engines =
        tokio::task::spawn_blocking(move || Engines::start(Path::new(BINARY), &plan).unwrap());
    let engines = engines.await.unwrap();
    let (said, is_content) = doctor(&engines);
    assert!(is_content, "{said}");
    says(&said, "ok", "cache of site N: answers");
    says(&said, "ok", "keys: 1 in storage.master_key");
    says(&said, "ok", "deliveries: none is given up");
    says(&said, "ok", "connections");
    assert!(!said.contains("hongbao@"), "no user, no password: {said}");

    // What could not be made is no success.
    engines.lists.set(Fault::Refuse);
    let mut migrate = Command::new(BINARY);
    let output = migrate.args(["migrate", "--config"]).arg(engines.config()).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "it says that all is up to date");
    assert!(error.contains("hongbao_lists"), "{error}");
    engines.lists.set(Fault::None);

    let site = &engines.sites[0];
    let database = &site.databases[0].server;
    let ask = |statement: &str| {
        let mut psql = Command::new("psql");
        let output = psql.args(["-d", &database.url(), "-c", statement]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    ask("ALTER SCHEMA hongbao_cold_s RENAME TO elsewhere");
    ask("UPDATE hongbao_orders_s_0._sqlx_migrations SET version = version + 100");
    ask("ALTER SYSTEM SET synchronous_commit = off");
    ask("SELECT pg_reload_conf()");
    let Cache::Single(cache) = &site.cache else { panic!("a cluster") };
    cache.server.command(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]).unwrap();
    engines.lists.set(Fault::Refuse);
    let (said, is_content) = doctor(&engines);
    assert!(!is_content, "{said}");
    says(&said, "WRONG", "the schema hongbao_cold_s is missing");
    says(&said, "WRONG", "hongbao_orders_s_0 is of a later version");
    says(&said, "WRONG", "synchronous_commit = off: what has been answered can be lost");
    says(&said, "WRONG", "hongbao_lists: ");
    says(&said, "warning", "cache of site S: maxmemory-policy is allkeys-lru");

    cache.server.demote().unwrap();
    says(&doctor(&engines).0, "WRONG", "cache of site S: it is a replica");
    cache.server.kill().unwrap();
    says(&doctor(&engines).0, "WRONG", "cache of site S");
}
