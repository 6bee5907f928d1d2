//! Opened shares reach the wallets in each of the three ways (R-MONEY-2).

use crate::world::World;
use hongbao::node::open_stores;
use hongbao_config::CreditMode;
use hongbao_domain::{runtime::Clock, store::outbox::Destination};
use hongbao_shared::{
    Fen, Kind, UserId,
    api::{
        control::{ChangeSwitches, CreditMode as ApiMode},
        wallet::EntryKind,
    },
};
use std::time::Duration;

async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    for _ in 0..2_000 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never: {what}");
}

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
        assert!(entries.iter().all(|entry| entry.kind == EntryKind::Credit.into()));
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

/// Deferred is deferred, however many nodes look for what is due, and whoever starts
/// (R-MONEY-2).
#[tokio::test(flavor = "multi_thread")]
async fn deferred_with_two_nodes() {
    let world = World::with(|config| config.credit.mode = CreditMode::Deferred, None).await;
    let other = world.second_node().await;
    let party = world.party(3).await;
    let later = world.send(&party, Kind::Equal, 200, 2).await;
    let (one, two) = (party.members[1], party.members[2]);
    world.open(one, later).await.unwrap();
    let stores = open_stores(&world.app.config).await.unwrap();
    let store = &stores.orders[&(later.site(), later.shard())];
    let due = || world.clock.now().plus(Duration::from_mins(1));
    assert_eq!(store.next_due(Destination::Credit).await.unwrap(), Some(due()));
    // A third one starts, and takes over nothing.
    let third = world.second_node().await;
    assert_eq!(store.next_due(Destination::Credit).await.unwrap(), Some(due()));
    // What goes through the queue of the same shard is credited by one of the three, while
    // what is deferred waits.
    let queue = ChangeSwitches { credit_mode: Some(ApiMode::Queue), ..ChangeSwitches::default() };
    world.app.follower.change(party.members[0], &queue).await.unwrap();
    world.open(two, later).await.unwrap();
    until("through the queue", async || world.balance(two).await == Fen::new(100).unwrap()).await;
    assert_eq!(world.balance(one).await, Fen::ZERO);
    world.clock.advance_s(60);
    until("deferred", async || world.balance(one).await == Fen::new(100).unwrap()).await;
    stores.close().await;
    other.shutdown().await;
    third.shutdown().await;
    world.end_and_audit().await;
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
            Some(hongbao_engine::ledger::CreditClaim {
                order_no: order_no.parse().ok()?,
                seq: seq.parse().ok()?,
                user_id: due.iter().map(|(member, _)| *member).find(|member| {
                    recorded.transfer.credit
                        == hongbao_domain::store::ledger::Account::Wallet(*member)
                })?,
                amount: recorded.transfer.amount,
            })
        })
        .collect();
    assert_eq!(again.len(), 4);
    let outcomes = world.app.ledger.credit(again).await.unwrap();
    assert!(outcomes.iter().all(|one| *one == hongbao_engine::ledger::CreditOutcome::Repeated));
    everyone_has_theirs(&world, &due).await;
    world.end_and_audit().await;
}
