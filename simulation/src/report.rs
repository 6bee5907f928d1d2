use crate::{Coverage, Ends, Outcome, run};
use parking_lot::Mutex;
use std::{
    fmt,
    ops::Range,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
};

/// The most runs that are kept of those in which something did not hold.
const FAILED_MAX: usize = 100;

/// What came of many runs.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// How many there were.
    pub runs: u64,
    /// Calls that clients made.
    pub operations: u64,
    /// Which faults met which steps.
    pub coverage: Coverage,
    /// How packets ended whose time was over.
    pub ends: Ends,
    /// Runs in which something did not hold, by their seeds; the first hundred.
    pub failed: Vec<Outcome>,
    /// How many there were of them.
    pub failures: u64,
}

impl Report {
    fn add(&mut self, outcome: Outcome) {
        self.runs += 1;
        self.operations += outcome.operations;
        self.coverage.add(&outcome.coverage);
        self.ends.add(outcome.ends);
        if !outcome.broken.is_empty() {
            self.failures += 1;
            if self.failed.len() < FAILED_MAX {
                self.failed.push(outcome);
            }
        }
    }
}

/// When to stop before the last seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// Not at all.
    TheEnd,
    /// With the first run in which something does not hold.
    TheFirstFailure,
}

/// Runs all of these seeds, on so many threads, and calls `tell` after each with how many are
/// done.
pub fn runs(
    range: Range<u64>,
    threads: usize,
    until: Until,
    tell: impl Fn(u64) + Sync,
) -> anyhow::Result<Report> {
    let next = AtomicU64::new(range.start);
    let enough = AtomicBool::new(false);
    let report = Mutex::new(Report::default());
    let work = || -> anyhow::Result<()> {
        while !enough.load(Ordering::Relaxed) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= range.end {
                break;
            }
            // Whatever keeps one from its end is told at once.
            let stop = |_: &_| enough.store(true, Ordering::Relaxed);
            let outcome = run(seed, false).inspect_err(stop)?;
            if until == Until::TheFirstFailure && !outcome.broken.is_empty() {
                enough.store(true, Ordering::Relaxed);
            }
            let mut report = report.lock();
            report.add(outcome);
            tell(report.runs);
        }
        Ok(())
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| match worker.join() {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    })?;
    let mut report = report.into_inner();
    report.failed.sort_by_key(|outcome| outcome.seed);
    Ok(report)
}

/// For a terminal: what was met, what did not hold, and how to see it again.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n", self.coverage)?;
        for outcome in &self.failed {
            for broken in &outcome.broken {
                writeln!(f, "seed {}: {broken}", outcome.seed)?;
            }
        }
        if let Some(first) = self.failed.first() {
            writeln!(f, "see it again: cargo xtask simulate --seed {} --history", first.seed)?;
        }
        let empty = self.coverage.empty_cells();
        if !empty.is_empty() {
            writeln!(f, "never met: {}", empty.join(", "))?;
        }
        let per_run = |count: u64| count.checked_div(self.runs).unwrap_or(0);
        writeln!(f, "{}", self.ends)?;
        write!(
            f,
            "{} runs, {} operations ({} a run), {} faults ({} a run); in {} runs something did \
             not hold",
            self.runs,
            self.operations,
            per_run(self.operations),
            self.coverage.faults(),
            per_run(self.coverage.faults()),
            self.failures
        )
    }
}
