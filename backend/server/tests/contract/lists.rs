//! What every store of lists keeps, whatever it is made of (R-LIST-1).

use hongbao_domain::{
    runtime::Zone,
    store::{
        StoreError,
        lists::{
            BestLuckRow, List, ListBatch, ListKey, ListStore, Listed, ReceivedLine, ReceivedRow,
            SentRow, Totals,
        },
    },
};
use hongbao_shared::{Day, Fen, GroupId, Kind, OrderNo, Shard, Site, Timestamp, UserId};
use std::sync::Arc;

#[path = "lists/at_once.rs"]
mod at_once;
#[path = "lists/audits.rs"]
mod audits;

pub(crate) use at_once::*;
pub(crate) use audits::*;

type Store = Arc<dyn ListStore>;

/// Hands the names of all laws to a macro that tests an implementation on each.
macro_rules! list_store_laws {
    ($laws:ident) => {
        $laws! {
            what_comes_twice_counts_once,
            a_row_that_differs_is_refused_with_its_batch,
            a_share_has_one_owner_and_an_amount,
            the_best_luck_is_known_once_the_packet_is_finished,
            pages_go_from_the_newest_to_the_oldest,
            a_list_is_ones_own,
            months_are_those_of_the_zone,
            what_is_listed_of_a_packet_is_found,
            audits_read_everything_in_order,
            batches_that_overlap_at_once_count_once,
            a_line_that_many_bring_at_once_counts_once,
            of_rows_that_differ_at_once_one_stays,
            what_is_restored_beside_others_counts_once,
        }
    };
}

fn shanghai() -> Zone {
    Zone::named("Asia/Shanghai").unwrap()
}

pub(crate) fn user(number: i64) -> UserId {
    UserId::new(number).unwrap()
}

pub(crate) fn fen(amount: u64) -> Fen {
    Fen::new(amount).unwrap()
}

/// Seconds after noon of New Year's Eve 2016, Chinese reckoning.
pub(crate) fn moment(seconds: i64) -> Timestamp {
    "2016-02-07T12:00:00.000Z".parse::<Timestamp>().unwrap().plus_seconds(seconds)
}

fn order(site: Site, sequence: u64) -> OrderNo {
    OrderNo::new(site, Shard::new(0).unwrap(), Day::new(0).unwrap(), false, sequence).unwrap()
}

pub(crate) fn sent(number: u64, at: Timestamp) -> SentRow {
    SentRow {
        order_no: order(Site::S, number),
        user_id: user(1),
        group_id: GroupId::new(5).unwrap(),
        kind: Kind::Lucky,
        total_fen: fen(1000),
        shares: 10,
        at,
    }
}

pub(crate) fn received(number: u64, user_id: UserId, seq: u32) -> ReceivedRow {
    ReceivedRow {
        order_no: order(Site::S, number),
        user_id,
        seq,
        sender_id: user(1),
        group_id: GroupId::new(5).unwrap(),
        kind: Kind::Lucky,
        amount_fen: fen(100 + u64::from(seq)),
        at: moment(i64::from(seq)),
    }
}

pub(crate) fn best_luck(number: u64, user_id: i64) -> BestLuckRow {
    BestLuckRow { order_no: order(Site::S, number), user_id: user(user_id), at: moment(9) }
}

fn of_sent(sent: Vec<SentRow>) -> ListBatch {
    ListBatch { sent, ..ListBatch::default() }
}

fn of_received(received: Vec<ReceivedRow>) -> ListBatch {
    ListBatch { received, ..ListBatch::default() }
}

fn of_best_lucks(best_lucks: Vec<BestLuckRow>) -> ListBatch {
    ListBatch { best_lucks, ..ListBatch::default() }
}

/// A packet of ten shares that is emptied, and one that has landed; its row comes twice.
pub(crate) fn batch() -> ListBatch {
    ListBatch {
        sent: vec![sent(1, moment(0)), sent(2, moment(0)), sent(1, moment(0))],
        received: (0..10).map(|seq| received(1, user(i64::from(seq)), seq)).collect(),
        best_lucks: vec![best_luck(1, 9), best_luck(1, 9)],
    }
}

async fn record(store: &Store, batch: ListBatch) -> Result<(), StoreError> {
    store.record(batch, &shanghai()).await
}

async fn refused(store: &Store, batch: ListBatch) {
    let result = record(store, batch).await;
    assert!(matches!(result, Err(StoreError::Constraint { .. })), "{result:?}");
}

/// Everything that the lists of 2016 say about users 0 to 11 and one more.
async fn all(store: &Store) -> Vec<(Vec<SentRow>, Vec<ReceivedLine>, Vec<(u8, Totals)>)> {
    let mut all = Vec::new();
    for number in (0..12).chain([77]) {
        let user = user(number);
        all.push((
            store.sent(user, 2016, None, 100).await.unwrap(),
            store.received(user, 2016, None, 100).await.unwrap(),
            store.months(user, 2016).await.unwrap(),
        ));
    }
    all
}

/// R-LIST-1: whoever delivers may deliver again, at the same time too.
pub(crate) async fn what_comes_twice_counts_once(store: Store) {
    let tasks: Vec<_> = (0..10)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { record(&store, batch()).await.unwrap() })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    // Overlapping, not the same.
    let more = of_received(vec![received(1, user(9), 9), received(2, user(9), 3)]);
    record(&store, more).await.unwrap();
    record(&store, ListBatch::default()).await.unwrap();

    let rows = store.sent(user(1), 2016, None, 10).await.unwrap();
    assert_eq!(rows, [sent(2, moment(0)), sent(1, moment(0))]);
    let sender = Totals {
        sent_count: 2,
        sent_fen: fen(2000),
        received_count: 1,
        received_fen: fen(101),
        best_lucks: 0,
    };
    assert_eq!(store.months(user(1), 2016).await.unwrap(), [(2, sender)]);
    let rows = store.received(user(9), 2016, None, 10).await.unwrap();
    let line = |row, best_luck| ReceivedLine { row, best_luck };
    assert_eq!(rows, [line(received(1, user(9), 9), true), line(received(2, user(9), 3), false)]);
    let lucky = Totals {
        received_count: 2,
        received_fen: fen(109 + 103),
        best_lucks: 1,
        ..Totals::default()
    };
    assert_eq!(store.months(user(9), 2016).await.unwrap(), [(2, lucky)]);
    assert_eq!(store.received_fen(user(9)).await.unwrap(), fen(109 + 103));
    assert_eq!(store.received_fen(user(77)).await.unwrap(), Fen::ZERO);
}

/// Nothing of a refused batch is there, neither rows nor counts.
pub(crate) async fn a_row_that_differs_is_refused_with_its_batch(store: Store) {
    record(&store, batch()).await.unwrap();
    let before = all(&store).await;
    let sent_1 = || sent(1, moment(0));
    let share_3 = || received(1, user(3), 3);
    let group_id = GroupId::new(6).unwrap();
    let differing = [
        of_sent(vec![SentRow { total_fen: fen(1001), ..sent_1() }]),
        of_sent(vec![SentRow { shares: 11, ..sent_1() }]),
        of_sent(vec![SentRow { user_id: user(2), ..sent_1() }]),
        of_sent(vec![SentRow { group_id, ..sent_1() }]),
        of_sent(vec![SentRow { kind: Kind::Equal, ..sent_1() }]),
        of_received(vec![ReceivedRow { amount_fen: fen(1), ..share_3() }]),
        of_received(vec![ReceivedRow { seq: 10, ..share_3() }]),
        of_received(vec![ReceivedRow { sender_id: user(2), ..share_3() }]),
        of_received(vec![ReceivedRow { group_id, ..share_3() }]),
        of_received(vec![ReceivedRow { kind: Kind::Equal, ..share_3() }]),
        of_received(vec![ReceivedRow { at: moment(4), ..share_3() }]),
        of_best_lucks(vec![best_luck(1, 3)]),
        // Within one batch.
        of_sent(vec![sent(8, moment(0)), SentRow { shares: 11, ..sent(8, moment(0)) }]),
        of_received(vec![received(2, user(3), 3), received(2, user(3), 4)]),
        of_best_lucks(vec![best_luck(2, 3), best_luck(2, 4)]),
    ];
    for mut batch in differing {
        batch.sent.push(sent(9, moment(9)));
        batch.received.push(received(9, user(77), 0));
        refused(&store, batch.clone()).await;
        batch.sent.reverse();
        batch.received.reverse();
        batch.best_lucks.push(best_luck(9, 77));
        refused(&store, batch).await;
    }
    // R-STORE-6: a landing comes again at another time, and the first one stays.
    record(&store, of_sent(vec![sent(1, moment(1))])).await.unwrap();
    assert_eq!(all(&store).await, before);
}

pub(crate) async fn a_share_has_one_owner_and_an_amount(store: Store) {
    record(&store, batch()).await.unwrap();
    let before = all(&store).await;
    refused(&store, of_received(vec![received(1, user(77), 3)])).await;
    let twice = vec![received(2, user(3), 0), received(2, user(4), 0)];
    refused(&store, of_received(twice)).await;
    let nothing = ReceivedRow { amount_fen: Fen::ZERO, ..received(2, user(3), 3) };
    refused(&store, of_received(vec![nothing])).await;
    let thin = SentRow { total_fen: fen(9), ..sent(8, moment(0)) };
    refused(&store, of_sent(vec![thin])).await;
    let nobodys = SentRow { shares: 0, ..sent(8, moment(0)) };
    refused(&store, of_sent(vec![nobodys])).await;
    assert_eq!(all(&store).await, before);
    let bare = SentRow { total_fen: fen(10), ..sent(8, moment(0)) };
    record(&store, of_sent(vec![bare])).await.unwrap();
}

/// R-SPLIT-5; the share and the luck come in either order.
pub(crate) async fn the_best_luck_is_known_once_the_packet_is_finished(store: Store) {
    record(&store, of_received(vec![received(1, user(3), 3)])).await.unwrap();
    let lines = async |store: &Store| -> Vec<(u64, bool)> {
        let lines = store.received(user(3), 2016, None, 10).await.unwrap();
        lines.iter().map(|line| (line.row.order_no.sequence(), line.best_luck)).collect()
    };
    assert_eq!(lines(&store).await, [(1, false)]);
    record(&store, of_best_lucks(vec![best_luck(1, 3), best_luck(2, 3)])).await.unwrap();
    assert_eq!(lines(&store).await, [(1, true)]);
    assert_eq!(store.months(user(3), 2016).await.unwrap()[0].1.best_lucks, 2);
    record(&store, of_received(vec![received(2, user(3), 4), received(2, user(4), 5)]))
        .await
        .unwrap();
    assert_eq!(lines(&store).await, [(2, true), (1, true)]);
    assert!(!store.received(user(4), 2016, None, 10).await.unwrap()[0].best_luck);
}

/// The larger number first where the moment is the same.
pub(crate) async fn pages_go_from_the_newest_to_the_oldest(store: Store) {
    // Ten of them in the same millisecond.
    let rows: Vec<_> =
        (0_u64..25).map(|n| sent(n, moment(i64::try_from(n / 10).unwrap()))).collect();
    let lines: Vec<_> =
        (0_u64..25).map(|n| ReceivedRow { at: moment(0), ..received(n, user(1), 0) }).collect();
    let elsewhere = SentRow { order_no: order(Site::N, 0), ..sent(0, moment(2)) };
    let next_year = sent(100, moment(366 * 24 * 60 * 60));
    let batch = ListBatch {
        sent: rows.into_iter().chain([elsewhere, next_year]).collect(),
        received: lines,
        best_lucks: Vec::new(),
    };
    record(&store, batch).await.unwrap();

    let (mut read, mut after) = (Vec::new(), None);
    loop {
        let page = store.sent(user(1), 2016, after, 4).await.unwrap();
        assert!(page.len() <= 4);
        let Some(last) = page.last() else { break };
        after = Some(ListKey { at: last.at, order_no: last.order_no });
        read.extend(page);
    }
    let keys: Vec<_> = read.iter().map(|row| (row.at, row.order_no.to_bits())).collect();
    assert!(keys.is_sorted_by(|before, after| before > after), "{keys:?}");
    assert_eq!(keys.len(), 26);
    assert_eq!(store.sent(user(1), 2017, None, 10).await.unwrap(), [next_year]);
    assert!(store.sent(user(1), 2015, None, 10).await.unwrap().is_empty());
    assert!(store.sent(user(1), 2016, None, 0).await.unwrap().is_empty());

    let from = ListKey { at: moment(0), order_no: order(Site::S, 20) };
    let page = store.received(user(1), 2016, Some(from), 3).await.unwrap();
    let numbers: Vec<_> = page.iter().map(|line| line.row.order_no.sequence()).collect();
    assert_eq!(numbers, [19, 18, 17]);
    // Keys come from clients.
    for millis in [i64::MIN, i64::MAX] {
        let key = ListKey { at: Timestamp::from_millis(millis), order_no: order(Site::S, 0) };
        let rows = store.received(user(1), 2016, Some(key), 100).await.unwrap();
        assert_eq!(rows.len(), if millis > 0 { 25 } else { 0 });
    }
}

/// What others sent and received, and what is in the other list, shows nowhere.
pub(crate) async fn a_list_is_ones_own(store: Store) {
    let year = 366 * 24 * 60 * 60;
    let sends = [(1, 1, 0), (2, 2, 0), (3, 2, year), (4, 1, 2 * year)];
    let sends = sends
        .map(|(number, sender, at)| SentRow { user_id: user(sender), ..sent(number, moment(at)) });
    let opens = [(1, 2, -year), (1, 3, 0), (2, 3, year)];
    let opens = opens.map(|(number, opener, at)| ReceivedRow {
        at: moment(at),
        ..received(number, user(opener), u32::try_from(opener).unwrap())
    });
    let batch = ListBatch { received: opens.to_vec(), ..of_sent(sends.to_vec()) };
    record(&store, batch).await.unwrap();
    for (number, sent, received) in [
        (0, vec![], vec![]),
        (1, vec![2018, 2016], vec![]),
        (2, vec![2017, 2016], vec![2015]),
        (3, vec![], vec![2017, 2016]),
    ] {
        assert_eq!(store.years(user(number), List::Sent).await.unwrap(), sent, "{number}");
        assert_eq!(store.years(user(number), List::Received).await.unwrap(), received, "{number}");
    }
    assert_eq!(store.sent(user(2), 2016, None, 10).await.unwrap(), sends[1..2]);
    assert_eq!(store.received(user(3), 2016, None, 10).await.unwrap()[0].row, opens[1]);
    assert_eq!(store.received(user(3), 2016, None, 10).await.unwrap().len(), 1);
    assert_eq!(store.months(user(2), 2015).await.unwrap().len(), 1);
    assert_eq!(store.received_fen(user(3)).await.unwrap(), fen(103 + 103));
    for (number, since, expected) in [(3, 0, 103), (3, 1, 0), (3, -year, 103), (2, 0, 0), (1, 0, 0)]
    {
        let found = store.received_since(user(number), 2016, moment(since)).await.unwrap();
        assert_eq!(found, fen(expected), "{number} since {since}");
    }
}

/// Years and months begin at midnight in the configured zone (R-ORDER-4).
pub(crate) async fn months_are_those_of_the_zone(store: Store) {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let eves = [
        at("2015-12-31T15:59:59.999Z"),
        at("2015-12-31T16:00:00.000Z"),
        at("2016-01-31T15:59:59.999Z"),
        at("2016-01-31T16:00:00.000Z"),
    ];
    let rows = (1..).zip(eves).map(|(number, at)| sent(number, at)).collect();
    let lines =
        (1..).zip(eves).map(|(number, at)| ReceivedRow { at, ..received(number, user(1), 0) });
    let lucks = (1..).zip(eves).map(|(number, at)| BestLuckRow { at, ..best_luck(number, 1) });
    let batch =
        ListBatch { received: lines.collect(), best_lucks: lucks.collect(), ..of_sent(rows) };
    record(&store, batch).await.unwrap();
    let counts = async |year| -> Vec<(u8, [u64; 3])> {
        let months = store.months(user(1), year).await.unwrap();
        let counts = months.into_iter().map(|(month, totals)| {
            (month, [totals.sent_count, totals.received_count, totals.best_lucks])
        });
        counts.collect()
    };
    assert_eq!(counts(2015).await, [(12, [1; 3])]);
    assert_eq!(counts(2016).await, [(1, [2; 3]), (2, [1; 3])]);
    let new_york = Zone::named("America/New_York").unwrap();
    let rows = vec![SentRow { user_id: user(2), ..sent(9, eves[1]) }];
    store.record(of_sent(rows), &new_york).await.unwrap();
    assert_eq!(store.years(user(2), List::Sent).await.unwrap(), [2015]);
    assert_eq!(store.sent(user(2), 2015, None, 10).await.unwrap().len(), 1);
}
