//! What the house gives, and what it lets people send (R-API-4).

use super::{at, books_balance, fen, order, payment, post, top_up, user};
use hongbao_domain::{
    record::{Payment, PreOrderRecord},
    store::ledger::{
        Account, DayCap, Gift, Grantor, LedgerStore, PostRefusal, Posting, TransferKind,
    },
};
use hongbao_shared::{Fen, ServiceId};

/// Within a batch, over batches, and since a moment (R-API-4).
pub(crate) async fn a_wallet_pays_no_more_than_its_cap(store: &dyn LedgerStore) {
    for who in [1, 2] {
        top_up(store, user(who), 100).await;
    }
    let cap = |since| Some(DayCap { since: at(since), most: fen(10) });
    let pay = |sequence, who, total, since| {
        Posting::pay(payment(sequence, user(who), total, 1, &[])).within(cap(since))
    };
    let beyond = |left| Err(PostRefusal::SendCapReached { left: fen(left) });
    let batch = vec![pay(1, 1, 6, 500), pay(2, 1, 5, 500), pay(3, 1, 4, 500), pay(4, 2, 10, 500)];
    let outcomes = store.post(batch, at(1_000)).await.unwrap();
    assert_eq!(outcomes[1], beyond(4));
    assert!([0, 2, 3].iter().all(|place| outcomes[*place].is_ok()), "{outcomes:?}");
    // What comes back counts as sent, a repetition does not, nor what is not capped.
    post(store, Posting::refund(order(1), user(1), fen(6))).await.unwrap();
    assert!(post(store, pay(1, 1, 6, 500)).await.unwrap().repeated);
    assert_eq!(post(store, pay(5, 1, 1, 1_000)).await, beyond(0), "at the moment");
    post(store, Posting::pay(payment(6, user(2), 1, 1, &[]))).await.unwrap();
    // A batch with the end of one day and the next: what is paid now counts since both.
    let batch =
        vec![pay(7, 1, 4, 1_001), pay(8, 1, 1, 500), pay(9, 1, 6, 1_001), pay(10, 1, 1, 1_001)];
    let outcomes = store.post(batch, at(2_000)).await.unwrap();
    assert_eq!([outcomes[1], outcomes[3]], [beyond(0), beyond(0)]);
    assert!(outcomes[0].is_ok() && outcomes[2].is_ok(), "{outcomes:?}");
    books_balance(store).await;
}

/// Each by its key, which is nobody else's (R-API-4).
pub(crate) async fn what_the_house_gives_is_given_once(store: &dyn LedgerStore) {
    let by = Grantor::Administrator(user(9));
    let gifts = [
        Posting::welcome(user(1), fen(1)),
        Posting::allowance(user(1), fen(2), 20_000),
        Posting::allowance(user(1), fen(2), 20_001),
        Posting::grant(by, user(1), fen(3), "welcome:1"),
        Posting::grant(Grantor::Service(ServiceId::new(9).unwrap()), user(1), fen(3), "a"),
    ];
    let expected =
        [Gift::Welcome, Gift::Allowance(20_000), Gift::Allowance(20_001), Gift::Grant, Gift::Grant];
    for (gift, expected) in gifts.iter().zip(expected) {
        assert_eq!(Gift::of(gift.key(), user(1)), Some(expected));
        assert_eq!(Gift::of(gift.key(), user(2)), None, "somebody else's");
    }
    for key in
        ["allowance:1:020000", "allowance:1:", "grant:1:admin-:a", "grant:1:9:a", "topup:1:a"]
    {
        assert_eq!(Gift::of(key, user(1)), None, "{key}");
    }
    for repeated in [false, true] {
        let outcomes = store.post(gifts.to_vec(), at(1)).await.unwrap();
        assert!(outcomes.iter().all(|outcome| outcome.unwrap().repeated == repeated));
    }
    assert_eq!(store.account(Account::Wallet(user(1))).await.unwrap().balance, 11);
    assert_eq!(
        post(store, Posting::allowance(user(1), fen(3), 20_000)).await,
        Err(PostRefusal::KeyConflict)
    );
    books_balance(store).await;
}

fn charged(sequence: u64, who: i64, total: u64, fee: u64) -> Payment {
    let payment = payment(sequence, user(who), total, 2, &[]);
    Payment { record: PreOrderRecord { fee_fen: fen(fee), ..payment.record }, ..payment }
}

/// All of it or nothing, once, and found by its packet (R-API-4).
pub(crate) async fn a_fee_goes_to_the_house_and_back_with_what_was_given_up(
    store: &dyn LedgerStore,
) {
    top_up(store, user(1), 205).await;
    top_up(store, user(2), 60).await;
    let pay = |sequence, who, total, fee| Posting::pay(charged(sequence, who, total, fee));
    let paid = post(store, pay(2, 1, 100, 3)).await.unwrap();
    assert_eq!((paid.debit_balance, paid.credit_balance), (102, 100));
    assert!(post(store, pay(2, 1, 100, 3)).await.unwrap().repeated);
    assert_eq!(post(store, pay(2, 1, 100, 4)).await, Err(PostRefusal::KeyConflict));
    assert_eq!(
        post(store, pay(3, 1, 100, 3)).await,
        Err(PostRefusal::InsufficientBalance { balance: 102 }),
        "its total alone would be there"
    );
    let batch = vec![pay(1, 1, 50, 1), pay(4, 2, 50, 0), pay(1, 1, 50, 1)];
    let outcomes = store.post(batch, at(1_000)).await.unwrap();
    assert!(outcomes[0].is_ok() && outcomes[1].is_ok() && outcomes[2].unwrap().repeated);
    assert_eq!(store.payment(order(1)).await.unwrap(), Some(charged(1, 1, 50, 1)));
    assert_eq!(store.account(Account::Fees).await.unwrap().balance, 4);

    // An end by itself gives no fee back.
    post(store, Posting::refund(order(1), user(1), fen(50))).await.unwrap();
    let give_up = || Posting::refund(order(2), user(1), fen(100)).with_fee(fen(3));
    let returned = post(store, give_up()).await.unwrap();
    assert_eq!((returned.credit_balance, returned.repeated), (204, false));
    let again = post(store, give_up()).await.unwrap();
    assert_eq!((again.credit_balance, again.repeated), (204, true));

    let found = store.fees_page(None, 10).await.unwrap();
    let lines: Vec<_> = found
        .iter()
        .map(|(of, line)| (*of, line.transfer.kind, line.transfer.amount, line.transfer.order_no))
        .collect();
    let line = |of, kind, amount: Fen| (order(of), kind, amount, Some(order(of)));
    assert_eq!(
        lines,
        [
            line(1, TransferKind::Fee, fen(1)),
            line(2, TransferKind::Fee, fen(3)),
            line(2, TransferKind::FeeRefund, fen(3)),
        ]
    );
    for place in 0..3 {
        let after = Some((found[place].0, found[place].1.id));
        assert_eq!(
            store.fees_page(after, 1).await.unwrap(),
            found[place + 1..][..1.min(2 - place)]
        );
    }
    let sum = store.account_sum(Account::Fees).await.unwrap();
    assert_eq!((sum.stated, sum.stated.balance), (sum.summed, 1));
    let statement = store.entries(user(1), None, 2).await.unwrap();
    let newest: Vec<_> = statement.iter().map(|line| line.transfer.kind).collect();
    assert_eq!(newest, [TransferKind::FeeRefund, TransferKind::Refund]);
    assert_eq!(store.transfers_without_escrow(0, 10).await.unwrap().len(), 5);
    books_balance(store).await;
}
