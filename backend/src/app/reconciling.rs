//! Reconciliation as a part of the application: on a schedule, and before anybody is served
//! from a folder that was restored.

use super::{Lock, Stores, folder};
use crate::{
    config::{Config, ConfigError},
    ledger::Ledger,
    packets::seal::Sealer,
    reconcile::{Reconciler, Schedule},
    runtime::{Clock, Entropy, Zone},
};
use std::sync::Arc;

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

/// Where a folder was restored, its databases may be of different moments: what an older one
/// lacks is made before the next person opens, who would get a share that is somebody's
/// (R-STORE-6). What only somebody may touch is looked at by somebody first. Who has no lock
/// works on databases that are open already, or on a fleet's.
pub(super) async fn make_whole(
    config: &Config,
    lock: Option<&Lock>,
    schedule: &Schedule,
) -> anyhow::Result<()> {
    if lock.is_none() || !folder::is_restored(config)? {
        return Ok(());
    }
    tracing::info!("this folder was restored: it is reconciled before it is served");
    let report = schedule.first().await;
    let (left, unread) = (report.left_count, &report.unread);
    if left > 0 || !unread.is_empty() {
        return Err(ConfigError(format!(
            "what was restored into {} does not fit together: {left} things that only somebody may \
             touch, and {} databases that cannot be read. `hongbao reconcile` says which, \
             docs/OPERATIONS.md what to do; once that has read everything, the server starts",
            config.storage.data.display(),
            unread.len()
        ))
        .into());
    }
    folder::reconciled(config)
}
