use crate::{contract, postgres};
use hongbao_storage::{Schema, SqlOrders};

macro_rules! holds {
    ($($law:ident),+ $(,)?) => {
        $(
            #[tokio::test]
            async fn $law() {
                contract::$law(&SqlOrders::new(postgres::database(Schema::Orders).await)).await;
            }
        )+
    };
}

order_store_laws!(holds);
