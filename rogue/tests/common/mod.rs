//! A short rogue run on the program as it was built, with all that it withstands.

use hongbao_rogue::{Fault, Plan, Storage, run};
use std::{path::PathBuf, time::Duration};

const SEED: u64 = 11;
/// Then the packets' lives and a reckoning follow.
const TRAFFIC: Duration = Duration::from_secs(45);

/// `HONGBAO_BIN`, or what lies in the folder that this test was built into.
fn binary() -> PathBuf {
    std::env::var_os("HONGBAO_BIN").map_or_else(
        || {
            let test = std::env::current_exe().expect("a test knows where it is");
            let folder = test.ancestors().nth(2).expect("tests lie in <target>/<profile>/deps");
            folder.join(format!("hongbao{}", std::env::consts::EXE_SUFFIX))
        },
        PathBuf::from,
    )
}

/// What people were told stands, and the service comes back after every fault.
pub(crate) async fn withstands(storage: Storage) {
    let binary = binary();
    assert!(binary.is_file(), "{} is missing: `cargo build -p hongbao`", binary.display());
    let faults = Fault::WITHSTOOD.to_vec();
    let plan = Plan { binary, storage, seed: SEED, length: TRAFFIC, faults };
    let report = run(plan).await.expect("a run that can be played");
    let told = report.violations.join("\n");
    if !report.violations.is_empty() {
        let file = std::env::temp_dir().join(format!("hongbao-rogue-{storage:?}-{SEED}.txt"));
        std::fs::write(&file, &report.history).expect("a history that can be written");
        panic!("seed {SEED}, history in {}:\n{told}", file.display());
    }
    // A run in which nothing happens shows nothing.
    let count = |what| report.counts.get(what).copied().unwrap_or_default();
    assert!(count("packets") > 20 && count("opened") > 20, "{:?}", report.counts);
    assert!(report.recoveries.len() > 1, "{:?}", report.recoveries);
}
