//! The same work for several servers by turns: ours, rivals, and those that do nothing.

mod contestant;
mod eve;
mod results;
mod workload;

use crate::{
    load::Load,
    report::{Figures, say, say_conditions},
    server::Setup,
    stage::Stage,
};
use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use contestant::{Contestant, Scene};
use results::{Conditions, Results};
use std::{fmt, fs, mem::take, path::PathBuf};
use workload::{Asked, Workload};

/// What `hongbao-bench contest` takes.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The server.
    #[arg(long, env = "HONGBAO_BIN", value_name = "FILE")]
    server: PathBuf,
    /// What everyone does, one after the other.
    #[arg(long = "workload", value_enum, value_delimiter = ',', default_values_t = [Workload::Hot])]
    workloads: Vec<Workload>,
    /// Who takes part.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = Contestant::value_variants().to_vec())]
    contestants: Vec<Contestant>,
    /// How many people there are.
    #[arg(long, default_value_t = 20_000)]
    people: usize,
    /// How many calls `eve` has, not counting what follows from their answers: about a minute.
    #[arg(long, default_value_t = 1_000_000)]
    calls: usize,
    /// How many connections they share.
    #[arg(long, default_value_t = 256)]
    connections: usize,
    /// How many rounds count; one more goes before them.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Connections of the row lock to its database.
    #[arg(long, default_value_t = 8)]
    row_lock_pool: u32,
    /// Connections of the Lua script to its Redis server, shared by all calls.
    #[arg(long, default_value_t = 2)]
    redis_pool: u32,
    /// Where to put the data of the servers but the database servers'; a temporary folder by
    /// default.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// A file for all that was measured, as JSON.
    #[arg(long, env = "HONGBAO_BENCH_RESULTS", value_name = "FILE")]
    results: Option<PathBuf>,
    /// Wait for nobody to come to rest: quick, and the figures mean nothing.
    #[arg(long, hide = true)]
    hasty: bool,
}

/// By the name that the command line has for it.
fn shown(value: &impl ValueEnum, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    value.to_possible_value().map_or(Ok(()), |value| f.pad(value.get_name()))
}

/// One who takes part, and what they have shown.
struct Side {
    contestant: Contestant,
    stage: Stage,
    rounds: Vec<Figures>,
    /// Shares that were opened here, the first round's included.
    opened: u64,
}

/// Measures, prints, proves.
pub async fn run(arguments: Arguments) -> Result<()> {
    let Arguments { workloads, people, connections, rounds, calls, .. } = arguments;
    let mut contestants = arguments.contestants;
    contestants.retain(|one| workloads.iter().any(|workload| workload.suits(*one)));
    ensure!(!contestants.is_empty() && people > 0, "there is nothing to measure");
    let temporary = tempfile::Builder::new().prefix("hongbao-bench").tempdir()?;
    let folder = arguments.data.as_deref().unwrap_or(temporary.path());
    fs::create_dir_all(folder)?;
    say_conditions(folder)?;

    let total_fen = workload::cost(people)?;
    let shares = workload::shares(people);
    let setup = Setup::sized(arguments.server.clone(), people, shares, total_fen);
    let fen = total_fen.saturating_mul(u64::try_from((rounds + 1) * workloads.len())?);
    let (row_lock_pool, redis_pool) = (arguments.row_lock_pool, arguments.redis_pool);
    let scene =
        Scene::set(setup, folder, people, connections, fen, row_lock_pool, redis_pool).await?;
    let mut conditions = Conditions::of(folder, &arguments.server)?;
    let mut sides = Vec::new();
    for contestant in contestants {
        let mut stage = contestant.start(&scene).await.context(contestant)?;
        stage.settles = !arguments.hasty;
        conditions.ask(&stage.engines).await?;
        sides.push(Side { contestant, stage, rounds: Vec::new(), opened: 0 });
    }
    let mut results = Results::of(conditions);
    for workload in workloads {
        say(format_args!("workload {workload}"));
        let mut sides: Vec<_> =
            sides.iter_mut().filter(|side| workload.suits(side.contestant)).collect();
        for round in 0..=rounds {
            for side in &mut sides {
                side.round(workload, calls, round).await.with_context(|| side.contestant)?;
            }
        }
        let rounds = sides.iter_mut().map(|side| (side.contestant, take(&mut side.rounds)));
        results.add(workload, &rounds.collect::<Vec<_>>());
    }
    if let Some(file) = &arguments.results {
        fs::write(file, serde_json::to_vec_pretty(&results)?).context("cannot write results")?;
    }
    for side in sides {
        let contestant = side.contestant;
        contestant.prove(side.stage, folder, side.opened).await.context(contestant)?;
    }
    say("proved   no share is double, and every sum is right");
    Ok(())
}

impl Side {
    async fn round(&mut self, workload: Workload, calls: usize, round: usize) -> Result<()> {
        let Asked { part, eve } = workload.asked(&mut self.stage, calls).await?;
        let before = self.stage.batches().await?;
        let delivered = async |load: &mut Load| match &eve {
            Some(eve) => eve.delivered(load).await,
            None => Ok(()),
        };
        let timed = self.stage.time(part, delivered).await?;
        if let Some(eve) = &eve {
            eve.check()?;
        }
        let opened = workload.check(self.stage.manner, &timed.phase)?;
        self.opened += u64::try_from(opened)?;
        let figures = Figures::of(&timed);
        let name = if round == 0 { "warm-up".to_owned() } else { format!("round {round}") };
        say(format_args!("{name:8} {:9} {figures}", self.contestant));
        let after = self.stage.batches().await?;
        if let Some(batches) = after.since(before) {
            say(format_args!("         {batches}"));
        }
        if round > 0 {
            self.rounds.push(figures);
        }
        // What is left to deliver here must not slow down whoever is next.
        self.stage.idle().await
    }
}
