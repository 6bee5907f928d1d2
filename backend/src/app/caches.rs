//! The two tiers of cache, as this node has them (R-CACHE-1).

use super::Stores;
use crate::{
    cache::{
        Absent, Comparison, InProcess, LocalTier, Notes, RedisSettings, RedisTier, SharedTier,
        SharedWriter,
    },
    config::{Config, FleetSite},
    control::Board,
    packets::Peers,
};
use std::{collections::BTreeMap, sync::Arc};

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
    /// With `outer` as the shared tier, or that of the fleet, or this process's memory.
    pub(super) fn new(
        config: &Config,
        board: &Arc<Board>,
        stores: &Stores,
        outer: Option<Arc<dyn SharedTier>>,
    ) -> anyhow::Result<Self> {
        let claims_max = u64::from(config.cache.packets_max).saturating_mul(SHARES_PER_PACKET);
        let outer = match outer {
            Some(outer) => Some(outer),
            None => of_fleet(config, board)?,
        };
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
        Ok(Self { local, shared, writer, notes, peers, comparison })
    }
}

/// The caches of the fleet, if it has any.
fn of_fleet(config: &Config, board: &Arc<Board>) -> anyhow::Result<Option<Arc<dyn SharedTier>>> {
    let Some(fleet) = &config.fleet else { return Ok(None) };
    let addresses = |site: &FleetSite| {
        site.cache.iter().map(|address| address.secret().to_owned()).collect::<Vec<_>>()
    };
    let sites = fleet.sites.iter().map(|(site, of)| (*site, addresses(of)));
    let sites: BTreeMap<_, _> = sites.filter(|(_, addresses)| !addresses.is_empty()).collect();
    if sites.is_empty() {
        return Ok(None);
    }
    let packet_lifetime = config.packet_lifetime();
    let tier = RedisTier::new(&RedisSettings { sites, packet_lifetime }, board)?;
    Ok(Some(Arc::new(tier)))
}
