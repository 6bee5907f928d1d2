//! What becomes of a scene: deliveries and audits.

use super::*;
use hongbao_domain::store::outbox::{Outbox, Settled};
use hongbao_engine::audit::{self, Audited, Report, Tiers};
use std::time::Duration;

impl Scene {
    /// All that there is to audit.
    pub(crate) fn audited(&self, at_rest: bool) -> Audited<'_> {
        Audited {
            at_rest,
            lists: self.lists.as_deref(),
            tiers: Some(Tiers { hot: &self.hot, cold: &self.cold }),
            ..Audited::new(&self.orders, &*self.ledger, &self.sealer)
        }
    }

    pub(crate) async fn audit(&self, at_rest: bool) -> Report {
        audit::run(&self.audited(at_rest)).await.unwrap()
    }

    /// The audit of somebody with another key.
    pub(crate) async fn audit_with_key(&self, key: [u8; 32]) -> Report {
        let sealer = Sealer::new(&Keys::of(key));
        audit::run(&Audited { sealer: &sealer, ..self.audited(true) }).await.unwrap()
    }
}

/// Delivers everything for one destination.
pub(crate) async fn settle<O: Outbox + ?Sized>(store: &O, destination: Destination) {
    becomes(store, destination, "", &Settled::Done).await;
}

/// What becomes of rows for a destination that tell of a packet; the others wait on.
pub(crate) async fn becomes<O: Outbox + ?Sized>(
    store: &O,
    destination: Destination,
    of: impl ToString,
    outcome: &Settled,
) {
    let (lease, of) = (Duration::from_mins(1), of.to_string());
    let rows = store.lease(destination, at(10_000), lease, 10_000).await.unwrap();
    let waits = Settled::Retry { due_at: at(5), error: "waits".to_owned() };
    let settled = rows.iter().map(|row| {
        (row.id, if row.payload.contains(&of) { outcome.clone() } else { waits.clone() })
    });
    store.settle(settled.collect()).await.unwrap();
}
