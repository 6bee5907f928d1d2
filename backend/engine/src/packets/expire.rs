//! Expire: what is left after a packet's time goes back to its sender (R-MONEY-4).

use super::{Event, Finder};
use crate::{bell::Bell, cache::LocalTier, control::Clocks};
use hongbao_domain::{
    crash::{self, Step},
    planted::Bug,
    runtime::Clock,
    store::{
        StoreError,
        orders::{Ended, OrderStore},
        outbox::{Destination, Due},
    },
};
use hongbao_shared::{OrderNo, Shard, Site, Timestamp};
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// How often each database is asked for packets whose time is over.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How many end in one transaction.
const PAGE_MAX: u32 = 256;

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
    /// Knows whether that can be believed.
    pub clocks: Arc<Clocks>,
    /// This node's memory.
    pub local: LocalTier,
    /// Brings it up to date.
    pub finder: Arc<Finder>,
}

impl Expirer {
    /// Looks until `stop`.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        while stop.run_until_cancelled(tokio::time::sleep(LOOK_EVERY)).await.is_some() {
            match self.round(&stop).await {
                Ok(()) => {}
                // Once a second, as long as the shard is down: that is told by the board.
                Err(error) if !error.is_final() => {
                    tracing::debug!(%error, "cannot end packets whose time is over");
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot end packets whose time is over");
                }
            }
        }
    }

    /// Ends every packet of the shard whose time is over, page by page.
    pub async fn round(&self, stop: &CancellationToken) -> Result<(), StoreError> {
        while !stop.is_cancelled() && self.page().await? == PAGE_MAX {}
        Ok(())
    }

    /// Ends a page of packets; answers how many.
    async fn page(&self) -> Result<u32, StoreError> {
        let (site, shard) = self.place;
        if !self.clocks.agree(site, shard) {
            return Ok(0);
        }
        let now = self.clock.now();
        let mut due = self.store.hot().due(now, PAGE_MAX).await?;
        if Bug::EndNeedsMemory.is_planted() {
            due.retain(|order_no| self.local.get(*order_no).is_some());
        }
        if due.is_empty() {
            return Ok(0);
        }
        crash::before(Step::Expire);
        let ended = self.end(due, now).await?;
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

    /// In one transaction, or, where a packet is refused for ever, each for itself: one that
    /// cannot be read keeps nobody else's money.
    async fn end(&self, due: Vec<OrderNo>, now: Timestamp) -> Result<Vec<Ended>, StoreError> {
        let hot = self.store.hot();
        match hot.end(due.clone(), now, Arc::new(Event::of_end)).await {
            Err(error) if error.is_final() && due.len() > 1 => {}
            ended => return ended,
        }
        let mut all = Vec::with_capacity(due.len());
        for order_no in due {
            match hot.end(vec![order_no], now, Arc::new(Event::of_end)).await {
                Ok(ended) => all.extend(ended),
                Err(error) if error.is_final() => {
                    tracing::error!(%order_no, %error, "a packet does not end");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(all)
    }
}
