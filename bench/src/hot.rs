//! Opens of one hot packet against calls that do nothing.

use crate::{
    report::{Figures, say, say_conditions},
    server::Setup,
    stage::{Cast, FEN_PER_SHARE, Stage, check},
    stats::median,
};
use anyhow::{Context, Result, ensure};
use hongbao_shared::api::packets::Opened;
use std::{fmt, fs, path::Path, path::PathBuf};

/// Deferred crediting is to begin only when the server is stopped.
const DEFERRED_INTERVAL_S: &str = "86400";

/// What `hongbao-bench hot` takes.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The server, built with the feature `bench`.
    #[arg(long, env = "HONGBAO_BIN", value_name = "FILE")]
    server: PathBuf,
    /// How many people open each packet, which has a share for every one of them.
    #[arg(long, default_value_t = 20_000)]
    people: usize,
    /// How many connections they share.
    #[arg(long, default_value_t = 256)]
    connections: usize,
    /// How many rounds count; one more goes before them.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// When claims are credited; each mode gets a server of its own, and all take turns.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Mode::Split])]
    credit: Vec<Mode>,
    /// Where to put the data of the servers; a temporary folder by default.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// When claims reach the wallets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Mode {
    /// The default: large shares at once, small ones through the queue.
    Split,
    /// All through the queue.
    Queue,
    /// Not before the measurement is over.
    Deferred,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Split => "split",
            Self::Queue => "queue",
            Self::Deferred => "deferred",
        })
    }
}

/// A server in one credit mode, and what it has shown.
struct Side {
    mode: Mode,
    stage: Stage,
    no_ops: Vec<Figures>,
    opens: Vec<Figures>,
    ratios: Vec<f64>,
}

/// Measures, prints, audits.
pub async fn run(arguments: Arguments) -> Result<()> {
    ensure!(!arguments.credit.is_empty(), "there is nothing to measure");
    let (people, rounds) = (arguments.people, arguments.rounds);
    let temporary = tempfile::Builder::new().prefix("hongbao-bench").tempdir()?;
    let folder = arguments.data.as_deref().unwrap_or(temporary.path());
    fs::create_dir_all(folder)?;
    say_conditions(folder)?;

    let total_fen = u64::try_from(people)?.saturating_mul(FEN_PER_SHARE);
    let setup = Setup::sized(arguments.server.clone(), people, people, total_fen);
    let all_fen = total_fen.saturating_mul(u64::try_from(rounds + 1)?);
    let origin = folder.join("origin");
    let cast = Cast::assemble(&setup, &origin, people, all_fen).await?;
    let mut sides = Vec::new();
    for mode in arguments.credit {
        let data = folder.join(mode.to_string());
        copy(&origin, &data)?;
        let setup = setup
            .clone()
            .with("HONGBAO_CREDIT_MODE", mode.to_string())
            .with("HONGBAO_CREDIT_DEFERRED_INTERVAL_S", DEFERRED_INTERVAL_S);
        let stage = Stage::start(&setup, &data, cast.clone(), arguments.connections).await?;
        sides.push(Side::new(mode, stage));
    }

    for round in 0..=rounds {
        for side in &mut sides {
            side.round(round, people).await?;
        }
    }
    for side in &sides {
        side.summarize();
    }
    for side in sides {
        side.stage.server.stop_and_audit().await.context(side.mode)?;
    }
    say("audit    clean");
    Ok(())
}

impl Side {
    fn new(mode: Mode, stage: Stage) -> Self {
        Self { mode, stage, no_ops: Vec::new(), opens: Vec::new(), ratios: Vec::new() }
    }

    /// The two sides of one comparison, right after each other.
    async fn round(&mut self, round: usize, people: usize) -> Result<()> {
        let order_no = self.stage.send(people).await?;
        let opens = self.stage.grab(|_| order_no).await?;
        let body = opens.first().and_then(|request| request.rsplit(|byte| *byte == b'\n').next());
        let no_ops = self.stage.no_ops(std::str::from_utf8(body.unwrap_or_default())?);
        let no_op = Figures::of(&self.stage.time(no_ops).await.context("no-op")?);
        let before = self.batches().await?;
        let timed = self.stage.time(opens).await.context("open")?;
        let after = self.batches().await?;
        check(&timed.phase.parse::<Opened>()?, people)?;
        let open = Figures::of(&timed);
        let ratio = open.per_second / no_op.per_second;
        let mode = self.mode;
        let name = if round == 0 { "warm-up".to_owned() } else { format!("round {round}") };
        say(format_args!("{name:8} no-op                  {no_op}"));
        say(format_args!("{name:8} open, credit {mode:8}  {open}  ratio {ratio:.2}"));
        let claims = (after.0 - before.0) / (after.1 - before.1).max(1.0);
        let commit_ms = (after.2 - before.2) * 1e3 / (after.1 - before.1).max(1.0);
        say(format_args!(
            "         {claims:.0} claims per commit, a commit takes {commit_ms:.2} ms"
        ));
        if round > 0 {
            self.no_ops.push(no_op);
            self.opens.push(open);
            self.ratios.push(ratio);
        }
        Ok(())
    }

    /// Claims so far, in how many commits, which took how long.
    async fn batches(&self) -> Result<(f64, f64, f64)> {
        let server = &self.stage.server;
        Ok((
            server.counter("hongbao_claims_total").await?,
            server.counter("hongbao_lane_commit_seconds_count").await?,
            server.counter("hongbao_lane_commit_seconds_sum").await?,
        ))
    }

    fn summarize(&self) {
        let mode = self.mode;
        let (no_op, open) = (Figures::medians(&self.no_ops), Figures::medians(&self.opens));
        let ratio = median(&self.ratios);
        say(format_args!("median   no-op                  {no_op}"));
        say(format_args!("median   open, credit {mode:8}  {open}  ratio {ratio:.2}"));
        // What the ratio would be if nobody else used the machine and nothing waited.
        let cpu = |figures: &Figures| figures.server_us + figures.load_us;
        let by_cpu = cpu(&no_op) / cpu(&open);
        say(format_args!("         ratio of the processor time of both processes {by_cpu:.2}"));
    }
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}
