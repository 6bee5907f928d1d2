//! A shared tier that goes down and comes back.

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
use std::{
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

/// The real in-process tier behind a switch.
#[derive(Debug)]
pub(crate) struct Fragile {
    tier: Mutex<Arc<InProcess>>,
    down: AtomicBool,
    after_put: Mutex<Option<AfterPut>>,
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

    fn empty() -> Arc<InProcess> {
        Arc::new(InProcess::new(100_000))
    }

    /// Loses everything, as a server does that is started again.
    pub(crate) fn forget(&self) {
        *self.tier.lock().unwrap() = Self::empty();
    }

    pub(crate) fn after_put(&self, act: impl Fn(OrderNo) + Send + Sync + 'static) {
        *self.after_put.lock().unwrap() = Some(AfterPut(Box::new(act)));
    }

    fn up(&self) -> Result<Arc<InProcess>, CacheDown> {
        if self.down.load(Ordering::SeqCst) {
            Err(CacheDown("switched off by the test".to_owned()))
        } else {
            Ok(Arc::clone(&self.tier.lock().unwrap()))
        }
    }
}

#[async_trait]
impl SharedTier for Fragile {
    async fn next_sequence(&self, site: Site) -> Result<Option<u64>, CacheDown> {
        self.up()?.next_sequence(site).await
    }
    async fn install_block(&self, site: Site, start: u64, length: u64) -> Result<(), CacheDown> {
        self.up()?.install_block(site, start, length).await
    }
    async fn put_pre_order(&self, record: &PreOrderRecord) -> Result<(), CacheDown> {
        self.up()?.put_pre_order(record).await
    }
    async fn pre_order(
        &self,
        order_no: OrderNo,
        now: Timestamp,
    ) -> Result<Option<PreOrderRecord>, CacheDown> {
        self.up()?.pre_order(order_no, now).await
    }
    async fn put_packet(&self, packet: &PacketRow, new: &[ClaimRow]) -> Result<u32, CacheDown> {
        let held = self.up()?.put_packet(packet, new).await?;
        if let Some(AfterPut(act)) = &*self.after_put.lock().unwrap() {
            act(packet.order_no);
        }
        Ok(held)
    }
    async fn packet(&self, order_no: OrderNo) -> Result<Option<PacketRow>, CacheDown> {
        self.up()?.packet(order_no).await
    }
    async fn claim_of(
        &self,
        order_no: OrderNo,
        user: UserId,
    ) -> Result<Option<ClaimRow>, CacheDown> {
        self.up()?.claim_of(order_no, user).await
    }
    async fn forget_packet(&self, order_no: OrderNo) -> Result<(), CacheDown> {
        self.up()?.forget_packet(order_no).await
    }
    async fn put_dress(&self, order_no: OrderNo, dress: &Dress) -> Result<(), CacheDown> {
        self.up()?.put_dress(order_no, dress).await
    }
    async fn dress(&self, order_no: OrderNo) -> Result<Option<Dress>, CacheDown> {
        self.up()?.dress(order_no).await
    }
}
