//! `cargo xtask simulate`: whole histories under faults, from seeds.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a tool speaks to its terminal")]

use anyhow::{Context, bail};
use clap::Parser;
use hongbao_domain::planted::Bug;
use hongbao_simulation::{Until, run, runs};
use std::{
    io::{IsTerminal, stderr},
    process::ExitCode,
    thread,
    time::Instant,
};

/// Runs whole histories under faults, each from its seed, and checks the laws of money.
#[derive(Debug, Parser)]
struct Arguments {
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many seeds, one after the other.
    #[arg(long, default_value_t = 1)]
    runs: u64,
    /// Threads; each runs a history at a time.
    #[arg(long)]
    threads: Option<usize>,
    /// Shows the history of the first seed, and runs no other.
    #[arg(long)]
    history: bool,
    /// Plants a bug, which is to be found; `list` shows them all.
    #[arg(long)]
    bug: Option<String>,
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let until = match arguments.bug.as_deref() {
        None => Until::TheEnd,
        Some("list") => {
            for bug in Bug::ALL {
                println!("{:<32} {}", bug.name(), bug.meaning());
            }
            return Ok(ExitCode::SUCCESS);
        }
        Some(name) => {
            let Some(bug) = Bug::ALL.iter().find(|bug| bug.name() == name) else {
                bail!("there is no bug {name}; --bug list shows them all");
            };
            fail::cfg(bug.name(), "return").map_err(anyhow::Error::msg)?;
            Until::TheFirstFailure
        }
    };
    if arguments.history {
        return history(arguments.seed);
    }
    let threads =
        arguments.threads.unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from));
    let end = arguments.seed.checked_add(arguments.runs).context("so many seeds there are not")?;
    let started = Instant::now();
    let shows = stderr().is_terminal();
    let report = runs(arguments.seed..end, threads, until, |done| {
        if shows && done.is_multiple_of(10) {
            eprint!("\r{done} of {} runs", arguments.runs);
        }
    })?;
    if shows {
        eprintln!();
    }
    println!("{report}, in {:.0?}", started.elapsed());
    Ok(if report.failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn history(seed: u64) -> anyhow::Result<ExitCode> {
    let outcome = run(seed, true)?;
    for line in &outcome.lines {
        println!("{line}");
    }
    for broken in &outcome.broken {
        println!("{broken}");
    }
    println!("seed {seed}, {} operations, history {}", outcome.operations, outcome.digest);
    Ok(if outcome.broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
