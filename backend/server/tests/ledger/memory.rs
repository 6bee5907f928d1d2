use crate::{at_once, contract};
use hongbao_memory::MemoryLedger;
use std::sync::Arc;

macro_rules! laws {
    ($($law:ident),* $(,)?) => {
        $(
            #[tokio::test]
            async fn $law() {
                let store = MemoryLedger::default();
                contract::$law(&store).await;
                contract::books_balance(&store).await;
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
                let store: at_once::Store = Arc::new(MemoryLedger::default());
                at_once::$law(&[store.clone(), store]).await;
            }
        )*
    };
}

ledger_store_laws_at_once!(laws_at_once);
