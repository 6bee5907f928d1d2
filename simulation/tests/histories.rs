//! A thousand histories in which every law holds.
#![expect(clippy::print_stdout, reason = "what was met is worth reading")]

use hongbao_simulation::{Until, run, runs};
use std::{process::Command, thread};

/// Whatever goes wrong, no fen is lost, no answer changes, and everything comes to rest
/// (R-OPEN-2, R-MONEY-1, 3 and 4, R-SEND-2, R-ORDER-2, R-LIST-1, R-STORE-1); and the runs
/// meet every fault at every durable step.
#[test]
fn a_thousand_histories() {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let report = runs(1..1_001, threads, Until::TheEnd, |_| {}).unwrap();
    println!("{report}");
    assert_eq!(report.failures, 0, "{report}");
    assert!(report.operations >= 300 * report.runs, "{report}");
    assert!(report.coverage.faults() >= 10 * report.runs, "{report}");
    assert!(report.coverage.empty_cells().is_empty(), "{report}");
}

/// The same seed gives the same history, byte for byte, also in another process.
#[test]
fn a_seed_is_a_history() {
    for seed in 5_001..5_011 {
        let once = run(seed, true).unwrap();
        let twice = run(seed, true).unwrap();
        assert_eq!(once.lines, twice.lines, "seed {seed}");
        assert_eq!(once.digest, twice.digest, "seed {seed}");
        let elsewhere = Command::new(env!("CARGO_BIN_EXE_hongbao-simulation"))
            .args(["--history", "--seed", &seed.to_string()])
            .output()
            .unwrap();
        let printed = String::from_utf8(elsewhere.stdout).unwrap();
        let lines: Vec<_> = printed.lines().collect();
        assert_eq!(lines[..once.lines.len()], once.lines, "seed {seed}");
    }
}

/// Different seeds are different histories.
#[test]
fn another_seed_is_another_history() {
    assert_ne!(run(1, false).unwrap().digest, run(2, false).unwrap().digest);
}
