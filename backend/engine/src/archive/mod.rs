//! The cycle of days (R-STORE-1, R-STORE-2, R-STORE-5): what ended more than a few days ago moves
//! to cold storage, and its day's tables are emptied before their day comes again.
//!
//! A day goes through: open → sealed (no more landings) → copied → compared → emptied. One node
//! is at a day, and notes beside it how far it has come: a process may stop anywhere, and the
//! next round, of whichever node, goes on there.
//!
//! Nothing of a day can land any more when it is moved: a payment is given up long before
//! (`storage.hot_days` is checked to be longer than that and a packet's life).

pub mod tiered;
mod transfer;

use hongbao_domain::{
    board::{Board, Place, Rung},
    runtime::{Clock, Zone},
    store::{
        StoreError,
        cold::{ColdPlace, ColdStore},
        orders::{Copied, DayTable, OrderStore},
    },
};
use hongbao_shared::{Day, Shard, Site};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;
use transfer::{Outcome, Transfer};

/// How often the days are looked through.
const LOOK_EVERY: Duration = Duration::from_mins(10);
/// What waits is looked at again after so long, then after twice as long each time: a node that
/// has just started still brings what its days wait for.
const AGAIN_AFTER: Duration = Duration::from_secs(1);
/// A day's tables are needed again after so many days,
const CYCLE_DAYS: i64 = 31;
/// and a day that is not emptied so many days before that is shown on the board (R-STORE-5).
const ALARM_DAYS: i64 = 20;

/// Moves what has ended into cold storage.
#[derive(Debug)]
pub struct Mover {
    /// The hot tables of each shard, alone.
    pub hot: BTreeMap<(Site, Shard), Arc<dyn OrderStore>>,
    /// The cold database of each site.
    pub cold: BTreeMap<Site, Arc<dyn ColdStore>>,
    /// Tells this node from others.
    pub node: i64,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Tells the day.
    pub zone: Zone,
    /// How many whole days a packet stays in the hot tables after its own.
    pub hot_days: u32,
    /// Shows where days are not emptied.
    pub board: Arc<Board>,
}

/// No day is sealed earlier, whatever `hot_days` is: it is one at least.
const SEALED_AFTER_DAYS: i64 = 2;
/// Zones and clocks that differ a little make it tomorrow, and never the day after.
const IMPOSSIBLE_DAYS: i64 = 2;

/// What a round did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// Days that were emptied.
    pub days: u32,
    /// Packets that were copied.
    pub packets: u64,
    /// Days that had to wait, because something in them is not over, or another node is at them.
    pub waiting: u32,
}

impl Mover {
    /// Looks through all days again and again until `stop`.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut again_after = AGAIN_AFTER;
        loop {
            let round = self.round(&stop).await;
            let waits = round.as_ref().map_or(true, |moved| moved.waiting > 0);
            match round {
                Ok(moved) if moved.days > 0 => {
                    tracing::info!(moved.days, moved.packets, moved.waiting, "days were emptied");
                }
                Ok(moved) => tracing::debug!(moved.waiting, "no day to empty"),
                Err(error) => tracing::warn!(%error, "days stay for now"),
            }
            let pause = if waits { again_after.min(LOOK_EVERY) } else { LOOK_EVERY };
            again_after = if waits { pause.saturating_mul(2) } else { AGAIN_AFTER };
            if stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
                return;
            }
        }
    }

    /// Looks through all days once. What fails in a shard, or with a day, holds up no other
    /// (R-STORE-5); the last failure is answered after all of them.
    pub async fn round(&self, stop: &CancellationToken) -> Result<Moved, StoreError> {
        let mut moved = Moved::default();
        let mut failure = None;
        for ((site, shard), hot) in &self.hot {
            let Some(cold) = self.cold.get(site) else { continue };
            let tables = match hot.hot().days().await {
                Ok(tables) => tables,
                Err(error) => {
                    failure = Some(error);
                    continue;
                }
            };
            let place = Place::Shard(*site, *shard);
            self.tell_of_time(place, &tables);
            let (mut late, mut differs) = (None, None);
            for table in tables {
                if stop.is_cancelled() {
                    return failure.map_or(Ok(moved), Err);
                }
                let of_day = ColdPlace { site: *site, shard: *shard, day: table.day };
                let done = self.look_at(&**hot, &**cold, of_day, table, &mut moved, stop).await;
                if !matches!(done, Ok(true)) && self.is_late(table) {
                    late = late.or(Some(table.day));
                }
                if let Err(error) = done {
                    // What will say the same tomorrow is for somebody to look at.
                    if error.is_final() {
                        differs = differs.or(Some((table.day, error.to_string())));
                    }
                    tracing::warn!(%error, %site, %shard, day = table.day.get(), "a day stays for now");
                    failure = Some(error);
                }
            }
            let day = late.map_or(0, Day::get);
            let why = format_args!("day {day} of the cycle is in the way of the next one");
            self.board.set(Rung::DaysNotEmptied, place, late.is_some(), why);
            let is_found = differs.is_some();
            let (day, error) = differs.map_or((0, String::new()), |(day, why)| (day.get(), why));
            let why = format_args!("day {day} of the cycle: {error}");
            self.board.set(Rung::DaysDiffer, place, is_found, why);
        }
        failure.map_or(Ok(moved), Err)
    }

    /// Moves a day if it is over; is nothing left to do with it, now or yet?
    async fn look_at(
        &self,
        hot: &dyn OrderStore,
        cold: &dyn ColdStore,
        place: ColdPlace,
        table: DayTable,
        moved: &mut Moved,
        stop: &CancellationToken,
    ) -> Result<bool, StoreError> {
        let is_over = self.age_days(table) > i64::from(self.hot_days);
        let stays = !is_over && self.to_come_days(table) < IMPOSSIBLE_DAYS;
        if stays || (table.sealed && table.is_empty) {
            return Ok(true);
        }
        // Nobody else works on the files of a process: what an earlier one held is ours.
        let node = if hot.has_one_owner() { 0 } else { self.node };
        let epoch_day = table.epoch_day;
        let (clock, copied) = (&*self.clock, Copied::default());
        let mut transfer =
            Transfer { hot, cold, place, epoch_day, node, clock, packets: 0, copied };
        let outcome = transfer.run(stop).await;
        moved.packets = moved.packets.saturating_add(transfer.packets);
        match outcome? {
            Outcome::Emptied => {
                moved.days += 1;
                metrics::counter!("hongbao_days_emptied_total").increment(1);
                Ok(true)
            }
            Outcome::Waits(why) => {
                tracing::info!(%place, epoch_day, why, "a day cannot be emptied yet");
                moved.waiting += 1;
                Ok(false)
            }
        }
    }

    fn age_days(&self, table: DayTable) -> i64 {
        self.zone.epoch_day(self.clock.now()).saturating_sub(table.epoch_day)
    }

    /// How far a day lies in the future: further than tomorrow no packet is sent. Such a day
    /// was written by a clock that was ahead, and moves away as one does that is over.
    fn to_come_days(&self, table: DayTable) -> i64 {
        self.age_days(table).saturating_neg()
    }

    /// Says whether the clock has gone back behind what a shard holds: days to come, or days
    /// that were sealed before they can have been over (R-CTRL-5).
    fn tell_of_time(&self, place: Place, tables: &[DayTable]) {
        let sealed = tables.iter().filter(|table| table.sealed);
        let ahead = sealed.map(|table| SEALED_AFTER_DAYS - self.age_days(*table));
        let to_come = tables.iter().map(|table| self.to_come_days(*table));
        let ahead = ahead.filter(|days| *days > 0);
        let ahead = ahead.chain(to_come.filter(|days| *days >= IMPOSSIBLE_DAYS)).max();
        let days = ahead.unwrap_or_default();
        let why = format_args!("it was written on with a clock that was {days} days ahead of now");
        self.board.set(Rung::ClockWentBack, place, ahead.is_some(), why);
    }

    /// Are a day's tables needed again before long?
    fn is_late(&self, table: DayTable) -> bool {
        self.age_days(table) >= (CYCLE_DAYS - ALARM_DAYS).max(i64::from(self.hot_days) + 2)
    }
}
