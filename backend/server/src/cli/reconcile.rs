//! `hongbao reconcile` (R-MONEY-3).

use super::{Common, Failure, admin::enter, on_tokio, say};
use crate::node::open_stores;
use hongbao_config::Config;
use hongbao_domain::{
    runtime::{SystemClock, Tasks},
    store::people::What,
};
use hongbao_engine::{
    keys::Keys,
    keys::seal::Sealer,
    ledger::Ledger,
    reconcile::{Mode, Reconciler, Report},
};
use serde_json::json;
use std::sync::Arc;

/// What `hongbao reconcile` takes.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    common: Common,
    /// Change nothing; say what would be mended.
    #[arg(long)]
    dry_run: bool,
}

/// Prints a report; fails if something is left that only somebody may touch. Works beside
/// a running server, which lands what is made to land again; otherwise the next one does.
pub fn run(arguments: Arguments) -> Result<(), Failure> {
    let config = arguments.common.load_to_change()?;
    let mode = if arguments.dry_run { Mode::DryRun } else { Mode::Mend };
    let report = on_tokio(reconcile(&config, mode))?;
    say(&report);
    if mode == Mode::Mend && report.unread.is_empty() {
        crate::node::reconciled(&config)?;
    }
    if report.is_clean() { Ok(()) } else { Err(Failure::Negative) }
}

/// Without starting the application: its workers are the server's business.
async fn reconcile(config: &Config, mode: Mode) -> Result<Report, Failure> {
    let keys = Keys::read(config)?;
    let sealer = Sealer::new(&keys);
    let zone = config.zone()?;
    let stores = open_stores(config).await?;
    if mode == Mode::Mend {
        enter(&stores, What::Reconcile, &json!({})).await?;
    }
    keys.learn_retired(&*stores.keys).await.map_err(anyhow::Error::from)?;
    let (tasks, clock) = (Tasks::new(), Arc::new(SystemClock));
    let ledger = Arc::new(Ledger::start(Arc::clone(&stores.ledger), clock.clone(), &tasks));
    let lifetime = config.packet_lifetime();
    let reconciler =
        Reconciler::new(stores.clone(), Arc::clone(&ledger), sealer, zone, lifetime, clock);
    let report = reconciler.run(mode).await;
    ledger.shutdown().await;
    tasks.close();
    tasks.wait().await;
    stores.close().await;
    Ok(report)
}
