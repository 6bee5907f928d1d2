//! One packet of very many shares against many packets of a hundred: what an open costs
//! must not depend on the size of its packet.

use crate::{
    load::{Part, nothing_more},
    people::Database,
    report::{Figures, say, say_conditions},
    server::Setup,
    shares::{FEN_PER_SHARE, check},
    stage::{Cast, Stage, Timed},
    stats::median,
};
use anyhow::{Context, Result, ensure};
use hongbao_shared::{OrderNo, api::packets::Opened};
use std::{fs, path::PathBuf};

const SMALL: usize = 100;
/// Each part is looked at in this many stretches, from its first opens to its last.
const STRETCHES: usize = 10;

/// What `hongbao-bench size` takes.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The server.
    #[arg(long, env = "HONGBAO_BIN", value_name = "FILE")]
    server: PathBuf,
    /// Shares of the large packet, and how many people open it: a multiple of 100.
    #[arg(long, default_value_t = 100_000)]
    shares: usize,
    /// How many connections they share.
    #[arg(long, default_value_t = 256)]
    connections: usize,
    /// How many rounds.
    #[arg(long, default_value_t = 2)]
    rounds: usize,
    /// Where to put the data of the server; a temporary folder by default.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Measures, prints, audits.
pub async fn run(arguments: Arguments) -> Result<()> {
    let shares = arguments.shares;
    ensure!(shares > 0 && shares.is_multiple_of(SMALL), "--shares must be a multiple of {SMALL}");
    let temporary = tempfile::Builder::new().prefix("hongbao-bench").tempdir()?;
    let folder = arguments.data.as_deref().unwrap_or(temporary.path());
    fs::create_dir_all(folder)?;
    say_conditions(folder)?;

    let total_fen = u64::try_from(shares)?.saturating_mul(FEN_PER_SHARE);
    // Crediting is the same for both; without it the rounds need less waiting.
    let setup = Setup::sized(arguments.server.clone(), shares, shares, total_fen)
        .with("HONGBAO_CREDIT_MODE", "deferred")
        .with("HONGBAO_CREDIT_DEFERRED_INTERVAL_S", "86400");
    let all_fen = total_fen.saturating_mul(2 * u64::try_from(arguments.rounds)?);
    let cast = Cast::assemble(&setup, folder, Database::Sqlite(folder), shares, all_fen).await?;
    let mut stage = Stage::start(&setup, folder, cast, arguments.connections).await?;

    let (mut smalls, mut larges, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=arguments.rounds {
        let timed = part(&mut stage, shares, SMALL).await?;
        let small = Figures::of(&timed);
        say(format_args!("round {round}  packets of {SMALL:6}  {small}"));
        say(format_args!("         median latency along the way: {}", stretches(&timed)));
        let timed = part(&mut stage, shares, shares).await?;
        let large = Figures::of(&timed);
        let ratio = large.per_second / small.per_second;
        say(format_args!("round {round}  packet of  {shares:6}  {large}  ratio {ratio:.2}"));
        say(format_args!("         median latency along the way: {}", stretches(&timed)));
        smalls.push(small);
        larges.push(large);
        ratios.push(ratio);
    }
    say(format_args!("median   packets of {SMALL:6}  {}", Figures::medians(&smalls)));
    let ratio = median(&ratios);
    say(format_args!(
        "median   packet of  {shares:6}  {}  ratio {ratio:.2}",
        Figures::medians(&larges)
    ));
    stage.stop(true).await?;
    say("audit    clean");
    Ok(())
}

/// Everyone opens one packet; packets have `size` shares each.
async fn part(stage: &mut Stage, people: usize, size: usize) -> Result<Timed> {
    let mut packets: Vec<OrderNo> = Vec::with_capacity(people / size);
    for _ in 0..people / size {
        packets.push(stage.send(size).await?);
    }
    let opens = stage.opens(|who| packets[who / size], people).await?;
    let timed = stage
        .time(Part::of(opens), nothing_more)
        .await
        .with_context(|| format!("packets of {size}"))?;
    for opened in timed.phase.parse::<Opened>()?.chunks(size) {
        check(opened, size)?;
    }
    Ok(timed)
}

/// Requests go out in order, so that stretches of them are stretches of time.
fn stretches(timed: &Timed) -> String {
    let answers = &timed.phase.answers;
    let medians = answers.chunks(answers.len().div_ceil(STRETCHES).max(1)).map(|stretch| {
        let ms: Vec<_> = stretch.iter().map(|one| one.latency.as_secs_f64() * 1e3).collect();
        format!("{:.2}", median(&ms))
    });
    format!("{} ms", medians.collect::<Vec<_>>().join(" "))
}
