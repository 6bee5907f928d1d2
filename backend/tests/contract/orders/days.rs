//! The cycle of days (R-STORE-1, R-STORE-5).

use super::{append, at, batch, end, event, land, landing, order_no, packet};
use hongbao::store::{
    orders::{
        Copied, DaySum, DayTable, Emptied, Hold, Landed, Landing, OrderStore, Progress, StoredState,
    },
    outbox::{Destination, Settled},
};
use hongbao_shared::Day;
use std::time::Duration;

const LEASE: Duration = Duration::from_mins(1);

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

/// One node at a time moves a sealed day; whoever goes on with it begins where it was, and
/// another day in the same tables begins with nothing (R-STORE-5).
pub(crate) async fn a_day_is_moved_by_one_node_and_resumed(store: &dyn OrderStore) {
    let (one, day) = (order_no(7, 1), Day::new(7).unwrap());
    let hold = |node, second| Hold { node, now: at(second), until: at(second + 60) };
    land(store, one).await;
    assert_eq!(store.begin_move(day, 7, hold(1, 0)).await.unwrap(), None, "it is not sealed");
    store.seal(day, 7).await.unwrap();
    assert_eq!(store.begin_move(day, 38, hold(1, 0)).await.unwrap(), None, "it holds another day");
    let nothing = Copied::default();
    assert_eq!(store.begin_move(day, 7, hold(1, 0)).await.unwrap(), Some(nothing));
    assert_eq!(store.begin_move(day, 7, hold(2, 59)).await.unwrap(), None, "another is at it");
    let some = Copied { packet: Some(one), claim: None };
    assert!(store.note_copied(day, 7, hold(1, 30), some).await.unwrap());
    assert_eq!(store.begin_move(day, 7, hold(2, 89)).await.unwrap(), None, "and goes on");
    assert_eq!(store.begin_move(day, 7, hold(1, 89)).await.unwrap(), Some(some));
    let more = Copied { claim: Some((one, 2)), ..some };
    assert!(store.note_copied(day, 7, hold(1, 90), more).await.unwrap());
    assert!(!store.note_copied(day, 7, hold(2, 90), nothing).await.unwrap());
    // The other one has been silent for too long.
    assert_eq!(store.begin_move(day, 7, hold(2, 150)).await.unwrap(), Some(more));
    assert!(!store.note_copied(day, 7, hold(1, 151), nothing).await.unwrap(), "it has lost it");
    assert!(store.note_copied(day, 7, hold(2, 151), more).await.unwrap());

    // A clock that is hours ahead keeps nobody away.
    assert!(store.note_copied(day, 7, hold(2, 9_000), more).await.unwrap());
    assert_eq!(store.begin_move(day, 7, hold(1, 160)).await.unwrap(), Some(more));

    end(store, &[one]).await;
    let rows = store.lease(Destination::Chat, at(1_000), LEASE, 9).await.unwrap();
    store.settle(rows.iter().map(|row| (row.id, Settled::Done)).collect()).await.unwrap();
    assert_eq!(store.empty(day, 7).await.unwrap(), Emptied::Yes);
    let later = landing(packet(order_no(7, 2)), 38);
    store.commit(batch(vec![later], vec![])).await.unwrap();
    store.seal(day, 38).await.unwrap();
    assert_eq!(store.begin_move(day, 38, hold(3, 2_000)).await.unwrap(), Some(nothing));
    assert!(!store.note_copied(day, 7, hold(3, 2_000), more).await.unwrap(), "of the day before");
}

/// What a day holds, without tombstones, which are no packets (R-STORE-5).
pub(crate) async fn a_day_is_summed_up(store: &dyn OrderStore) {
    let day = Day::new(7).unwrap();
    assert_eq!(store.day_sum(day).await.unwrap(), DaySum::default());
    let (one, two) = (order_no(7, 1), order_no(7, 2));
    for order_no in [one, two, order_no(8, 3)] {
        let outcome = store.commit(batch(vec![landing(packet(order_no), 7)], vec![])).await;
        assert_eq!(outcome.unwrap().landings, [Landed::New]);
    }
    let mut tombstone = landing(packet(order_no(7, 4)), 7);
    tombstone.packet.progress =
        Progress { state: StoredState::GivenUp, finished_at: Some(at(2)), ..Progress::NONE };
    let appends = vec![append(one, 0, &[11, 12, 13]), append(two, 0, &[11])];
    store.commit(batch(vec![tombstone], appends)).await.unwrap();
    let expected = DaySum { packets: 2, total_fen: 20, claims: 4, claimed_fen: 12 };
    assert_eq!(store.day_sum(day).await.unwrap(), expected);
}
