//! The outbox of a shard (R-MONEY-3).

use super::{at, batch, event, land, landing, order_no, packet};
use hongbao_domain::store::{
    orders::{Announcement, Landing, OrderStore},
    outbox::{Backlog, Destination, Due, FailedRow, Fate, Settled},
};
use hongbao_shared::OrderNo;
use std::time::Duration;

const LEASE: Duration = Duration::from_mins(1);

/// A leased row is out of sight until its lease runs out; settling decides.
pub(crate) async fn outbox_rows_are_leased_and_settled(store: &dyn OrderStore) {
    for sequence in 1..=4 {
        land(store, order_no(7, sequence)).await;
    }
    let chat = Destination::Chat;
    let rows = store.lease(chat, at(10), LEASE, 3).await.unwrap();
    assert_eq!(rows.len(), 3);
    assert_eq!(store.lease(chat, at(10), LEASE, 9).await.unwrap().len(), 1);
    assert_eq!(store.lease(chat, at(69), LEASE, 9).await.unwrap(), []);
    assert_eq!(store.lease(Destination::Refund, at(1_000), LEASE, 9).await.unwrap(), []);
    let error = String::from("why");
    let rest = String::from("[\"rest\"]");
    store
        .settle(vec![
            (rows[0].id, Settled::Done),
            (rows[1].id, Settled::Retry { due_at: at(80), error: error.clone() }),
            (rows[2].id, Settled::Dead { payload: rest.clone(), error, at: at(11) }),
        ])
        .await
        .unwrap();
    assert_eq!(store.backlog(chat).await.unwrap(), Backlog { waiting: 2, dead: 1 });
    assert_eq!(store.next_due(chat).await.unwrap(), Some(at(70)));
    let due = store.lease(chat, at(80), LEASE, 9).await.unwrap();
    assert_eq!(due.len(), 2, "the lost lease and the retry; never the dead one");
    let retried = due.iter().find(|row| row.id == rows[1].id).unwrap();
    assert_eq!((retried.attempts, &retried.payload), (1, &rows[1].payload));
    let error = String::from("a part");
    let settled = Settled::Rest { payload: rest.clone(), due_at: at(90), error };
    store.settle(vec![(retried.id, settled)]).await.unwrap();
    let again = store.lease(chat, at(90), LEASE, 9).await.unwrap();
    assert_eq!(again.iter().map(|row| &row.payload).collect::<Vec<_>>(), [&rest]);
    assert_eq!(again[0].attempts, 2);
}

/// Administrators page through what failed, and revive what is dead, once (R-MONEY-3).
pub(crate) async fn failed_rows_are_read_by_page_and_dead_ones_revived(store: &dyn OrderStore) {
    for sequence in 1..=5 {
        land(store, order_no(7, sequence)).await;
    }
    let chat = Destination::Chat;
    let rows = store.lease(chat, at(10), LEASE, 9).await.unwrap();
    assert_eq!(store.failed(Fate::Dead, 0, 9).await.unwrap(), []);
    assert_eq!(store.failed(Fate::Failing, 0, 9).await.unwrap(), [], "leased is not failed");
    let dead = |n: usize| Settled::Dead {
        payload: format!("[\"left {n}\"]"),
        error: format!("why {n}"),
        at: at(11),
    };
    let mut settled: Vec<_> = [0, 1, 2].map(|n| (rows[n].id, dead(n))).into();
    settled.push((rows[3].id, Settled::Retry { due_at: at(80), error: "later".to_owned() }));
    store.settle(settled).await.unwrap();

    let row = |n: usize| FailedRow {
        id: rows[n].id,
        destination: chat,
        payload: format!("[\"left {n}\"]"),
        created_at: at(2),
        attempts: 1,
        error: format!("why {n}"),
        at: at(11),
    };
    assert_eq!(store.failed(Fate::Dead, 0, 2).await.unwrap(), [row(0), row(1)]);
    assert_eq!(store.failed(Fate::Dead, rows[1].id, 2).await.unwrap(), [row(2)]);
    assert_eq!(store.failed(Fate::Dead, rows[2].id, 2).await.unwrap(), []);
    let failing = FailedRow {
        payload: rows[3].payload.clone(),
        error: "later".to_owned(),
        at: at(80),
        ..row(3)
    };
    assert_eq!(store.failed(Fate::Failing, 0, 9).await.unwrap(), [failing]);

    assert_eq!(store.revive(rows[1].id, at(20)).await.unwrap(), Some(chat));
    for nothing in [rows[1].id, rows[3].id, rows[4].id, 999] {
        assert_eq!(store.revive(nothing, at(21)).await.unwrap(), None, "{nothing} is not dead");
    }
    assert_eq!(store.failed(Fate::Dead, 0, 9).await.unwrap(), [row(0), row(2)]);
    let due = store.lease(chat, at(20), LEASE, 9).await.unwrap();
    assert_eq!(due.len(), 1, "due at once, and no other");
    assert_eq!((due[0].id, due[0].attempts), (rows[1].id, 0), "as if it had never been tried");
    assert_eq!(due[0].payload, row(1).payload);
    store.settle(vec![(due[0].id, Settled::Done)]).await.unwrap();
    assert_eq!(store.revive(due[0].id, at(22)).await.unwrap(), None, "it has arrived");
    assert_eq!(store.backlog(chat).await.unwrap(), Backlog { waiting: 2, dead: 2 });
}

/// What outbox rows tell of a packet, the leased and the dead included.
pub(crate) async fn announced_events_are_found_by_packet(store: &dyn OrderStore) {
    let (one, two, three) = (order_no(7, 1), order_no(7, 2), order_no(7, 3));
    let about = |order_no, n: u32| format!("{{\"n\":{n},\"order_no\":\"{order_no}\"}}");
    let telling = |order_no: OrderNo, events: &[String]| Landing {
        announcements: events.iter().map(|text| event(Destination::Refund, text)).collect(),
        ..landing(packet(order_no), 7)
    };
    let landings = vec![
        telling(one, &[about(one, 1), "\"noise\"".to_owned(), about(one, 3)]),
        telling(two, &[about(two, 2)]),
    ];
    store.commit(batch(landings, vec![])).await.unwrap();
    let announced =
        async |orders| store.hot().announced(Destination::Refund, orders).await.unwrap();
    assert_eq!(announced(vec![one]).await, [about(one, 1), about(one, 3)]);
    assert_eq!(announced(vec![two, three]).await, [about(two, 2)]);
    assert_eq!(announced(vec![three]).await, [""; 0]);
    assert_eq!(store.hot().announced(Destination::Lists, vec![one]).await.unwrap(), [""; 0]);
    let rows = store.lease(Destination::Refund, at(10), LEASE, 9).await.unwrap();
    assert_eq!(announced(vec![two]).await.len(), 1, "being delivered");
    let dead = Settled::Dead { payload: rows[1].payload.clone(), error: "why".into(), at: at(11) };
    store.settle(vec![(rows[1].id, dead)]).await.unwrap();
    assert_eq!(announced(vec![two]).await.len(), 1, "dead");
    store.settle(rows.iter().map(|row| (row.id, Settled::Done)).collect()).await.unwrap();
    assert_eq!(announced(vec![one, two]).await, [""; 0]);
}

/// Some rows come before all that wait, some not before their time, and no start makes them
/// due that did not lease them (R-MONEY-2).
pub(crate) async fn a_row_is_due_when_it_says(store: &dyn OrderStore) {
    let credit = Destination::Credit;
    let telling = |sequence, due, text: &str| Landing {
        announcements: vec![Announcement { destination: credit, due, event: text.to_owned() }],
        ..landing(packet(order_no(7, sequence)), 7)
    };
    let landings = vec![
        telling(1, Due::After(LEASE), "1"),
        telling(2, Due::Next, "2"),
        telling(3, Due::First, "3"),
    ];
    store.commit(batch(landings, vec![])).await.unwrap();
    let leased = async |now, limit| -> Vec<String> {
        let rows = store.lease(credit, at(now), LEASE, limit).await.unwrap();
        rows.into_iter().map(|row| row.payload).collect()
    };
    assert_eq!(leased(2, 1).await, ["[3]"]);
    assert_eq!(leased(2, 9).await, ["[2]"]);
    assert_eq!(leased(61, 9).await, [""; 0], "leased, or later");
    store.reclaim().await.unwrap();
    let reclaimed = if store.has_one_owner() { vec!["[2]", "[3]"] } else { vec![] };
    assert_eq!(leased(60, 9).await, reclaimed);
    assert_eq!(leased(62, 1).await, ["[1]"], "after a minute");
}

/// What a clock that was ahead put off for an hour is due at once when that is noticed; what
/// is leased or rests stays (R-MONEY-3).
pub(crate) async fn rows_of_a_wrong_clock_are_pulled_in(store: &dyn OrderStore) {
    land(store, order_no(1, 1)).await;
    land(store, order_no(1, 2)).await;
    let lease = async |now, limit| store.lease(Destination::Chat, now, LEASE, limit).await.unwrap();
    let wrong = lease(at(3_600), 1).await;
    let right = lease(at(10), 9).await;
    assert_eq!((wrong.len(), right.len()), (1, 1));
    let (now, beyond) = (at(20), at(20).plus(LEASE * 2));
    store.pull_in(Destination::Lists, now, beyond).await.unwrap();
    assert_eq!(lease(now, 9).await, [], "that was another destination");
    store.pull_in(Destination::Chat, now, beyond).await.unwrap();
    assert_eq!(lease(now, 9).await, wrong, "the other one is leased rightly");
}
