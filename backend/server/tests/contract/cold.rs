//! What every implementation of [`ColdStore`] must do (R-STORE-2, R-STORE-3).

use crate::contract::{order_no, packet};
use hongbao_domain::store::{
    StoreError,
    cold::{ColdPlace, ColdStore},
    orders::{ClaimRow, DaySum, PacketRow, Progress, StoredState},
};
use hongbao_shared::{Day, Fen, OrderNo, UserId};

/// A packet that expired with two of its three shares taken, and its claims.
fn ended(order_no: OrderNo) -> (PacketRow, Vec<(OrderNo, ClaimRow)>) {
    let row = packet(order_no);
    let at = row.landed_at.plus_seconds(5);
    let progress = Progress {
        state: StoredState::Expired,
        claimed: 2,
        claimed_fen: Fen::new(4).unwrap(),
        finished_at: Some(at),
    };
    let claim = |seq| ClaimRow {
        seq,
        user_id: UserId::new(i64::from(seq) + 10).unwrap(),
        amount_fen: Fen::new(2).unwrap(),
        opened_at: at,
    };
    (PacketRow { progress, ..row }, vec![(order_no, claim(0)), (order_no, claim(1))])
}

/// What was kept reads as it was; keeping it again changes nothing, and another content
/// under the same key is refused whole.
pub(crate) async fn keeping_is_idempotent(store: &dyn ColdStore) {
    let one = order_no(7, 1);
    let (row, claims) = ended(one);
    for _ in 0..2 {
        store.keep(vec![row.clone()], claims.clone()).await.unwrap();
        assert_eq!(store.packet(one).await.unwrap(), Some(row.clone()));
        let kept = store.claims(one, 0, 10).await.unwrap();
        assert_eq!(kept, claims.iter().map(|(_, claim)| *claim).collect::<Vec<_>>());
        assert_eq!(store.claims(one, 1, 1).await.unwrap(), kept[1..]);
    }
    let (fresh, fresh_claims) = ended(order_no(7, 2));
    let other = PacketRow { sender_id: UserId::new(99).unwrap(), ..row.clone() };
    let refused = store.keep(vec![fresh.clone(), other], vec![]).await;
    assert!(matches!(refused, Err(StoreError::Constraint { .. })), "{refused:?}");
    let mut spoiled = claims[0];
    spoiled.1.amount_fen = Fen::new(3).unwrap();
    let refused = store.keep(vec![], vec![fresh_claims[0], spoiled]).await;
    assert!(matches!(refused, Err(StoreError::Constraint { .. })), "{refused:?}");
    assert_eq!(store.packet(fresh.order_no).await.unwrap(), None);
    assert_eq!(store.claims(fresh.order_no, 0, 10).await.unwrap(), []);
    assert_eq!(store.packet(one).await.unwrap(), Some(row));
}

/// Nothing that can still change is kept.
pub(crate) async fn open_packets_are_refused(store: &dyn ColdStore) {
    let refused = store.keep(vec![packet(order_no(7, 1))], vec![]).await;
    assert!(matches!(refused, Err(StoreError::Constraint { .. })), "{refused:?}");
}

/// Pages of a place hold its packets and claims alone, once, in order.
pub(crate) async fn places_are_kept_apart(store: &dyn ColdStore) {
    let here: Vec<_> = (1..=5).map(|sequence| order_no(4, sequence)).collect();
    for order_no in here.iter().copied().chain([order_no(3, 9), order_no(5, 1)]) {
        let (row, claims) = ended(order_no);
        store.keep(vec![row], claims).await.unwrap();
    }
    let place =
        ColdPlace { site: here[0].site(), shard: here[0].shard(), day: Day::new(4).unwrap() };
    let (mut seen, mut after) = (Vec::new(), None);
    while let page @ [.., _] = &store.packets_page(place, after, 2).await.unwrap()[..] {
        seen.extend(page.iter().map(|row| row.order_no));
        after = seen.last().copied();
    }
    assert_eq!(seen, here);
    let (mut seen, mut after) = (Vec::new(), None);
    while let page @ [.., _] = &store.claims_page(place, after, 3).await.unwrap()[..] {
        seen.extend(page.iter().map(|(order_no, claim)| (*order_no, claim.seq)));
        after = seen.last().copied();
    }
    let expected: Vec<_> = here.iter().flat_map(|no| [(*no, 0), (*no, 1)]).collect();
    assert_eq!(seen, expected);
}

/// What is there of one calendar day, of all that its place has ever held (R-STORE-5).
pub(crate) async fn a_day_is_summed_up(store: &dyn ColdStore) {
    const DAY_S: i64 = 24 * 60 * 60;
    let (first, month_later) = (ended(order_no(7, 1)), ended(order_no(7, 2)));
    let place = ColdPlace {
        site: first.0.order_no.site(),
        shard: first.0.order_no.shard(),
        day: Day::new(7).unwrap(),
    };
    let epoch_day = first.0.created_at.millis() / (DAY_S * 1_000);
    let month_later = (
        PacketRow { created_at: first.0.created_at.plus_seconds(31 * DAY_S), ..month_later.0 },
        month_later.1,
    );
    let mut given_up = ended(order_no(7, 3)).0;
    given_up.progress = Progress {
        state: StoredState::GivenUp,
        finished_at: Some(given_up.landed_at),
        ..Progress::NONE
    };
    assert_eq!(store.day_sum(place, epoch_day).await.unwrap(), DaySum::default());
    for (row, claims) in [first, month_later, ended(order_no(8, 4)), (given_up, vec![])] {
        store.keep(vec![row], claims).await.unwrap();
    }
    let expected = DaySum { packets: 1, total_fen: 10, claims: 2, claimed_fen: 4 };
    assert_eq!(store.day_sum(place, epoch_day).await.unwrap(), expected);
    assert_eq!(store.day_sum(place, epoch_day + 31).await.unwrap(), expected);
    assert_eq!(store.day_sum(place, epoch_day + 62).await.unwrap(), DaySum::default());
}
