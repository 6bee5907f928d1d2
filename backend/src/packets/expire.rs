//! Expire: what is left after a packet's time goes back to its sender (R-MONEY-4).

use super::lane::Lanes;
use crate::{runtime::Clock, store::orders::OrderStore};
use futures::future::join_all;
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// How often each database is asked for packets whose time is over.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How many end in one round.
const ROUND_MAX: u32 = 256;

/// Sends packets whose time is over through their lanes, so that an open and an
/// end of the same packet never both win.
#[derive(Debug)]
pub struct Expirer {
    /// The database to look into.
    pub store: Arc<dyn OrderStore>,
    /// Where ends are decided.
    pub lanes: Arc<Lanes>,
    /// Tells whose time is over.
    pub clock: Arc<dyn Clock>,
}

impl Expirer {
    /// Looks until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            while self.round().await == Some(ROUND_MAX) {}
        }
    }

    /// Ends one round of packets; `None` if something is in the way.
    pub async fn round(&self) -> Option<u32> {
        let due = match self.store.due(self.clock.now(), ROUND_MAX).await {
            Ok(due) => due,
            // Once a second, as long as the shard is down: that is told by the board.
            Err(error) => {
                if error.is_final() {
                    tracing::warn!(%error, "cannot look for packets whose time is over");
                } else {
                    tracing::debug!(%error, "cannot look for packets whose time is over");
                }
                return None;
            }
        };
        let ends = join_all(due.iter().map(|order_no| self.lanes.expire(*order_no))).await;
        let ended = ends.iter().all(Result::is_ok);
        if !ended {
            tracing::warn!("some packets could not be ended; they will be in the next round");
        }
        ended.then(|| u32::try_from(due.len()).unwrap_or(u32::MAX))
    }
}
