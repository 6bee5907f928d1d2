//! The SQLite instance of the contract, and what only SQLite can be asked.

use crate::{at_once, contract};
use hongbao_domain::store::{
    ledger::{LedgerReads, LedgerStore, Posting},
    marks::Mark,
};
use hongbao_shared::{Site, Timestamp};
use hongbao_storage::SqlLedger;
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::sync::Arc;
use tempfile::TempDir;

/// A ledger in a folder that goes with it.
pub(crate) struct Fixture {
    pub(crate) store: SqlLedger,
    pub(crate) folder: TempDir,
}

impl Fixture {
    pub(crate) async fn open() -> Self {
        let folder = TempDir::new().unwrap();
        let store = SqlLedger::open(&folder.path().join("ledger.sqlite")).await.unwrap();
        Self { store, folder }
    }
}

macro_rules! laws {
    ($($law:ident),* $(,)?) => {
        $(
            #[tokio::test]
            async fn $law() {
                let fixture = Fixture::open().await;
                contract::$law(&fixture.store).await;
                contract::books_balance(&fixture.store).await;
                fixture.store.close().await;
            }
        )*
    };
}

ledger_store_laws!(laws);

macro_rules! laws_at_once {
    ($($law:ident),* $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $law() {
                let fixture = Fixture::open().await;
                let store: at_once::Store = Arc::new(fixture.store.clone());
                at_once::$law(&[store.clone(), store]).await;
                fixture.store.close().await;
            }
        )*
    };
}

ledger_store_laws_at_once!(laws_at_once);

/// A stopped process must find everything again that it had answered.
#[tokio::test]
async fn what_was_answered_is_there_after_reopening() {
    let fixture = Fixture::open().await;
    let batch = vec![Posting::top_up(contract::user(1), contract::fen(5), "k")];
    fixture.store.post(batch.clone(), Timestamp::from_millis(1)).await.unwrap();
    fixture.store.close().await;
    let again = SqlLedger::open(&fixture.folder.path().join("ledger.sqlite")).await.unwrap();
    let outcomes = again.post(batch, Timestamp::from_millis(2)).await.unwrap();
    assert!(outcomes[0].unwrap().repeated);
    assert_eq!(outcomes[0].unwrap().at, Timestamp::from_millis(1));
    contract::books_balance(&again).await;
    again.close().await;
}

/// A file from before credits were counted gets the same counts as one that counted
/// them from the beginning (R-PEOPLE-3).
#[tokio::test]
async fn credits_from_before_they_were_counted_are_counted() {
    let Fixture { store, folder } = Fixture::open().await;
    let (sender, receiver) = (contract::user(1), contract::user(2));
    let order_no = contract::order(1);
    contract::post(&store, Posting::top_up(sender, contract::fen(100), "k")).await.unwrap();
    contract::post(&store, Posting::pay(contract::payment(1, sender, 30, 3, &[]))).await.unwrap();
    for seq in 0..2 {
        let posting = Posting::credit(order_no, seq, receiver, contract::fen(7));
        contract::post(&store, posting).await.unwrap();
    }
    contract::post(&store, Posting::refund(order_no, sender, contract::fen(16))).await.unwrap();
    let before = store.accounts_page(None, 10).await.unwrap();
    assert_eq!(before.iter().map(|(_, stated)| stated.credited).sum::<i64>(), 14);
    store.close().await;

    let file = folder.path().join("ledger.sqlite");
    let options = SqliteConnectOptions::new().filename(&file);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let old = "ALTER TABLE accounts DROP COLUMN credited;
               DELETE FROM _sqlx_migrations WHERE version = 2;";
    sqlx::raw_sql(old).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let store = SqlLedger::open(&file).await.unwrap();
    assert_eq!(store.accounts_page(None, 10).await.unwrap(), before);
    contract::books_balance(&store).await;
    store.close().await;
}

/// R-ORDER-2: a ledger of the version before, whose marks stood in the shards, goes on far
/// above every number that was paid for.
#[tokio::test]
async fn marks_begin_above_what_was_paid_before_they_stood_here() {
    let Fixture { store, folder } = Fixture::open().await;
    let (sender, sequence) = (contract::user(1), 5 << 20);
    contract::post(&store, Posting::top_up(sender, contract::fen(100), "k")).await.unwrap();
    let payment = contract::payment(sequence, sender, 30, 3, &[]);
    contract::post(&store, Posting::pay(payment)).await.unwrap();
    store.close().await;

    let file = folder.path().join("ledger.sqlite");
    let options = SqliteConnectOptions::new().filename(&file);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let old = "DROP TABLE marks; DELETE FROM _sqlx_migrations WHERE version = 4;";
    sqlx::raw_sql(old).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let store = SqlLedger::open(&file).await.unwrap();
    let at = store.mark(Mark::Sequence(Site::S)).await.unwrap();
    assert_eq!(at, sequence + 1 + (1 << 30));
    for unused in [Mark::Sequence(Site::N), Mark::LocalLease(Site::S)] {
        assert_eq!(store.mark(unused).await.unwrap(), 0);
    }
    store.close().await;
}
