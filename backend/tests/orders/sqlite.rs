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

holds!(
    landing_is_idempotent,
    a_day_table_holds_one_day,
    compare_and_append,
    one_share_each,
    impossible_progress_is_refused,
    ends_are_guarded,
    marks_rise,
    pages,
    outbox_rows_are_leased_and_settled,
);
