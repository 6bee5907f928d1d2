//! The two tiers of cache, as this node has them (R-CACHE-1).

use super::Stores;
use crate::{
    cache::{Comparison, InProcess, LocalTier, Notes, SharedWriter},
    packets::Peers,
};
use hongbao_config::Config;
use hongbao_domain::{
    board::Board,
    cache::{Absent, SendCache, SharedTier},
};
use std::sync::Arc;

/// Shares of a typical packet, to turn a number of packets into a number of shares.
const SHARES_PER_PACKET: u64 = 100;

/// The tiers, and what keeps them true.
#[derive(Debug)]
pub(super) struct Caches {
    pub(super) local: LocalTier,
    pub(super) sending: Arc<dyn SendCache>,
    pub(super) writer: Arc<SharedWriter>,
    pub(super) notes: Arc<Notes>,
    pub(super) peers: Peers,
    pub(super) comparison: Option<Comparison>,
}

impl Caches {
    /// With the tier that nodes share, or without one.
    pub(super) fn new(
        config: &Config,
        board: &Arc<Board>,
        stores: &Stores,
        shared: Option<Arc<dyn SharedTier>>,
    ) -> Self {
        let claims_max = u64::from(config.cache.packets_max).saturating_mul(SHARES_PER_PACKET);
        if let Some(shared) = &shared {
            shared.report_to(board);
        }
        let comparison =
            shared.clone().map(|shared| Comparison { shared, stores: stores.hot.clone() });
        let home = config.sites.home.0;
        let notes = shared.clone().map(|shared| Notes::new(shared, home, stores.sites()));
        let writer = Arc::new(SharedWriter::new(shared.clone()));
        let (sending, peers): (Arc<dyn SendCache>, _) = match (shared, &config.fleet) {
            (Some(shared), _) => {
                let peers = Peers::InTier(Arc::clone(&shared), Arc::clone(&writer));
                (shared, peers)
            }
            (None, Some(_)) => (Arc::new(Absent), Peers::InDatabases),
            (None, None) => (Arc::new(InProcess::new(config.cache.preorders_max)), Peers::None),
        };
        let (local, notes) = (LocalTier::new(claims_max), Arc::new(notes.unwrap_or_default()));
        Self { local, sending, writer, notes, peers, comparison }
    }
}
