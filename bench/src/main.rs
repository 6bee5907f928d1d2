//! `hongbao-bench`: what can be measured.

use clap::{Parser, Subcommand};
use hongbao_bench::{audit, hot, mover, reconcile, size};

/// Measures a Hongbao server over real HTTP on loopback.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Opens of one hot packet against a no-op handler behind the same middleware and
    /// session check, interleaved.
    Hot(hot::Arguments),
    /// An audit of a data folder that is filled for it.
    Audit(audit::Arguments),
    /// Reconciliation of a long history, once and from then on, beside packets whose shares
    /// are on their way.
    Reconcile(reconcile::Arguments),
    /// Days that are over to a cold database that is far away.
    Mover(mover::Arguments),
    /// One packet of very many shares against many packets of a hundred, interleaved.
    Size(size::Arguments),
}

fn main() -> anyhow::Result<()> {
    // One thread: the cores are for the server.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match Arguments::parse().command {
            Command::Audit(arguments) => audit::run(arguments).await,
            Command::Reconcile(arguments) => reconcile::run(arguments).await,
            Command::Hot(arguments) => hot::run(arguments).await,
            Command::Mover(arguments) => mover::run(arguments).await,
            Command::Size(arguments) => size::run(arguments).await,
        }
    })
}
