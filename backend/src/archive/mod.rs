//! The cycle of days (R-STORE-1, R-STORE-2): what ended more than a few days ago moves to
//! cold storage, and its day's tables are emptied before their day comes again.
//!
//! A day goes through: open → sealed (no more landings) → copied → emptied. Each step can
//! be repeated, so that a process may stop anywhere and the next round goes on.

use crate::{
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
/// Packets that are copied in one transaction.
const PACKETS_MAX: u32 = 100;
/// Claims that are copied in one transaction.
const CLAIMS_MAX: u32 = 1_000;
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

    /// Looks through all days once.
    pub async fn round(&self, stop: &CancellationToken) -> Result<Moved, StoreError> {
        let mut moved = Moved::default();
        let today = self.zone.epoch_day(self.clock.now());
        let landing_since = self.waits_to_land_since().await?;
        for ((site, _), hot) in &self.hot {
            let Some(cold) = self.cold.get(site) else { continue };
            for table in hot.days().await? {
                if stop.is_cancelled() {
                    return Ok(moved);
                }
                let is_over = table.epoch_day.saturating_add(self.hot_days.into()) < today;
                if !is_over || (table.sealed && table.is_empty) {
                    continue;
                }
                let may_still_land = landing_since.is_some_and(|since| {
                    self.zone.epoch_day(since) <= table.epoch_day.saturating_add(LANDING_DAYS)
                });
                if may_still_land && !table.sealed {
                    moved.waiting += 1;
                    continue;
                }
                self.move_day(&**hot, &**cold, table, &mut moved).await?;
            }
        }
        Ok(moved)
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
