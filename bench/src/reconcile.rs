//! What it costs to reconcile a long history, once and from then on, and packets whose
//! shares are on their way (R-MONEY-3).

use crate::{
    fill::{self, Amount},
    machine,
    report::{say, say_conditions},
    stats,
};
use anyhow::{Context, Result, ensure};
use hongbao::node::open_stores;
use hongbao_config::Config;
use hongbao_domain::runtime::{SystemClock, SystemEntropy, Tasks};
use hongbao_engine::{
    keys::Keys,
    keys::seal::Sealer,
    ledger::Ledger,
    reconcile::{Reconciler, Report},
};
use std::{path::Path, sync::Arc, time::Duration};

/// The first looks at everything; those after it at what is left.
const LATER: usize = 3;

/// What `hongbao-bench reconcile` takes.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Finished packets, all of whose shares are credited.
    #[arg(long, default_value_t = 10_000)]
    packets: u64,
    /// Shares of each.
    #[arg(long, default_value_t = 2)]
    shares: u32,
    /// How many packets more have shares on their way: a data folder each.
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 4_000])]
    pending: Vec<u64>,
    /// How many times each is measured, by turns.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
}

/// Fills, reconciles, prints.
pub async fn run(arguments: Arguments) -> Result<()> {
    let Arguments { packets, shares, pending, rounds } = arguments;
    let temporary = tempfile::Builder::new().prefix("hongbao-bench").tempdir()?;
    say_conditions(temporary.path())?;
    let mut later = vec![Vec::new(); pending.len()];
    for round in 1..=rounds {
        for (turn, &pending) in pending.iter().enumerate() {
            let folder = tempfile::Builder::new().tempdir_in(temporary.path())?;
            let people = (packets / 10).max(2 * u64::from(shares));
            let amount = Amount { packets, shares, people, pending };
            fill::fill(folder.path(), amount, |_| ()).await?;
            let runs = reconcile(folder.path()).await?;
            let [(first, all), rest @ ..] = &runs[..] else { continue };
            ensure!(all.packets == packets + pending, "not everything was looked at: {all}");
            for (_, report) in rest {
                ensure!(report.packets == pending, "not what was pending: {report}");
            }
            let rest: Vec<_> = rest.iter().map(|(took, _)| took.as_secs_f64()).collect();
            let rest = stats::median(&rest);
            say(format_args!(
                "round {round:<2} {packets} over, {pending:>6} pending: once {:>8.2} s, then {rest:>7.3} s of processor time",
                first.as_secs_f64()
            ));
            later[turn].push(rest);
        }
    }
    let medians: Vec<_> = later.iter().map(|each| stats::median(each)).collect();
    for (many, took) in pending.iter().zip(&medians).skip(1) {
        say(format_args!(
            "median   {many} pending take {:.2} times as long as {}",
            took / medians[0],
            pending[0]
        ));
    }
    Ok(())
}

/// As a server does on its schedule, but without the rests between; the processor time that
/// each run took, which others on the machine disturb less than the clock on the wall.
async fn reconcile(data: &Path) -> Result<Vec<(Duration, Report)>> {
    let mut config = Config::default();
    config.storage.data = data.to_path_buf();
    let sealer = Sealer::new(&Keys::obtain(&config, &SystemEntropy)?);
    let zone = config.zone()?;
    let stores = open_stores(&config).await?;
    let (tasks, clock) = (Tasks::new(), Arc::new(SystemClock));
    let ledger = Arc::new(Ledger::start(Arc::clone(&stores.ledger), clock.clone(), &tasks));
    let lifetime = config.packet_lifetime();
    let reconciler =
        Reconciler::new(stores.clone(), Arc::clone(&ledger), sealer, zone, lifetime, clock);
    let mut runs = Vec::new();
    for _ in 0..=LATER {
        let before = machine::cpu_time(std::process::id());
        let report = reconciler.go_on(1, Duration::ZERO).await.context("not its turn")?;
        let after = machine::cpu_time(std::process::id());
        runs.push((after.saturating_sub(before), report));
    }
    for (_, report) in &runs {
        ensure!(report.is_clean() && report.mends.is_empty(), "{report}");
    }
    ledger.shutdown().await;
    tasks.close();
    tasks.wait().await;
    stores.close().await;
    Ok(runs)
}
