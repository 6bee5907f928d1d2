//! The two tiers of cache, as this node has them (R-CACHE-1).

use super::Stores;
use crate::{
    cache::{Comparison, InProcess, LocalTier, Notes, SharedWriter},
    packets::Peers,
};
use hongbao_config::Config;
use hongbao_domain::{
    board::Board,
    cache::{Absent, SharedTier},
};
use std::sync::Arc;

/// Shares of a typical packet, to turn a number of packets into a number of shares.
const SHARES_PER_PACKET: u64 = 100;

/// The tiers, and what keeps them true.
#[derive(Debug)]
pub(super) struct Caches {
    pub(super) local: LocalTier,
    pub(super) shared: Arc<dyn SharedTier>,
    pub(super) writer: Arc<SharedWriter>,
    pub(super) notes: Arc<Notes>,
    pub(super) peers: Peers,
    pub(super) comparison: Option<Comparison>,
}

impl Caches {
    /// With `outer` as the shared tier, or else this process's memory.
    pub(super) fn new(
        config: &Config,
        board: &Arc<Board>,
        stores: &Stores,
        outer: Option<Arc<dyn SharedTier>>,
    ) -> Self {
        let claims_max = u64::from(config.cache.packets_max).saturating_mul(SHARES_PER_PACKET);
        if let Some(outer) = &outer {
            outer.report_to(board);
        }
        let comparison =
            outer.clone().map(|shared| Comparison { shared, stores: stores.hot.clone() });
        let home = config.sites.home.0;
        let notes = outer.clone().map(|shared| Notes::new(shared, home, stores.sites()));
        let writer = Arc::new(SharedWriter::new(outer.clone()));
        let shared = outer.unwrap_or_else(|| match &config.fleet {
            None => {
                let pre_orders_max = config.cache.preorders_max;
                Arc::new(InProcess::new(claims_max).with_pre_orders_max(pre_orders_max))
            }
            Some(_) => Arc::new(Absent),
        });
        let peers = if comparison.is_some() {
            Peers::InTier(Arc::clone(&writer))
        } else if config.fleet.is_some() {
            Peers::InDatabases
        } else {
            Peers::None
        };
        let (local, notes) = (LocalTier::new(claims_max), Arc::new(notes.unwrap_or_default()));
        Self { local, shared, writer, notes, peers, comparison }
    }
}
