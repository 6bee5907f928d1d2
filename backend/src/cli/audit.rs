//! `hongbao audit` (R-MONEY-5).

use super::{Common, Failure, on_tokio, require_data, say};
use crate::{
    app::Stores,
    audit::{self, Audited, Report},
    config::{Config, MasterKey},
    packets::seal::{self, Sealer},
    runtime::SystemEntropy,
};

/// What `hongbao audit` takes.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    common: Common,
    /// Nothing may be on its way any more: every claim credited, every outbox empty.
    /// True of a server that has ended by itself.
    #[arg(long)]
    at_rest: bool,
}

/// Prints a report; fails if one fen is off.
pub fn run(arguments: Arguments) -> Result<(), Failure> {
    let config = arguments.common.load(None)?;
    require_data(&config)?;
    let report = on_tokio(audit(&config, arguments.at_rest))?;
    say(&report);
    if report.is_clean() { Ok(()) } else { Err(Failure::Negative) }
}

async fn audit(config: &Config, at_rest: bool) -> Result<Report, Failure> {
    let key = MasterKey::obtain(config, &SystemEntropy)?;
    let sealer = Sealer::new(key.derive(seal::KEY_LABEL));
    let stores = Stores::open(config).await?;
    let (orders, ledger) = (&stores.orders, &*stores.ledger);
    let report = audit::run(&Audited { orders, ledger, sealer: &sealer, at_rest }).await;
    stores.close().await;
    Ok(report?)
}
