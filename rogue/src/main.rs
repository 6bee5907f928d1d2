//! `hongbao-rogue`; `cargo xtask rogue` builds the program under test and runs this.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool speaks to its terminal"
)]

use anyhow::{Context as _, Result};
use clap::{Parser, ValueEnum as _};
use hongbao_rogue::{Fault, Plan, Report, Storage};
use std::{
    hash::{BuildHasher as _, RandomState},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

/// So much of a violation is printed; the history has it whole.
const SHOWN_MAX: usize = 600;

/// Try the program `hongbao` from outside, while it is killed, stalled and filled up.
#[derive(Debug, Parser)]
struct Arguments {
    /// The program under test.
    #[arg(long)]
    binary: PathBuf,
    /// What it keeps everything in.
    #[arg(long, default_value = "sqlite")]
    storage: Storage,
    /// Minutes of traffic and trouble.
    #[arg(long, default_value_t = 10)]
    minutes: u64,
    /// Draws the same choices again; a new one by default.
    #[arg(long)]
    seed: Option<u64>,
    /// What may go wrong; by default what the program is known to withstand.
    #[arg(long, value_delimiter = ',', conflicts_with = "all")]
    faults: Vec<Fault>,
    /// Everything that can go wrong.
    #[arg(long)]
    all: bool,
    /// Where the history of a failure goes.
    #[arg(long, default_value = "rogue-history.txt")]
    history: PathBuf,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<bool> {
    let seed = arguments.seed.unwrap_or_else(|| RandomState::new().hash_one(()) % 1_000_000);
    let faults = match &arguments.faults {
        _ if arguments.all => Fault::value_variants().to_vec(),
        chosen if chosen.is_empty() => Fault::WITHSTOOD.to_vec(),
        chosen => chosen.clone(),
    };
    println!("seed {seed}, {:?}, {} minutes, {faults:?}", arguments.storage, arguments.minutes);
    let plan = Plan {
        binary: arguments.binary.clone(),
        storage: arguments.storage,
        seed,
        length: Duration::from_secs(arguments.minutes * 60),
        faults,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let report = runtime.block_on(async {
        tokio::select! {
            report = hongbao_rogue::run(plan) => report,
            _interrupted = tokio::signal::ctrl_c() => anyhow::bail!("interrupted"),
        }
    })?;
    show(&report);
    if report.violations.is_empty() {
        return Ok(true);
    }
    std::fs::write(&arguments.history, &report.history)
        .with_context(|| format!("write {}", arguments.history.display()))?;
    println!("FAILED with seed {seed}; the history is in {}", arguments.history.display());
    Ok(false)
}

fn show(report: &Report) {
    for (what, count) in &report.counts {
        println!("{count:>9}  {what}");
    }
    for (fault, recovery) in &report.recoveries {
        println!("{:>7.1} s  longest until all was well after {fault}", recovery.as_secs_f64());
    }
    for note in &report.notes {
        println!("note: {note}");
    }
    for violation in &report.violations {
        println!("{}", violation.chars().take(SHOWN_MAX).collect::<String>());
    }
}
