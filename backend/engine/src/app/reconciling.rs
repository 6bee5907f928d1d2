//! Reconciliation as a part of the application: on a schedule, and before anybody is served
//! from a folder that was restored.

use super::Stores;
use crate::{
    keys::seal::Sealer,
    ledger::Ledger,
    reconcile::{Reconciler, Schedule},
};
use hongbao_config::Config;
use hongbao_domain::runtime::{Clock, Entropy, Zone};
use std::sync::Arc;

/// What was restored does not fit together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{left} things that only somebody may touch, and {unread} databases that cannot be read")]
pub struct NotWhole {
    /// How much was left as it is.
    pub left: u64,
    /// How many databases could not be read.
    pub unread: usize,
}

pub(super) fn schedule(
    config: &Config,
    stores: &Stores,
    ledger: &Arc<Ledger>,
    sealer: &Sealer,
    zone: &Zone,
    clock: &Arc<dyn Clock>,
    entropy: &dyn Entropy,
) -> Arc<Schedule> {
    let (ledger, clock) = (Arc::clone(ledger), Arc::clone(clock));
    let (sealer, zone) = (sealer.clone(), zone.clone());
    let lifetime = config.packet_lifetime();
    let reconciler = Reconciler::new(stores.clone(), ledger, sealer, zone, lifetime, clock);
    let interval_s = config.reconcile.interval_s;
    // Nobody else is asked to wait where nothing is scheduled.
    let node = if interval_s > 0 { entropy.bits().cast_signed() } else { 0 };
    Arc::new(Schedule::new(reconciler, node, interval_s))
}

/// Databases that were restored may be of different moments: what an older one lacks is made
/// before the next person opens, who would get a share that is somebody's (R-STORE-6). What only
/// somebody may touch is looked at by somebody first.
pub(super) async fn make_whole(schedule: &Schedule) -> Result<(), NotWhole> {
    tracing::info!("what was restored is reconciled before it is served");
    let report = schedule.first().await;
    let (left, unread) = (report.left_count, report.unread.len());
    if left > 0 || unread > 0 { Err(NotWhole { left, unread }) } else { Ok(()) }
}
