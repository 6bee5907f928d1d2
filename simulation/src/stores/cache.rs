use crate::{
    fault::WorldFault,
    gate::{Chaos, Gate},
};
use async_trait::async_trait;
use hongbao_domain::{
    cache::{CacheDown, SendCache, SharedTier},
    record::PreOrderRecord,
    store::{
        orders::{ClaimRow, PacketRow},
        people::Dress,
    },
};
use hongbao_engine::cache::InProcess;
use hongbao_memory::MemoryPackets;
use hongbao_shared::{OrderNo, Site, Timestamp, UserId};
use parking_lot::Mutex;
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

const PRE_ORDERS_MAX: u32 = 100_000;

/// The cache tier that all nodes share.
#[derive(Debug)]
pub(crate) struct SharedCache {
    memory: Mutex<Arc<Memory>>,
    down_until: Mutex<Option<Instant>>,
    chaos: Arc<Chaos>,
}

/// What it holds until it is wiped.
#[derive(Debug)]
struct Memory {
    sending: InProcess,
    packets: MemoryPackets,
}

impl Memory {
    fn empty() -> Arc<Self> {
        let sending = InProcess::new(PRE_ORDERS_MAX);
        Arc::new(Self { sending, packets: MemoryPackets::default() })
    }
}

/// It, as one node sees it.
#[derive(Debug)]
pub(crate) struct GatedCache {
    pub(crate) cache: Arc<SharedCache>,
    pub(crate) gate: Gate,
}

impl SharedCache {
    pub(crate) fn new(chaos: Arc<Chaos>) -> Self {
        let memory = Mutex::new(Memory::empty());
        Self { memory, down_until: Mutex::new(None), chaos }
    }

    /// Forgets everything.
    pub(crate) fn wipe(&self) {
        self.chaos.befell(WorldFault::CacheWiped);
        *self.memory.lock() = Memory::empty();
    }

    /// Does not answer for so long.
    pub(crate) fn go_down(&self, time: Duration) {
        self.chaos.befell(WorldFault::CacheDown);
        *self.down_until.lock() = Some(Instant::now() + time);
    }

    fn memory(&self) -> Result<Arc<Memory>, CacheDown> {
        let until = *self.down_until.lock();
        if !self.chaos.is_calm() && until.is_some_and(|until| Instant::now() < until) {
            return Err(CacheDown("simulated".to_owned()));
        }
        Ok(Arc::clone(&self.memory.lock()))
    }
}

impl GatedCache {
    async fn to_read(&self) -> Result<Arc<Memory>, CacheDown> {
        self.gate.alive().await;
        self.cache.memory()
    }

    async fn to_write(&self) -> Result<Arc<Memory>, CacheDown> {
        let memory = self.to_read().await?;
        if self.gate.chaos.strikes(100) {
            self.gate.chaos.befell(WorldFault::CacheWriteLost);
            return Err(CacheDown("simulated".to_owned()));
        }
        Ok(memory)
    }
}

#[async_trait]
impl SendCache for GatedCache {
    async fn next_sequence(&self, site: Site) -> Result<Option<u64>, CacheDown> {
        self.to_read().await?.sending.next_sequence(site).await
    }

    async fn install_block(&self, site: Site, start: u64, length: u64) -> Result<(), CacheDown> {
        self.to_write().await?.sending.install_block(site, start, length).await
    }

    async fn put_pre_order(&self, record: &PreOrderRecord) -> Result<(), CacheDown> {
        self.to_write().await?.sending.put_pre_order(record).await
    }

    async fn pre_order(
        &self,
        order_no: OrderNo,
        now: Timestamp,
    ) -> Result<Option<PreOrderRecord>, CacheDown> {
        let memory = self.to_read().await;
        let memory = memory.inspect_err(|_| self.gate.is_missed())?;
        memory.sending.pre_order(order_no, now).await
    }

    async fn put_dress(&self, order_no: OrderNo, dress: &Dress) -> Result<(), CacheDown> {
        self.to_write().await?.sending.put_dress(order_no, dress).await
    }

    async fn dress(&self, order_no: OrderNo) -> Result<Option<Dress>, CacheDown> {
        self.to_read().await?.sending.dress(order_no).await
    }
}

#[async_trait]
impl SharedTier for GatedCache {
    async fn put_packet(&self, packet: &PacketRow, new: &[ClaimRow]) -> Result<u32, CacheDown> {
        Ok(self.to_write().await?.packets.put(packet, new))
    }

    async fn packet(&self, order_no: OrderNo) -> Result<Option<PacketRow>, CacheDown> {
        Ok(self.to_read().await?.packets.get(order_no))
    }

    async fn claim_of(
        &self,
        order_no: OrderNo,
        user: UserId,
    ) -> Result<Option<ClaimRow>, CacheDown> {
        Ok(self.to_read().await?.packets.claim_of(order_no, user))
    }

    async fn forget_packet(&self, order_no: OrderNo) -> Result<(), CacheDown> {
        self.to_write().await?.packets.forget(order_no);
        Ok(())
    }
}
