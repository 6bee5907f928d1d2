//! The cycle of days over months: hot tables are emptied before their day comes again, and
//! what has moved to cold storage reads as before (R-STORE-1, R-STORE-2).

use crate::{
    common::end_due,
    world::{Party, World},
};
use hongbao_domain::store::orders::Landed;
use hongbao_engine::packets::Paid;
use hongbao_shared::{
    Kind, OrderNo,
    api::packets::{GrabState, PacketDetails, PacketState, PayRequest},
    proof,
};
use tokio_util::sync::CancellationToken;

const DAY_S: i64 = 24 * 60 * 60;
const DAYS: i64 = 70;

struct Past {
    order_no: OrderNo,
    seen: PacketDetails,
}

#[tokio::test]
async fn seventy_days_lose_nothing() {
    let mut world = World::with(|config| config.sites.shards = 1, None).await;
    let party = world.party(3).await;
    let mut past: Vec<Past> = Vec::new();
    let mut open: Vec<OrderNo> = Vec::new();
    for day in 0..DAYS {
        let finished = world.send(&party, Kind::Lucky, 500, 2).await;
        let left = world.send(&party, Kind::Equal, 600, 3).await;
        for opener in &party.members[..2] {
            world.open(*opener, finished).await.unwrap();
        }
        world.open(party.members[1], left).await.unwrap();
        past.push(settled(&world, &party, finished).await);
        open.push(left);
        world.clock.advance_s(DAY_S);
        // Yesterday's packet has just ended, unless the expirer was quicker.
        end_due(&world.app).await;
        for order_no in open.drain(..open.len().saturating_sub(1)) {
            past.push(settled(&world, &party, order_no).await);
        }
        // Drains what is on its way, as an idle hour would, and forgets all caches.
        world = world.restart().await;
        let moved = world.app.mover.round(&CancellationToken::new()).await.unwrap();
        assert_eq!(moved.waiting, 0, "day {day}");
        still_as_it_was(&world, &party, &past[..1]).await;
    }
    for hot in world.app.mover.hot.values() {
        let kept = hot.hot().days().await.unwrap().iter().filter(|table| !table.is_empty).count();
        assert!(kept <= 6, "{kept} days are hot");
    }
    still_as_it_was(&world, &party, &past).await;
    old_packets_stay_where_they_are(&world, &party, past[0].order_no).await;
    world.end_and_audit().await;
}

/// How a packet stands now that it has ended.
async fn settled(world: &World, party: &Party, order_no: OrderNo) -> Past {
    let seen = world.details(party.members[0], order_no).await;
    assert_ne!(seen.state, PacketState::Open, "{order_no}");
    Past { order_no, seen }
}

async fn still_as_it_was(world: &World, party: &Party, past: &[Past]) {
    for Past { order_no, seen } in past {
        let now = world.details(party.members[0], *order_no).await;
        assert_eq!(now, *seen, "{order_no}");
        assert!(proof::check(&now).unwrap().is_ok(), "{order_no}");
        let grabbed = world.app.packets.grab(party.members[1], *order_no).await.unwrap();
        assert_eq!(grabbed.state, GrabState::Opened, "{order_no}");
    }
}

/// Paying again, landing again and giving up find a packet in cold storage; its money does
/// not go back.
async fn old_packets_stay_where_they_are(world: &World, party: &Party, order_no: OrderNo) {
    let sender = party.members[0];
    let before = world.balance(sender).await;
    let paid = world.app.packets.pay(sender, order_no, PayRequest::default()).await;
    assert!(matches!(paid.unwrap(), Paid::Landed(_)));
    let payment = world.app.ledger.payment(order_no).await.unwrap().unwrap();
    for landed in [
        world.app.packets.land(&payment).await.unwrap(),
        world.app.packets.give_up(&payment).await.unwrap(),
    ] {
        assert!(matches!(landed, Landed::Already(_)), "{landed:?}");
    }
    assert_eq!(world.balance(sender).await, before);
}
