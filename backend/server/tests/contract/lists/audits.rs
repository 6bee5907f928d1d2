//! What audits read of the lists.

use super::*;

/// For reconciliation (R-LIST-1): what is here of a packet, share by share. What is restored
/// counts once.
pub(crate) async fn what_is_listed_of_a_packet_is_found(store: Store) {
    let shares: Vec<_> = (0..5).map(|seq| received(1, user(10 + i64::from(seq)), seq)).collect();
    let batch = ListBatch {
        received: [&shares[..], &[received(3, user(10), 0)]].concat(),
        best_lucks: vec![best_luck(1, 12), best_luck(4, 9)],
        ..of_sent(vec![sent(1, moment(0)), sent(2, moment(0))])
    };
    record(&store, batch.clone()).await.unwrap();
    let number = |n| order(Site::S, n);
    let whole = Listed {
        sent: Some(sent(1, moment(0))),
        received: shares.clone(),
        best_luck: Some(user(12)),
    };
    assert_eq!(store.listed(number(1)).await.unwrap(), whole);
    assert_eq!(store.listed(number(5)).await.unwrap(), Listed::default());
    assert_eq!(store.listed_shares(number(1), 0, 9).await.unwrap(), shares);
    assert_eq!(store.listed_shares(number(1), 1, 2).await.unwrap(), shares[1..3]);
    assert_eq!(store.listed_shares(number(2), 0, 9).await.unwrap(), []);
    let before = store.months(user(10), 2016).await.unwrap();
    store.restore(batch, &shanghai()).await.unwrap();
    assert_eq!(store.months(user(10), 2016).await.unwrap(), before);
    let other = SentRow { total_fen: fen(999), ..sent(1, moment(0)) };
    let refused = store.restore(of_sent(vec![other]), &shanghai()).await;
    assert!(matches!(refused, Err(StoreError::Constraint { .. })), "{refused:?}");
}

/// Pages of whole tables in the order of packets; totals are the sums of their lines.
pub(crate) async fn audits_read_everything_in_order(store: Store) {
    record(&store, batch()).await.unwrap();
    let (first, second) = (order(Site::S, 1), order(Site::S, 2));
    let rows = store.sent_page(None, 1).await.unwrap();
    assert_eq!(rows, [sent(1, moment(0))]);
    assert_eq!(store.sent_page(Some(first), 9).await.unwrap(), [sent(2, moment(0))]);
    assert_eq!(store.sent_page(Some(second), 9).await.unwrap(), []);
    let expected: Vec<_> = (0..10).map(|seq| received(1, user(i64::from(seq)), seq)).collect();
    let mut rows: Vec<ReceivedRow> = Vec::new();
    loop {
        let after = rows.last().map(|row| (row.order_no, row.user_id));
        let page = store.received_page(after, 3).await.unwrap();
        if page.is_empty() {
            break;
        }
        rows.extend(page);
    }
    assert_eq!(rows, expected);
    assert_eq!(store.best_lucks_page(None, 9).await.unwrap(), [(first, user(9))]);
    assert_eq!(store.best_lucks_page(Some(first), 9).await.unwrap(), []);

    let listed = store.listed(first).await.unwrap();
    let whole =
        Listed { sent: Some(sent(1, moment(0))), received: expected, best_luck: Some(user(9)) };
    assert_eq!(listed, whole);
    let unheard_of = order(Site::N, 1);
    assert_eq!(store.listed(unheard_of).await.unwrap(), Listed::default());

    let (mut people, mut after) = (0, None);
    while let Some((last, off)) = store.totals_off(after, 3).await.unwrap() {
        assert_eq!(off, []);
        (people, after) = (people + 1, Some(last));
    }
    // Users 0 to 9, three at a time.
    assert_eq!((people, after), (4, Some(user(9))));
}
