//! `hongbao doctor`: what is wrong, in sentences.

use super::{Common, Failure, on_tokio, say};
use crate::node::doctor::{Severity, examine};

/// What `hongbao doctor` takes.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    common: Common,
}

/// Prints a line for everything that was looked at; fails if something keeps a server from
/// serving. Changes nothing, and works beside a running server.
pub fn run(arguments: Arguments) -> Result<(), Failure> {
    let config = arguments.common.load(None)?;
    let findings = on_tokio(async { Ok(examine(&config).await) })?;
    for finding in &findings {
        say(finding);
    }
    let count = |severity| findings.iter().filter(|found| found.severity == severity).count();
    let (wrong, doubtful) = (count(Severity::Wrong), count(Severity::Doubtful));
    say(format_args!("{} looked at, {wrong} wrong, {doubtful} warnings", findings.len()));
    if wrong == 0 { Ok(()) } else { Err(Failure::Negative) }
}
