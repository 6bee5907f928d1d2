//! Reconciliation (R-MONEY-3, R-LIST-1): compares what the databases say of each other,
//! in both directions, mends what went missing and reports what differs.
//!
//! The laws are those of the audit. What is missing and must be there is made by the key
//! under which it would have come, so that mending what is merely late changes nothing.
//! Whatever differs is never touched.
//!
//! It may run beside a server. What an outbox row still tells of is on its way and left
//! alone; rows are asked for between two looks at their destination, and a row goes only
//! after what it brings has arrived, so nothing is taken for lost that is only late.

mod landings;
mod lists;
mod pace;
mod packets;
mod report;
mod task;

pub use report::{LeftOver, Repair, Repaired, Report};
pub use task::Schedule;

use crate::{
    app::Stores,
    audit::{self, Audited, Law, Subject, Tally},
    ledger::Ledger,
    packets::seal::Sealer,
    runtime::{Clock, Zone},
    store::{
        StoreError,
        orders::OrderStore,
        outbox::{Destination, Fate},
    },
};
use hongbao_shared::{Day, Shard, Site, order_no::DAYS};
use std::sync::Arc;

/// How many rows are read at once; small, because others want to read as well.
const PAGE: u32 = 200;
/// How often something that differs is looked at while it keeps moving.
const LOOKS_MAX: u32 = 20;

/// May anything be changed?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// What went missing is mended.
    Mend,
    /// Nothing is changed; the report says what would be.
    DryRun,
}

/// Compares, mends and reports.
#[derive(Debug)]
pub struct Reconciler {
    stores: Stores,
    ledger: Arc<Ledger>,
    sealer: Sealer,
    zone: Zone,
    clock: Arc<dyn Clock>,
    one_at_a_time: tokio::sync::Mutex<()>,
}

/// One reconciliation under way.
struct Run<'a> {
    of: &'a Reconciler,
    audited: Audited<'a>,
    mode: Mode,
    report: Report,
}

impl Reconciler {
    /// Of these databases; credits and refunds go through `ledger`, months of lists are
    /// those of `zone`.
    pub fn new(
        stores: Stores,
        ledger: Arc<Ledger>,
        sealer: Sealer,
        zone: Zone,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { stores, ledger, sealer, zone, clock, one_at_a_time: tokio::sync::Mutex::new(()) }
    }

    /// Goes through everything once. What cannot be read is named in the report; one run
    /// waits for another of this process. It can be dropped between any two steps.
    pub async fn run(&self, mode: Mode) -> Report {
        let _alone = self.one_at_a_time.lock().await;
        // Lists are compared by what can be written again; tiers cannot be mended.
        let audited = Audited::new(&self.stores.orders, &*self.stores.ledger, &self.sealer);
        let report = Report::begun(self.clock.now(), mode);
        let mut run = Run { of: self, audited, mode, report };
        run.all().await;
        run.report.ended_at = self.clock.now();
        run.report.publish();
        run.report
    }
}

impl Run<'_> {
    async fn all(&mut self) {
        let books = self.books().await;
        self.unless_unread("ledger", books);
        let landings = self.landings().await;
        self.unless_unread("payments", landings);
        for ((site, shard), store) in &self.of.stores.orders {
            let read = self.shard(*site, *shard, &**store).await;
            self.unless_unread(&format!("order shard {site}{shard}"), read);
        }
        let lists = self.strange_lists().await;
        self.unless_unread("lists", lists);
        let dead = self.dead_letters().await;
        self.unless_unread("outboxes", dead);
    }

    /// One database that is down does not keep the others from being reconciled.
    fn unless_unread(&mut self, what: &str, read: Result<(), impl Into<anyhow::Error>>) {
        if let Err(error) = read {
            self.report.unread.push(format!("{what}: {:#}", error.into()));
        }
    }

    /// The ledger against itself; nothing of it can be mended.
    async fn books(&mut self) -> Result<(), StoreError> {
        let mut found = audit::books(&self.audited).await?;
        let read = audit::accounts(&self.audited, &mut found).await;
        self.report.take(&found.violations);
        read
    }

    async fn shard(
        &mut self,
        site: Site,
        shard: Shard,
        store: &dyn OrderStore,
    ) -> Result<(), StoreError> {
        for day in (0..DAYS).filter_map(Day::new) {
            let mut after = None;
            loop {
                let page = match store.packets_page(day, after, PAGE).await {
                    Err(StoreError::Corrupt(what)) => {
                        let place = format!("order shard {site}{shard} day {}", day.get());
                        let law = Law::StoredDataIsReadable.name();
                        self.report.leave(law, Subject::Place(place), what);
                        break;
                    }
                    page => page?,
                };
                let Some(last) = page.last() else { break };
                after = Some(last.order_no);
                for packet in page {
                    self.packet(store, packet).await?;
                }
            }
        }
        Ok(())
    }

    async fn dead_letters(&mut self) -> Result<(), StoreError> {
        let mut dead = 0_u64;
        for destination in Destination::ALL {
            for store in self.of.stores.orders.values() {
                dead = dead.saturating_add(store.backlog(destination).await?.dead);
            }
            let backlog = self.of.stores.ledger.backlog(destination).await?;
            dead = dead.saturating_add(backlog.dead);
        }
        self.report.dead_letters = dead;
        if self.may_mend() {
            for store in self.of.stores.orders.values() {
                let revived = self.revive(&**store).await?;
                self.report.revived = self.report.revived.saturating_add(revived);
            }
        }
        Ok(())
    }

    /// Has dead credits and refunds tried again: their keys make that harmless, and whatever
    /// made them die may be over (R-MONEY-6). What dies once more is found once more.
    async fn revive(&self, store: &dyn OrderStore) -> Result<u64, StoreError> {
        let (mut revived, mut after) = (0_u64, 0);
        loop {
            let page = store.failed(Fate::Dead, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(revived) };
            after = last.id;
            for row in page {
                let brings_money =
                    matches!(row.destination, Destination::Credit | Destination::Refund);
                if brings_money && store.revive(row.id, self.of.clock.now()).await?.is_some() {
                    revived = revived.saturating_add(1);
                }
            }
        }
    }

    fn may_mend(&self) -> bool {
        self.mode == Mode::Mend
    }

    fn on_the_way(&mut self, tally: Tally) {
        self.report.on_the_way.append(tally);
    }
}
