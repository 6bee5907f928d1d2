//! Opened shares reach the wallets in each of the three ways (R-MONEY-2).

use crate::world::World;
use hongbao::config::CreditMode;
use hongbao_shared::{Fen, Kind, UserId, api::wallet::EntryKind};

/// Opens a packet of small shares and one large exclusive one; who has what to come.
async fn opened(world: &World) -> Vec<(UserId, Fen)> {
    let party = world.party(4).await;
    let small = world.send(&party, Kind::Lucky, 900, 3).await;
    let mut due = Vec::new();
    for member in &party.members[1..] {
        due.push((*member, world.open(*member, small).await.unwrap().amount_fen));
    }
    let large = world.send(&party, Kind::Exclusive, 15_000, 1).await;
    let amount = world.open(party.members[1], large).await.unwrap().amount_fen;
    due[0].1 = due[0].1.checked_add(amount).unwrap();
    due
}

async fn everyone_has_theirs(world: &World, due: &[(UserId, Fen)]) {
    for (member, amount) in due {
        assert_eq!(world.balance(*member).await, *amount);
        let entries = world.app.ledger.entries(*member, None, 10).await.unwrap().items;
        assert!(entries.iter().all(|entry| entry.kind == EntryKind::Credit));
        let sum: i64 = entries.iter().map(|entry| entry.amount_fen).sum();
        assert_eq!(sum, amount.signed());
    }
}

#[tokio::test]
async fn by_amount_through_the_queue_or_later() {
    for mode in [CreditMode::Split, CreditMode::Queue, CreditMode::Deferred] {
        let world = World::with(|config| config.credit.mode = mode, None).await;
        let due = opened(&world).await;
        if mode == CreditMode::Deferred {
            for (member, _) in &due {
                assert_eq!(world.balance(*member).await, Fen::ZERO, "nothing now");
            }
        }
        // A graceful end delivers what waits, also what was to come later.
        let world = world.restart().await;
        everyone_has_theirs(&world, &due).await;
        world.end_and_audit().await;
    }
}

/// A claim that was credited before its outbox row was settled is credited once.
#[tokio::test]
async fn a_credit_that_comes_twice_counts_once() {
    let world = World::new().await;
    let due = opened(&world).await;
    let world = world.restart().await;
    everyone_has_theirs(&world, &due).await;
    let credits = world.app.ledger.store().transfers_page(0, 100).await.unwrap();
    let again: Vec<_> = credits
        .iter()
        .filter_map(|recorded| {
            let (order_no, seq) = recorded.transfer.key.strip_prefix("credit:")?.split_once(':')?;
            Some(hongbao::ledger::CreditClaim {
                order_no: order_no.parse().ok()?,
                seq: seq.parse().ok()?,
                user_id: due.iter().map(|(member, _)| *member).find(|member| {
                    recorded.transfer.credit == hongbao::store::ledger::Account::Wallet(*member)
                })?,
                amount: recorded.transfer.amount,
            })
        })
        .collect();
    assert_eq!(again.len(), 4);
    let outcomes = world.app.ledger.credit(again).await.unwrap();
    assert!(outcomes.iter().all(|one| *one == hongbao::ledger::CreditOutcome::Repeated));
    everyone_has_theirs(&world, &due).await;
    world.end_and_audit().await;
}
