//! `hongbao audit` (R-MONEY-5).

use super::{Common, Failure, on_tokio, say};
use crate::node::open_stores_to_read;
use hongbao_config::Config;
use hongbao_engine::{
    audit::{self, Audited, Progress, Report, Stage, Watch},
    keys::Keys,
    keys::seal::Sealer,
};
use parking_lot::Mutex;
use std::{
    io::{self, IsTerminal, Write},
    time::{Duration, Instant},
};

/// How often the line of progress changes.
const SHOW_EVERY: Duration = Duration::from_millis(250);

/// What `hongbao audit` takes.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    common: Common,
    /// Nothing may be on its way any more: every claim credited, every outbox empty.
    /// True of a server that has ended by itself.
    #[arg(long)]
    at_rest: bool,
}

/// Prints a report; fails if one fen is off. On a terminal, standard error shows how far
/// it has come.
pub fn run(arguments: Arguments) -> Result<(), Failure> {
    let config = arguments.common.load_with_data()?;
    let report = on_tokio(audit(&config, arguments.at_rest))?;
    say(&report);
    if report.is_clean() { Ok(()) } else { Err(Failure::Negative) }
}

async fn audit(config: &Config, at_rest: bool) -> Result<Report, Failure> {
    let keys = Keys::read(config)?;
    let sealer = Sealer::new(&keys);
    let (stores, _lock) = open_stores_to_read(config).await?;
    keys.learn_retired(&*stores.keys).await.map_err(anyhow::Error::from)?;
    // Nothing moves a cursor about in a file or a pipe.
    let line = io::stderr().is_terminal().then(Line::default);
    let watch = line.as_ref().map(|line| line as &dyn Watch);
    let report = audit::run(&Audited { at_rest, watch, ..stores.audited(&sealer) }).await;
    if line.is_some() {
        show("");
    }
    stores.close().await;
    Ok(report.map_err(anyhow::Error::from)?)
}

/// The line of progress.
#[derive(Debug, Default)]
struct Line(Mutex<Option<Shown>>);

#[derive(Debug)]
struct Shown {
    stage: Stage,
    /// When the stage began.
    since: Instant,
    /// When the line changed last.
    at: Instant,
}

impl Watch for Line {
    fn passed(&self, progress: Progress) {
        let mut shown = self.0.lock();
        let now = Instant::now();
        let since = match &*shown {
            Some(shown) if shown.stage == progress.stage => {
                if now.duration_since(shown.at) < SHOW_EVERY {
                    return;
                }
                shown.since
            }
            _ => now,
        };
        *shown = Some(Shown { stage: progress.stage, since, at: now });
        show(&described(&progress, now.duration_since(since)));
    }
}

/// Replaces the line on the terminal.
fn show(text: &str) {
    let _gone = write!(io::stderr(), "\r\x1b[K{text}").and_then(|()| io::stderr().flush());
}

/// What is done, how fast, and how much of it there is. Short enough for 80 columns.
fn described(progress: &Progress, elapsed: Duration) -> String {
    let Progress { stage, done, of, counts, violations } = progress;
    let share = match of {
        Some(of) if *of > 0 => format!("{} %", done.min(of).saturating_mul(100) / of),
        _ => format!("{done} rows"),
    };
    let per_second = u128::from(*done) * 1000 / elapsed.as_millis().max(1);
    let (packets, claims) = (counts.packets, counts.claims);
    format!(
        "{} {share}, {per_second}/s; {packets} packets, {claims} claims, {violations} violations",
        stage.name(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use hongbao_engine::audit::Counts;

    #[test]
    fn progress_is_one_line() {
        let counts = Counts { packets: 1_000, claims: 10_000, ..Counts::default() };
        let progress =
            |of| Progress { stage: Stage::Packets, done: 11_000, of, counts, violations: 1 };
        assert_eq!(
            described(&progress(Some(44_000)), Duration::from_secs(2)),
            "packets 25 %, 5500/s; 1000 packets, 10000 claims, 1 violations"
        );
        let unknown = described(&progress(None), Duration::ZERO);
        assert!(unknown.starts_with("packets 11000 rows, 11000000/s"), "{unknown}");
    }
}
