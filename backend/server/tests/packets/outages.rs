//! The shared tier is down or wiped: nothing is lost, and little is missed.

use crate::{common::fragile::Fragile, world::World};
use hongbao_shared::{
    ErrorCode, Kind,
    api::packets::{GrabState, PayRequest},
};
use std::sync::Arc;

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
    let site = order_no.site().to_string();
    let degraded = || {
        let here = world.app.degraded().into_iter().filter(|one| one.place == site);
        here.map(|one| one.name).collect::<Vec<_>>()
    };
    assert_eq!(degraded(), ["local_numbers", "preorders_in_database"], "R-CTRL-4");
    for member in &party.members {
        world.open(*member, order_no).await.unwrap();
    }
    let grabbed = world.app.packets.grab(party.members[0], order_no).await.unwrap();
    assert_eq!(grabbed.state, GrabState::Opened);
    // With the tier back, half a minute without any of it is the end of it.
    shared.set_down(false);
    let next = world.send(&party, Kind::Lucky, 100, 1).await;
    assert!(!next.is_local());
    world.clock.advance_s(29);
    assert!(degraded().len() >= 2);
    world.clock.advance_s(1);
    assert!(world.app.degraded().is_empty());
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
    let pay = async || world.app.packets.pay(sender, order.order_no, PayRequest::default()).await;
    // Nobody can tell, until the cache is back and has forgotten it.
    shared.set_down(true);
    assert_eq!(pay().await.unwrap_err().code, ErrorCode::Unavailable);
    shared.forget();
    shared.set_down(false);
    assert_eq!(pay().await.unwrap_err().code, ErrorCode::PreOrderExpired);
    assert_eq!(world.balance(sender).await, before);
    world.end_and_audit().await;
}
