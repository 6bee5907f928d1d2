//! What holds while many write at once: the workers of all nodes deliver to one database.

use super::*;
use hongbao_domain::runtime::Month;
use std::{collections::BTreeMap, iter::zip, sync::Mutex};
use tokio::sync::Barrier;

const TASKS: usize = 12;
/// Few people, so that all batches count up the same totals.
const PEOPLE: u64 = 9;

/// One line.
#[derive(Clone, Copy, Debug)]
enum Line {
    Sent(SentRow),
    Received(ReceivedRow),
    BestLuck(BestLuckRow),
}

fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap()
}

/// In any week of the year, in an order of its own.
fn some_time(of: u64) -> Timestamp {
    moment(number(of * 7 % 46) * 7 * 24 * 60 * 60)
}

/// A packet from everybody to everybody, again and again.
fn lines() -> Vec<Line> {
    let mut lines = Vec::new();
    for packet in 0..32 {
        let sender_id = user(number(packet % PEOPLE));
        let at = some_time(packet);
        lines.push(Line::Sent(SentRow { user_id: sender_id, ..sent(packet, at) }));
        for opener in 0..PEOPLE {
            let seq = u32::try_from((opener + packet) % PEOPLE).unwrap();
            let row = received(packet, user(number(opener)), seq);
            let at = some_time(packet + opener);
            lines.push(Line::Received(ReceivedRow { sender_id, at, ..row }));
        }
        let lucky = packet * 3 % PEOPLE;
        let at = some_time(packet + lucky);
        lines.push(Line::BestLuck(BestLuckRow { at, ..best_luck(packet, number(lucky)) }));
    }
    lines
}

/// All lines in batches, many of them twice; each task in an order of its own.
fn batches(task: usize) -> Vec<ListBatch> {
    let lines = lines();
    // Without a common factor with the number of lines.
    let steps = [1, 5, 13, 17, 25, 37];
    let step = steps[task % steps.len()];
    let order: Vec<_> =
        (0..lines.len()).map(|at| lines[(at + task) * step % lines.len()]).collect();
    (0..order.len())
        .step_by(12)
        .map(|from| of_lines(&order[from..order.len().min(from + 16)]))
        .collect()
}

fn of_lines(lines: &[Line]) -> ListBatch {
    let mut batch = ListBatch::default();
    for line in lines {
        match *line {
            Line::Sent(row) => batch.sent.push(row),
            Line::Received(row) => batch.received.push(row),
            Line::BestLuck(row) => batch.best_lucks.push(row),
        }
    }
    batch
}

/// What the totals of all lines together are.
fn sums() -> BTreeMap<(UserId, Month), Totals> {
    let mut sums: BTreeMap<_, Totals> = BTreeMap::new();
    for line in lines() {
        let (user, at) = match line {
            Line::Sent(row) => (row.user_id, row.at),
            Line::Received(row) => (row.user_id, row.at),
            Line::BestLuck(row) => (row.user_id, row.at),
        };
        let totals = sums.entry((user, shanghai().month(at))).or_default();
        match line {
            Line::Sent(row) => {
                totals.sent_count += 1;
                totals.sent_fen = totals.sent_fen.checked_add(row.total_fen).unwrap();
            }
            Line::Received(row) => {
                totals.received_count += 1;
                totals.received_fen = totals.received_fen.checked_add(row.amount_fen).unwrap();
            }
            Line::BestLuck(_) => totals.best_lucks += 1,
        }
    }
    sums
}

/// Every line is there, and totals are their sums.
async fn all_is_counted_once(store: &Store) {
    // By packet, and within it by opener.
    let ListBatch { sent, received, best_lucks } = of_lines(&lines());
    assert_eq!(store.sent_page(None, 1_000).await.unwrap(), sent);
    assert_eq!(store.received_page(None, 1_000).await.unwrap(), received);
    let best_lucks: Vec<_> = best_lucks.iter().map(|row| (row.order_no, row.user_id)).collect();
    assert_eq!(store.best_lucks_page(None, 1_000).await.unwrap(), best_lucks);
    let mut counted = BTreeMap::new();
    for user in (0..PEOPLE).map(|person| user(number(person))) {
        for (month, totals) in store.months(user, 2016).await.unwrap() {
            counted.insert((user, Month { year: 2016, month }), totals);
        }
    }
    assert_eq!(counted, sums());
    let (last, off) = store.totals_off(None, 100).await.unwrap().unwrap();
    assert_eq!((last, off), (user(number(PEOPLE - 1)), vec![]));
}

/// Runs all of them, beginning together.
async fn together<T: Send + 'static>(
    tasks: impl IntoIterator<Item = impl Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    let tasks: Vec<_> = tasks.into_iter().collect();
    let start = Arc::new(Barrier::new(tasks.len()));
    let spawned = tasks.into_iter().map(|task| {
        let start = Arc::clone(&start);
        tokio::spawn(async move {
            start.wait().await;
            task.await
        })
    });
    let spawned: Vec<_> = spawned.collect();
    let mut results = Vec::new();
    for task in spawned {
        results.push(task.await.unwrap());
    }
    results
}

/// Until it is taken, as delivery does where the database is too busy.
async fn deliver(store: &Store, batch: ListBatch) {
    for _ in 0..20 {
        match record(store, batch.clone()).await {
            Err(StoreError::Unavailable(_)) => {}
            result => return result.unwrap(),
        }
    }
    panic!("it is never taken");
}

/// R-LIST-1: no line is lost or counted twice, whoever brings it, in whatever company.
pub(crate) async fn batches_that_overlap_at_once_count_once(store: Store) {
    together((0..TASKS).map(|task| {
        let store = Arc::clone(&store);
        async move {
            for batch in batches(task) {
                deliver(&store, batch).await;
            }
        }
    }))
    .await;
    all_is_counted_once(&store).await;
}

/// Whichever comes first; the others are refused with all that came with them.
pub(crate) async fn of_rows_that_differ_at_once_one_stays(store: Store) {
    for round in 0..10 {
        let packet = 100 + round;
        let versions: Vec<ListBatch> = (0..4)
            .map(|version| {
                let company = sent(1_000 + 4 * packet + version, moment(0));
                let company = SentRow { user_id: user(number(version)), ..company };
                let mut batch = of_sent(vec![company]);
                match round % 4 {
                    // Not by its moment: a landing that comes again has another (R-STORE-6).
                    0 => batch.sent.push(SentRow {
                        total_fen: fen(1_000 + version),
                        ..sent(packet, moment(number(version)))
                    }),
                    1 => {
                        let seq = u32::try_from(version).unwrap();
                        batch.received.push(received(packet, user(number(version)), seq));
                        batch.best_lucks.push(best_luck(packet, number(version)));
                    }
                    // Somebody's share has another amount, or one share many owners.
                    2 => batch.received.push(ReceivedRow {
                        amount_fen: fen(1 + version),
                        ..received(packet, user(0), 0)
                    }),
                    _ => batch.received.push(received(packet, user(number(version)), 0)),
                }
                batch
            })
            .collect();
        let results = together(versions.clone().into_iter().map(|batch| {
            let store = Arc::clone(&store);
            async move { record(&store, batch).await }
        }))
        .await;
        let mut taken = 0;
        for (batch, result) in zip(versions, results) {
            let company = batch.sent[0];
            let held = store.listed(company.order_no).await.unwrap().sent;
            match result {
                Ok(()) => {
                    assert_eq!(held, Some(company));
                    record(&store, batch).await.unwrap();
                    taken += 1;
                }
                Err(StoreError::Constraint { .. }) => {
                    assert_eq!(held, None);
                    refused(&store, batch).await;
                }
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(taken, 1, "round {round}");
        assert_eq!(store.totals_off(None, 100).await.unwrap().unwrap().1, []);
    }
}

/// What one worker is late with, another has taken over.
pub(crate) async fn a_line_that_many_bring_at_once_counts_once(store: Store) {
    for seq in 0..150 {
        let line = received(1, user(i64::from(seq)), seq);
        let results = together((0..4).map(|_| {
            let store = Arc::clone(&store);
            async move { record(&store, of_received(vec![line])).await }
        }))
        .await;
        for result in results {
            result.unwrap();
        }
    }
    assert_eq!(store.totals_off(None, 1_000).await.unwrap().unwrap().1, []);
}

/// Years are counted again and again while others count them up.
pub(crate) async fn what_is_restored_beside_others_counts_once(store: Store) {
    let lines = lines();
    // A packet from its sending to its end: something of everybody.
    let known = of_lines(&lines[..11]);
    record(&store, known.clone()).await.unwrap();
    let new = Arc::new(Mutex::new(lines));
    let next = move || new.lock().unwrap().pop();
    together((0..TASKS).map(|task| {
        let (store, next, known) = (Arc::clone(&store), next.clone(), known.clone());
        async move {
            while let Some(line) = next() {
                deliver(&store, of_lines(&[line])).await;
                if task % 2 == 0 {
                    restore(&store, known.clone()).await;
                }
            }
        }
    }))
    .await;
    all_is_counted_once(&store).await;
}

/// Where others are always faster it is put off, as in reconciliation.
async fn restore(store: &Store, batch: ListBatch) {
    match store.restore(batch, &shanghai()).await {
        Ok(()) | Err(StoreError::Unavailable(_)) => {}
        Err(error) => panic!("{error}"),
    }
}
