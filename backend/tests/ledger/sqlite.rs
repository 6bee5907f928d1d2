//! The SQLite instance of the contract, and what only SQLite can be asked.

use crate::contract;
use hongbao::store::{
    ledger::{LedgerStore, Posting},
    sqlite::{Database, Schema, SqliteLedger},
};
use hongbao_shared::Timestamp;
use tempfile::TempDir;

/// A ledger in a folder that goes with it.
pub(crate) struct Fixture {
    pub(crate) store: SqliteLedger,
    pub(crate) folder: TempDir,
}

impl Fixture {
    pub(crate) async fn open() -> Self {
        let folder = TempDir::new().unwrap();
        let store = SqliteLedger::open(&folder.path().join("ledger.sqlite")).await.unwrap();
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
    let again = SqliteLedger::open(&fixture.folder.path().join("ledger.sqlite")).await.unwrap();
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
        Database::open(&folder.path().join("ledger.sqlite"), Schema::Ledger).await.unwrap();
    let insert = "INSERT INTO transfers (key, kind, debit_kind, debit_owner, credit_kind,
         credit_owner, amount, debit_balance, credit_balance, order_no, at) VALUES ";
    let refused = [
        ("INSERT INTO accounts VALUES (1, 1, -1)", "accounts_only_the_issuer_is_negative"),
        ("INSERT INTO accounts VALUES (2, 1, -1)", "accounts_only_the_issuer_is_negative"),
        ("INSERT INTO accounts VALUES (0, 1, 0)", "accounts_owner"),
        ("INSERT INTO accounts VALUES (3, 1, 0)", "accounts_kind_known"),
        ("INSERT INTO accounts VALUES (1, 1, 9007199254740992)", "accounts_balance_range"),
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
