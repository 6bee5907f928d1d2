//! `hongbao-bench`: what can be measured.

use anyhow::Result;
use clap::{Parser, Subcommand};
use hongbao_bench::{audit, contest, midnight, mover, reconcile, rival, size, web};
use std::process::ExitCode;

/// Measures a Hongbao server over real HTTP on loopback.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Opens of packets and other work: Hongbao against other designs, and all against a no-op handler
    /// behind the same middleware and session check, interleaved.
    Contest(contest::Arguments),
    /// An audit of a data folder that is filled for it.
    Audit(audit::Arguments),
    /// Reconciliation of a long history, once and from then on, beside packets whose shares
    /// are on their way.
    Reconcile(reconcile::Arguments),
    /// Days that are over to a cold database that is far away.
    Mover(mover::Arguments),
    /// One packet of very many shares against many packets of a hundred, interleaved.
    Size(size::Arguments),
    /// A simulation of midnight with one site lost, from measured figures.
    Midnight(midnight::Arguments),
    /// The web app as Lighthouse sees it on a phone: the first page, and a chat.
    Web(web::Arguments),
    /// One of those that a contest starts.
    #[command(hide = true)]
    Rival(rival::Arguments),
    /// The same for one that does nothing at all.
    #[command(hide = true)]
    Bare(rival::BareArguments),
}

// As the server's own, so that rivals have it, too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<ExitCode> {
    match Arguments::parse().command {
        Command::Audit(arguments) => measure(audit::run(arguments)),
        Command::Contest(arguments) => measure(contest::run(arguments)),
        Command::Midnight(arguments) => midnight::run(&arguments),
        Command::Mover(arguments) => measure(mover::run(arguments)),
        Command::Reconcile(arguments) => measure(reconcile::run(arguments)),
        Command::Size(arguments) => measure(size::run(arguments)),
        Command::Web(arguments) => measure(web::run(arguments)),
        Command::Rival(arguments) => return Ok(rival::run(arguments)),
        Command::Bare(arguments) => rival::run_bare(&arguments),
    }?;
    Ok(ExitCode::SUCCESS)
}

/// On one thread: the cores are for the server.
fn measure(work: impl Future<Output = Result<()>>) -> Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}
