//! The simulation itself is tested: it finds bugs that are planted. A binary of its own,
//! because what is planted is planted in the whole process.
#![expect(clippy::print_stdout, reason = "what was met is worth reading")]

use hongbao::planted::Bug;
use hongbao_simulation::{Until, runs};

/// So many runs are enough for each.
const RUNS_MAX: u64 = 200;

/// Every planted bug is caught that databases in memory can have.
#[test]
fn planted_bugs_are_caught() {
    let mut missed = Vec::new();
    // One thread, so that the number of runs is always the same.
    for bug in Bug::ALL.iter().filter(|bug| !Bug::OF_STATEMENTS.contains(bug)) {
        fail::cfg(bug.name(), "return").unwrap();
        let report = runs(1..1 + RUNS_MAX, 1, Until::TheFirstFailure, |_| {}).unwrap();
        fail::remove(bug.name());
        match report.failed.first() {
            Some(outcome) => {
                let broken = &outcome.broken[0];
                println!("{:<32} {:>4} runs  {broken}", bug.name(), report.runs);
            }
            None => missed.push(bug.name()),
        }
    }
    assert_eq!(missed, [] as [&str; 0], "not found within {RUNS_MAX} runs");
}
