//! The cycle of days (R-STORE-1, R-STORE-5).

use super::{append, at, batch, end, event, land, landing, order_no, packet};
use hongbao_domain::store::{
    orders::{
        Copied, DaySum, DayTable, Emptied, Hold, Landed, Landing, LaneBatch, OrderStore, PacketRow,
        Progress, StoredState,
    },
    outbox::{Destination, Settled},
};
use hongbao_shared::{Day, OrderNo};
use std::{cell::Cell, time::Duration};

const LEASE: Duration = Duration::from_mins(1);

pub(crate) fn tombstone(order_no: OrderNo) -> PacketRow {
    let (state, finished_at) = (StoredState::GivenUp, Some(at(2)));
    PacketRow { progress: Progress { state, finished_at, ..Progress::NONE }, ..packet(order_no) }
}

/// A day table that holds another day refuses loudly; an empty one is taken over; a
/// tombstone stands anywhere (R-STORE-1, R-SEND-2).
pub(crate) async fn a_day_table_holds_one_day(store: &dyn OrderStore) {
    land(store, order_no(7, 1)).await;
    let other_day = landing(packet(order_no(7, 2)), 38);
    let tombstone = landing(tombstone(order_no(7, 3)), 38);
    let late = landing(packet(order_no(7, 3)), 7);
    let outcome = store.commit(batch(vec![other_day, tombstone, late], vec![])).await;
    assert_eq!(
        outcome.unwrap().landings,
        [Landed::DayRefused, Landed::New, Landed::Already(StoredState::GivenUp)]
    );
    assert_eq!(store.packet(order_no(7, 2)).await.unwrap(), None);
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
    assert_eq!(store.hot().empty(day, 7).await.unwrap(), Emptied::NotSealed);
    store.hot().seal(day, 38).await.unwrap();
    assert_eq!(
        store.hot().empty(day, 7).await.unwrap(),
        Emptied::NotSealed,
        "another day was sealed"
    );
    store.hot().seal(day, 7).await.unwrap();
    let table = DayTable { day, epoch_day: 7, sealed: true, is_empty: false };
    assert_eq!(store.hot().days().await.unwrap(), [table]);
    assert_eq!(landed(quiet(two, 7)).await, Landed::DayRefused);
    assert_eq!(landed(quiet(one, 7)).await, Landed::Already(StoredState::Open));
    assert_eq!(store.hot().empty(day, 7).await.unwrap(), Emptied::OpenPacket);

    end(store, &[one]).await;
    assert_eq!(store.hot().empty(day, 7).await.unwrap(), Emptied::Undelivered);
    let rows = store.lease(Destination::Chat, at(1_000), LEASE, 9).await.unwrap();
    store.settle(rows.iter().map(|row| (row.id, Settled::Done)).collect()).await.unwrap();
    assert_eq!(store.hot().empty(day, 38).await.unwrap(), Emptied::NotSealed);
    assert_eq!(store.hot().empty(day, 7).await.unwrap(), Emptied::Yes);
    assert_eq!(store.packet(one).await.unwrap(), None);
    assert_eq!(store.hot().days().await.unwrap(), [DayTable { is_empty: true, ..table }]);

    assert_eq!(landed(quiet(one, 7)).await, Landed::DayRefused, "it was there before");
    assert_eq!(landed(quiet(two, 38)).await, Landed::New, "a month later");
    let table = DayTable { day, epoch_day: 38, sealed: false, is_empty: false };
    assert_eq!(store.hot().days().await.unwrap(), [table]);
    assert_eq!(landed(quiet(one, 7)).await, Landed::DayRefused);
}

/// A day that a clock ahead had emptied goes on for what cold storage does not have, and what is
/// gone of it counts; so does one whose tables hold a day to come (R-CTRL-5, R-STORE-5).
pub(crate) async fn a_day_that_was_sealed_too_early_goes_on(store: &dyn OrderStore) {
    let day = Day::new(7).unwrap();
    let none = DaySum::default();
    let land = async |sequence, epoch_day, reopens: Option<DaySum>| {
        let landing =
            Landing { announcements: vec![], ..landing(packet(order_no(7, sequence)), epoch_day) };
        let reopens = reopens.map(|gone| (epoch_day, gone)).into_iter().collect();
        let batch = LaneBatch { reopens, ..batch(vec![landing], vec![]) };
        store.commit(batch).await.unwrap().landings[0]
    };
    let empty = async |sequence, epoch_day| {
        end(store, &[order_no(7, sequence)]).await;
        store.hot().seal(day, epoch_day).await.unwrap();
        let hold = Hold { node: 1, now: at(0), until: at(60) };
        assert_eq!(
            store.hot().begin_move(day, epoch_day, hold).await.unwrap(),
            Some(Copied::default())
        );
        let some = Copied { packet: Some(order_no(7, sequence)), claim: None };
        assert!(store.hot().note_copied(day, epoch_day, hold, some).await.unwrap());
        assert_eq!(store.hot().empty(day, epoch_day).await.unwrap(), Emptied::Yes);
    };
    let table = async || store.hot().days().await.unwrap()[0];

    assert_eq!(land(1, 7, None).await, Landed::New);
    let one = store.hot().day_sum(day).await.unwrap();
    empty(1, 7).await;
    assert_eq!(land(2, 7, None).await, Landed::DayRefused);
    assert_eq!(land(2, 7, Some(one)).await, Landed::New);
    assert_eq!(table().await, DayTable { day, epoch_day: 7, sealed: false, is_empty: false });
    assert_eq!(store.hot().day_sum(day).await.unwrap(), one.plus(one));
    assert_eq!(land(3, 7, None).await, Landed::DayRefused, "it may be in cold storage");
    assert_eq!(land(3, 7, Some(none)).await, Landed::New);
    end(store, &[order_no(7, 2)]).await;
    // Sealed once more and not emptied: nothing more is gone.
    store.hot().seal(day, 7).await.unwrap();
    assert_eq!(land(4, 7, Some(none)).await, Landed::New);
    assert_eq!(store.hot().day_sum(day).await.unwrap(), one.plus(one).plus(one).plus(one));
    end(store, &[order_no(7, 3)]).await;
    empty(4, 7).await;
    let all = store.hot().day_sum(day).await.unwrap();
    assert_eq!(all, one, "what stood in the tables is gone from them");

    assert_eq!(land(5, 38, None).await, Landed::New, "by a clock that is a month ahead");
    assert_eq!(store.hot().day_sum(day).await.unwrap(), one, "of the day before, nothing counts");
    assert_eq!(land(6, 7, Some(one)).await, Landed::DayRefused, "its tables are full");
    empty(5, 38).await;
    assert_eq!(land(6, 7, None).await, Landed::DayRefused);
    assert_eq!(land(6, 7, Some(one.plus(one))).await, Landed::New);
    assert_eq!(table().await, DayTable { day, epoch_day: 7, sealed: false, is_empty: false });
    assert_eq!(store.hot().day_sum(day).await.unwrap(), one.plus(one).plus(one));
    assert_eq!(land(7, 7, None).await, Landed::DayRefused, "it may be in cold storage");
}

/// A tombstone stands in no day's table, and stays whichever is emptied: what it stands for
/// never lands (R-SEND-2).
pub(crate) async fn a_tombstone_stays(store: &dyn OrderStore) {
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
    let mut giving_up = of_day(given_up, 1);
    giving_up.packet.progress = tombstone(given_up).progress;
    assert_eq!(landed(giving_up.clone()).await, Landed::New);

    end(store, &[early]).await;
    store.hot().seal(day, epoch_day).await.unwrap();
    assert_eq!(store.hot().empty(day, epoch_day).await.unwrap(), Emptied::Yes);
    assert_eq!(store.packet(early).await.unwrap(), None);
    let table = DayTable { day, epoch_day, sealed: true, is_empty: true };
    assert_eq!(store.hot().days().await.unwrap(), [table]);

    let given_up_again = landed(of_day(given_up, 1)).await;
    assert_eq!(given_up_again, Landed::Already(StoredState::GivenUp));
    assert_eq!(landed(of_day(late, 1)).await, Landed::New, "the table is free");
    assert_eq!(landed(of_day(given_up, 1)).await, Landed::Already(StoredState::GivenUp));

    // Not even with its own day does it go, and it has none that could be refused.
    end(store, &[late]).await;
    store.hot().seal(day, epoch_day + 31).await.unwrap();
    assert_eq!(store.hot().empty(day, epoch_day + 31).await.unwrap(), Emptied::Yes);
    assert_eq!(landed(of_day(given_up, 1)).await, Landed::Already(StoredState::GivenUp));
    assert_eq!(store.packet(given_up).await.unwrap(), Some(giving_up.packet));
}

/// Landing and giving up at the same moment: the one or the other, never both, never neither
/// (R-SEND-2).
pub(crate) async fn a_packet_lands_or_is_given_up(store: &dyn OrderStore) {
    land(store, order_no(7, 1)).await;
    let come = async |packet| {
        let landings = vec![Landing { announcements: vec![], ..landing(packet, 7) }];
        store.commit(batch(landings, vec![])).await.unwrap().landings[0]
    };
    let landed_at_all = Cell::new(0);
    for round in 0..30 {
        let pair = async |sequence: u64| {
            let order_no = order_no(7, sequence);
            let (landed, given_up) = if sequence.is_multiple_of(2) {
                tokio::join!(come(packet(order_no)), come(tombstone(order_no)))
            } else {
                let (given_up, landed) =
                    tokio::join!(come(tombstone(order_no)), come(packet(order_no)));
                (landed, given_up)
            };
            let state = store.packet(order_no).await.unwrap().unwrap().progress.state;
            let expected = if state == StoredState::GivenUp {
                (Landed::Already(state), Landed::New)
            } else {
                landed_at_all.set(landed_at_all.get() + 1);
                (Landed::New, Landed::Already(state))
            };
            assert_eq!((landed, given_up), expected, "{order_no}");
        };
        tokio::join!(pair(2 + round * 2), pair(3 + round * 2));
    }
    let packets = store.packets_page(Day::new(7).unwrap(), None, 100).await.unwrap();
    assert!(packets.iter().all(|row| row.progress == Progress::NONE));
    assert_eq!(packets.len(), landed_at_all.get() + 1);
}

/// One node at a time moves a sealed day; whoever goes on with it begins where it was, and
/// another day in the same tables begins with nothing (R-STORE-5).
pub(crate) async fn a_day_is_moved_by_one_node_and_resumed(store: &dyn OrderStore) {
    let (one, day) = (order_no(7, 1), Day::new(7).unwrap());
    let hold = |node, second| Hold { node, now: at(second), until: at(second + 60) };
    land(store, one).await;
    assert_eq!(store.hot().begin_move(day, 7, hold(1, 0)).await.unwrap(), None, "it is not sealed");
    store.hot().seal(day, 7).await.unwrap();
    assert_eq!(
        store.hot().begin_move(day, 38, hold(1, 0)).await.unwrap(),
        None,
        "it holds another day"
    );
    let nothing = Copied::default();
    assert_eq!(store.hot().begin_move(day, 7, hold(1, 0)).await.unwrap(), Some(nothing));
    assert_eq!(
        store.hot().begin_move(day, 7, hold(2, 59)).await.unwrap(),
        None,
        "another is at it"
    );
    let some = Copied { packet: Some(one), claim: None };
    assert!(store.hot().note_copied(day, 7, hold(1, 30), some).await.unwrap());
    assert_eq!(store.hot().begin_move(day, 7, hold(2, 89)).await.unwrap(), None, "and goes on");
    assert_eq!(store.hot().begin_move(day, 7, hold(1, 89)).await.unwrap(), Some(some));
    let more = Copied { claim: Some((one, 2)), ..some };
    assert!(store.hot().note_copied(day, 7, hold(1, 90), more).await.unwrap());
    assert!(!store.hot().note_copied(day, 7, hold(2, 90), nothing).await.unwrap());
    // The other one has been silent for too long.
    assert_eq!(store.hot().begin_move(day, 7, hold(2, 150)).await.unwrap(), Some(more));
    assert!(
        !store.hot().note_copied(day, 7, hold(1, 151), nothing).await.unwrap(),
        "it has lost it"
    );
    assert!(store.hot().note_copied(day, 7, hold(2, 151), more).await.unwrap());

    // A clock that is hours ahead keeps nobody away.
    assert!(store.hot().note_copied(day, 7, hold(2, 9_000), more).await.unwrap());
    assert_eq!(store.hot().begin_move(day, 7, hold(1, 160)).await.unwrap(), Some(more));

    end(store, &[one]).await;
    let rows = store.lease(Destination::Chat, at(1_000), LEASE, 9).await.unwrap();
    store.settle(rows.iter().map(|row| (row.id, Settled::Done)).collect()).await.unwrap();
    assert_eq!(store.hot().empty(day, 7).await.unwrap(), Emptied::Yes);
    let later = landing(packet(order_no(7, 2)), 38);
    store.commit(batch(vec![later], vec![])).await.unwrap();
    store.hot().seal(day, 38).await.unwrap();
    assert_eq!(store.hot().begin_move(day, 38, hold(3, 2_000)).await.unwrap(), Some(nothing));
    assert!(
        !store.hot().note_copied(day, 7, hold(3, 2_000), more).await.unwrap(),
        "of the day before"
    );
}

/// What a day holds, without tombstones, which are no packets (R-STORE-5).
pub(crate) async fn a_day_is_summed_up(store: &dyn OrderStore) {
    let day = Day::new(7).unwrap();
    assert_eq!(store.hot().day_sum(day).await.unwrap(), DaySum::default());
    let (one, two) = (order_no(7, 1), order_no(7, 2));
    for order_no in [one, two, order_no(8, 3)] {
        let outcome = store.commit(batch(vec![landing(packet(order_no), 7)], vec![])).await;
        assert_eq!(outcome.unwrap().landings, [Landed::New]);
    }
    let tombstone = landing(tombstone(order_no(7, 4)), 7);
    let appends = vec![append(one, 0, &[11, 12, 13]), append(two, 0, &[11])];
    store.commit(batch(vec![tombstone], appends)).await.unwrap();
    let expected = DaySum { packets: 2, total_fen: 20, claims: 4, claimed_fen: 12 };
    assert_eq!(store.hot().day_sum(day).await.unwrap(), expected);
}
