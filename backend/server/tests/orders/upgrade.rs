//! Databases of versions before: outbox rows that tell of several packets at once
//! (R-MONEY-3), tombstones among the packets of a day (R-SEND-2).

use crate::{
    contract::{batch, land, landing, order_no, packet, tombstone},
    postgres,
};
use hongbao_domain::store::{
    Database as _,
    ledger::LedgerStore,
    orders::{Landed, OrderStore, StoredState},
    outbox::{Backlog, Destination, Fate, Outbox},
};
use hongbao_shared::{Day, OrderNo, Shard, Site, Timestamp};
use hongbao_storage::{Database, Schema, SqlLedger, SqlOrders};
use sqlx::{Connection, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::time::Duration;

const EARLY: Timestamp = Timestamp::from_millis(5);
const LEASE: Duration = Duration::from_mins(1);

/// Takes a database back to the migrations before rows named their packet.
fn undo(version: i64) -> String {
    format!(
        "DROP INDEX outbox_order;
         ALTER TABLE outbox DROP COLUMN order_no;
         DROP TABLE IF EXISTS moves;
         DROP TABLE IF EXISTS given_up;
         DELETE FROM _sqlx_migrations WHERE version >= {version};"
    )
}

const UNDO_IN_FILE: &str = "ALTER TABLE outbox DROP COLUMN leased;";

/// Numbers whose every symbol matters.
fn numbers() -> [OrderNo; 3] {
    [
        order_no(7, 1),
        OrderNo::new(
            Site::S,
            Shard::new(1_023).unwrap(),
            Day::new(30).unwrap(),
            true,
            (1 << 45) - 1,
        )
        .unwrap(),
        OrderNo::new(
            Site::N,
            Shard::new(42).unwrap(),
            Day::new(9).unwrap(),
            false,
            0x1234_5678_9abc,
        )
        .unwrap(),
    ]
}

fn event(order_no: OrderNo, n: u32) -> String {
    format!(r#"{{"n":{n},"order_no":"{order_no}"}}"#)
}

/// A dead row of three packets, a row of one that waits, and on request one that is no JSON.
fn old_rows() -> String {
    let [one, two, three] = numbers();
    let several =
        [event(one, 1), event(two, 2), event(one, 3), event(three, 4), event(two, 5)].join(",");
    format!(
        "INSERT INTO outbox (destination, payload, created_at, due_at, attempts, last_error, died_at)
         VALUES (5, '[{several}]', 1, NULL, 3, 'why', 2);
         INSERT INTO outbox (destination, payload, created_at, due_at, attempts)
         VALUES (6, '[{}]', 3, 4, 0);
         INSERT INTO outbox (destination, payload, created_at, due_at, attempts)
         VALUES (2, '[{}]', 3, 3, 0), (3, '[{}]', 3, 3, 0), (4, '[{}]', 3, 3, 0);",
        event(two, 6),
        event(one, 7),
        event(two, 8),
        event(three, 9),
    )
}

async fn are_taken_apart(store: &dyn OrderStore) {
    let [one, two, three] = numbers();
    for (order_no, events) in [
        (one, vec![event(one, 1), event(one, 3)]),
        (two, vec![event(two, 2), event(two, 5)]),
        (three, vec![event(three, 4)]),
    ] {
        let announced = store.hot().announced(Destination::Refund, vec![order_no]).await.unwrap();
        assert_eq!(announced, events);
    }
    let dead = store.failed(Fate::Dead, 0, 10).await.unwrap();
    let payloads: Vec<_> = dead.iter().map(|row| row.payload.clone()).collect();
    let expected = [
        format!("[{},{}]", event(one, 1), event(one, 3)),
        format!("[{},{}]", event(two, 2), event(two, 5)),
        format!("[{}]", event(three, 4)),
    ];
    assert_eq!(payloads, expected, "in their order");
    assert!(dead.iter().all(|row| (row.attempts, row.error.as_str()) == (3, "why")));
    assert!(dead.iter().all(|row| row.at == Timestamp::from_millis(2)));
    let waits = store.hot().announced(Destination::Chat, vec![one, two]).await.unwrap();
    assert_eq!(waits, [event(two, 6)]);
    let rows = store.lease(Destination::Chat, EARLY, LEASE, 10).await.unwrap();
    assert_eq!(rows.len(), 1);
    // Three destinations for credits are one.
    assert_eq!(
        store.hot().announced(Destination::Credit, vec![three]).await.unwrap(),
        [event(three, 9)]
    );
    let rows = store.lease(Destination::Credit, EARLY, LEASE, 10).await.unwrap();
    let payloads: Vec<_> = rows.into_iter().map(|row| row.payload).collect();
    assert_eq!(
        payloads,
        [(one, 7), (two, 8), (three, 9)].map(|(no, n)| format!("[{}]", event(no, n)))
    );
}

#[tokio::test]
async fn rows_of_several_packets_are_taken_apart_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("orders.sqlite");
    Database::open_file(&file, Schema::Orders).await.unwrap().close().await;
    let options = SqliteConnectOptions::new().filename(&file);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let unreadable = "INSERT INTO outbox (destination, payload, created_at, due_at)
                      VALUES (7, '[{', 1, 1);";
    let old = undo(5) + UNDO_IN_FILE + &old_rows() + unreadable;
    sqlx::raw_sql(sqlx::AssertSqlSafe(old)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let store = SqlOrders::new(Database::open_file(&file, Schema::Orders).await.unwrap());
    are_taken_apart(&store).await;
    let left = store.lease(Destination::Lists, EARLY, LEASE, 10).await.unwrap();
    assert_eq!(left[0].payload, "[{", "left as it is");
}

/// While nodes are replaced one by one, the old ones go on writing rows that name no packet.
#[tokio::test]
async fn rows_of_several_packets_are_taken_apart_or_understood_in_postgres() {
    let link = postgres::link();
    Database::open_link(&link, Schema::Orders).await.unwrap();
    let mut connection = PgConnection::connect(&link.url).await.unwrap();
    let old = format!("SET search_path = {};", link.namespace) + &undo(3) + &old_rows();
    sqlx::raw_sql(sqlx::AssertSqlSafe(old)).execute(&mut connection).await.unwrap();
    let store = SqlOrders::new(Database::open_link(&link, Schema::Orders).await.unwrap());
    are_taken_apart(&store).await;
    let [one, two, three] = numbers();
    let beside = format!(
        "INSERT INTO outbox (destination, payload, created_at, due_at)
         VALUES (7, '[{},{}]', 1, 1)",
        event(two, 1),
        event(one, 2)
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(beside)).execute(&mut connection).await.unwrap();
    let lists =
        async |order_no| store.hot().announced(Destination::Lists, vec![order_no]).await.unwrap();
    assert_eq!(lists(one).await, [event(one, 2)]);
    assert_eq!(lists(two).await, [event(two, 1)]);
    assert_eq!(lists(three).await, [""; 0]);
    let backlog = store.backlog(Destination::Lists).await.unwrap();
    assert_eq!(backlog, Backlog { waiting: 1, dead: 0 });
    let credits = format!(
        "INSERT INTO outbox (destination, payload, created_at, due_at)
         VALUES (2, '[{}]', 1, 1), (4, '[{}]', 1, 1)",
        event(two, 3),
        event(one, 4)
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(credits)).execute(&mut connection).await.unwrap();
    let credit = Destination::Credit;
    let of_one = store.hot().announced(credit, vec![one]).await.unwrap();
    assert_eq!(of_one, [event(one, 4), event(one, 7)]);
    // What the old nodes leave behind is taken over from time to time.
    store.pull_in(credit, EARLY, EARLY.plus(LEASE * 2)).await.unwrap();
    assert_eq!(store.lease(credit, EARLY, LEASE, 10).await.unwrap().len(), 2);
}

fn old_landings() -> String {
    let landing = |order_no| {
        format!(
            r#"INSERT INTO outbox (destination, payload, created_at, due_at, attempts)
               VALUES (1, '{{"order_no":"{order_no}"}}', 1, 1, 0);"#
        )
    };
    numbers().map(landing).concat()
}

const UNDO_IN_LEDGER: &str =
    "DROP TABLE reconciliation; DROP TABLE sealing_keys; DROP TABLE retired_keys;
     DROP INDEX transfers_paid; DROP INDEX transfers_fees;";

const OLD_INDEX: [&str; 2] = [
    "CREATE INDEX outbox_order ON outbox (destination, json_extract(payload, '$.order_no'));",
    "CREATE INDEX outbox_order ON outbox (destination, (payload::json ->> 'order_no'));",
];

async fn landings_are_found(store: &dyn LedgerStore) {
    for order_no in numbers() {
        assert_eq!(store.awaiting_landing(vec![order_no]).await.unwrap(), [order_no]);
    }
    assert_eq!(store.awaiting_landing(vec![order_no(7, 9)]).await.unwrap(), []);
}

#[tokio::test]
async fn landings_name_their_packet_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ledger.sqlite");
    Database::open_file(&file, Schema::Ledger).await.unwrap().close().await;
    let options = SqliteConnectOptions::new().filename(&file);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let old = undo(5) + UNDO_IN_FILE + UNDO_IN_LEDGER + OLD_INDEX[0] + &old_landings();
    sqlx::raw_sql(sqlx::AssertSqlSafe(old)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let store = SqlLedger::new(Database::open_file(&file, Schema::Ledger).await.unwrap());
    landings_are_found(&store).await;
}

#[tokio::test]
async fn landings_name_their_packet_in_postgres() {
    let link = postgres::link();
    Database::open_link(&link, Schema::Ledger).await.unwrap();
    let mut connection = PgConnection::connect(&link.url).await.unwrap();
    let old = format!("SET search_path = {};", link.namespace)
        + &undo(3)
        + UNDO_IN_LEDGER
        + OLD_INDEX[1]
        + &old_landings();
    sqlx::raw_sql(sqlx::AssertSqlSafe(old)).execute(&mut connection).await.unwrap();
    let store = SqlLedger::new(Database::open_link(&link, Schema::Ledger).await.unwrap());
    landings_are_found(&store).await;
}

/// Takes a shard back to when its tombstones stood among the packets of a day.
fn undo_given_up(version: i64) -> String {
    format!(
        "ALTER TABLE moves DROP COLUMN gone_packets;
         ALTER TABLE moves DROP COLUMN gone_total_fen;
         ALTER TABLE moves DROP COLUMN gone_claims;
         ALTER TABLE moves DROP COLUMN gone_claimed_fen;
         INSERT INTO packets_08 SELECT * FROM given_up;
         DROP TABLE given_up;
         DELETE FROM _sqlx_migrations WHERE version >= {version};"
    )
}

async fn one_of_each(store: &dyn OrderStore) {
    land(store, order_no(7, 1)).await;
    let given_up = landing(tombstone(order_no(7, 2)), 7);
    store.commit(batch(vec![given_up], vec![])).await.unwrap();
}

async fn stand_apart(store: &dyn OrderStore) {
    let packets = store.packets_page(Day::new(7).unwrap(), None, 9).await.unwrap();
    assert_eq!(packets, [packet(order_no(7, 1))]);
    let given_up = store.packet(order_no(7, 2)).await.unwrap();
    assert_eq!(given_up, Some(tombstone(order_no(7, 2))));
    let late = vec![landing(packet(order_no(7, 2)), 7)];
    let landed = store.commit(batch(late, vec![])).await.unwrap().landings;
    assert_eq!(landed, [Landed::Already(StoredState::GivenUp)]);
}

#[tokio::test]
async fn tombstones_are_taken_out_of_the_days_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("orders.sqlite");
    let database = Database::open_file(&file, Schema::Orders).await.unwrap();
    one_of_each(&SqlOrders::new(database.clone())).await;
    database.close().await;
    let options = SqliteConnectOptions::new().filename(&file);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let old = sqlx::AssertSqlSafe(undo_given_up(8));
    sqlx::raw_sql(old).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    stand_apart(&SqlOrders::new(Database::open_file(&file, Schema::Orders).await.unwrap())).await;
}

#[tokio::test]
async fn tombstones_are_taken_out_of_the_days_in_postgres() {
    let link = postgres::link();
    one_of_each(&SqlOrders::new(Database::open_link(&link, Schema::Orders).await.unwrap())).await;
    let mut connection = PgConnection::connect(&link.url).await.unwrap();
    let old = format!("SET search_path = {};", link.namespace) + &undo_given_up(6);
    sqlx::raw_sql(sqlx::AssertSqlSafe(old)).execute(&mut connection).await.unwrap();
    stand_apart(&SqlOrders::new(Database::open_link(&link, Schema::Orders).await.unwrap())).await;
}
