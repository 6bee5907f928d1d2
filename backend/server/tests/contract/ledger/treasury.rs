//! What the house gives, and what it lets people send (R-API-4).

use super::{at, books_balance, fen, order, payment, post, top_up, user};
use hongbao_domain::store::ledger::{
    Account, DayCap, Gift, Grantor, LedgerStore, PostRefusal, Posting,
};
use hongbao_shared::ServiceId;

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
