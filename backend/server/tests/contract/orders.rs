//! What every implementation of [`OrderStore`] must do (R-STORE-3). A test of an
//! implementation calls these on an empty store.

use hongbao_domain::store::{
    StoreError,
    orders::{
        Announcement, Append, ClaimRow, Ended, Landed, Landing, LaneBatch, OrderStore, PacketRow,
        Progress, StoredState,
    },
    outbox::{Destination, Due},
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
            a_day_that_was_sealed_too_early_goes_on,
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
            a_tombstone_stays,
            a_packet_lands_or_is_given_up,
            a_day_is_moved_by_one_node_and_resumed,
            a_day_is_summed_up,
        }
    };
}

#[path = "orders/days.rs"]
mod days;
#[path = "orders/outbox.rs"]
mod outbox;

pub(crate) use days::*;
pub(crate) use outbox::*;

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
    LaneBatch { landings, appends, at: Some(at(2)), ..LaneBatch::default() }
}

/// Ends these, and tells nobody.
pub(crate) async fn end(store: &dyn OrderStore, orders: &[OrderNo]) {
    let ended =
        store.hot().end(orders.to_vec(), at(100), Arc::new(|_: &Ended| vec![])).await.unwrap();
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
    assert_eq!(store.hot().due(at(99), 10).await.unwrap(), []);
    assert_eq!(store.hot().due(at(100), 10).await.unwrap(), [one, two]);
    assert_eq!(store.hot().due(at(100), 1).await.unwrap(), [one]);
    let end = async |orders: Vec<OrderNo>, now| {
        let tell = |ended: &Ended| {
            let Ended { order_no, sender_id, rest_fen } = *ended;
            let text = format!("\"{order_no} {sender_id} {rest_fen}\"");
            vec![event(Destination::Refund, &text), event(Destination::Chat, "\"over\"")]
        };
        store.hot().end(orders, now, Arc::new(tell)).await.unwrap()
    };
    let sender_id = packet(one).sender_id;
    let ended = |order_no, rest| Ended { order_no, sender_id, rest_fen: fen(rest) };
    assert_eq!(end(vec![one, two], at(99)).await, [], "their time is not over");
    assert_eq!(end(vec![two, order_no(5, 1)], at(100)).await, [ended(two, 10)]);
    assert_eq!(end(vec![one, two], at(100)).await, [ended(one, 8)], "what is left, and once");
    let row = store.packet(one).await.unwrap().unwrap();
    assert_eq!((row.progress.state, row.progress.claimed), (StoredState::Expired, 1));
    assert_eq!(row.progress.finished_at, Some(at(100)));
    assert_eq!(store.hot().due(at(1_000), 10).await.unwrap(), []);
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
