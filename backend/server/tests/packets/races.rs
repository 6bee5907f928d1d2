//! Two nodes that both believe that they serve a packet stay correct (R-OPEN-3).

use crate::{common::end_due, world::World};
use futures::future::join_all;
use hongbao_shared::{ErrorCode, Fen, Kind, proof};
use std::{collections::BTreeSet, sync::Arc};

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_open_one_packet() {
    let world = World::new().await;
    let party = world.party(120).await;
    let order_no = world.send(&party, Kind::Lucky, 50_000, 100).await;
    let other = world.second_node().await;
    let mut opens = Vec::new();
    for (n, member) in party.members.iter().copied().enumerate() {
        let app = Arc::clone(if n % 2 == 0 { &world.app } else { &other });
        let ticket = app.packets.grab(member, order_no).await.unwrap().ticket.unwrap();
        opens.push(tokio::spawn(async move { app.packets.open(member, order_no, &ticket).await }));
    }
    let outcomes: Vec<_> = join_all(opens).await.into_iter().map(Result::unwrap).collect();
    let opened: Vec<_> = outcomes.iter().filter_map(|one| one.as_ref().ok()).collect();
    assert_eq!(opened.len(), 100);
    assert_eq!(opened.iter().map(|one| one.seq).collect::<BTreeSet<_>>().len(), 100);
    assert_eq!(Fen::sum(opened.iter().map(|one| one.amount_fen)), Fen::new(50_000));
    for refusal in outcomes.iter().filter_map(|one| one.as_ref().err()) {
        assert_eq!(refusal.code, ErrorCode::PacketFinished);
    }
    other.shutdown().await;
    let world = world.restart().await;
    let details = world.details(party.members[0], order_no).await;
    assert!(proof::check(&details).unwrap().is_ok());
    world.end_and_audit().await;
}

/// The same member at both nodes at once gets one share, and both hear the same.
#[tokio::test(flavor = "multi_thread")]
async fn one_member_opens_at_two_nodes() {
    let world = World::new().await;
    let party = world.party(3).await;
    let other = world.second_node().await;
    for _ in 0..20 {
        let order_no = world.send(&party, Kind::Lucky, 300, 3).await;
        let member = party.members[1];
        let ticket = world.ticket(member, order_no).await;
        let (here, there) = tokio::join!(
            world.app.packets.open(member, order_no, &ticket),
            other.packets.open(member, order_no, &ticket),
        );
        assert_eq!(here.unwrap(), there.unwrap());
    }
    other.shutdown().await;
    world.end_and_audit().await;
}

/// Opening and expiring the same packet at the same moment never both take a share
/// (R-MONEY-4).
#[tokio::test(flavor = "multi_thread")]
async fn an_open_races_the_end() {
    let world = World::with(|config| config.limits.packet_lifetime_s = 30, None).await;
    let party = world.party(8).await;
    let other = world.second_node().await;
    let mut orders = Vec::new();
    for _ in 0..40 {
        let order_no = world.send(&party, Kind::Lucky, 800, 8).await;
        let mut tickets = Vec::new();
        for member in &party.members {
            tickets.push((*member, world.ticket(*member, order_no).await));
        }
        orders.push((order_no, tickets));
    }
    let mut tasks = Vec::new();
    for (n, (order_no, tickets)) in orders.iter().cloned().enumerate() {
        let app = Arc::clone(if n % 2 == 0 { &world.app } else { &other });
        let clock = Arc::clone(&world.clock);
        tasks.push(tokio::spawn(async move {
            for (at, (member, ticket)) in tickets.into_iter().enumerate() {
                if at == 4 && n == 20 {
                    clock.advance_s(31);
                }
                let (opened, ()) =
                    tokio::join!(app.packets.open(member, order_no, &ticket), end_due(&app),);
                if let Err(refusal) = opened {
                    assert_eq!(refusal.code, ErrorCode::PacketExpired);
                }
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    end_due(&world.app).await;
    other.shutdown().await;
    let world = world.restart().await;
    for (order_no, _) in &orders {
        let details = world.details(party.members[0], *order_no).await;
        let back = details.refunded_fen.unwrap_or(Fen::ZERO);
        assert_eq!(details.claimed_fen.unwrap().checked_add(back), Fen::new(800));
        assert!(proof::check(&details).unwrap().is_ok());
    }
    world.end_and_audit().await;
}
