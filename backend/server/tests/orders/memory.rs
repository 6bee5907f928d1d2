use crate::contract;
use hongbao_memory::MemoryOrders;

macro_rules! holds {
    ($($law:ident),+ $(,)?) => {
        $(
            #[tokio::test]
            async fn $law() {
                contract::$law(&MemoryOrders::default()).await;
            }
        )+
    };
}

order_store_laws!(holds);
