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

mod heard;
mod landings;
mod lists;
mod pace;
mod packets;
mod rebuild;
mod report;
mod task;
mod whole;

pub use report::{LeftOver, Repair, Repaired, Report};
pub use task::Schedule;

use crate::{
    audit::{self, Audited, Law, Subject, Tally},
    keys::seal::Sealer,
    ledger::Ledger,
    stores::Stores,
};
use hongbao_domain::{
    planted::Bug,
    runtime::{Clock, Zone},
    store::{
        StoreError,
        orders::{OrderStore, Progress, StoredState},
        outbox::{Destination, Fate},
        reconciled::Reconciled,
    },
};
use hongbao_shared::{Day, OrderNo, Shard, Site, Timestamp, order_no::DAYS};
use std::{collections::BTreeSet, sync::Arc, time::Duration};

/// How many rows are read at once; small, because others want to read as well.
const PAGE: u32 = 200;
/// How often something that differs is looked at while it keeps moving.
const LOOKS_MAX: u32 = 20;

/// A node that dies within a scheduled run leaves it to another after this; one that lives holds
/// on to it.
const TURN: Duration = Duration::from_mins(10);
/// So often it says that it lives.
const HOLDS_EVERY: Duration = Duration::from_secs(TURN.as_secs() / 3);
/// Clocks of nodes differ by less: what ended so long before a run began is seen by it.
const CLOCKS_DIFFER: Duration = Duration::from_mins(10);
/// After a longer pause, everything is seen again: days may have been emptied meanwhile.
const PAUSE_MAX: Duration = Duration::from_hours(12);
/// So many of the newest transfers are seen once more: some are committed after others that
/// have higher ids.
const TRANSFERS_AGAIN: i64 = 1_000;
/// The most packets that are kept to be looked at once more; if there are more, the next run
/// sees all that this one saw.
const AGAIN_MAX: usize = 10_000;

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
    /// For how long a packet is open after it has landed.
    lifetime: Duration,
    clock: Arc<dyn Clock>,
    one_at_a_time: tokio::sync::Mutex<()>,
}

/// One reconciliation under way.
struct Run<'a> {
    of: &'a Reconciler,
    audited: Audited<'a>,
    mode: Mode,
    report: Report,
    /// What was not over, or not as it should be.
    again: BTreeSet<OrderNo>,
}

impl Reconciler {
    /// Of these databases; credits and refunds go through `ledger`, months of lists are
    /// those of `zone`, and a packet is open for `lifetime`.
    pub fn new(
        stores: Stores,
        ledger: Arc<Ledger>,
        sealer: Sealer,
        zone: Zone,
        lifetime: Duration,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let one_at_a_time = tokio::sync::Mutex::new(());
        Self { stores, ledger, sealer, zone, lifetime, clock, one_at_a_time }
    }

    /// Goes through everything once. What cannot be read is named in the report; one run
    /// waits for another of this process. It can be dropped between any two steps.
    pub async fn run(&self, mode: Mode) -> Report {
        let _alone = self.one_at_a_time.lock().await;
        self.go(mode, None).await.0
    }

    /// Goes on from what earlier runs of all nodes have seen, if it is time for one: none is
    /// under way, and no other node has ended one within `interval`. History is seen once;
    /// what is new, open, or was not over or not as it should be, is seen each time. `None` also
    /// if another node has begun meanwhile, because this one stood still for too long.
    pub async fn go_on(&self, node: i64, interval: Duration) -> Option<Report> {
        let _alone = self.one_at_a_time.lock().await;
        let began = self.clock.now();
        let seen = match self.take_turn(node, interval).await {
            Ok(seen) => seen?,
            Err(error) => {
                tracing::warn!(%error, "reconciliation cannot begin");
                return None;
            }
        };
        let newest = self.stores.ledger.transfers_about().await.unwrap_or_default();
        // Nor from what a clock that was ahead has noted: what came since would be left out.
        let lately = began.minus(PAUSE_MAX)..=began.plus(CLOCKS_DIFFER);
        let goes_on = seen.since.is_some_and(|since| lately.contains(&since));
        let (report, again) = tokio::select! {
            biased;
            done = self.go(Mode::Mend, goes_on.then_some(&seen)) => done,
            () = self.lose_turn(node, interval) => {
                tracing::warn!("another node reconciles by now, and this one leaves it to that");
                return None;
            }
        };
        let is_whole = report.unread.is_empty() && again.len() <= AGAIN_MAX;
        let seen = if is_whole {
            let newest = i64::try_from(newest).unwrap_or_default();
            Reconciled {
                since: Some(began),
                transfer_id: newest.saturating_sub(TRANSFERS_AGAIN).max(0),
                again: again.into_iter().collect(),
            }
        } else {
            seen
        };
        let ended = self.stores.ledger.end_reconciliation(node, self.clock.now(), seen).await;
        if let Err(error) = ended {
            tracing::warn!(%error, "the next reconciliation sees all of this once more");
        }
        Some(report)
    }

    async fn take_turn(
        &self,
        node: i64,
        interval: Duration,
    ) -> Result<Option<Reconciled>, StoreError> {
        let now = self.clock.now();
        let interval_ms = i64::try_from(interval.as_millis()).unwrap_or(i64::MAX);
        let before = Timestamp::from_millis(now.millis().saturating_sub(interval_ms));
        self.stores.ledger.begin_reconciliation(node, now, now.plus(TURN), before).await
    }

    /// Holds on to the turn; returns when another node has it.
    async fn lose_turn(&self, node: i64, interval: Duration) {
        loop {
            tokio::time::sleep(HOLDS_EVERY).await;
            match self.take_turn(node, interval).await {
                Ok(Some(_)) => {}
                Ok(None) => return,
                Err(error) => tracing::warn!(%error, "a turn of reconciliation is not renewed"),
            }
        }
    }

    async fn go(&self, mode: Mode, on: Option<&Reconciled>) -> (Report, BTreeSet<OrderNo>) {
        // Lists are compared by what can be written again; tiers cannot be mended.
        let audited = Audited::new(&self.stores.orders, &*self.stores.ledger, &self.sealer);
        let report = Report::begun(self.clock.now(), mode);
        let mut run = Run { of: self, audited, mode, report, again: BTreeSet::new() };
        match on {
            None => run.all().await,
            Some(seen) => run.rest(seen).await,
        }
        run.report.ended_at = self.clock.now();
        run.report.publish();
        (run.report, run.again)
    }
}

impl Run<'_> {
    async fn all(&mut self) {
        let books = self.books().await;
        self.unless_unread("ledger", books);
        let all = self.everything().await;
        self.unless_unread("payments", all);
        let dead = self.dead_letters().await;
        self.unless_unread("outboxes", dead);
    }

    /// What is new, open, or was not over or not as it should be.
    async fn rest(&mut self, seen: &Reconciled) {
        let books = self.total().await;
        self.unless_unread("ledger", books);
        let landings = self.new_landings(seen).await;
        self.unless_unread("payments", landings);
        let since = seen.since.unwrap_or(Timestamp::from_millis(0));
        let since = since.minus(CLOCKS_DIFFER).millis();
        for ((site, shard), store) in &self.of.stores.orders {
            let since = Timestamp::from_millis(since);
            let read = self.shard(*site, *shard, &**store, since).await;
            self.unless_unread(&format!("order shard {site}{shard}"), read);
        }
        for order_no in &seen.again {
            let read = self.once_more(*order_no, since).await;
            self.unless_unread(&order_no.to_string(), read);
        }
        let dead = self.dead_letters().await;
        self.unless_unread("outboxes", dead);
    }

    /// A packet that an earlier run has noted, unless this one has seen it already.
    async fn once_more(&mut self, order_no: OrderNo, since: i64) -> Result<(), StoreError> {
        let place = (order_no.site(), order_no.shard());
        let Some(store) = self.of.stores.orders.get(&place) else { return Ok(()) };
        if self.again.contains(&order_no) {
            return Ok(());
        }
        match store.packet(order_no).await {
            // Said where it is looked at.
            Err(StoreError::Corrupt(_)) => {}
            packet => {
                let Some(packet) = packet? else { return Ok(()) };
                let Progress { state, finished_at, .. } = packet.progress;
                let is_seen = finished_at.is_none_or(|ended| ended.millis() >= since);
                // Tombstones are seen with the payments.
                if is_seen || state == StoredState::GivenUp {
                    return Ok(());
                }
            }
        }
        self.packet(&**store, order_no).await
    }

    /// No fen comes or goes.
    async fn total(&mut self) -> Result<(), StoreError> {
        let found = audit::books(&self.audited).await?;
        self.report.take(&found.violations);
        Ok(())
    }

    /// One database that is down does not keep the others from being reconciled.
    fn unless_unread(&mut self, what: &str, read: Result<(), impl Into<anyhow::Error>>) {
        if let Err(error) = read {
            self.unread(what, error);
        }
    }

    fn unread(&mut self, what: &str, error: impl Into<anyhow::Error>) {
        self.report.unread.push(format!("{what}: {:#}", error.into()));
    }

    /// The ledger against itself; nothing of it can be mended.
    async fn books(&mut self) -> Result<(), StoreError> {
        let mut found = audit::books(&self.audited).await?;
        let read = audit::accounts(&self.audited, &mut found).await;
        self.report.take(&found.violations);
        read
    }

    /// What is open, or has ended since.
    async fn shard(
        &mut self,
        site: Site,
        shard: Shard,
        store: &dyn OrderStore,
        since: Timestamp,
    ) -> Result<(), StoreError> {
        for day in (0..DAYS).filter_map(Day::new) {
            let mut after = None;
            loop {
                let page = match store.hot().unsettled(day, since, after, PAGE).await {
                    // A number that is none.
                    Err(StoreError::Corrupt(what)) => {
                        let place = format!("order shard {site}{shard} day {}", day.get());
                        let law = Law::StoredDataIsReadable.name();
                        self.report.leave(law, Subject::Place(place), what);
                        break;
                    }
                    page => page?,
                };
                let Some(last) = page.last() else { break };
                after = Some(*last);
                for order_no in page {
                    self.packet(store, order_no).await?;
                }
            }
        }
        Ok(())
    }

    async fn dead_letters(&mut self) -> Result<(), StoreError> {
        let mut dead = 0_u64;
        for destination in Destination::every() {
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
                if brings_money
                    && !Bug::DeadStayDead.is_planted()
                    && store.revive(row.id, self.of.clock.now()).await?.is_some()
                {
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
