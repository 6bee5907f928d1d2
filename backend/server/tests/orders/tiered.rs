//! A shard whose cold storage does not answer.

use crate::contract::{append, batch, end, land, landing, order_no, packet};
use hongbao_domain::store::{
    Database as _,
    cold::ColdStore as _,
    orders::{Emptied, Landed, OrderStore, Progress, StoredState},
};
use hongbao_engine::archive::tiered::TieredOrders;
use hongbao_shared::{Day, Shard, Site};
use hongbao_storage::{Database, Schema, SqlCold, SqlOrders};
use std::sync::Arc;

/// R-MONEY-2: what was committed is never told as not committed because of another landing
/// of the batch, and nobody's open waits for cold storage.
#[tokio::test]
async fn cold_storage_that_is_down_takes_no_commit_back() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let hot = Database::open_file(&file("hot.sqlite"), Schema::Orders).await.unwrap();
    let cold = Database::open_file(&file("cold.sqlite"), Schema::Cold).await.unwrap();
    let store = TieredOrders::new(
        Site::N,
        Shard::new(2).unwrap(),
        Arc::new(SqlOrders::new(hot)),
        Arc::new(SqlCold::new(cold.clone())),
    );
    let (open, refused) = (order_no(7, 1), order_no(8, 2));
    land(&store, open).await;
    land(&store, order_no(8, 1)).await;
    cold.close().await;

    let mut given_up = packet(order_no(9, 3));
    given_up.progress = Progress { state: StoredState::GivenUp, ..Progress::NONE };
    let landings = vec![landing(packet(refused), 38), landing(given_up, 9)];
    let appends = vec![append(open, 0, &[11])];
    let outcome = store.commit(batch(landings, appends)).await.unwrap();
    assert_eq!(outcome.appends, [true]);
    assert_eq!(outcome.landings, [Landed::DayRefused, Landed::DayRefused]);
    assert_eq!(store.claims(open, 0, 9).await.unwrap().len(), 1);
    assert_eq!(store.packet(open).await.unwrap().unwrap().progress.claimed, 1);
}

/// R-CTRL-5, R-SEND-2: of a day that a clock ahead had moved away, what is new lands, and what
/// was there before does not land again, however often it comes.
#[tokio::test]
async fn a_day_that_was_moved_too_early_takes_only_what_is_new() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let hot = Database::open_file(&file("hot.sqlite"), Schema::Orders).await.unwrap();
    let cold = Database::open_file(&file("cold.sqlite"), Schema::Cold).await.unwrap();
    let (hot, cold) = (Arc::new(SqlOrders::new(hot)), Arc::new(SqlCold::new(cold)));
    let shard = Shard::new(2).unwrap();
    let store = TieredOrders::new(Site::N, shard, hot.clone(), cold.clone());
    let (before, after, day) = (order_no(7, 1), order_no(7, 2), Day::new(7).unwrap());
    let come = async |order_no| {
        let mut landing = landing(packet(order_no), 7);
        landing.announcements.clear();
        store.commit(batch(vec![landing], vec![])).await.unwrap().landings[0]
    };
    assert_eq!(come(before).await, Landed::New);
    end(&store, &[before]).await;
    let over = store.packet(before).await.unwrap().unwrap();
    cold.keep(vec![over.clone()], vec![]).await.unwrap();
    hot.hot().seal(day, 7).await.unwrap();
    assert_eq!(hot.hot().empty(day, 7).await.unwrap(), Emptied::Yes);

    for _ in 0..2 {
        assert_eq!(come(before).await, Landed::Already(over.progress.state));
    }
    assert_eq!(come(after).await, Landed::New);
    assert_eq!(come(before).await, Landed::Already(over.progress.state));
    assert_eq!(come(after).await, Landed::Already(StoredState::Open));
    // A day later it may be over, and nothing of it comes in any more.
    hot.hot().seal(day, 7).await.unwrap();
    let mut late = batch(vec![landing(packet(order_no(7, 3)), 7)], vec![]);
    late.at = late.at.map(|at| at.plus_seconds(24 * 60 * 60));
    assert_eq!(store.commit(late).await.unwrap().landings, [Landed::DayRefused]);
}
