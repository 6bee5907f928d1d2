//! The shared tier and the databases agree, or are made to (R-CACHE-2).

use crate::{common::fragile::Fragile, world::World};
use hongbao_domain::{
    cache::SharedTier,
    store::orders::{ClaimRow, PacketRow, Progress, StoredState},
};
use hongbao_engine::cache::Compared;
use hongbao_shared::{Fen, Kind, OrderNo, UserId};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

const PATIENCE: Duration = Duration::from_secs(5);

async fn until_shared(shared: &Fragile, order_no: OrderNo, claimed: u32) -> PacketRow {
    let patience = Instant::now() + PATIENCE;
    loop {
        match shared.packet(order_no).await {
            Ok(Some(packet)) if packet.progress.claimed == claimed => return packet,
            _ => {}
        }
        assert!(Instant::now() < patience, "the tier never has {order_no} with {claimed} claims");
        tokio::task::yield_now().await;
    }
}

async fn pass(world: &World) -> Compared {
    world.app.comparison.as_ref().unwrap().pass().await
}

/// Three planted differences, and a packet that is as it should be.
#[tokio::test(flavor = "multi_thread")]
async fn planted_differences_are_found_and_mended() {
    let shared = Arc::new(Fragile::new());
    let world = World::with(|_| {}, Some(Arc::clone(&shared) as _)).await;
    let party = world.party(3).await;
    let mut orders = Vec::new();
    let mut truth = Vec::new();
    for _ in 0..5 {
        let order_no = world.send(&party, Kind::Lucky, 300, 3).await;
        world.open(party.members[0], order_no).await.unwrap();
        truth.push(until_shared(&shared, order_no, 1).await);
        orders.push(order_no);
    }
    assert_eq!(pass(&world).await, Compared { packets: 5, ..Compared::default() });

    let mine = shared.claim_of(orders[0], party.members[0]).await.unwrap().unwrap();
    let early = |packet: &PacketRow| PacketRow { progress: Progress::NONE, ..packet.clone() };
    // Behind: as if the write after the claim had been lost.
    replace(&shared, &early(&truth[0]), &[]).await;
    // An end that never was.
    let ended = Progress { state: StoredState::Expired, ..truth[1].progress };
    replace(&shared, &PacketRow { progress: ended, ..truth[1].clone() }, &[mine]).await;
    // A claim of another amount.
    let more = ClaimRow { amount_fen: Fen::new(299).unwrap(), ..mine };
    replace(&shared, &truth[2], &[more]).await;
    // A claim that nobody made.
    let nobody = ClaimRow { user_id: UserId::new(1_234_567).unwrap(), seq: 1, ..mine };
    shared.put_packet(&truth[3], &[nobody]).await.unwrap();

    let found = pass(&world).await;
    assert_eq!(found, Compared { packets: 5, behind: 1, wrong: 3, unfinished: 0 });
    for packet in &truth {
        assert_eq!(shared.packet(packet.order_no).await.unwrap().as_ref(), Some(packet));
        let claim = shared.claim_of(packet.order_no, party.members[0]).await.unwrap().unwrap();
        let details = world.details(party.members[0], packet.order_no).await;
        assert_eq!(claim.amount_fen, details.claims.unwrap()[0].amount_fen);
        let nobody = shared.claim_of(packet.order_no, nobody.user_id).await.unwrap();
        assert_eq!(nobody, None);
    }
    assert_eq!(pass(&world).await, Compared { packets: 5, ..Compared::default() });
    shared.set_down(true);
    assert!(pass(&world).await.unfinished > 0);
    world.end_and_audit().await;
}

async fn replace(shared: &Fragile, packet: &PacketRow, claims: &[ClaimRow]) {
    shared.forget_packet(packet.order_no).await.unwrap();
    shared.put_packet(packet, claims).await.unwrap();
}

/// What could not be written while the tier was down is written when it is back, also by
/// claims that a wiped tier has lost.
#[tokio::test(flavor = "multi_thread")]
async fn failed_writes_are_made_up_for() {
    let shared = Arc::new(Fragile::new());
    let world = World::with(|_| {}, Some(Arc::clone(&shared) as _)).await;
    let party = world.party(3).await;
    let order_no = world.send(&party, Kind::Lucky, 300, 3).await;
    world.open(party.members[0], order_no).await.unwrap();
    until_shared(&shared, order_no, 1).await;
    shared.forget_packet(order_no).await.unwrap();
    shared.set_down(true);
    world.open(party.members[1], order_no).await.unwrap();
    shared.set_down(false);
    until_shared(&shared, order_no, 2).await;
    for member in &party.members[..2] {
        assert!(shared.claim_of(order_no, *member).await.unwrap().is_some());
    }
    world.end_and_audit().await;
}
