//! What is left after a packet's time goes back exactly once (R-MONEY-4).

use crate::{common::end_due, world::World};
use hongbao_shared::{
    ErrorCode, Fen, Kind,
    api::packets::{GrabState, PacketState},
    proof,
};

const DAY_S: i64 = 24 * 60 * 60;

#[tokio::test]
async fn the_rest_goes_back_once_also_across_a_restart() {
    let world = World::new().await;
    let party = world.party(3).await;
    let (sender, lucky) = (party.members[0], party.members[1]);
    let before = world.balance(sender).await;
    let order_no = world.send(&party, Kind::Lucky, 1_000, 3).await;
    let opened = world.open(lucky, order_no).await.unwrap();
    let late_ticket = world.ticket(party.members[2], order_no).await;

    end_due(&world.app).await;
    let early = world.details(sender, order_no).await;
    assert_eq!(early.state, PacketState::Open, "its time is not over");

    world.clock.advance_s(DAY_S + 1);
    let late = world.app.packets.grab(party.members[2], order_no).await.unwrap();
    assert_eq!(late.state, GrabState::Expired, "even before that has been committed");
    let stale = world.app.packets.open(party.members[2], order_no, &late_ticket).await;
    assert_eq!(stale.unwrap_err().code, ErrorCode::TicketExpired);
    for _ in 0..3 {
        end_due(&world.app).await;
    }
    let world = world.restart().await;
    end_due(&world.app).await;

    let details = world.details(party.members[2], order_no).await;
    assert_eq!(details.state, PacketState::Expired);
    let left = Fen::new(1_000 - opened.amount_fen.get()).unwrap();
    assert_eq!(details.refunded_fen, Some(left));
    assert!(proof::check(&details).unwrap().is_ok(), "an expired packet proves itself too");
    let world = world.restart().await;
    let spent = before.checked_sub(world.balance(sender).await);
    assert_eq!(spent, Some(opened.amount_fen), "the sender paid what was opened");
    let again = world.app.packets.grab(lucky, order_no).await.unwrap();
    assert_eq!((again.state, again.amount_fen), (GrabState::Opened, Some(opened.amount_fen)));
    world.end_and_audit().await;
}

/// An open that comes after the time, but before the end is committed, is refused.
#[tokio::test]
async fn time_counts_not_only_the_record() {
    let world = World::with(|config| config.limits.packet_lifetime_s = 20, None).await;
    let party = world.party(2).await;
    let order_no = world.send(&party, Kind::Equal, 200, 2).await;
    let ticket = world.ticket(party.members[1], order_no).await;
    world.clock.advance_s(20);
    let refused = world.app.packets.open(party.members[1], order_no, &ticket).await;
    assert_eq!(refused.unwrap_err().code, ErrorCode::PacketExpired);
    end_due(&world.app).await;
    world.end_and_audit().await;
}
