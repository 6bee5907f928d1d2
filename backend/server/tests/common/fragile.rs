//! A shared tier that goes down and comes back.

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
use std::{
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

/// A tier in memory behind a switch.
#[derive(Debug)]
pub(crate) struct Fragile {
    tier: Mutex<Arc<Tier>>,
    down: AtomicBool,
    after_put: Mutex<Option<AfterPut>>,
}

#[derive(Debug)]
struct Tier {
    sending: InProcess,
    packets: MemoryPackets,
}

/// What a test does whenever a packet has been written.
pub(crate) struct AfterPut(Box<dyn Fn(OrderNo) + Send + Sync>);

impl fmt::Debug for AfterPut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AfterPut")
    }
}

impl Fragile {
    pub(crate) fn new() -> Self {
        Self {
            tier: Mutex::new(Self::empty()),
            down: AtomicBool::new(false),
            after_put: Mutex::default(),
        }
    }

    pub(crate) fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    fn empty() -> Arc<Tier> {
        Arc::new(Tier { sending: InProcess::new(100_000), packets: MemoryPackets::default() })
    }

    /// Loses everything, as a server does that is started again.
    pub(crate) fn forget(&self) {
        *self.tier.lock().unwrap() = Self::empty();
    }

    pub(crate) fn after_put(&self, act: impl Fn(OrderNo) + Send + Sync + 'static) {
        *self.after_put.lock().unwrap() = Some(AfterPut(Box::new(act)));
    }

    fn up(&self) -> Result<Arc<Tier>, CacheDown> {
        if self.down.load(Ordering::SeqCst) {
            Err(CacheDown("switched off by the test".to_owned()))
        } else {
            Ok(Arc::clone(&self.tier.lock().unwrap()))
        }
    }
}

#[async_trait]
impl SendCache for Fragile {
    async fn next_sequence(&self, site: Site) -> Result<Option<u64>, CacheDown> {
        self.up()?.sending.next_sequence(site).await
    }
    async fn install_block(&self, site: Site, start: u64, length: u64) -> Result<(), CacheDown> {
        self.up()?.sending.install_block(site, start, length).await
    }
    async fn put_pre_order(&self, record: &PreOrderRecord) -> Result<(), CacheDown> {
        self.up()?.sending.put_pre_order(record).await
    }
    async fn pre_order(
        &self,
        order_no: OrderNo,
        now: Timestamp,
    ) -> Result<Option<PreOrderRecord>, CacheDown> {
        self.up()?.sending.pre_order(order_no, now).await
    }
    async fn put_dress(&self, order_no: OrderNo, dress: &Dress) -> Result<(), CacheDown> {
        self.up()?.sending.put_dress(order_no, dress).await
    }
    async fn dress(&self, order_no: OrderNo) -> Result<Option<Dress>, CacheDown> {
        self.up()?.sending.dress(order_no).await
    }
}

#[async_trait]
impl SharedTier for Fragile {
    async fn put_packet(&self, packet: &PacketRow, new: &[ClaimRow]) -> Result<u32, CacheDown> {
        let held = self.up()?.packets.put(packet, new);
        if let Some(AfterPut(act)) = &*self.after_put.lock().unwrap() {
            act(packet.order_no);
        }
        Ok(held)
    }
    async fn packet(&self, order_no: OrderNo) -> Result<Option<PacketRow>, CacheDown> {
        Ok(self.up()?.packets.get(order_no))
    }
    async fn claim_of(
        &self,
        order_no: OrderNo,
        user: UserId,
    ) -> Result<Option<ClaimRow>, CacheDown> {
        Ok(self.up()?.packets.claim_of(order_no, user))
    }
    async fn forget_packet(&self, order_no: OrderNo) -> Result<(), CacheDown> {
        self.up()?.packets.forget(order_no);
        Ok(())
    }
}
