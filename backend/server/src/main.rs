//! The `hongbao` binary; the `match` below is its table of contents.

use clap::{Parser, Subcommand};
use hongbao::cli;
use std::process::ExitCode;

// A busy server makes and drops small things on many threads; the system's allocator
// took a seventh of an open.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Group red packets: split provably fair, opened exactly once, accounted to the fen.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run everything: the web app, the REST interface, the workers.
    Server(cli::server::Arguments),
    /// Make the databases, or bring them up to date.
    Migrate(cli::migrate::Arguments),
    /// Say what is wrong with settings, machine, databases, caches, clocks and keys.
    Doctor(cli::doctor::Arguments),
    /// Prove from the stored data that every fen is where it belongs.
    Audit(cli::audit::Arguments),
    /// Compare the databases with each other, and mend what went missing.
    Reconcile(cli::reconcile::Arguments),
    /// Copy all databases as they are at one moment, beside a running server.
    Backup(cli::backup::Arguments),
    /// Put a backup into an empty data folder.
    Restore(cli::backup::RestoreArguments),
    /// The keys that seal seeds and sign tickets: list, add, rotate, forget.
    Keys(cli::keys::Arguments),
    /// Things that only the operator may do.
    Admin(cli::admin::Arguments),
    /// Sample splits as CSV: a line per packet, amounts in fen in the order of opening.
    Split(cli::split::Arguments),
    /// Check a packet's details against its fairness proof.
    Verify(cli::verify::Arguments),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Server(arguments) => cli::server::run(arguments),
        Command::Migrate(arguments) => cli::migrate::run(arguments),
        Command::Doctor(arguments) => cli::doctor::run(arguments),
        Command::Audit(arguments) => cli::audit::run(arguments),
        Command::Reconcile(arguments) => cli::reconcile::run(arguments),
        Command::Backup(arguments) => cli::backup::run(arguments),
        Command::Restore(arguments) => cli::backup::restore(arguments),
        Command::Keys(arguments) => cli::keys::run(arguments),
        Command::Admin(arguments) => cli::admin::run(arguments),
        Command::Split(arguments) => cli::split::run(&arguments),
        Command::Verify(arguments) => cli::verify::run(arguments),
    };
    cli::exit(result)
}
