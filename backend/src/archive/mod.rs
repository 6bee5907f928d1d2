//! The cycle of days (R-STORE-1, R-STORE-2): what ended more than a few days ago moves to
//! cold storage, and its day's tables are emptied before their day comes again.
//!
//! A day goes through: open → sealed (no more landings) → copied → emptied. Each step can
//! be repeated, so that a process may stop anywhere and the next round goes on.

use crate::{
    control::{Board, Place, Rung},
    crash::{self, Step},
    planted::Bug,
    runtime::{Clock, Zone},
    store::{
        StoreError,
        cold::ColdStore,
        ledger::LedgerStore,
        orders::{DayTable, Emptied, OrderStore},
        outbox::Destination,
    },
};
use hongbao_shared::{Day, OrderNo, Shard, Site, Timestamp};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// How often the days are looked through.
const LOOK_EVERY: Duration = Duration::from_mins(10);
/// Packets that are copied in one transaction, which is one statement: cold storage may be
/// far away.
const PACKETS_MAX: u32 = 1_000;
/// Claims that are copied in one transaction.
const CLAIMS_MAX: u32 = 5_000;
/// A day's tables are needed again after so many days,
const CYCLE_DAYS: i64 = 31;
/// and a day that is not emptied so many days before that is shown on the board (R-STORE-5).
const ALARM_DAYS: i64 = 20;
/// A pre-order may be paid a little after its day has ended; whatever waits to land
/// since then keeps days from being sealed.
const LANDING_DAYS: i64 = 1;

/// Moves what has ended into cold storage.
#[derive(Debug)]
pub struct Mover {
    /// The hot tables of each shard, alone.
    pub hot: BTreeMap<(Site, Shard), Arc<dyn OrderStore>>,
    /// The cold database of each site.
    pub cold: BTreeMap<Site, Arc<dyn ColdStore>>,
    /// Knows what still waits to land.
    pub ledger: Arc<dyn LedgerStore>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Tells the day.
    pub zone: Zone,
    /// How many whole days a packet stays in the hot tables after its own.
    pub hot_days: u32,
    /// Shows where days are not emptied.
    pub board: Arc<Board>,
}

/// What a round did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// Days that were emptied.
    pub days: u32,
    /// Packets that were copied.
    pub packets: u64,
    /// Days that had to wait, because something in them is not over.
    pub waiting: u32,
}

impl Mover {
    /// Looks through all days again and again until `stop`.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        loop {
            match self.round(&stop).await {
                Ok(moved) if moved.days > 0 => {
                    tracing::info!(moved.days, moved.packets, moved.waiting, "days were emptied");
                }
                Ok(moved) => tracing::debug!(moved.waiting, "no day to empty"),
                Err(error) => tracing::warn!(%error, "days stay for now"),
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// Looks through all days once. What fails in a shard, or with a day, holds up no other
    /// (R-STORE-5); the last failure is answered after all of them.
    pub async fn round(&self, stop: &CancellationToken) -> Result<Moved, StoreError> {
        let mut moved = Moved::default();
        let mut failure = None;
        let landing_since = self.waits_to_land_since().await?;
        for ((site, shard), hot) in &self.hot {
            let Some(cold) = self.cold.get(site) else { continue };
            let tables = match hot.days().await {
                Ok(tables) => tables,
                Err(error) => {
                    failure = Some(error);
                    continue;
                }
            };
            let mut late = None;
            for table in tables {
                if stop.is_cancelled() {
                    return Ok(moved);
                }
                let done = self.look_at(&**hot, &**cold, table, landing_since, &mut moved).await;
                if !matches!(done, Ok(true)) && self.is_late(table) {
                    late = late.or(Some(table.day));
                }
                if let Err(error) = done {
                    tracing::warn!(%error, %site, %shard, day = table.day.get(), "a day stays for now");
                    failure = Some(error);
                }
            }
            let day = late.map_or(0, Day::get);
            let why = format_args!("day {day} of the cycle is in the way of the next one");
            self.board.set(Rung::DaysNotEmptied, Place::Shard(*site, *shard), late.is_some(), why);
        }
        failure.map_or(Ok(moved), Err)
    }

    /// Moves a day if it is over; is nothing left to do with it, now or yet?
    async fn look_at(
        &self,
        hot: &dyn OrderStore,
        cold: &dyn ColdStore,
        table: DayTable,
        landing_since: Option<Timestamp>,
        moved: &mut Moved,
    ) -> Result<bool, StoreError> {
        let is_over = self.age_days(table) > i64::from(self.hot_days);
        if !is_over || (table.sealed && table.is_empty) {
            return Ok(true);
        }
        let may_still_land = landing_since.is_some_and(|since| {
            self.zone.epoch_day(since) <= table.epoch_day.saturating_add(LANDING_DAYS)
        });
        if may_still_land && !table.sealed {
            moved.waiting += 1;
            return Ok(false);
        }
        let days = moved.days;
        self.move_day(hot, cold, table, moved).await?;
        Ok(moved.days > days)
    }

    fn age_days(&self, table: DayTable) -> i64 {
        self.zone.epoch_day(self.clock.now()).saturating_sub(table.epoch_day)
    }

    /// Are a day's tables needed again before long?
    fn is_late(&self, table: DayTable) -> bool {
        self.age_days(table) >= (CYCLE_DAYS - ALARM_DAYS).max(i64::from(self.hot_days) + 2)
    }

    /// Since when the oldest payment waits to land.
    async fn waits_to_land_since(&self) -> Result<Option<Timestamp>, StoreError> {
        self.ledger.oldest(Destination::Land).await
    }

    async fn move_day(
        &self,
        hot: &dyn OrderStore,
        cold: &dyn ColdStore,
        table: DayTable,
        moved: &mut Moved,
    ) -> Result<(), StoreError> {
        let DayTable { day, epoch_day, .. } = table;
        crash::before(Step::Seal);
        hot.seal(day, epoch_day).await?;
        crash::after(Step::Seal);
        // From here on nothing lands there; what has ended does not change.
        if let Some(copied) = copy(hot, cold, day).await? {
            moved.packets = moved.packets.saturating_add(copied);
            crash::before(Step::Empty);
            match hot.empty(day, epoch_day).await? {
                Emptied::Yes => {
                    crash::after(Step::Empty);
                    moved.days += 1;
                    metrics::counter!("hongbao_days_emptied_total").increment(1);
                    return Ok(());
                }
                waiting => {
                    tracing::info!(
                        day = day.get(),
                        epoch_day,
                        ?waiting,
                        "a day cannot be emptied yet"
                    );
                }
            }
        }
        moved.waiting += 1;
        Ok(())
    }
}

/// Copies a sealed day; `None` if a packet in it is still open, which its end, by the
/// lane, comes first for.
async fn copy(
    hot: &dyn OrderStore,
    cold: &dyn ColdStore,
    day: Day,
) -> Result<Option<u64>, StoreError> {
    let mut copied = 0_u64;
    let mut after: Option<OrderNo> = None;
    loop {
        let packets = hot.packets_page(day, after, PACKETS_MAX).await?;
        let Some(last) = packets.last() else { break };
        after = Some(last.order_no);
        if packets.iter().any(|packet| packet.progress.state.is_open()) {
            return Ok(None);
        }
        copied = copied.saturating_add(u64::try_from(packets.len()).unwrap_or(u64::MAX));
        crash::before(Step::KeepPackets);
        cold.keep(packets, Vec::new()).await?;
        crash::after(Step::KeepPackets);
    }
    let mut after = None;
    while !Bug::ClaimsNotCopied.is_planted() {
        let claims = hot.claims_page(day, after, CLAIMS_MAX).await?;
        let Some((order_no, claim)) = claims.last() else { break };
        after = Some((*order_no, claim.seq));
        crash::before(Step::KeepClaims);
        cold.keep(Vec::new(), claims).await?;
        crash::after(Step::KeepClaims);
    }
    Ok(Some(copied))
}
