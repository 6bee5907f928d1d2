//! The PostgreSQL instance of the contract, through one node and through two.

use crate::{at_once, contract, postgres};
use hongbao::store::sql::{Database, Schema, SqlLedger};
use std::sync::Arc;

macro_rules! laws {
    ($($law:ident),* $(,)?) => {
        $(
            #[tokio::test]
            async fn $law() {
                let store = SqlLedger::new(postgres::database(Schema::Ledger).await);
                contract::$law(&store).await;
                contract::books_balance(&store).await;
                store.close().await;
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
                at_once::$law(&nodes().await).await;
            }
        )*
    };
}

ledger_store_laws_at_once!(laws_at_once);

/// Two nodes, each with connections of its own.
async fn nodes() -> at_once::Nodes {
    let link = postgres::link();
    let open = async || SqlLedger::new(Database::open_link(&link, Schema::Ledger).await.unwrap());
    [Arc::new(open().await), Arc::new(open().await)]
}
