//! Many open at the same moment (R-OPEN-2).

use crate::world::{Party, World};
use futures::future::join_all;
use hongbao_domain::Refusal;
use hongbao_shared::{
    ErrorCode, Fen, Kind, OrderNo, UserId,
    api::packets::{Opened, PacketState},
    proof,
};
use std::{collections::BTreeSet, sync::Arc};

const MEMBERS: usize = 500;
const SHARES: i64 = 100;
const TOTAL: i64 = 12_345;

/// Everyone opens at once; each in a task of their own.
async fn storm(
    world: &World,
    party: &Party,
    order_no: OrderNo,
) -> Vec<(UserId, Result<Opened, Refusal>)> {
    let mut tickets = Vec::new();
    for member in &party.members {
        tickets.push((*member, world.ticket(*member, order_no).await));
    }
    let opens = tickets.into_iter().map(|(member, ticket)| {
        let app = Arc::clone(&world.app);
        tokio::spawn(async move {
            let opened = app.packets.open(member, order_no, &ticket).await;
            if let Err(refusal) = &opened {
                // Nobody hears "finished" before it is true.
                assert_eq!(refusal.code, ErrorCode::PacketFinished);
                let details = app.packets.details(member, order_no).await.unwrap();
                assert_eq!(details.state, PacketState::Finished);
            }
            (member, opened)
        })
    });
    join_all(opens).await.into_iter().map(Result::unwrap).collect()
}

async fn check(world: &World, order_no: OrderNo, outcomes: &[(UserId, Result<Opened, Refusal>)]) {
    let opened: Vec<_> = outcomes.iter().filter_map(|(_, one)| one.as_ref().ok()).collect();
    assert_eq!(opened.len(), usize::try_from(SHARES).unwrap());
    let seqs: BTreeSet<_> = opened.iter().map(|one| one.seq).collect();
    assert_eq!(seqs.len(), opened.len(), "each share went to one person");
    let sum = Fen::sum(opened.iter().map(|one| one.amount_fen)).unwrap();
    assert_eq!(sum.signed(), TOTAL);
    let details = world.details(outcomes[0].0, order_no).await;
    assert!(proof::check(&details).unwrap().is_ok(), "the packet proves itself");
    assert_eq!(details.claims.unwrap().iter().filter(|claim| claim.best_luck).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_members_open_a_hundred_shares() {
    let world = World::new().await;
    let party = world.party(MEMBERS).await;
    let order_no = world.send(&party, Kind::Lucky, TOTAL, SHARES).await;
    let outcomes = storm(&world, &party, order_no).await;
    check(&world, order_no, &outcomes).await;

    let world = world.restart().await;
    check(&world, order_no, &outcomes).await;
    for (member, outcome) in outcomes.iter().filter(|(member, _)| *member != party.members[0]) {
        let expected = outcome.as_ref().map_or(Fen::ZERO, |one| one.amount_fen);
        assert_eq!(world.balance(*member).await, expected, "every claim is credited");
    }
    world.end_and_audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_packets_at_once() {
    let world = World::new().await;
    let party = world.party(MEMBERS).await;
    let mut orders = Vec::new();
    for _ in 0..20 {
        orders.push(world.send(&party, Kind::Lucky, TOTAL, SHARES).await);
    }
    let storms = orders.iter().map(|order_no| storm(&world, &party, *order_no));
    for (order_no, outcomes) in orders.iter().zip(join_all(storms).await) {
        check(&world, *order_no, &outcomes).await;
    }
    world.end_and_audit().await;
}
