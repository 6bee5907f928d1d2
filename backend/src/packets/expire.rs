//! Expire: what is left after a packet's time goes back to its sender (R-MONEY-4).

use super::{Event, Finder, Packets};
use crate::{
    Refusal,
    cache::LocalTier,
    control::{Board, Place, Rung},
    crash::{self, Step},
    delivery::Bell,
    planted::Bug,
    runtime::Clock,
    store::{
        StoreError,
        orders::OrderStore,
        outbox::{Destination, Due},
    },
};
use hongbao_shared::{Shard, Site, Timestamp};
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// How often each database is asked for packets whose time is over.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How many end in one transaction.
const PAGE_MAX: u32 = 256;
/// How far a node's clock may be from that of a shard's database, in milliseconds. Beyond it
/// the node ends nothing there (R-CTRL-5); within it, the earlier of the two counts.
const SKEW_MAX_MS: i64 = 5_000;

/// Ends packets of a shard whose time is over, page by page. It needs neither their lane nor
/// their seeds nor their claims (R-MONEY-6): an end is guarded by the packet's row, as an
/// open is, so that never both of them win.
#[derive(Debug)]
pub struct Expirer {
    /// Which shard.
    pub place: (Site, Shard),
    /// Its database.
    pub store: Arc<dyn OrderStore>,
    /// Rung when something has ended.
    pub bell: Arc<Bell>,
    /// Tells whose time is over.
    pub clock: Arc<dyn Clock>,
    /// This node's memory.
    pub local: LocalTier,
    /// Brings it up to date.
    pub finder: Arc<Finder>,
    /// Shows that the clocks disagree.
    pub board: Arc<Board>,
}

impl Expirer {
    /// Looks until `stop`.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            while !stop.is_cancelled() {
                match self.page().await {
                    Ok(PAGE_MAX) => {}
                    Ok(_) => break,
                    // Once a second, as long as the shard is down: that is told by the board.
                    Err(error @ StoreError::Unavailable(_)) => {
                        tracing::debug!(%error, "cannot end packets whose time is over");
                        break;
                    }
                    Err(error) => {
                        tracing::warn!(%error, "cannot end packets whose time is over");
                        break;
                    }
                }
            }
        }
    }

    /// Ends a page of packets; answers how many.
    async fn page(&self) -> Result<u32, StoreError> {
        if !self.clocks_agree().await? {
            return Ok(0);
        }
        let now = self.clock.now();
        let mut due = self.store.due(now, PAGE_MAX).await?;
        if Bug::EndNeedsMemory.is_planted() {
            due.retain(|order_no| self.local.get(*order_no).is_some());
        }
        if due.is_empty() {
            return Ok(0);
        }
        crash::before(Step::Expire);
        let ended = self.store.end(due, now, Arc::new(Event::of_end)).await?;
        crash::after(Step::Expire);
        for ended in &ended {
            // Whoever remembers it as open looks into the database when its time is over;
            // this spares them that.
            if self.local.get(ended.order_no).is_some() {
                drop(self.finder.entry(ended.order_no).await);
            }
        }
        // Only now: whoever is told looks into this node's memory.
        if !ended.is_empty() {
            self.bell.ring(Destination::Refund, Due::Next);
            self.bell.ring(Destination::Chat, Due::Next);
        }
        Ok(u32::try_from(ended.len()).unwrap_or(u32::MAX))
    }

    /// Does this node's clock agree with that of the shard's database?
    async fn clocks_agree(&self) -> Result<bool, StoreError> {
        let before = self.clock.now();
        let Some(theirs) = self.store.server_clock().await? else { return Ok(true) };
        let ahead_ms = ahead_ms(before, theirs, self.clock.now());
        let agree = ahead_ms.abs() <= SKEW_MAX_MS;
        let (site, shard) = self.place;
        let why = format_args!("this node's clock is ahead by {ahead_ms} ms");
        self.board.set(Rung::ClocksDisagree, Place::Shard(site, shard), !agree, why);
        Ok(agree)
    }
}

/// By how much at least this node's clock is ahead of another one, which was read between
/// `before` and `after`; less than nothing if it is behind.
fn ahead_ms(before: Timestamp, theirs: Timestamp, after: Timestamp) -> i64 {
    let (earliest, latest) = (before.min(after), before.max(after));
    if theirs < earliest {
        earliest.millis_since(theirs)
    } else {
        latest.millis_since(theirs).min(0)
    }
}

impl Packets {
    /// Ends every packet whose time is over, in every shard that this node reaches.
    pub async fn end_due(&self) -> Result<(), Refusal> {
        for expirer in &self.expirers {
            while expirer.page().await? == PAGE_MAX {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R-CTRL-5: what a slow answer leaves open counts as agreement.
    #[test]
    fn only_what_is_certain_counts_as_ahead() {
        let at = Timestamp::from_millis;
        assert_eq!(ahead_ms(at(100), at(40), at(200)), 60);
        assert_eq!(ahead_ms(at(100), at(100), at(200)), 0);
        assert_eq!(ahead_ms(at(100), at(150), at(200)), 0);
        assert_eq!(ahead_ms(at(100), at(260), at(200)), -60);
        assert_eq!(ahead_ms(at(200), at(90), at(100)), 10, "a clock that was set back meanwhile");
    }
}
