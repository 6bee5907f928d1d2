use crate::contract;
use hongbao::store::memory::MemoryLedger;

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
