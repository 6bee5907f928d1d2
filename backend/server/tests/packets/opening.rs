//! Grab and open, one at a time (R-OPEN).

use crate::world::World;
use hongbao_shared::{ErrorCode, Fen, Kind, api::packets::GrabState, proof};

#[tokio::test]
async fn each_kind_pays_out_exactly_its_total() {
    let world = World::new().await;
    let party = world.party(5).await;
    for (kind, total, shares) in
        [(Kind::Lucky, 501, 5), (Kind::Equal, 500, 5), (Kind::Lucky, 5, 5), (Kind::Lucky, 999, 1)]
    {
        let order_no = world.send(&party, kind, total, shares).await;
        let mut amounts = Vec::new();
        for member in party.members.iter().take(usize::try_from(shares).unwrap()) {
            amounts.push(world.open(*member, order_no).await.unwrap().amount_fen);
        }
        assert_eq!(Fen::sum(amounts.iter().copied()).unwrap().signed(), total);
        if kind == Kind::Equal {
            assert!(amounts.iter().all(|amount| amount.get() == 100));
        }
        let details = world.details(party.members[0], order_no).await;
        let crowns = details.claims.as_ref().unwrap().iter().filter(|claim| claim.best_luck);
        assert_eq!(crowns.count(), usize::from(kind == Kind::Lucky && shares > 1));
        assert!(proof::check(&details).unwrap().is_ok());
    }
    world.end_and_audit().await;
}

#[tokio::test]
async fn repeating_an_open_gives_the_same_share() {
    let world = World::new().await;
    let party = world.party(2).await;
    let order_no = world.send(&party, Kind::Lucky, 1_000, 3).await;
    let user = party.members[1];
    let ticket = world.ticket(user, order_no).await;
    let first = world.app.packets.open(user, order_no, &ticket).await.unwrap();
    let again = world.app.packets.open(user, order_no, &ticket).await.unwrap();
    assert_eq!(first, again);
    let grabbed = world.app.packets.grab(user, order_no).await.unwrap();
    assert_eq!(grabbed.state, GrabState::Opened);
    assert_eq!(grabbed.amount_fen, Some(first.amount_fen));
    assert_eq!(grabbed.ticket, None);
    let world = world.restart().await;
    let after = world.app.packets.open(user, order_no, &ticket).await.unwrap();
    assert_eq!(first, after, "also after a restart");
    world.end_and_audit().await;
}

#[tokio::test]
async fn tickets_are_for_one_packet_one_person_and_one_minute() {
    let world = World::new().await;
    let party = world.party(3).await;
    let order_no = world.send(&party, Kind::Lucky, 300, 3).await;
    let other_order = world.send(&party, Kind::Lucky, 300, 3).await;
    let (user, other) = (party.members[1], party.members[2]);
    let ticket = world.ticket(user, order_no).await;
    let packets = &world.app.packets;
    let code = async |user, order_no, ticket: &str| {
        packets.open(user, order_no, ticket).await.unwrap_err().code
    };
    assert_eq!(code(other, order_no, &ticket).await, ErrorCode::TicketInvalid);
    assert_eq!(code(user, other_order, &ticket).await, ErrorCode::TicketInvalid);
    for forged in ["", "x", "ticket", &ticket[1..], &format!("{ticket}A"), &"A".repeat(32)] {
        assert_eq!(code(user, order_no, forged).await, ErrorCode::TicketInvalid, "{forged}");
    }
    let mut bytes = ticket.clone().into_bytes();
    for at in 0..bytes.len() {
        let kept = bytes[at];
        bytes[at] = if kept == b'A' { b'B' } else { b'A' };
        let forged = String::from_utf8(bytes.clone()).unwrap();
        assert_eq!(code(user, order_no, &forged).await, ErrorCode::TicketInvalid);
        bytes[at] = kept;
    }
    world.clock.advance_s(60);
    assert_eq!(code(user, order_no, &ticket).await, ErrorCode::TicketExpired);
    assert_eq!(world.details(party.members[0], order_no).await.claimed, 0);
    world.open(user, order_no).await.unwrap();
    world.end_and_audit().await;
}

#[tokio::test]
async fn who_comes_too_late_hears_it() {
    let world = World::new().await;
    let party = world.party(3).await;
    let order_no = world.send(&party, Kind::Lucky, 100, 1).await;
    let late = party.members[2];
    let ticket = world.ticket(late, order_no).await;
    world.open(party.members[1], order_no).await.unwrap();
    let refused = world.app.packets.open(late, order_no, &ticket).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::PacketFinished);
    let grabbed = world.app.packets.grab(late, order_no).await.unwrap();
    assert_eq!(grabbed.state, GrabState::Finished);
    world.end_and_audit().await;
}

/// A full lane refuses at once and says when to come back (R-OPEN-4). On one thread,
/// so that all 60 arrive before the lane can take the first.
#[tokio::test]
async fn a_full_lane_says_so_at_once() {
    let world = World::with(
        |config| {
            config.lanes.queue_max = 1;
            config.lanes.batch_max = 1;
        },
        None,
    )
    .await;
    let party = world.party(60).await;
    let order_no = world.send(&party, Kind::Lucky, 6_000, 60).await;
    let mut tickets = Vec::new();
    for member in &party.members {
        tickets.push((*member, world.ticket(*member, order_no).await));
    }
    let opens =
        tickets.iter().map(|(member, ticket)| world.app.packets.open(*member, order_no, ticket));
    let outcomes = futures::future::join_all(opens).await;
    let full: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).collect();
    assert!(!full.is_empty(), "60 at once do not fit into a queue of one");
    let degraded = world.app.degraded();
    assert_eq!((degraded.len(), degraded[0].name.as_str()), (1, "opens_limited"), "R-CTRL-4");
    assert_eq!(degraded[0].place, format!("{}{}", order_no.site(), order_no.shard()));
    for refusal in full {
        assert_eq!(refusal.code, ErrorCode::LaneFull);
        assert!(refusal.retry_after.is_some());
    }
    // Those who come back get theirs.
    for (member, ticket) in &tickets {
        world.app.packets.open(*member, order_no, ticket).await.unwrap();
    }
    world.clock.advance_s(30);
    assert!(world.app.degraded().is_empty());
    world.end_and_audit().await;
}
