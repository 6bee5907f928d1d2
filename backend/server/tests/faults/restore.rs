//! The runbook of a restore, line by line as docs/OPERATIONS.md has it (R-STORE-6): each
//! PostgreSQL server from a dump of its own, the ledger's the newest.

use crate::{
    BINARY,
    crew::{Crew, Orders},
    end_and_audit, fleet,
    watch::Watch,
};
use hongbao_fleet::{Fleet, Plan};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};
use tempfile::TempDir;

const RUNBOOK: &str = include_str!("../../../../docs/OPERATIONS.md");
const ROUNDS: u64 = 12;

/// The line of the runbook that begins so, run as it stands there.
fn run(line: &str, folder: &Path, variables: &[(&str, &str)]) -> String {
    let mut lines = RUNBOOK.lines().filter_map(|text| text.strip_prefix("    "));
    let line = lines.find(|text| text.starts_with(line)).unwrap_or_else(|| panic!("no {line}"));
    // Whatever else is called so, this is the one that is tried.
    let programs = PathBuf::from(BINARY).parent().unwrap().display().to_string();
    let path = format!("{programs}:{}", std::env::var("PATH").unwrap());
    let mut shell = Command::new("sh");
    shell.args(["-e", "-c", line]).current_dir(folder).env("PATH", path);
    let output = shell.envs(variables.iter().copied()).output().unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, error) = (said(&output.stdout), said(&output.stderr));
    assert!(output.status.success(), "{line}: {out}{error}");
    out
}

/// Every server of shards, then that of the ledger, of people and of lists.
fn servers(fleet: &Fleet) -> Vec<String> {
    let sites = fleet.sites.iter().flat_map(|site| &site.databases);
    sites.chain([&fleet.ledger]).map(|reached| reached.server.url()).collect()
}

fn dump(urls: &[String], into: &TempDir) -> Vec<String> {
    let file = |at: usize| into.path().join(format!("{at}.dump")).display().to_string();
    let files: Vec<_> = (0..urls.len()).map(file).collect();
    for (url, file) in urls.iter().zip(&files) {
        run("pg_dump", into.path(), &[("DATABASE", url), ("BACKUP", file)]);
    }
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_are_restored_to_different_moments_by_the_runbook() {
    let plan = Plan { nodes: vec!['S'], shards: 2, ..Plan::default() };
    let mut fleet = fleet(plan).await;
    let (watch, orders) = (Arc::<Watch>::default(), Arc::<Orders>::default());
    let crew = Crew::gather(fleet.url(), "crew".to_owned(), Arc::clone(&watch), orders).await;
    let crew = crew.rounds(ROUNDS).await;

    let dumps = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let urls = servers(&fleet);
    let (ledger, shards) = urls.split_last().unwrap();
    let mut files = dump(shards, &dumps[0]);
    let crew = crew.rounds(ROUNDS).await;
    for node in &mut fleet.nodes {
        assert_eq!(node.stop().unwrap(), Some(0), "everything has arrived");
    }
    files.extend(dump(std::slice::from_ref(ledger), &dumps[1]));

    let folder = fleet.config().parent().unwrap().to_owned();
    for (url, file) in urls.iter().zip(&files) {
        run("pg_restore", &folder, &[("DATABASE", url), ("BACKUP", file)]);
    }
    for site in &fleet.sites {
        for cache in site.cache.servers() {
            let url = format!("redis://127.0.0.1:{}", cache.port());
            run("redis-cli", &folder, &[("CACHE", &url)]);
        }
    }
    run("hongbao admin skip-numbers", &folder, &[]);
    let report = run("hongbao reconcile", &folder, &[]);
    assert!(report.contains("mended: ") && report.contains(" claim, "), "{report}");
    assert!(report.ends_with("nothing is left to be looked at\n"), "{report}");
    run("hongbao audit --config", &folder, &[]);

    for node in &mut fleet.nodes {
        node.run().unwrap();
    }
    let known: BTreeSet<String> = crew.paid.iter().cloned().collect();
    let crew = crew.rounds(ROUNDS).await;
    let new: Vec<_> = crew.paid[known.len()..].to_vec();
    assert!(!new.is_empty() && new.iter().all(|number| !known.contains(number)), "{new:?}");
    assert!(crew.check().await > 0);
    watch.assert_right();
    tokio::task::spawn_blocking(|| end_and_audit(fleet)).await.unwrap();
}
