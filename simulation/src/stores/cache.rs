use crate::{
    fault::WorldFault,
    gate::{Chaos, Gate},
};
use async_trait::async_trait;
use hongbao_domain::{
    cache::{CacheDown, SharedTier},
    record::PreOrderRecord,
    store::{
        orders::{ClaimRow, PacketRow},
        people::Dress,
    },
};
use hongbao_engine::cache::InProcess;
use hongbao_shared::{OrderNo, Site, Timestamp, UserId};
use parking_lot::Mutex;
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

const CLAIMS_MAX: u64 = 10_000_000;

/// The cache tier that all nodes share.
#[derive(Debug)]
pub(crate) struct SharedCache {
    memory: Mutex<Arc<InProcess>>,
    down_until: Mutex<Option<Instant>>,
    chaos: Arc<Chaos>,
}

/// It, as one node sees it.
#[derive(Debug)]
pub(crate) struct GatedCache {
    pub(crate) cache: Arc<SharedCache>,
    pub(crate) gate: Gate,
}

impl SharedCache {
    pub(crate) fn new(chaos: Arc<Chaos>) -> Self {
        let memory = Mutex::new(Arc::new(InProcess::new(CLAIMS_MAX)));
        Self { memory, down_until: Mutex::new(None), chaos }
    }

    /// Forgets everything.
    pub(crate) fn wipe(&self) {
        self.chaos.befell(WorldFault::CacheWiped);
        *self.memory.lock() = Arc::new(InProcess::new(CLAIMS_MAX));
    }

    /// Does not answer for so long.
    pub(crate) fn go_down(&self, time: Duration) {
        self.chaos.befell(WorldFault::CacheDown);
        *self.down_until.lock() = Some(Instant::now() + time);
    }

    fn memory(&self) -> Result<Arc<InProcess>, CacheDown> {
        let until = *self.down_until.lock();
        if !self.chaos.is_calm() && until.is_some_and(|until| Instant::now() < until) {
            return Err(CacheDown("simulated".to_owned()));
        }
        Ok(Arc::clone(&self.memory.lock()))
    }
}

impl GatedCache {
    async fn to_read(&self) -> Result<Arc<InProcess>, CacheDown> {
        self.gate.alive().await;
        self.cache.memory()
    }

    async fn to_write(&self) -> Result<Arc<InProcess>, CacheDown> {
        let memory = self.to_read().await?;
        if self.gate.chaos.strikes(100) {
            self.gate.chaos.befell(WorldFault::CacheWriteLost);
            return Err(CacheDown("simulated".to_owned()));
        }
        Ok(memory)
    }
}

#[async_trait]
impl SharedTier for GatedCache {
    async fn next_sequence(&self, site: Site) -> Result<Option<u64>, CacheDown> {
        self.to_read().await?.next_sequence(site).await
    }

    async fn install_block(&self, site: Site, start: u64, length: u64) -> Result<(), CacheDown> {
        self.to_write().await?.install_block(site, start, length).await
    }

    async fn put_pre_order(&self, record: &PreOrderRecord) -> Result<(), CacheDown> {
        self.to_write().await?.put_pre_order(record).await
    }

    async fn pre_order(
        &self,
        order_no: OrderNo,
        now: Timestamp,
    ) -> Result<Option<PreOrderRecord>, CacheDown> {
        let memory = self.to_read().await;
        let memory = memory.inspect_err(|_| self.gate.is_missed())?;
        memory.pre_order(order_no, now).await
    }

    async fn put_packet(&self, packet: &PacketRow, new: &[ClaimRow]) -> Result<u32, CacheDown> {
        self.to_write().await?.put_packet(packet, new).await
    }

    async fn packet(&self, order_no: OrderNo) -> Result<Option<PacketRow>, CacheDown> {
        self.to_read().await?.packet(order_no).await
    }

    async fn claim_of(
        &self,
        order_no: OrderNo,
        user: UserId,
    ) -> Result<Option<ClaimRow>, CacheDown> {
        self.to_read().await?.claim_of(order_no, user).await
    }

    async fn forget_packet(&self, order_no: OrderNo) -> Result<(), CacheDown> {
        self.to_write().await?.forget_packet(order_no).await
    }

    async fn put_dress(&self, order_no: OrderNo, dress: &Dress) -> Result<(), CacheDown> {
        self.to_write().await?.put_dress(order_no, dress).await
    }

    async fn dress(&self, order_no: OrderNo) -> Result<Option<Dress>, CacheDown> {
        self.to_read().await?.dress(order_no).await
    }
}
