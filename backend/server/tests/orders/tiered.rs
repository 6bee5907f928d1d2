//! A shard whose cold storage does not answer.

use crate::contract::{append, batch, land, landing, order_no, packet};
use hongbao_domain::store::{
    Database as _,
    orders::{Landed, OrderStore, Progress, StoredState},
};
use hongbao_engine::archive::tiered::TieredOrders;
use hongbao_shared::{Shard, Site};
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
