//! The contract of stores of keys, on every implementation there is.

use hongbao_domain::{
    keys::KeyId,
    store::keys::{KeyStore, KnownKey, RetiredKey},
};
use hongbao_memory::MemoryKeys;
use hongbao_shared::Timestamp;
use hongbao_storage::{Database, Schema, SqlKeys};

#[path = "../common/postgres.rs"]
mod postgres;

/// Uses only ever move forward, and what was used since is not forgotten.
async fn uses_are_noted(store: &dyn KeyStore) {
    let at = Timestamp::from_millis;
    let id = |n| KeyId::from_bytes([n, 0, 0, 0xff]);
    let known = |n, millis| KnownKey { id: id(n), used_at: at(millis) };
    assert_eq!(store.known().await.unwrap(), []);
    assert!(store.forget(id(1), at(9)).await.unwrap(), "it is unknown already");
    for (n, millis) in [(2, 100), (1, 100), (2, 300), (2, 200)] {
        store.note(id(n), at(millis)).await.unwrap();
    }
    assert_eq!(store.known().await.unwrap(), [known(1, 100), known(2, 300)]);
    assert!(!store.forget(id(2), at(299)).await.unwrap());
    assert!(store.forget(id(2), at(300)).await.unwrap());
    assert_eq!(store.known().await.unwrap(), [known(1, 100)]);
    // One that is taken away leaves what opens its seals.
    let key = RetiredKey { id: id(1), seeds: [7; 32] };
    assert!(!store.retire(key, at(99)).await.unwrap());
    assert_eq!(store.retired().await.unwrap(), []);
    for _ in 0..2 {
        assert!(store.retire(key, at(100)).await.unwrap());
        assert_eq!(store.known().await.unwrap(), []);
        assert_eq!(store.retired().await.unwrap(), [key]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn in_memory() {
    uses_are_noted(&MemoryKeys::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ledger.sqlite");
    let database = Database::open_file(&file, Schema::Ledger).await.unwrap();
    uses_are_noted(&SqlKeys::new(database)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_postgres() {
    let database = postgres::database(Schema::Ledger).await;
    uses_are_noted(&SqlKeys::new(database)).await;
}
