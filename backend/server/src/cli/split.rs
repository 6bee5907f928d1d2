//! `hongbao split`: the split by itself, for statistics and for the doubtful.

use super::Failure;
use clap::ValueEnum;
use hongbao_domain::runtime::{Entropy, SystemEntropy};
use hongbao_shared::{Fen, Kind, Limits, Splitter, Terms, fairness::Seed};
use std::io::{self, BufWriter, ErrorKind, Write};

const BUFFER_BYTES: usize = 64 * 1024;

/// What `hongbao split` takes.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The total of each packet, in fen.
    #[arg(long, value_name = "FEN")]
    total_fen: u64,
    /// The shares of each packet.
    #[arg(long, value_name = "N")]
    shares: u32,
    /// How many packets to split, a line each.
    #[arg(long, value_name = "K", default_value_t = 1)]
    samples: u64,
    /// The most that one share may hold, in fen; 20000 by default.
    #[arg(long, value_name = "FEN")]
    max_share_fen: Option<u64>,
    /// How to cut.
    #[arg(long, value_enum, default_value_t = Cut::Lucky)]
    kind: Cut,
    /// 32 bytes as 64 symbols of hex: the same seed gives the same lines, and the first
    /// is the split under this very seed. Without it, the operating system gives one.
    #[arg(long, value_name = "HEX")]
    seed: Option<String>,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Csv)]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Cut {
    Lucky,
    Equal,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Csv,
}

/// Prints the samples.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let terms = terms(arguments)?;
    let seed = match &arguments.seed {
        Some(hex) => Seed::from_hex(&hex.to_lowercase())
            .map_err(|_| Failure::usage("--seed must be 32 bytes as 64 symbols of hex"))?,
        None => Seed::from_bytes(SystemEntropy.bytes32()),
    };
    let Format::Csv = arguments.format;
    let mut out = BufWriter::with_capacity(BUFFER_BYTES, io::stdout().lock());
    let printed = print(&mut out, &terms, &seed, arguments.samples).and_then(|()| out.flush());
    match printed {
        // `hongbao split … | head` has seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

fn terms(arguments: &Arguments) -> Result<Terms, Failure> {
    let fen = |flag: &str, value| {
        let amount = Fen::new(value).filter(|amount| !amount.is_zero());
        amount.ok_or_else(|| Failure::usage(format!("{flag} must be 1 to {}", Fen::MAX.get())))
    };
    let total = fen("--total-fen", arguments.total_fen)?;
    let max_share = match arguments.max_share_fen {
        Some(value) => fen("--max-share-fen", value)?,
        None => Limits::default().max_share_fen,
    };
    let kind = match arguments.kind {
        Cut::Lucky => Kind::Lucky,
        Cut::Equal => Kind::Equal,
    };
    Terms::new(kind, total, arguments.shares, max_share).map_err(|error| {
        Failure::usage(format!(
            "cannot split {} fen into {} shares of 1 to {} fen: {error}",
            total.get(),
            arguments.shares,
            max_share.get()
        ))
    })
}

fn print(out: &mut impl Write, terms: &Terms, seed: &Seed, samples: u64) -> io::Result<()> {
    for sample in 0..samples {
        for (k, share) in Splitter::new(terms, &seed.sample(sample)).enumerate() {
            let comma = if k == 0 { "" } else { "," };
            write!(out, "{comma}{}", share.get())?;
        }
        out.write_all(b"\n")?;
    }
    Ok(())
}
