//! The simulation itself is tested: it finds bugs that are planted, each in a process of its
//! own, because what is planted is planted in the whole process.
#![expect(clippy::print_stdout, reason = "what was met is worth reading")]
#![expect(clippy::unwrap_used, reason = "helpers of tests, which Clippy does not take for tests")]

use hongbao_domain::planted::Bug;
use parking_lot::Mutex;
use std::{process::Command, thread};

/// So many runs are enough for each.
const RUNS_MAX: &str = "200";

/// Every planted bug is caught that databases in memory can have.
#[test]
fn planted_bugs_are_caught() {
    let left = Mutex::new(Bug::ALL.iter().filter(|bug| !Bug::OF_STATEMENTS.contains(bug)));
    let next = || left.lock().next();
    let missed = Mutex::new(Vec::new());
    let at_once = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                while let Some(bug) = next() {
                    match caught(*bug) {
                        Some(how) => println!("{:<32} {how}", bug.name()),
                        None => missed.lock().push(bug.name()),
                    }
                }
            });
        }
    });
    assert_eq!(missed.into_inner(), [] as [&str; 0], "not found in {RUNS_MAX} runs");
}

/// After how many runs, and by what it breaks. One thread each, so that the number of runs is
/// always the same.
fn caught(bug: Bug) -> Option<String> {
    let mut program = Command::new(env!("CARGO_BIN_EXE_hongbao-simulation"));
    program.args(["--bug", bug.name(), "--runs", RUNS_MAX, "--threads", "1"]);
    let output = program.output().unwrap();
    if output.status.success() {
        return None;
    }
    let said = String::from_utf8_lossy(&output.stdout);
    let broken = said.lines().find(|line| line.starts_with("seed "));
    let runs = said.lines().find_map(|line| line.split_once(" runs, "));
    match (broken, runs) {
        (Some(broken), Some((runs, _))) => Some(format!("{runs:>4} runs  {broken}")),
        // It ended in another way, and has judged nothing.
        _ => panic!("{}: {}{said}", bug.name(), String::from_utf8_lossy(&output.stderr)),
    }
}
