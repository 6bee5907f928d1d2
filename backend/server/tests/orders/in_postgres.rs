use crate::{contract, postgres};
use hongbao_domain::store::orders::OrderStore as _;
use hongbao_storage::{Database, Link, Schema, SqlOrders};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

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

/// R-SITE-3, R-CTRL-6: a shard whose connections are all busy is there, even where its server
/// has no further one to give: whoever waits for them is served.
#[tokio::test]
async fn a_busy_shard_answers() {
    let link = postgres::link();
    let run = async |url: &str, text: String| {
        let mut connection = PgConnection::connect(url).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut connection).await.unwrap();
        connection
    };
    run(&link.url, "CREATE ROLE few LOGIN CONNECTION LIMIT 1".to_owned()).await;
    run(&link.url, "CREATE DATABASE few OWNER few".to_owned()).await;
    let own = link.url.replace("/postgres?", "/few?");
    let url = own.replace("hongbao@", "few@");
    assert!(own != link.url && url != own, "{url}");
    let namespace = link.namespace.clone();
    let link = Link { url, connections_max: 1, ..link };
    let store = SqlOrders::new(Database::open_link(&link, Schema::Orders).await.unwrap());
    store.hot().ping().await.unwrap();
    let lock = format!("SET search_path = {namespace}; BEGIN; LOCK TABLE days");
    let busy = run(&own, lock).await;
    store.hot().ping().await.unwrap();
    busy.close().await.unwrap();
    store.hot().ping().await.unwrap();
}
