//! The contract of control stores, on every implementation there is.

use hongbao_domain::store::control::{ControlChange, ControlStore};
use hongbao_memory::MemoryControl;
use hongbao_shared::{Timestamp, UserId};
use hongbao_storage::{Database, Schema, SqlControl};
use std::sync::Arc;

#[path = "../common/postgres.rs"]
mod postgres;

fn change(version: u64, by: i64) -> ControlChange {
    ControlChange {
        version,
        switches: format!("{{\"of\":{version}}}"),
        changed: "[]".to_owned(),
        changed_by: UserId::new(by).unwrap(),
        changed_at: Timestamp::from_millis(i64::try_from(version).unwrap()),
    }
}

/// Versions follow each other without gaps, and of many at once one is taken.
async fn versions_follow_each_other(store: Arc<dyn ControlStore>) {
    assert_eq!(store.version().await.unwrap(), 0);
    assert!(!store.change(change(2, 1)).await.unwrap(), "1 is missing");
    for version in 1..=3 {
        let tasks = (1..=8).map(|by| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.change(change(version, by)).await.unwrap() })
        });
        let taken = futures::future::join_all(tasks).await;
        assert_eq!(taken.into_iter().filter(|taken| *taken.as_ref().unwrap()).count(), 1);
        assert_eq!(store.version().await.unwrap(), version);
    }
    let newest = store.changes(2).await.unwrap();
    assert_eq!(newest.iter().map(|change| change.version).collect::<Vec<_>>(), [3, 2]);
    assert_eq!(newest[0].switches, "{\"of\":3}");
}

#[tokio::test(flavor = "multi_thread")]
async fn in_memory() {
    versions_follow_each_other(Arc::new(MemoryControl::default())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("control.sqlite");
    let database = Database::open_file(&file, Schema::Control).await.unwrap();
    versions_follow_each_other(Arc::new(SqlControl::new(database))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_postgres() {
    let database = postgres::database(Schema::Control).await;
    versions_follow_each_other(Arc::new(SqlControl::new(database))).await;
}
