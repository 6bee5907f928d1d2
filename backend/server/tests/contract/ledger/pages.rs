//! What every ledger store keeps when it is read page by page.

use super::{fen, order, payment, post, top_up, user};
use hongbao_domain::store::{
    StoreError,
    ledger::{
        Account, AccountState, LedgerStore, Leg, Posting, Recorded, TransferKind, credit_key,
    },
};
use hongbao_shared::OrderNo;

pub(crate) async fn a_statement_pages_newest_first(store: &dyn LedgerStore) {
    for n in 1..=5 {
        top_up(store, user(1), n * 10).await;
        top_up(store, user(2), n).await;
    }
    post(store, Posting::pay(payment(1, user(1), 25, 2, &[]))).await.unwrap();
    post(store, Posting::credit(order(1), 0, user(1), fen(5))).await.unwrap();
    let whole = store.entries(user(1), None, 100).await.unwrap();
    assert_eq!(whole.len(), 7);
    assert!(whole.is_sorted_by(|a, b| a.id > b.id));
    assert_eq!(whole[0].transfer.kind, TransferKind::Credit);
    assert_eq!(whole[1].transfer.kind, TransferKind::Pay);
    assert_eq!(whole[1].transfer.debit_balance, 125);
    let mut paged = Vec::new();
    let mut before = None;
    loop {
        let page = store.entries(user(1), before, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        before = Some(last.id);
        paged.extend(page);
    }
    assert_eq!(paged, whole);
}

pub(crate) async fn pages_cover_everything_in_order(store: &dyn LedgerStore) {
    for n in 1..=4 {
        top_up(store, user(n), 100).await;
        let sequence = n.unsigned_abs();
        post(store, Posting::pay(payment(sequence, user(n), 50, 2, &[]))).await.unwrap();
        for seq in 0..3 {
            let posting = Posting::credit(order(sequence), seq, user(10 + n), fen(7));
            post(store, posting).await.unwrap();
        }
    }
    // 1 issuer, 4 senders, 4 others, 4 escrows; 4 × (1 + 1 + 3) transfers.
    let mut accounts = Vec::new();
    while page(&mut accounts, 3, |after: Option<&(Account, AccountState)>| {
        store.accounts_page(after.map(|(account, _)| *account), 3)
    })
    .await
    .is_some()
    {}
    assert_eq!(accounts.len(), 13);
    assert!(accounts.is_sorted_by(|a, b| a.0 < b.0));

    let mut transfers = Vec::new();
    while page(&mut transfers, 3, |after: Option<&Recorded>| {
        store.transfers_page(after.map_or(0, |line| line.id), 3)
    })
    .await
    .is_some()
    {}
    assert_eq!(transfers.len(), 20);
    assert!(transfers.is_sorted_by(|a, b| a.id < b.id));

    let mut legs = Vec::new();
    while page(&mut legs, 3, |after: Option<&Leg>| {
        store.legs_page(after.map(|leg| (leg.account, leg.id)), 3)
    })
    .await
    .is_some()
    {}
    assert_eq!(legs.len(), 40);
    assert!(legs.is_sorted_by(|a, b| (a.account, a.id) < (b.account, b.id)));
    for (account, stated) in accounts {
        let own: Vec<_> = legs.iter().filter(|leg| leg.account == account).collect();
        assert_eq!(own.iter().map(|leg| leg.change).sum::<i64>(), stated.balance);
        assert_eq!(own.last().unwrap().balance, stated.balance);
    }

    let mut through_escrows = Vec::new();
    while page(&mut through_escrows, 3, |after: Option<&(OrderNo, Recorded)>| {
        store.escrow_transfers_page(after.map(|(order_no, line)| (*order_no, line.id)), 3)
    })
    .await
    .is_some()
    {}
    let mut expected = Vec::new();
    for sequence in 1..=4 {
        let of_one = store.transfers_of(order(sequence), 0, 100).await.unwrap();
        expected.extend(of_one.into_iter().map(|line| (order(sequence), line)));
    }
    assert_eq!(through_escrows, expected);
    let mut others = Vec::new();
    while page(&mut others, 1, |after: Option<&Recorded>| {
        store.transfers_without_escrow(after.map_or(0, |line| line.id), 1)
    })
    .await
    .is_some()
    {}
    assert_eq!(others.len() + through_escrows.len(), transfers.len());
    assert!(others.iter().all(|line| line.transfer.kind == TransferKind::TopUp));
    assert_eq!(store.transfers_about().await.unwrap(), 20);

    let of_one = store.transfers_of(order(2), 0, 100).await.unwrap();
    assert_eq!(of_one.len(), 4);
    assert_eq!(of_one[0].transfer.kind, TransferKind::Pay);
    assert_eq!(store.transfers_of(order(2), of_one[1].id, 1).await.unwrap(), of_one[2..3]);
    let keys = vec![credit_key(order(2), 1), "none".to_owned(), credit_key(order(2), 0)];
    let found = store.transfers_by_key(keys).await.unwrap();
    assert_eq!(found, [Some(of_one[2].clone()), None, Some(of_one[1].clone())]);

    let payments = store.payments_page(None, 3).await.unwrap();
    let rest = store.payments_page(Some(payments[2].record.order_no), 3).await.unwrap();
    let numbers: Vec<_> =
        payments.iter().chain(&rest).map(|payment| payment.record.order_no).collect();
    assert_eq!(numbers, [order(1), order(2), order(3), order(4)]);
}

/// Appends the next page; `None` at the end.
async fn page<T, F>(all: &mut Vec<T>, most: usize, next: impl FnOnce(Option<&T>) -> F) -> Option<()>
where
    F: Future<Output = Result<Vec<T>, StoreError>>,
{
    let found = next(all.last()).await.unwrap();
    assert!(found.len() <= most);
    if found.is_empty() {
        return None;
    }
    all.extend(found);
    Some(())
}
