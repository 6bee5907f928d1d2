//! The audit (R-MONEY-5): proves against the stored data that every fen is where it
//! should be. It reads by pages and holds one packet's people at a time, so that its
//! memory does not grow with the data.
//!
//! It may run beside a server. What moves meanwhile is looked at again before it is
//! called wrong, and what is on its way is counted as such, unless nothing is there
//! that would bring it. `at_rest` allows nothing to be on its way.

mod books;
mod law;
mod packet;
mod payments;
mod report;
mod shards;

pub use law::Law;
pub use report::{Counts, LISTED_MAX, Report, Subject, Tally, Violation, Violations};
// Reconciliation goes by the same laws.
pub(crate) use {books::audit as books, payments::not_landed, shards::check as check_packet};

use crate::{
    packets::seal::Sealer,
    store::{
        ledger::LedgerStore,
        orders::OrderStore,
        outbox::{Destination, Outbox},
    },
};
use hongbao_shared::{Shard, Site};
use std::{collections::BTreeMap, sync::Arc};

/// How many rows are read at once.
const PAGE: u32 = 1_000;
/// How often something that does not hold is looked at while it keeps moving.
const LOOKS_MAX: u32 = 50;

/// What is audited.
#[derive(Clone, Copy, Debug)]
pub struct Audited<'a> {
    /// The order shards of all sites.
    pub orders: &'a BTreeMap<(Site, Shard), Arc<dyn OrderStore>>,
    /// The books.
    pub ledger: &'a dyn LedgerStore,
    /// Opens the server seeds, to draw every share again.
    pub sealer: &'a Sealer,
    /// Nothing may be on its way.
    pub at_rest: bool,
}

/// Checks every law; an error means that something could not be read, which proves
/// nothing either way.
pub async fn run(audited: &Audited<'_>) -> anyhow::Result<Report> {
    let mut report = Report { at_rest: audited.at_rest, ..Report::default() };
    books::audit(audited, &mut report).await?;
    payments::audit(audited, &mut report).await?;
    shards::audit(audited, &mut report).await?;
    outbox(audited, "ledger", audited.ledger, &mut report).await?;
    for ((site, shard), store) in audited.orders {
        outbox(audited, &format!("order shard {site}{shard}"), &**store, &mut report).await?;
    }
    Ok(report)
}

/// What waits in one database's outbox.
async fn outbox<O: Outbox + ?Sized>(
    audited: &Audited<'_>,
    place: &str,
    store: &O,
    report: &mut Report,
) -> anyhow::Result<()> {
    for destination in Destination::ALL {
        let backlog = store.backlog(destination).await?;
        report.counts.waiting = report.counts.waiting.saturating_add(backlog.waiting);
        report.counts.dead = report.counts.dead.saturating_add(backlog.dead);
        let empty = backlog.waiting == 0 && backlog.dead == 0;
        report.violations.check(
            empty || !audited.at_rest,
            Law::OutboxIsEmpty,
            Subject::Place(place.to_owned()),
            || {
                format!(
                    "{} rows wait and {} are dead for {}",
                    backlog.waiting,
                    backlog.dead,
                    destination.as_str()
                )
            },
        );
    }
    Ok(())
}
