//! The PostgreSQL instance of the contract, through one node and through two.

use crate::{
    at_once,
    contract::{self, fen, order, payment, user},
    postgres,
};
use hongbao_domain::runtime::{SystemClock, Tasks};
use hongbao_engine::ledger::{CreditClaim, CreditOutcome, Ledger};
use hongbao_shared::Limits;
use hongbao_storage::{Database, Schema, SqlLedger};
use std::sync::Arc;

macro_rules! laws {
    ($($law:ident),* $(,)?) => {
        $(
            #[tokio::test]
            async fn $law() {
                let store = SqlLedger::new(postgres::database(Schema::Ledger).await);
                contract::$law(&store).await;
                contract::books_balance(&store).await;
                store.close().await;
            }
        )*
    };
}

ledger_store_laws!(laws);

macro_rules! laws_at_once {
    ($($law:ident),* $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $law() {
                at_once::$law(&nodes().await).await;
            }
        )*
    };
}

ledger_store_laws_at_once!(laws_at_once);

/// Two nodes, each with connections of its own.
async fn nodes() -> at_once::Nodes {
    let link = postgres::link();
    let open = async || SqlLedger::new(Database::open_link(&link, Schema::Ledger).await.unwrap());
    [Arc::new(open().await), Arc::new(open().await)]
}

/// R-MONEY-1: a client that hears nothing asks another node while the first still works on
/// it, for everything, and everybody at once. Each thing happens once, and both nodes say
/// the same about it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn lanes_of_two_nodes_do_everything_once() {
    const SENDERS: i64 = 30;
    const SHARES: u32 = 10;
    let (nodes, tasks) = (nodes().await, Tasks::new());
    let lanes = nodes.clone().map(|store| Ledger::start(store, Arc::new(SystemClock), &tasks));
    let senders: Vec<_> = (0..SENDERS)
        .map(|who| {
            let lanes = lanes.clone();
            tokio::spawn(async move { send_through_both(&lanes, who, SHARES).await })
        })
        .collect();
    for sender in senders {
        sender.await.unwrap();
    }
    for seq in 0..SHARES {
        let held = lanes[0].balance(user(1_000 + i64::from(seq))).await.unwrap();
        assert_eq!(held, fen(SENDERS.unsigned_abs()));
    }
    for lane in &lanes {
        lane.shutdown().await;
    }
    contract::books_balance(&*nodes[0]).await;
}

/// A top-up, a payment and its credits, each asked of both nodes at the same time.
async fn send_through_both([one, other]: &[Ledger; 2], who: i64, shares: u32) {
    let (limits, number) = (Limits::default(), who.unsigned_abs());
    let top_up = |node: &Ledger| {
        let (node, limits) = (node.clone(), limits.clone());
        async move { node.top_up(user(who), shares.into(), "k", &limits).await.unwrap() }
    };
    let (first, second) = tokio::join!(top_up(one), top_up(other));
    assert_eq!(first, second);
    let paid = || payment(number, user(who), shares.into(), shares, &[1]);
    let (first, second) = tokio::join!(one.pay(paid()), other.pay(paid()));
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!((first.balance_fen, second.balance_fen), (fen(0), fen(0)));
    assert!(first.repeated != second.repeated);
    assert_eq!(first.payment, second.payment);
    let claims: Vec<_> = (0..shares)
        .map(|seq| CreditClaim {
            order_no: order(number),
            seq,
            user_id: user(1_000 + i64::from(seq)),
            amount: fen(1),
        })
        .collect();
    let (first, second) = tokio::join!(one.credit(claims.clone()), other.credit(claims));
    for outcome in first.unwrap().into_iter().zip(second.unwrap()) {
        let (credited, repeated) = (CreditOutcome::Credited, CreditOutcome::Repeated);
        let expected = [(credited.clone(), repeated.clone()), (repeated, credited)];
        assert!(expected.contains(&outcome), "{outcome:?}");
    }
}
