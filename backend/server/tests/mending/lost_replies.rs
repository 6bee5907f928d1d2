//! Giving up where the database did what it was asked to, and nobody heard of it: still
//! exactly one of the two, and the money once (R-SEND-2).

use crate::{
    files::until,
    giving_up::{block_the_day, pay_without_landing, unblock_the_day},
    tampered::{Tamper, tampered_world},
    world::{World, request},
};
use async_trait::async_trait;
use hongbao_domain::{
    record::Payment,
    store::{
        StoreError,
        ledger::TransferKind,
        orders::{LaneBatch, LaneOutcome, OrderStore, StoredState},
        outbox::OutboxRow,
    },
};
use hongbao_engine::delivery::{Deliver, Delivered, LandPaid};
use hongbao_shared::{ErrorCode, Kind, OrderNo, Timestamp};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use tempfile::TempDir;

/// A shard that does what it is asked to, and whose next so many answers are lost; or at
/// which another node comes first as often as the other counter says.
#[derive(Debug)]
struct Mute {
    lost: Arc<AtomicU32>,
    beaten: Arc<AtomicU32>,
}

#[async_trait]
impl Tamper for Mute {
    async fn commit(
        &self,
        store: &dyn OrderStore,
        batch: LaneBatch,
    ) -> Result<LaneOutcome, StoreError> {
        let one_less = |n: u32| n.checked_sub(1);
        if !batch.appends.is_empty()
            && self.beaten.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok()
        {
            let appends = vec![false; batch.appends.len()];
            return Ok(LaneOutcome { appends, ..LaneOutcome::default() });
        }
        let outcome = store.commit(batch).await?;
        match self.lost.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less) {
            Ok(_) => Err(StoreError::Unknown("lost".into())),
            Err(_) => Ok(outcome),
        }
    }
}

const GIVE_UP_AFTER: Duration = Duration::from_mins(10);

/// One shard whose answers can be lost, as often as the counter says.
async fn mute_world() -> (World, Arc<AtomicU32>, TempDir) {
    let (world, lost, _, folder) = mute_and_beaten_world().await;
    (world, lost, folder)
}

/// Likewise, and one that loses races.
async fn mute_and_beaten_world() -> (World, Arc<AtomicU32>, Arc<AtomicU32>, TempDir) {
    let (lost, beaten) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let mute = |_| Arc::new(Mute { lost: Arc::clone(&lost), beaten: Arc::clone(&beaten) }) as _;
    let (world, folder) = tampered_world(1, mute).await;
    (world, lost, beaten, folder)
}

fn lander(world: &World) -> LandPaid {
    LandPaid {
        packets: Arc::clone(&world.app.packets),
        clock: Arc::clone(&world.clock) as _,
        give_up_after: GIVE_UP_AFTER,
    }
}

fn row(order_no: OrderNo, created_at: Timestamp) -> OutboxRow {
    let payload = format!("{{\"order_no\":\"{order_no}\"}}");
    OutboxRow { id: 1, payload, created_at, attempts: 0 }
}

async fn kinds(world: &World, order_no: OrderNo) -> Vec<TransferKind> {
    let lines = world.app.ledger.store().transfers_of(order_no, 0, 10).await.unwrap();
    lines.into_iter().map(|line| line.transfer.kind).collect()
}

async fn state(world: &World, order_no: OrderNo) -> Option<StoredState> {
    let hot = &world.app.mover.hot[&(order_no.site(), order_no.shard())];
    hot.packet(order_no).await.unwrap().map(|packet| packet.progress.state)
}

#[tokio::test]
async fn a_tombstone_whose_reply_is_lost_gives_the_money_back_once() {
    // Within what a lane tries, and beyond it.
    for losses in [1, 3, 1_000] {
        let (world, lost, _folder) = mute_world().await;
        let party = world.party(2).await;
        let sender = party.members[0];
        world.send(&party, Kind::Lucky, 300, 2).await;
        block_the_day(&world).await;
        let before = world.balance(sender).await;
        let order_no = pay_without_landing(&world, &party).await;
        let row = row(order_no, world.app.packets.clock.now());
        lost.store(losses, Ordering::SeqCst);
        world.clock.advance_s(601);
        let first = lander(&world).deliver(std::slice::from_ref(&row)).await.remove(0);
        if losses == 1_000 {
            assert!(matches!(first, Delivered::Again(_)), "{first:?}");
        } else {
            assert_eq!(first, Delivered::Done);
        }
        lost.store(0, Ordering::SeqCst);
        let second = lander(&world).deliver(std::slice::from_ref(&row)).await;
        assert_eq!(second, [Delivered::Done]);
        assert_eq!(state(&world, order_no).await, Some(StoredState::GivenUp));
        // The lane rang no bell for what it never heard of; the look-out finds it.
        until("the money is back", async || world.balance(sender).await == before).await;
        world.clock.advance_s(120);
        unblock_the_day(&world).await;
        world.app.shutdown().await;
        assert_eq!(kinds(&world, order_no).await, [TransferKind::Pay, TransferKind::Refund]);
        crate::world::audit(&world.app.config).await;
    }
}

/// It has landed, nobody heard of it, and it is given up after its time: it stays.
#[tokio::test]
async fn a_landing_whose_reply_is_lost_is_not_given_up() {
    let (world, lost, _folder) = mute_world().await;
    let party = world.party(2).await;
    let packets = &world.app.packets;
    let order = packets.pre_order(party.members[0], request(&party, Kind::Lucky, 700, 2)).await;
    let order_no = order.unwrap().order_no;
    let record = packets.sending.pre_order(order_no, packets.clock.now()).await.unwrap().unwrap();
    let payment = Payment { record, client_seed: vec![7], paid_at: packets.clock.now() };
    lost.store(u32::MAX, Ordering::SeqCst);
    world.app.ledger.pay(payment).await.unwrap();
    let row = row(order_no, packets.clock.now());
    let first = lander(&world).deliver(std::slice::from_ref(&row)).await.remove(0);
    assert!(matches!(first, Delivered::Again(_)), "{first:?}");
    assert_eq!(state(&world, order_no).await, Some(StoredState::Open));
    world.clock.advance_s(601);
    let late = lander(&world).deliver(std::slice::from_ref(&row)).await.remove(0);
    assert!(matches!(late, Delivered::Again(_)), "{late:?}");
    lost.store(0, Ordering::SeqCst);
    assert_eq!(lander(&world).deliver(&[row]).await, [Delivered::Done]);
    assert_eq!(state(&world, order_no).await, Some(StoredState::Open));
    world.clock.advance_s(120);
    world.app.shutdown().await;
    assert_eq!(kinds(&world, order_no).await, [TransferKind::Pay]);
    crate::world::audit(&world.app.config).await;
}

/// R-CTRL-6: a node that loses every race says when to come back; one that loses some wins in
/// the end, and nobody notices.
#[tokio::test]
async fn a_node_that_loses_races_says_when_to_come_back() {
    let (world, _, beaten, _folder) = mute_and_beaten_world().await;
    let party = world.party(3).await;
    let order_no = world.send(&party, Kind::Equal, 20, 2).await;
    beaten.store(8, Ordering::SeqCst);
    world.open(party.members[1], order_no).await.unwrap();
    beaten.store(u32::MAX, Ordering::SeqCst);
    let refused = world.open(party.members[2], order_no).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::ShardUnavailable);
    assert!(refused.retry_after.is_some());
    beaten.store(0, Ordering::SeqCst);
    world.open(party.members[2], order_no).await.unwrap();
    world.app.shutdown().await;
    crate::world::audit(&world.app.config).await;
}
