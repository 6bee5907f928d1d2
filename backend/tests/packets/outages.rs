//! The shared tier is down or wiped: nothing is lost, and little is missed.

use crate::world::World;
use async_trait::async_trait;
use hongbao::{
    cache::{CacheDown, Dress, InProcess, SharedTier},
    packets::record::PreOrderRecord,
    store::orders::{ClaimRow, PacketRow},
};
use hongbao_shared::{
    Kind, OrderNo, Site, Timestamp, UserId,
    api::packets::{GrabState, PayRequest},
};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// The real in-process tier behind a switch.
#[derive(Debug)]
pub(crate) struct Fragile {
    tier: InProcess,
    down: AtomicBool,
}

impl Fragile {
    pub(crate) fn new() -> Self {
        Self { tier: InProcess::new(100_000), down: AtomicBool::new(false) }
    }

    pub(crate) fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    fn up(&self) -> Result<&InProcess, CacheDown> {
        if self.down.load(Ordering::SeqCst) {
            Err(CacheDown("switched off by the test".to_owned()))
        } else {
            Ok(&self.tier)
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
        self.up()?.put_packet(packet, new).await
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

/// The pre-order lands in the database instead (R-SEND-4), and everything after it
/// works as well.
#[tokio::test]
async fn a_packet_lives_its_life_without_the_shared_tier() {
    let shared = Arc::new(Fragile::new());
    shared.set_down(true);
    let world = World::with(|_| {}, Some(Arc::clone(&shared) as _)).await;
    let party = world.party(2).await;
    let order_no = world.send(&party, Kind::Lucky, 200, 2).await;
    assert!(order_no.is_local());
    for member in &party.members {
        world.open(*member, order_no).await.unwrap();
    }
    let grabbed = world.app.packets.grab(party.members[0], order_no).await.unwrap();
    assert_eq!(grabbed.state, GrabState::Opened);
    world.end_and_audit().await;
}

/// A pre-order made while the cache was up is found only there; losing it before it
/// is paid loses no money.
#[tokio::test]
async fn a_pre_order_that_the_cache_lost_takes_no_money() {
    let shared = Arc::new(Fragile::new());
    let world = World::with(|_| {}, Some(Arc::clone(&shared) as _)).await;
    let party = world.party(1).await;
    let sender = party.members[0];
    let before = world.balance(sender).await;
    let request = crate::world::request(&party, Kind::Lucky, 100, 1);
    let order = world.app.packets.pre_order(sender, request).await.unwrap();
    shared.set_down(true);
    let paid = world.app.packets.pay(sender, order.order_no, PayRequest::default()).await;
    assert_eq!(paid.unwrap_err().code, hongbao_shared::ErrorCode::PreOrderExpired);
    assert_eq!(world.balance(sender).await, before);
    world.end_and_audit().await;
}
