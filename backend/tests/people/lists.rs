use super::{ManualClock, NEW_YEAR, order_no, refused};
use hongbao::{
    lists::{BestLuckRow, ListBatch, Lists, ReceivedRow, SentRow},
    runtime::Zone,
    store::sqlite::{Database, Schema, SqliteLists},
};
use hongbao_shared::{ErrorCode, Fen, GroupId, Kind, Timestamp, UserId};
use std::sync::Arc;
use tempfile::TempDir;

async fn lists() -> (Arc<Lists>, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open(&folder.path().join("lists.db"), Schema::Lists).await.unwrap();
    let lists = Lists::new(
        Arc::new(SqliteLists::new(database)),
        Arc::new(ManualClock::at(NEW_YEAR)),
        Zone::named("Asia/Shanghai").unwrap(),
    );
    (Arc::new(lists), folder)
}

fn user(number: i64) -> UserId {
    UserId::new(number).unwrap()
}

fn fen(amount: u64) -> Fen {
    Fen::new(amount).unwrap()
}

fn moment(number: i64) -> Timestamp {
    NEW_YEAR.parse::<Timestamp>().unwrap().plus_seconds(number)
}

fn sent(number: u64, at: Timestamp) -> SentRow {
    SentRow {
        order_no: order_no(number),
        user_id: user(1),
        group_id: GroupId::new(5).unwrap(),
        kind: Kind::Lucky,
        total_fen: fen(1000),
        shares: 10,
        at,
        year: 2016,
    }
}

fn received(number: u64, user_id: UserId, seq: u32) -> ReceivedRow {
    ReceivedRow {
        order_no: order_no(number),
        user_id,
        seq,
        sender_id: user(1),
        group_id: GroupId::new(5).unwrap(),
        kind: Kind::Lucky,
        amount_fen: fen(100 + u64::from(seq)),
        at: moment(i64::from(seq)),
        year: 2016,
    }
}

fn batch() -> ListBatch {
    ListBatch {
        sent: vec![sent(1, moment(0)), sent(2, moment(0)), sent(1, moment(0))],
        received: (0..10).map(|seq| received(1, user(i64::from(seq)), seq)).collect(),
        best_lucks: vec![BestLuckRow { order_no: order_no(1), user_id: user(9), year: 2016 }],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_delivered_twice_counts_once() {
    let (lists, _folder) = lists().await;
    let tasks: Vec<_> = (0..10)
        .map(|_| {
            let lists = Arc::clone(&lists);
            tokio::spawn(async move { lists.record(batch()).await.unwrap() })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    // Overlapping, not the same.
    let more = ListBatch {
        received: vec![received(1, user(9), 9), received(2, user(9), 3)],
        ..ListBatch::default()
    };
    lists.record(more).await.unwrap();
    lists.record(ListBatch::default()).await.unwrap();

    let page = lists.sent(user(1), None, None, None).await.unwrap();
    assert_eq!((page.year, page.count, page.total_fen, page.best_lucks), (2016, 2, fen(2000), 0));
    assert_eq!(page.items, [sent(2, moment(0)), sent(1, moment(0))]);
    let page = lists.received(user(9), None, None, None).await.unwrap();
    assert_eq!((page.count, page.total_fen, page.best_lucks), (2, fen(109 + 103), 1));
    assert_eq!(page.items, [received(1, user(9), 9), received(2, user(9), 3)]);
    let page = lists.received(user(9), Some(2015), None, None).await.unwrap();
    assert_eq!((page.year, page.count, page.total_fen, page.best_lucks), (2015, 0, Fen::ZERO, 0));
}

#[tokio::test]
async fn a_row_that_differs_from_before_is_refused_with_its_batch() {
    let (lists, _folder) = lists().await;
    lists.record(batch()).await.unwrap();
    let differing = [
        ListBatch {
            sent: vec![SentRow { total_fen: fen(1001), ..sent(1, moment(0)) }],
            ..ListBatch::default()
        },
        ListBatch {
            received: vec![ReceivedRow { amount_fen: fen(1), ..received(1, user(3), 3) }],
            ..ListBatch::default()
        },
        // One share for two people.
        ListBatch { received: vec![received(1, user(77), 3)], ..ListBatch::default() },
        ListBatch {
            best_lucks: vec![BestLuckRow { order_no: order_no(1), user_id: user(3), year: 2016 }],
            ..ListBatch::default()
        },
    ];
    for mut batch in differing {
        batch.sent.push(sent(9, moment(9)));
        refused(lists.record(batch).await, ErrorCode::Internal);
    }
    let page = lists.sent(user(1), None, None, None).await.unwrap();
    assert_eq!((page.count, page.total_fen), (2, fen(2000)));
}

#[tokio::test]
async fn a_list_is_read_in_pages_by_year() {
    let (lists, _folder) = lists().await;
    // Ten of them in the same millisecond.
    let rows: Vec<_> =
        (0_u64..25).map(|n| sent(n, moment(i64::try_from(n / 10).unwrap()))).collect();
    let other_year = SentRow { year: 2017, ..sent(100, moment(100)) };
    let mut all = rows.clone();
    all.push(other_year);
    lists.record(ListBatch { sent: all, ..ListBatch::default() }).await.unwrap();

    let mut read = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let page = lists.sent(user(1), Some(2016), cursor.as_deref(), Some(4)).await.unwrap();
        assert_eq!((page.count, page.total_fen), (25, fen(25_000)));
        assert!(page.items.len() <= 4);
        read.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    let expected: Vec<_> = rows.into_iter().rev().collect();
    assert_eq!(read, expected);
    let page = lists.sent(user(1), Some(2016), None, Some(4)).await.unwrap();
    let foreign = page.next_cursor.unwrap();
    refused(lists.received(user(1), None, Some(&foreign), None).await, ErrorCode::InvalidCursor);
    for cursor in ["", "4", "nonsense", "…"] {
        refused(lists.sent(user(1), None, Some(cursor), None).await, ErrorCode::InvalidCursor);
    }
}

#[tokio::test]
async fn the_year_begins_at_midnight_in_shanghai() {
    let (lists, _folder) = lists().await;
    assert_eq!(lists.year("2015-12-31T15:59:59.999Z".parse().unwrap()), 2015);
    assert_eq!(lists.year("2015-12-31T16:00:00.000Z".parse().unwrap()), 2016);
}
