//! The SQLite instance of the contract, and what only SQLite can be asked.

use crate::contract;
use hongbao::store::{
    ledger::{LedgerStore, Posting},
    sql::{Database, Schema, SqlLedger},
};
use hongbao_shared::Timestamp;
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
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

/// The database refuses what the code should never write (R-MONEY-1).
#[tokio::test]
async fn constraints_stand_in_the_database_too() {
    let folder = TempDir::new().unwrap();
    let database =
        Database::open_file(&folder.path().join("ledger.sqlite"), Schema::Ledger).await.unwrap();
    let insert = "INSERT INTO transfers (key, kind, debit_kind, debit_owner, credit_kind,
         credit_owner, amount, debit_balance, credit_balance, order_no, at) VALUES ";
    let refused = [
        ("INSERT INTO accounts VALUES (1, 1, -1, 0)", "accounts_only_the_issuer_is_negative"),
        ("INSERT INTO accounts VALUES (2, 1, -1, 0)", "accounts_only_the_issuer_is_negative"),
        ("INSERT INTO accounts VALUES (0, 1, 0, 0)", "accounts_owner"),
        ("INSERT INTO accounts VALUES (3, 1, 0, 0)", "accounts_kind_known"),
        ("INSERT INTO accounts VALUES (1, 1, 9007199254740992, 0)", "accounts_balance_range"),
        ("INSERT INTO accounts VALUES (1, 1, 0, -1)", "accounts_credited"),
        ("INSERT INTO accounts VALUES (2, 1, 0, 1)", "accounts_credited"),
        ("('a', 1, 0, 0, 1, 1, 0, 0, 0, NULL, 1)", "transfers_amount_positive"),
        ("('a', 1, 1, 2, 1, 1, 1, 0, 0, NULL, 1)", "transfers_accounts_fit_kind"),
        ("('a', 2, 1, 2, 2, 7, 1, 0, 1, 8, 1)", "transfers_accounts_fit_kind"),
        ("('a', 3, 2, 7, 1, 1, 1, 0, 1, 8, 1)", "transfers_accounts_fit_kind"),
        ("('a', 4, 2, 7, 1, 1, 1, 0, 1, NULL, 1)", "transfers_accounts_fit_kind"),
        ("('a', 2, 1, 2, 2, 7, 1, -1, 1, 7, 1)", "transfers_only_the_issuer_is_negative"),
        (
            "('a', 1, 0, 0, 1, 1, 1, -1, 1, NULL, 1), ('a', 1, 0, 0, 1, 1, 1, -2, 2, NULL, 1)",
            "transfers.key",
        ),
    ];
    for (statement, constraint) in refused {
        let statement = if statement.starts_with('(') {
            format!("{insert}{statement}")
        } else {
            statement.to_owned()
        };
        let result = database
            .write(move |tx| {
                Box::pin(async move {
                    sqlx::query(sqlx::AssertSqlSafe(statement)).execute(tx).await?;
                    Ok(())
                })
            })
            .await;
        let error = result.expect_err(constraint).to_string();
        assert!(error.contains(constraint), "{error} names {constraint}");
    }
    database.close().await;
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
