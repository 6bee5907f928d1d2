use crate::{contract, postgres};
use hongbao_domain::store::{
    orders::OrderStore as _,
    outbox::{Destination, Fate, Outbox as _},
};
use hongbao_shared::Timestamp;
use hongbao_storage::{Database, Link, Schema, SqlOrders};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use std::time::Duration;

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

/// R-MONEY-6: a row that is none is buried alone where nodes share the outbox as well, and one for
/// a destination of a later version is counted.
#[tokio::test]
async fn rows_that_are_none_of_ours() {
    let link = postgres::link();
    let store = SqlOrders::new(Database::open_link(&link, Schema::Orders).await.unwrap());
    let mut later = PgConnection::connect(&link.url).await.unwrap();
    let rows = format!(
        "SET search_path = {};
         INSERT INTO outbox (destination, payload, created_at, due_at, attempts)
         VALUES (6, '[]', 0, 0, -1), (6, '[1]', 0, 0, 0), (99, '[]', 0, 0, 0)",
        link.namespace
    );
    sqlx::raw_sql(AssertSqlSafe(rows)).execute(&mut later).await.unwrap();
    later.close().await.unwrap();
    let (now, lease) = (Timestamp::from_millis(1), Duration::from_mins(1));
    let leased = store.lease(Destination::Chat, now, lease, 9).await.unwrap();
    assert_eq!(leased.iter().map(|row| &row.payload).collect::<Vec<_>>(), ["[1]"]);
    let dead = store.failed(Fate::Dead, 0, 9).await.unwrap();
    assert_eq!((dead.len(), dead[0].attempts, dead[0].at), (1, 1, now));
    assert_eq!(store.revive(dead[0].id, now).await.unwrap(), Some(Destination::Chat));
    let leased = store.lease(Destination::Chat, now, lease, 9).await.unwrap();
    assert_eq!(leased.iter().map(|row| row.id).collect::<Vec<_>>(), [dead[0].id]);
    assert_eq!(store.backlog(Destination::Later).await.unwrap().waiting, 1);
}
