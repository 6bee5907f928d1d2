//! Finding a packet: local tier, shared tier, database behind a limiter (R-CACHE-1).

use super::lane;
use crate::{
    Refusal,
    cache::{LocalTier, PacketEntry, SharedTier},
    control::{Control, Lookups},
    store::orders::{ClaimRow, OrderStore, PacketRow},
};
use hongbao_shared::{ErrorCode, OrderNo, Shard, Site, UserId};
use std::{collections::BTreeMap, sync::Arc};

/// Finds packets, wherever they are known.
#[derive(Debug)]
pub struct Finder {
    local: LocalTier,
    shared: Arc<dyn SharedTier>,
    stores: BTreeMap<(Site, Shard), Arc<dyn OrderStore>>,
    limiter: Lookups,
}

/// What a grab needs to know, from whichever tier knows it.
#[derive(Debug)]
pub(super) struct Glimpse {
    /// Key fields and progress.
    pub(super) packet: PacketRow,
    /// The share of the user who asks.
    pub(super) mine: Option<ClaimRow>,
}

impl Finder {
    /// Looks into `local`, then `shared`, then the database of the shard, with as
    /// many look-ups in databases at once as `control` says.
    pub fn new(
        local: LocalTier,
        shared: Arc<dyn SharedTier>,
        stores: BTreeMap<(Site, Shard), Arc<dyn OrderStore>>,
        control: Arc<Control>,
    ) -> Self {
        Self { local, shared, stores, limiter: Lookups::new(control) }
    }

    /// The store of a packet's shard.
    pub fn store(&self, order_no: OrderNo) -> Result<&dyn OrderStore, Refusal> {
        let store = self.stores.get(&(order_no.site(), order_no.shard()));
        Ok(&**store.ok_or(ErrorCode::PacketNotFound)?)
    }

    /// What a grab by `user` needs; caches first.
    pub(super) async fn glimpse(
        &self,
        order_no: OrderNo,
        user: UserId,
    ) -> Result<Glimpse, Refusal> {
        if let Some(entry) = self.local.get(order_no) {
            return Ok(Glimpse::of(&entry, user));
        }
        let shared = async {
            let Some(packet) = self.shared.packet(order_no).await? else { return Ok(None) };
            let mine = self.shared.claim_of(order_no, user).await?;
            Ok::<_, crate::cache::CacheDown>(Some(Glimpse { packet, mine }))
        };
        match shared.await {
            Ok(Some(glimpse)) => return Ok(glimpse),
            Ok(None) => {}
            Err(error) => tracing::debug!(%error, "grab goes on to the database"),
        }
        let entry = self.load(order_no).await?;
        Ok(Glimpse::of(&entry, user))
    }

    /// The whole packet with all of its claims.
    pub(super) async fn entry(&self, order_no: OrderNo) -> Result<Arc<PacketEntry>, Refusal> {
        match self.local.get(order_no) {
            Some(entry) => Ok(entry),
            None => self.load(order_no).await,
        }
    }

    async fn load(&self, order_no: OrderNo) -> Result<Arc<PacketEntry>, Refusal> {
        let store = self.store(order_no)?;
        let _turn = self.limiter.turn().await?;
        // Somebody may have brought it while we waited.
        if let Some(entry) = self.local.get(order_no) {
            return Ok(entry);
        }
        metrics::counter!("hongbao_packet_loads_total").increment(1);
        let entry = lane::load(store, order_no).await.map_err(|error| {
            let mut refusal = Refusal::from(error);
            if refusal.code == ErrorCode::Unavailable {
                refusal.code = ErrorCode::ShardUnavailable;
            }
            refusal
        })?;
        Ok(self.local.keep(Arc::new(entry.ok_or(ErrorCode::PacketNotFound)?)))
    }
}

impl Glimpse {
    fn of(entry: &PacketEntry, user: UserId) -> Self {
        let mut packet = entry.facts().clone();
        let mine = entry.live(|live| {
            packet.progress = live.progress();
            live.claim_of(user)
        });
        Self { packet, mine }
    }
}
