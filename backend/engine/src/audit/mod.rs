//! The audit (R-MONEY-5): proves against the stored data that every fen is where it
//! should be. It reads by pages, all tables side by side in the order of packets, and holds
//! one packet at a time, so that its memory does not grow with the data.
//!
//! It may run beside a server. What moves meanwhile is looked at again before it is
//! called wrong, and what is on its way is counted as such, unless nothing is there
//! that would bring it. `at_rest` allows nothing to be on its way.
//!
//! [`run`] walks everything. [`packet`], [`account`], [`books`] and [`outboxes`] look at one
//! thing by the same checks, cheaply enough for every step of a simulation.

mod accounts;
mod arrival;
mod cursor;
mod evidence;
mod journal;
mod law;
mod lists;
mod look;
mod numbers;
mod packet;
mod report;
mod sums;
mod tiers;
mod walk;
mod watch;
mod whole;

pub use law::{Law, Scope};
pub use report::{Counts, LISTED_MAX, Report, Subject, Tally, Violation, Violations};
pub use watch::{Progress, Stage, Watch};
// Reconciliation goes by the same laws.
pub(crate) use {
    accounts::audit as accounts,
    arrival::announced,
    look::look,
    packet::Checked,
    walk::{Named, Visit, Walk},
};

use crate::keys::seal::Sealer;
use hongbao_domain::store::{
    StoreError,
    cold::ColdStore,
    ledger::{Account, LedgerStore},
    lists::ListStore,
    orders::OrderStore,
    outbox::{Destination, Fate, Outbox, events_of, order_of},
    people::JournalStore,
};
use hongbao_shared::{OrderNo, Shard, Site};
use std::{collections::BTreeMap, sync::Arc};

/// How many rows are read at once.
const PAGE: u32 = 2_000;
/// How often something that does not hold is looked at while it keeps moving.
const LOOKS_MAX: u32 = 50;

/// What is audited.
#[derive(Clone, Copy, Debug)]
pub struct Audited<'a> {
    /// The order shards of all sites, each with what has moved to cold storage.
    pub orders: &'a BTreeMap<(Site, Shard), Arc<dyn OrderStore>>,
    /// The books.
    pub ledger: &'a dyn LedgerStore,
    /// Opens the server seeds, to draw every share again.
    pub sealer: &'a Sealer,
    /// Nothing may be on its way.
    pub at_rest: bool,
    /// The lists, if they are to be compared with the orders.
    pub lists: Option<&'a dyn ListStore>,
    /// The two tiers, if they are to be compared with each other.
    pub tiers: Option<Tiers<'a>>,
    /// What administrators and services did, if that is to be looked at.
    pub journal: Option<&'a dyn JournalStore>,
    /// Hears how far [`run`] has come.
    pub watch: Option<&'a dyn Watch>,
}

/// Hot tables and cold storage apart.
#[derive(Clone, Copy, Debug)]
pub struct Tiers<'a> {
    /// The hot tables of each shard, alone.
    pub hot: &'a BTreeMap<(Site, Shard), Arc<dyn OrderStore>>,
    /// The cold database of each site.
    pub cold: &'a BTreeMap<Site, Arc<dyn ColdStore>>,
}

impl<'a> Audited<'a> {
    /// Orders and books alone, beside a running server and unwatched.
    pub fn new(
        orders: &'a BTreeMap<(Site, Shard), Arc<dyn OrderStore>>,
        ledger: &'a dyn LedgerStore,
        sealer: &'a Sealer,
    ) -> Self {
        let (lists, tiers, journal, watch) = (None, None, None, None);
        Self { orders, ledger, sealer, at_rest: false, lists, tiers, journal, watch }
    }

    /// Where a packet lives; `None` if its number says a shard that is not there.
    fn store_of(&self, order_no: OrderNo) -> Option<&'a dyn OrderStore> {
        self.orders.get(&(order_no.site(), order_no.shard())).map(|store| &**store)
    }

    fn report(&self) -> Report {
        Report { at_rest: self.at_rest, ..Report::default() }
    }
}

/// Checks every law; an error means that something could not be read, which proves
/// nothing either way.
pub async fn run(audited: &Audited<'_>) -> Result<Report, StoreError> {
    let mut report = books(audited).await?;
    accounts(audited, &mut report).await?;
    whole::audit(audited, &mut report).await?;
    tiers::audit(audited, &mut report).await?;
    lists::audit(audited, &mut report).await?;
    wait(audited, &mut report).await?;
    journal::audit(audited, &mut report).await?;
    Ok(report)
}

/// The laws of one packet, whether it has landed or not (see [`Scope::Packet`]).
pub async fn packet(audited: &Audited<'_>, order_no: OrderNo) -> Result<Report, StoreError> {
    let mut report = audited.report();
    let found = look(audited, order_no).await?;
    report.counts.payments = u64::from(found.is_paid);
    arrival::check(audited, order_no, &found, &mut report.violations).await?;
    found.into_report(&mut report);
    Ok(report)
}

/// The laws of one account that its sums show: what it holds and what it was credited.
pub async fn account(audited: &Audited<'_>, account: Account) -> Result<Report, StoreError> {
    let mut report = audited.report();
    report.counts.accounts = 1;
    accounts::compare(audited.ledger, account, &mut report).await?;
    Ok(report)
}

/// The law of the books as a whole: no fen comes or goes.
pub async fn books(audited: &Audited<'_>) -> Result<Report, StoreError> {
    let mut report = audited.report();
    let total = audited.ledger.total().await?;
    report.violations.check(
        total == 0,
        Law::TotalIsZero,
        Subject::Place("ledger".to_owned()),
        || format!("all balances add up to {total}"),
    );
    Ok(report)
}

/// What waits in the outboxes; at rest, nothing may.
pub async fn outboxes(audited: &Audited<'_>) -> Result<Report, StoreError> {
    let mut report = audited.report();
    wait(audited, &mut report).await?;
    Ok(report)
}

async fn wait(audited: &Audited<'_>, report: &mut Report) -> Result<(), StoreError> {
    outbox(audited, "ledger", audited.ledger, report).await?;
    for ((site, shard), store) in audited.orders {
        outbox(audited, &format!("order shard {site}{shard}"), &**store, report).await?;
    }
    Ok(())
}

/// What waits in one database's outbox.
async fn outbox<O: Outbox + ?Sized>(
    audited: &Audited<'_>,
    place: &str,
    store: &O,
    report: &mut Report,
) -> Result<(), StoreError> {
    for destination in Destination::every() {
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
    dead(audited, place, store, report).await
}

/// A row that only an administrator can move brings nothing (R-MONEY-3): what it should
/// bring is missing, whatever else waits.
async fn dead<O: Outbox + ?Sized>(
    audited: &Audited<'_>,
    place: &str,
    store: &O,
    report: &mut Report,
) -> Result<(), StoreError> {
    let mut after = 0;
    loop {
        let page = store.failed(Fate::Dead, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.id;
        for row in page {
            let law = match row.destination {
                Destination::Land => Law::PaymentLands,
                Destination::Credit => Law::ClaimIsCredited,
                Destination::Refund => Law::RefundIsDue,
                Destination::Lists if audited.lists.is_some() => Law::EverythingIsListed,
                Destination::Lists | Destination::Chat | Destination::Later => Law::OutboxIsEmpty,
            };
            let events = events_of(&row.payload);
            let subject = events
                .iter()
                .find_map(order_of)
                .map_or_else(|| Subject::Place(place.to_owned()), Subject::Packet);
            let (destination, id, error) = (row.destination.as_str(), row.id, row.error);
            let what = format!("row {id} for {destination} is dead: {error}");
            report.violations.note(law, subject, what);
        }
    }
}
