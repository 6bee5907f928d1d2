//! What every implementation of [`OrderStore`] must do (R-STORE-3). A test of an
//! implementation calls these on an empty store.

use hongbao::store::{
    StoreError,
    orders::{
        Announcement, Append, ClaimRow, DayTable, Emptied, Ended, Landed, Landing, LaneBatch,
        OrderStore, PacketRow, Progress, StoredState,
    },
    outbox::{Backlog, Destination, Due, FailedRow, Fate, Settled},
};
use hongbao_shared::{
    Day, Fen, GroupId, Kind, OrderNo, Shard, Site, Timestamp, UserId,
    fairness::{ClientSeed, Commitment},
};
use std::{sync::Arc, time::Duration};

/// Hands the names of all laws to a macro that tests an implementation on each.
macro_rules! order_store_laws {
    ($holds:ident) => {
        $holds! {
            landing_is_idempotent,
            a_day_table_holds_one_day,
            compare_and_append,
            one_share_each,
            impossible_progress_is_refused,
            ends_are_guarded,
            pages,
            outbox_rows_are_leased_and_settled,
            failed_rows_are_read_by_page_and_dead_ones_revived,
            announced_events_are_found_by_packet,
            rows_of_a_wrong_clock_are_pulled_in,
            a_row_is_due_when_it_says,
            a_day_is_sealed_emptied_and_taken_over,
            a_tombstone_of_a_later_day_stays,
        }
    };
}

const LEASE: Duration = Duration::from_mins(1);

pub(crate) fn order_no(day: u8, sequence: u64) -> OrderNo {
    let (shard, day) = (Shard::new(2).unwrap(), Day::new(day).unwrap());
    OrderNo::new(Site::N, shard, day, false, sequence).unwrap()
}

fn fen(fen: u64) -> Fen {
    Fen::new(fen).unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000).plus_seconds(second)
}

fn user(number: i64) -> UserId {
    UserId::new(number).unwrap()
}

/// A lucky packet of 10 fen in 3 shares.
pub(crate) fn packet(order_no: OrderNo) -> PacketRow {
    PacketRow {
        order_no,
        sender_id: user(1),
        group_id: GroupId::new(2).unwrap(),
        recipient_id: None,
        kind: Kind::Lucky,
        total_fen: fen(10),
        shares: 3,
        max_share_fen: fen(20_000),
        sealed_server_seed: vec![1, 2, 3],
        client_seed: ClientSeed::new(vec![4, 5]).unwrap(),
        commitment: Commitment::from_bytes([6; 32]),
        created_at: at(0),
        landed_at: at(1),
        expires_at: at(100),
        progress: Progress::NONE,
    }
}

fn event(destination: Destination, event: &str) -> Announcement {
    Announcement { destination, due: Due::Next, event: event.to_owned() }
}

pub(crate) fn landing(packet: PacketRow, epoch_day: i64) -> Landing {
    Landing { packet, epoch_day, announcements: vec![event(Destination::Chat, "\"landed\"")] }
}

/// Shares `from` and on, one for each of `users`, 2 fen each and the rest in the
/// third.
pub(crate) fn append(order_no: OrderNo, from: u32, users: &[i64]) -> Append {
    let claims: Vec<_> = users
        .iter()
        .zip(from..)
        .map(|(number, seq)| ClaimRow {
            seq,
            user_id: user(*number),
            amount_fen: fen(if seq == 2 { 6 } else { 2 }),
            opened_at: at(2),
        })
        .collect();
    let claimed = from + u32::try_from(claims.len()).unwrap();
    let finished = claimed == 3;
    Append {
        order_no,
        believed: from,
        after: Progress {
            state: if finished { StoredState::Finished } else { StoredState::Open },
            claimed,
            claimed_fen: if finished { fen(10) } else { fen(u64::from(claimed) * 2) },
            finished_at: finished.then(|| at(2)),
        },
        claims,
        announcements: vec![event(Destination::Credit, &format!("[{from},{claimed}]"))],
    }
}

pub(crate) fn batch(landings: Vec<Landing>, appends: Vec<Append>) -> LaneBatch {
    LaneBatch { landings, appends, at: Some(at(2)), within: None }
}

/// Ends these, and tells nobody.
async fn end(store: &dyn OrderStore, orders: &[OrderNo]) {
    let ended = store.end(orders.to_vec(), at(100), Arc::new(|_: &Ended| vec![])).await.unwrap();
    assert_eq!(ended.len(), orders.len());
}

pub(crate) async fn land(store: &dyn OrderStore, order_no: OrderNo) {
    let outcome = store.commit(batch(vec![landing(packet(order_no), 7)], vec![])).await;
    assert_eq!(outcome.unwrap().landings, [Landed::New]);
}

async fn told(store: &dyn OrderStore, destination: Destination) -> Vec<String> {
    let rows = store.lease(destination, at(1_000), LEASE, 100).await.unwrap();
    rows.into_iter().map(|row| row.payload).collect()
}

/// A packet comes in once, is read back whole, and tells once.
pub(crate) async fn landing_is_idempotent(store: &dyn OrderStore) {
    let order_no = order_no(7, 1);
    assert_eq!(store.packet(order_no).await.unwrap(), None);
    land(store, order_no).await;
    let again = store.commit(batch(vec![landing(packet(order_no), 7)], vec![])).await;
    assert_eq!(again.unwrap().landings, [Landed::Already(StoredState::Open)]);
    assert_eq!(store.packet(order_no).await.unwrap(), Some(packet(order_no)));
    assert_eq!(told(store, Destination::Chat).await, ["[\"landed\"]"]);
}

/// A day table that holds another day refuses loudly; an empty one is taken over; a
/// tombstone stands anywhere (R-STORE-1, R-SEND-2).
pub(crate) async fn a_day_table_holds_one_day(store: &dyn OrderStore) {
    land(store, order_no(7, 1)).await;
    let other_day = landing(packet(order_no(7, 2)), 38);
    let mut tombstone = landing(packet(order_no(7, 3)), 38);
    tombstone.packet.progress =
        Progress { state: StoredState::GivenUp, finished_at: Some(at(2)), ..Progress::NONE };
    let late = landing(packet(order_no(7, 3)), 7);
    let outcome = store.commit(batch(vec![other_day, tombstone, late], vec![])).await;
    assert_eq!(
        outcome.unwrap().landings,
        [Landed::DayRefused, Landed::New, Landed::Already(StoredState::GivenUp)]
    );
    assert_eq!(store.packet(order_no(7, 2)).await.unwrap(), None);
}

/// Claims are appended only to what the lane believes, and tell only then (R-OPEN-3).
pub(crate) async fn compare_and_append(store: &dyn OrderStore) {
    let (one, two) = (order_no(1, 1), order_no(2, 1));
    land(store, one).await;
    land(store, two).await;
    let first = batch(vec![], vec![append(one, 0, &[11, 12]), append(two, 1, &[11])]);
    assert_eq!(store.commit(first).await.unwrap().appends, [true, false]);
    let stale = batch(vec![], vec![append(one, 0, &[13])]);
    assert_eq!(store.commit(stale).await.unwrap().appends, [false]);
    let last = batch(vec![], vec![append(one, 2, &[13]), append(two, 0, &[11])]);
    assert_eq!(store.commit(last).await.unwrap().appends, [true, true]);

    let row = store.packet(one).await.unwrap().unwrap();
    assert_eq!(row.progress, append(one, 2, &[13]).after);
    let claims = store.claims(one, 0, 10).await.unwrap();
    let expected = [append(one, 0, &[11, 12]).claims, append(one, 2, &[13]).claims].concat();
    assert_eq!(claims, expected);
    assert_eq!(store.claims(one, 1, 1).await.unwrap(), expected[1..2]);
    assert_eq!(told(store, Destination::Credit).await, ["[[0,2]]", "[[2,3]]", "[[0,1]]"]);
    let over = batch(vec![], vec![append(one, 3, &[14])]);
    assert_eq!(store.commit(over).await.unwrap().appends, [false], "it has ended");
}

/// A second share for one person, or a share twice, rolls the whole batch back.
pub(crate) async fn one_share_each(store: &dyn OrderStore) {
    let (one, two) = (order_no(1, 1), order_no(1, 2));
    land(store, one).await;
    land(store, two).await;
    store.commit(batch(vec![], vec![append(one, 0, &[11])])).await.unwrap();
    let twice = batch(vec![], vec![append(one, 1, &[11]), append(two, 0, &[11])]);
    let refused = store.commit(twice).await;
    assert!(matches!(refused, Err(StoreError::Constraint { .. })), "{refused:?}");
    assert_eq!(store.claims(two, 0, 10).await.unwrap(), []);
    assert_eq!(store.packet(one).await.unwrap().unwrap().progress.claimed, 1);
    assert_eq!(told(store, Destination::Credit).await.len(), 1);
}

/// The database refuses numbers that no lane may write.
pub(crate) async fn impossible_progress_is_refused(store: &dyn OrderStore) {
    let one = order_no(1, 1);
    land(store, one).await;
    let spoil: [fn(&mut Append); 5] = [
        |append| append.after.claimed_fen = fen(10),
        |append| append.after.claimed_fen = Fen::ZERO,
        |append| append.after.claimed = 4,
        |append| append.after.state = StoredState::Finished,
        |append| append.claims[0].amount_fen = Fen::ZERO,
    ];
    for spoil in spoil {
        let mut append = append(one, 0, &[11]);
        spoil(&mut append);
        let refused = store.commit(batch(vec![], vec![append])).await;
        assert!(matches!(refused, Err(StoreError::Constraint { .. })), "{refused:?}");
    }
    assert_eq!(store.packet(one).await.unwrap().unwrap().progress, Progress::NONE);
}

/// An end is guarded like a claim, and final.
pub(crate) async fn ends_are_guarded(store: &dyn OrderStore) {
    let (one, two) = (order_no(1, 1), order_no(3, 1));
    land(store, one).await;
    land(store, two).await;
    store.commit(batch(vec![], vec![append(one, 0, &[11])])).await.unwrap();
    assert_eq!(store.due(at(99), 10).await.unwrap(), []);
    assert_eq!(store.due(at(100), 10).await.unwrap(), [one, two]);
    assert_eq!(store.due(at(100), 1).await.unwrap(), [one]);
    let end = async |orders: Vec<OrderNo>, now| {
        let tell = |ended: &Ended| {
            let Ended { order_no, sender_id, rest_fen } = *ended;
            let text = format!("\"{order_no} {sender_id} {rest_fen}\"");
            vec![event(Destination::Refund, &text), event(Destination::Chat, "\"over\"")]
        };
        store.end(orders, now, Arc::new(tell)).await.unwrap()
    };
    let sender_id = packet(one).sender_id;
    let ended = |order_no, rest| Ended { order_no, sender_id, rest_fen: fen(rest) };
    assert_eq!(end(vec![one, two], at(99)).await, [], "their time is not over");
    assert_eq!(end(vec![two, order_no(5, 1)], at(100)).await, [ended(two, 10)]);
    assert_eq!(end(vec![one, two], at(100)).await, [ended(one, 8)], "what is left, and once");
    let row = store.packet(one).await.unwrap().unwrap();
    assert_eq!((row.progress.state, row.progress.claimed), (StoredState::Expired, 1));
    assert_eq!(row.progress.finished_at, Some(at(100)));
    assert_eq!(store.due(at(1_000), 10).await.unwrap(), []);
    let late = store.commit(batch(vec![], vec![append(one, 1, &[12])])).await;
    assert_eq!(late.unwrap().appends, [false]);
    let refunds = told(store, Destination::Refund).await;
    let refund = |order_no, rest| format!("[\"{order_no} {sender_id} {}\"]", fen(rest));
    assert_eq!(refunds, [refund(two, 10), refund(one, 8)]);
}

/// Pages of a day go through everything, once, in order.
pub(crate) async fn pages(store: &dyn OrderStore) {
    let orders: Vec<_> = (1..=5).map(|sequence| order_no(4, sequence)).collect();
    for order_no in &orders {
        land(store, *order_no).await;
        store.commit(batch(vec![], vec![append(*order_no, 0, &[11, 12])])).await.unwrap();
    }
    let day = Day::new(4).unwrap();
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = store.packets_page(day, after, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.order_no);
        seen.extend(page.iter().map(|row| row.order_no));
    }
    assert_eq!(seen, orders);
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = store.claims_page(day, after, 3).await.unwrap();
        let Some((order_no, claim)) = page.last() else { break };
        after = Some((*order_no, claim.seq));
        seen.extend(page.iter().map(|(order_no, claim)| (*order_no, claim.seq)));
    }
    let expected: Vec<_> = orders.iter().flat_map(|no| [(*no, 0), (*no, 1)]).collect();
    assert_eq!(seen, expected);
    assert_eq!(store.packets_page(Day::new(5).unwrap(), None, 2).await.unwrap(), []);
}

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
    let announced = async |orders| store.announced(Destination::Refund, orders).await.unwrap();
    assert_eq!(announced(vec![one]).await, [about(one, 1), about(one, 3)]);
    assert_eq!(announced(vec![two, three]).await, [about(two, 2)]);
    assert_eq!(announced(vec![three]).await, [""; 0]);
    assert_eq!(store.announced(Destination::Lists, vec![one]).await.unwrap(), [""; 0]);
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

/// A sealed day refuses landings; it is emptied whole, once nothing in it is open or still
/// to be told, and what was in it never lands again (R-STORE-1).
pub(crate) async fn a_day_is_sealed_emptied_and_taken_over(store: &dyn OrderStore) {
    let (one, two, day) = (order_no(7, 1), order_no(7, 2), Day::new(7).unwrap());
    let quiet = |order_no, epoch_day| Landing {
        packet: packet(order_no),
        epoch_day,
        announcements: vec![event(Destination::Chat, &format!("{{\"order_no\":\"{order_no}\"}}"))],
    };
    let landed =
        async |landing| store.commit(batch(vec![landing], vec![])).await.unwrap().landings[0];
    assert_eq!(landed(quiet(one, 7)).await, Landed::New);
    assert_eq!(store.empty(day, 7).await.unwrap(), Emptied::NotSealed);
    store.seal(day, 38).await.unwrap();
    assert_eq!(store.empty(day, 7).await.unwrap(), Emptied::NotSealed, "another day was sealed");
    store.seal(day, 7).await.unwrap();
    let table = DayTable { day, epoch_day: 7, sealed: true, is_empty: false };
    assert_eq!(store.days().await.unwrap(), [table]);
    assert_eq!(landed(quiet(two, 7)).await, Landed::DayRefused);
    assert_eq!(landed(quiet(one, 7)).await, Landed::Already(StoredState::Open));
    assert_eq!(store.empty(day, 7).await.unwrap(), Emptied::OpenPacket);

    end(store, &[one]).await;
    assert_eq!(store.oldest(Destination::Chat).await.unwrap(), Some(at(2)));
    assert_eq!(store.empty(day, 7).await.unwrap(), Emptied::Undelivered);
    let rows = store.lease(Destination::Chat, at(1_000), LEASE, 9).await.unwrap();
    store.settle(rows.iter().map(|row| (row.id, Settled::Done)).collect()).await.unwrap();
    assert_eq!(store.empty(day, 38).await.unwrap(), Emptied::NotSealed);
    assert_eq!(store.empty(day, 7).await.unwrap(), Emptied::Yes);
    assert_eq!(store.packet(one).await.unwrap(), None);
    assert_eq!(store.days().await.unwrap(), [DayTable { is_empty: true, ..table }]);

    assert_eq!(landed(quiet(one, 7)).await, Landed::DayRefused, "it was there before");
    assert_eq!(landed(quiet(two, 38)).await, Landed::New, "a month later");
    let table = DayTable { day, epoch_day: 38, sealed: false, is_empty: false };
    assert_eq!(store.days().await.unwrap(), [table]);
    assert_eq!(landed(quiet(one, 7)).await, Landed::DayRefused);
}

/// A tombstone whose own day's table was not free stands among the packets of an earlier
/// day. It stays when those are emptied: what it stands for never lands (R-SEND-2).
pub(crate) async fn a_tombstone_of_a_later_day_stays(store: &dyn OrderStore) {
    let (early, given_up, late) = (order_no(7, 1), order_no(7, 2), order_no(7, 3));
    let day = Day::new(7).unwrap();
    let epoch_day = at(0).millis() / (24 * 60 * 60 * 1_000);
    let of_day = |order_no, months: i64| {
        let mut packet = packet(order_no);
        packet.created_at = packet.created_at.plus_seconds(months * 31 * 24 * 60 * 60);
        Landing { packet, epoch_day: epoch_day + months * 31, announcements: vec![] }
    };
    let landed =
        async |landing| store.commit(batch(vec![landing], vec![])).await.unwrap().landings[0];
    assert_eq!(landed(of_day(early, 0)).await, Landed::New);
    assert_eq!(landed(of_day(given_up, 1)).await, Landed::DayRefused);
    let mut tombstone = of_day(given_up, 1);
    tombstone.packet.progress =
        Progress { state: StoredState::GivenUp, finished_at: Some(at(2)), ..Progress::NONE };
    assert_eq!(landed(tombstone).await, Landed::New);

    end(store, &[early]).await;
    store.seal(day, epoch_day).await.unwrap();
    assert_eq!(store.empty(day, epoch_day).await.unwrap(), Emptied::Yes);
    assert_eq!(store.packet(early).await.unwrap(), None);
    let table = DayTable { day, epoch_day, sealed: true, is_empty: true };
    assert_eq!(store.days().await.unwrap(), [table]);

    let given_up_again = landed(of_day(given_up, 1)).await;
    assert_eq!(given_up_again, Landed::Already(StoredState::GivenUp));
    assert_eq!(landed(of_day(late, 1)).await, Landed::New, "the table is free");
    assert_eq!(landed(of_day(given_up, 1)).await, Landed::Already(StoredState::GivenUp));

    // With its own day, it moves on like everything else.
    end(store, &[late]).await;
    store.seal(day, epoch_day + 31).await.unwrap();
    assert_eq!(store.empty(day, epoch_day + 31).await.unwrap(), Emptied::Yes);
    assert_eq!(store.packet(given_up).await.unwrap(), None);
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
