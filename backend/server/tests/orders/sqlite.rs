use crate::contract;
use hongbao_storage::{Database, Schema, SqlOrders};

macro_rules! holds {
    ($($law:ident),+ $(,)?) => {
        $(
            #[tokio::test]
            async fn $law() {
                let folder = tempfile::tempdir().unwrap();
                let file = folder.path().join("orders.sqlite");
                let store = SqlOrders::new(Database::open_file(&file, Schema::Orders).await.unwrap());
                contract::$law(&store).await;
            }
        )+
    };
}

order_store_laws!(holds);
