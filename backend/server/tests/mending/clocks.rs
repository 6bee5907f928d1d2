//! What a node says of time comes from the clock of the databases, whatever its own machine's
//! clock shows (R-CTRL-5).

use crate::{common::end_due, ends::on_postgres, world::request};
use hongbao_domain::runtime::Clock;
use hongbao_engine::packets::Paid;
use hongbao_shared::{
    Kind,
    api::packets::{GrabState, PacketState, PayRequest},
};

const HOUR_S: i64 = 60 * 60;

/// A node whose clock is an hour ahead says of nothing that its time is over, which it is not:
/// of a packet, of a ticket, of a pre-order.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_whose_clock_is_ahead_says_of_nothing_that_it_is_over() {
    let world = on_postgres().await;
    let party = world.party(3).await;
    let (sender, early, late) = (party.members[0], party.members[1], party.members[2]);
    let order_no = world.send(&party, Kind::Equal, 20, 2).await;
    let ticket = world.ticket(early, order_no).await;
    let made = world.app.packets.pre_order(sender, request(&party, Kind::Equal, 20, 2)).await;
    let made = made.unwrap();

    world.clock.advance_s(HOUR_S);
    world.app.packets.open(early, order_no, &ticket).await.unwrap();
    let grabbed = world.app.packets.grab(late, order_no).await.unwrap();
    assert_eq!(grabbed.state, GrabState::CanOpen);
    let opened = world.app.packets.open(late, order_no, &grabbed.ticket.unwrap()).await.unwrap();
    assert!(opened.opened_at < world.clock.now().plus_seconds(-HOUR_S / 2), "true time");
    let paid = world.app.packets.pay(sender, made.order_no, PayRequest::default()).await;
    let Paid::Landed(landed) = paid.unwrap() else { panic!("it has landed") };
    assert_eq!(landed.state, PacketState::Open);
    world.app.shutdown().await;
}

/// Nor does it show what is only shown of packets that are over: the seed, and the amounts to
/// whoever has not opened (R-FAIR-1, R-OPEN-5).
#[tokio::test(flavor = "multi_thread")]
async fn a_node_whose_clock_is_ahead_shows_nothing_early() {
    let world = on_postgres().await;
    let party = world.party(3).await;
    let (sender, opener, other) = (party.members[0], party.members[1], party.members[2]);
    let order_no = world.send(&party, Kind::Lucky, 20, 2).await;
    world.open(opener, order_no).await.unwrap();
    world.clock.advance_s(HOUR_S);
    end_due(&world.app).await;
    for reader in [sender, opener, other] {
        let details = world.details(reader, order_no).await;
        assert_eq!((details.state, details.fairness.server_seed), (PacketState::Open, None));
        assert_eq!(details.claims.is_some(), reader == opener, "amounts");
    }
    // By the database's clock it is over, whatever this node's says.
    let shard = format!("{}{}", order_no.site(), order_no.shard());
    assert!(world.app.degraded().iter().any(|one| one.place == shard), "it says so of {shard}");
    world.app.shutdown().await;
}

/// A node whose clock is an hour behind keeps to true time as well: what it sends lives as
/// long as everything else.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_whose_clock_is_behind_sends_packets_that_live_as_long_as_others() {
    let world = on_postgres().await;
    let party = world.party(2).await;
    world.clock.advance_s(-HOUR_S);
    let order_no = world.send(&party, Kind::Equal, 20, 2).await;
    world.clock.advance_s(HOUR_S);
    let details = world.details(party.members[0], order_no).await;
    assert!(details.expires_at > world.clock.now(), "it lives for 600 s from now");
    end_due(&world.app).await;
    assert_eq!(world.details(party.members[0], order_no).await.state, PacketState::Open);
    world.app.shutdown().await;
}
