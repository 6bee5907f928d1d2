//! What every ledger store keeps, whatever the database: a function for each law, over
//! the public interface alone.

use hongbao_domain::{
    record::{Payment, PreOrderRecord},
    store::{
        StoreError,
        ledger::{Account, LedgerStore, PostRefusal, Posted, Posting, TransferKind},
        outbox::{Destination, Settled},
        reconciled::Reconciled,
    },
};
use hongbao_shared::{
    Day, Fen, GroupId, Kind, OrderNo, Shard, Site, Timestamp, UserId, fairness::ServerSeed,
};
use std::{collections::BTreeMap, time::Duration};

#[path = "ledger/pages.rs"]
mod pages;
#[path = "ledger/treasury.rs"]
mod treasury;

pub(crate) use pages::*;
pub(crate) use treasury::*;

/// Hands the names of all laws to a macro that tests an implementation on each.
macro_rules! ledger_store_laws {
    ($laws:ident) => {
        $laws! {
            money_comes_from_the_issuer,
            a_repeated_key_answers_as_before,
            a_key_used_for_something_else_is_refused,
            one_refusal_spoils_no_other,
            a_later_posting_sees_an_earlier_one,
            a_payment_is_stored_whole_with_its_outbox_row,
            a_lost_landing_is_written_again,
            reconciliation_is_one_nodes,
            a_payment_is_repeatable_by_content,
            an_escrow_pays_with_its_own_money_alone,
            a_wallet_pays_no_more_than_its_cap,
            a_fee_goes_to_the_house_and_back_with_what_was_given_up,
            what_the_house_gives_is_given_once,
            a_refund_happens_once,
            a_statement_pages_newest_first,
            pre_orders_are_kept_and_purged,
            pages_cover_everything_in_order,
        }
    };
}

pub(crate) fn fen(fen: u64) -> Fen {
    Fen::new(fen).unwrap()
}
pub(crate) fn user(id: i64) -> UserId {
    UserId::new(id).unwrap()
}
pub(crate) fn order(sequence: u64) -> OrderNo {
    OrderNo::new(Site::S, Shard::new(3).unwrap(), Day::new(7).unwrap(), false, sequence).unwrap()
}
pub(crate) fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

pub(crate) fn payment(
    sequence: u64,
    sender: UserId,
    total: u64,
    shares: u32,
    client_seed: &[u8],
) -> Payment {
    let record = PreOrderRecord {
        order_no: order(sequence),
        sender_id: sender,
        group_id: GroupId::new(9).unwrap(),
        recipient_id: None,
        kind: Kind::Lucky,
        total_fen: fen(total),
        shares,
        max_share_fen: fen(20_000),
        greeting: "恭喜发财".to_owned(),
        cover: "classic".to_owned(),
        sealed_server_seed: vec![1, 2, 3],
        commitment: ServerSeed::from_bytes([7; 32]).commitment(),
        created_at: at(1),
        // No clock of a database is as late as that.
        expires_at: at(9_000_000_000_000),
        fee_fen: Fen::ZERO,
    };
    Payment { record, client_seed: client_seed.to_vec(), paid_at: at(2) }
}

/// Posts one, expecting the store to answer.
pub(crate) async fn post(store: &dyn LedgerStore, posting: Posting) -> Result<Posted, PostRefusal> {
    store.post(vec![posting], at(1_000)).await.unwrap()[0]
}

pub(crate) async fn top_up(store: &dyn LedgerStore, who: UserId, amount: u64) {
    post(store, Posting::top_up(who, fen(amount), &format!("setup{amount}"))).await.unwrap();
}

/// Every law about the books as a whole (R-MONEY-1); holds after anything.
pub(crate) async fn books_balance(store: &dyn LedgerStore) {
    assert_eq!(store.total().await.unwrap(), 0);
    let mut sums: BTreeMap<Account, i64> = BTreeMap::new();
    let mut credited: BTreeMap<Account, i64> = BTreeMap::new();
    for line in store.transfers_page(0, u32::MAX).await.unwrap() {
        let transfer = line.transfer;
        if transfer.kind == TransferKind::Credit {
            *credited.entry(transfer.credit).or_default() += transfer.amount.signed();
        }
        for (account, change, after) in [
            (transfer.debit, -transfer.amount.signed(), transfer.debit_balance),
            (transfer.credit, transfer.amount.signed(), transfer.credit_balance),
        ] {
            let sum = sums.entry(account).or_default();
            *sum += change;
            assert_eq!(*sum, after, "{account} after {}", transfer.key);
            assert!(account == Account::Issuer || *sum >= 0, "{account} is never negative");
        }
    }
    let stored: BTreeMap<_, _> =
        store.accounts_page(None, u32::MAX).await.unwrap().into_iter().collect();
    let balances: BTreeMap<_, _> =
        stored.iter().map(|(account, stated)| (*account, stated.balance)).collect();
    assert_eq!(balances, sums);
    for (account, stated) in stored {
        assert_eq!(stated.credited, credited.get(&account).copied().unwrap_or_default());
        let sum = store.account_sum(account).await.unwrap();
        assert_eq!((sum.stated, sum.summed), (stated, stated));
        assert_eq!(store.account(account).await.unwrap(), stated);
    }
}

pub(crate) async fn money_comes_from_the_issuer(store: &dyn LedgerStore) {
    let posted = post(store, Posting::top_up(user(1), fen(500), "a")).await.unwrap();
    assert_eq!(
        posted,
        Posted { at: at(1_000), debit_balance: -500, credit_balance: 500, repeated: false }
    );
    assert_eq!(store.account(Account::Wallet(user(1))).await.unwrap().balance, 500);
    assert_eq!(store.account(Account::Issuer).await.unwrap().balance, -500);
    assert_eq!(store.account(Account::Wallet(user(2))).await.unwrap().balance, 0);
}

pub(crate) async fn a_repeated_key_answers_as_before(store: &dyn LedgerStore) {
    let posting = || Posting::top_up(user(1), fen(500), "a");
    let first = post(store, posting()).await.unwrap();
    top_up(store, user(1), 30).await;
    let batch = vec![posting(), Posting::top_up(user(1), fen(1), "b"), posting()];
    let again = store.post(batch, at(9_999)).await.unwrap();
    assert_eq!(again[0], Ok(Posted { repeated: true, ..first }));
    assert_eq!(again[2], again[0]);
    assert_eq!(store.account(Account::Wallet(user(1))).await.unwrap().balance, 531);
}

pub(crate) async fn a_key_used_for_something_else_is_refused(store: &dyn LedgerStore) {
    top_up(store, user(5), 100).await;
    post(store, Posting::pay(payment(1, user(5), 100, 2, &[]))).await.unwrap();
    post(store, Posting::credit(order(1), 0, user(6), fen(10))).await.unwrap();
    for other in [
        Posting::credit(order(1), 0, user(6), fen(11)),
        Posting::credit(order(1), 0, user(7), fen(10)),
        Posting::top_up(user(5), fen(101), "setup100"),
    ] {
        assert_eq!(post(store, other).await, Err(PostRefusal::KeyConflict));
    }
    // The same key of two people is two keys.
    assert!(!post(store, Posting::top_up(user(6), fen(7), "setup100")).await.unwrap().repeated);
    assert_eq!(store.account(Account::Wallet(user(6))).await.unwrap().balance, 17);
}

pub(crate) async fn one_refusal_spoils_no_other(store: &dyn LedgerStore) {
    top_up(store, user(1), 10).await;
    let outcomes = store
        .post(
            vec![
                Posting::pay(payment(1, user(1), 6, 1, &[])),
                Posting::pay(payment(2, user(1), 6, 1, &[])),
                Posting::credit(order(9), 0, user(2), fen(1)),
                Posting::top_up(user(1), fen(0), "nothing"),
                Posting::top_up(user(1), fen(11), "setup10"),
                Posting::pay(payment(3, user(1), 4, 1, &[])),
            ],
            at(1),
        )
        .await
        .unwrap();
    assert!(outcomes[0].is_ok());
    assert_eq!(outcomes[1], Err(PostRefusal::InsufficientBalance { balance: 4 }));
    assert_eq!(outcomes[2], Err(PostRefusal::InsufficientBalance { balance: 0 }));
    assert_eq!(outcomes[3], Err(PostRefusal::NothingToMove));
    assert_eq!(outcomes[4], Err(PostRefusal::KeyConflict));
    assert!(outcomes[5].is_ok());
    // A refusal leaves nothing behind: the same key may succeed later.
    assert!(store.payment(order(2)).await.unwrap().is_none());
    top_up(store, user(1), 6).await;
    assert!(post(store, Posting::pay(payment(2, user(1), 6, 1, &[]))).await.is_ok());
}

pub(crate) async fn a_later_posting_sees_an_earlier_one(store: &dyn LedgerStore) {
    let batch = vec![
        Posting::top_up(user(1), fen(9), "a"),
        Posting::pay(payment(1, user(1), 9, 2, &[])),
        Posting::credit(order(1), 0, user(2), fen(5)),
        Posting::credit(order(1), 1, user(1), fen(4)),
    ];
    let outcomes = store.post(batch, at(1)).await.unwrap();
    let balances: Vec<_> = outcomes
        .iter()
        .map(|outcome| outcome.map(|posted| (posted.debit_balance, posted.credit_balance)))
        .collect();
    assert_eq!(balances, [Ok((-9, 9)), Ok((0, 9)), Ok((4, 5)), Ok((0, 4))]);
}

pub(crate) async fn a_payment_is_stored_whole_with_its_outbox_row(store: &dyn LedgerStore) {
    top_up(store, user(1), 100).await;
    let mut paid = payment(1, user(1), 100, 3, &[0xab; 32]);
    r#"恭喜\u0000 \"{"#.clone_into(&mut paid.record.greeting);
    "nil \0, line\n, 🧧".clone_into(&mut paid.record.cover);
    assert_eq!(store.payment(order(1)).await.unwrap(), None);
    post(store, Posting::pay(paid.clone())).await.unwrap();
    post(store, Posting::pay(paid.clone())).await.unwrap();
    assert_eq!(store.payment(order(1)).await.unwrap(), Some(paid.clone()));
    assert_eq!(store.payments(vec![order(2), order(1)]).await.unwrap(), [paid]);
    assert_eq!(store.payments(Vec::new()).await.unwrap(), []);
    assert_eq!(store.awaiting_landing(vec![order(1), order(2)]).await.unwrap(), [order(1)]);
    let rows = store.lease(Destination::Land, at(5_000), Duration::from_secs(1), 10).await.unwrap();
    assert_eq!(rows.len(), 1, "a repeated payment lands once");
    assert_eq!(rows[0].payload, format!(r#"{{"order_no":"{}"}}"#, order(1)));
    // A payment that is refused leaves no row.
    assert!(post(store, Posting::pay(payment(2, user(1), 1, 1, &[]))).await.is_err());
    assert_eq!(store.backlog(Destination::Land).await.unwrap().waiting, 1);
}

/// For reconciliation (R-MONEY-3): once, and only for what was paid.
pub(crate) async fn a_lost_landing_is_written_again(store: &dyn LedgerStore) {
    top_up(store, user(1), 100).await;
    post(store, Posting::pay(payment(1, user(1), 100, 3, &[]))).await.unwrap();
    assert!(!store.land_again(order(1), at(10)).await.unwrap(), "its row is there");
    let lease = async |now| {
        store.lease(Destination::Land, at(now), Duration::from_secs(1), 10).await.unwrap()
    };
    let rows = lease(5_000).await;
    store.settle(vec![(rows[0].id, Settled::Done)]).await.unwrap();
    assert!(!store.land_again(order(2), at(6_000)).await.unwrap(), "never paid");
    assert!(store.land_again(order(1), at(6_000)).await.unwrap());
    assert!(!store.land_again(order(1), at(6_000)).await.unwrap(), "once");
    assert_eq!(store.awaiting_landing(vec![order(1)]).await.unwrap(), [order(1)]);
    let again = lease(7_000).await;
    assert_eq!((again.len(), &again[0].payload), (1, &rows[0].payload));
    assert_eq!(again[0].created_at, at(6_000));
    let dead =
        Settled::Dead { payload: again[0].payload.clone(), error: "why".into(), at: at(8_000) };
    store.settle(vec![(again[0].id, dead)]).await.unwrap();
    assert!(!store.land_again(order(1), at(9_000)).await.unwrap(), "somebody has to revive it");
}

/// For reconciliation (R-MONEY-3): one node at a time, and only it says what was seen.
pub(crate) async fn reconciliation_is_one_nodes(store: &dyn LedgerStore) {
    let begin = async |node, now, until| {
        store.begin_reconciliation(node, at(now), at(until), at(now)).await.unwrap()
    };
    let seen = |transfer_id| Reconciled { since: Some(at(1)), transfer_id, again: vec![order(1)] };
    assert_eq!(begin(1, 10, 20).await, Some(Reconciled::default()));
    assert_eq!(begin(2, 19, 29).await, None, "another is at it");
    assert!(begin(1, 19, 29).await.is_some(), "it holds on");
    assert_eq!(begin(2, 28, 38).await, None);
    assert!(begin(2, 29, 39).await.is_some(), "it has died of something");
    assert_eq!(begin(1, 30, 40).await, None);
    store.end_reconciliation(1, at(31), seen(1)).await.unwrap();
    assert_eq!(begin(1, 32, 42).await, None, "who has lost its turn ends nothing");
    store.end_reconciliation(2, at(33), seen(2)).await.unwrap();
    assert_eq!(begin(1, 34, 44).await, Some(seen(2)));
    store.end_reconciliation(1, at(35), seen(3)).await.unwrap();
    let early = store.begin_reconciliation(2, at(40), at(50), at(34)).await.unwrap();
    assert_eq!(early, None, "another has ended one since");
}

pub(crate) async fn a_payment_is_repeatable_by_content(store: &dyn LedgerStore) {
    top_up(store, user(1), 100).await;
    let paid = payment(1, user(1), 60, 3, &[1]);
    let first = post(store, Posting::pay(paid.clone())).await.unwrap();
    let later = Payment { paid_at: at(77), ..paid.clone() };
    assert_eq!(
        post(store, Posting::pay(later)).await,
        Ok(Posted { repeated: true, ..first }),
        "when it was paid is not what was paid for"
    );
    let reseeded = Payment { client_seed: vec![2], ..paid.clone() };
    assert_eq!(post(store, Posting::pay(reseeded)).await, Err(PostRefusal::ClientSeedDiffers));
    let mut greeted = paid.clone();
    "else".clone_into(&mut greeted.record.greeting);
    assert_eq!(post(store, Posting::pay(greeted)).await, Err(PostRefusal::KeyConflict));
    assert_eq!(store.payment(order(1)).await.unwrap(), Some(paid));
    assert_eq!(store.account(Account::Wallet(user(1))).await.unwrap().balance, 40);
}

pub(crate) async fn an_escrow_pays_with_its_own_money_alone(store: &dyn LedgerStore) {
    top_up(store, user(1), 100).await;
    post(store, Posting::pay(payment(1, user(1), 30, 2, &[]))).await.unwrap();
    post(store, Posting::pay(payment(2, user(1), 70, 2, &[]))).await.unwrap();
    assert_eq!(
        post(store, Posting::credit(order(1), 0, user(2), fen(31))).await,
        Err(PostRefusal::InsufficientBalance { balance: 30 })
    );
    assert!(post(store, Posting::credit(order(1), 0, user(2), fen(30))).await.is_ok());
    assert_eq!(store.account(Account::Escrow(order(2))).await.unwrap().balance, 70);
}

pub(crate) async fn a_refund_happens_once(store: &dyn LedgerStore) {
    top_up(store, user(1), 100).await;
    post(store, Posting::pay(payment(1, user(1), 50, 2, &[]))).await.unwrap();
    post(store, Posting::credit(order(1), 0, user(2), fen(20))).await.unwrap();
    assert!(post(store, Posting::refund(order(1), user(1), fen(31))).await.is_err());
    let first = post(store, Posting::refund(order(1), user(1), fen(30))).await.unwrap();
    assert_eq!((first.debit_balance, first.credit_balance), (0, 80));
    assert_eq!(
        post(store, Posting::refund(order(1), user(1), fen(30))).await,
        Ok(Posted { repeated: true, ..first })
    );
    assert_eq!(
        post(store, Posting::refund(order(1), user(1), fen(1))).await,
        Err(PostRefusal::KeyConflict)
    );
}

pub(crate) async fn pre_orders_are_kept_and_purged(store: &dyn LedgerStore) {
    let record = |n: u64, expires: i64| PreOrderRecord {
        expires_at: at(expires),
        ..payment(n, user(1), 10, 1, &[]).record
    };
    for (n, expires) in [(1, 100), (2, 200), (3, 300)] {
        store.put_pre_order(record(n, expires)).await.unwrap();
    }
    store.put_pre_order(record(1, 100)).await.unwrap();
    let other = store.put_pre_order(record(1, 101)).await;
    assert!(matches!(other, Err(StoreError::Constraint { .. })), "{other:?}");
    assert_eq!(store.pre_order(order(1)).await.unwrap(), Some(record(1, 100)));
    assert_eq!(store.pre_order(order(4)).await.unwrap(), None);
    assert_eq!(store.purge_pre_orders(at(300), 1).await.unwrap(), 1);
    assert_eq!(store.purge_pre_orders(at(300), 9).await.unwrap(), 1);
    assert_eq!(store.pre_order(order(2)).await.unwrap(), None);
    assert_eq!(store.pre_order(order(3)).await.unwrap(), Some(record(3, 300)));
}
