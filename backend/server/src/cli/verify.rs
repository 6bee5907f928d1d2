//! `hongbao verify`: a packet's details against R-FAIR.

use super::{Failure, say};
use hongbao_shared::{
    api::packets::PacketDetails,
    proof::{self, Report},
};
use std::{
    io::Read,
    path::{Path, PathBuf},
};

/// What `hongbao verify` takes.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The answer of `GET /api/v1/packets/{order_no}` with all of its claims, or `-`
    /// for standard input.
    file: PathBuf,
}

/// Prints what matches and what does not; fails unless everything does.
pub fn run(arguments: Arguments) -> Result<(), Failure> {
    let Arguments { file } = arguments;
    let text = read(&file)
        .map_err(|error| Failure::usage(format!("cannot read {}: {error}", file.display())))?;
    let details: PacketDetails = serde_json::from_str(&text).map_err(|error| {
        Failure::usage(format!("{} does not hold a packet's details: {error}", file.display()))
    })?;
    let report = match proof::check(&details) {
        Ok(report) => report,
        Err(unprovable) => {
            say(format_args!("{}: cannot be checked: {unprovable}", details.order_no));
            return Err(Failure::Negative);
        }
    };
    print(&details, &report);
    if report.is_ok() { Ok(()) } else { Err(Failure::Negative) }
}

fn read(file: &Path) -> std::io::Result<String> {
    if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text)?;
        return Ok(text);
    }
    std::fs::read_to_string(file)
}

fn print(details: &PacketDetails, report: &Report) {
    let mark = |matches| if matches { "ok" } else { "MISMATCH" };
    say(format_args!("packet {}", details.order_no));
    say(format_args!("commitment to the server's seed: {}", mark(report.commitment_matches)));
    say(format_args!("totals, refund, best luck and state: {}", mark(report.totals_match)));
    let wrong: Vec<_> =
        report.shares.iter().enumerate().filter(|(_, share)| !share.matches()).collect();
    say(format_args!("{} shares: {}", report.shares.len(), mark(wrong.is_empty())));
    for (seq, share) in wrong {
        let paid = share.paid.map_or_else(|| "nothing".to_owned(), |paid| paid.get().to_string());
        let expected = share.expected.get();
        say(format_args!("  share {seq}: paid {paid} fen, the seeds say {expected} fen"));
    }
    say(if report.is_ok() { "everything matches" } else { "this packet is not what it says" });
}
