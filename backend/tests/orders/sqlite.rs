use crate::contract;
use hongbao::store::sqlite::{Database, Schema, SqliteOrders};

macro_rules! holds {
    ($($law:ident),+ $(,)?) => {
        $(
            #[tokio::test]
            async fn $law() {
                let folder = tempfile::tempdir().unwrap();
                let file = folder.path().join("orders.sqlite");
                let store = SqliteOrders::new(Database::open(&file, Schema::Orders).await.unwrap());
                contract::$law(&store).await;
            }
        )+
    };
}

order_store_laws!(holds);
