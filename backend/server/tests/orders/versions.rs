//! Databases that another version migrates, or has migrated: while others work on them, while
//! something hinders, and for whoever comes with the version of before (R-STORE-1, R-STORE-4).

use crate::postgres;
use hongbao_domain::store::{
    Database as _,
    outbox::{Destination, Outbox as _},
};
use hongbao_storage::{Database, Link, Schema, SqlOrders, Version, examine};
use sqlx::{
    AssertSqlSafe, Connection, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions,
};
use std::path::Path;

/// A database of its own, with an empty namespace, in which every change of the schema calls what
/// `body` says.
async fn watched(name: &str, body: &str) -> (Link, PgConnection) {
    let link = postgres::link();
    let mut connection = PgConnection::connect(&link.url).await.unwrap();
    run(&mut connection, &format!("CREATE DATABASE {name}")).await;
    connection.close().await.unwrap();
    let url = link.url.replace("/postgres?", &format!("/{name}?"));
    assert_ne!(url, link.url);
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let link = Link { url, create: false, ..link };
    let watch = format!(
        "CREATE SCHEMA {};
         CREATE FUNCTION public.watch() RETURNS event_trigger LANGUAGE plpgsql AS
         $$ BEGIN {body} END $$;
         CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION public.watch();",
        link.namespace
    );
    run(&mut connection, &watch).await;
    (link, connection)
}

async fn run(connection: &mut PgConnection, statements: &str) {
    sqlx::raw_sql(AssertSqlSafe(statements)).execute(connection).await.unwrap();
}

/// An index over millions of rows takes longer than any call may: what is cut off begins anew for
/// ever, and holds up all who write to the table each time.
#[tokio::test]
async fn a_migration_may_take_as_long_as_it_takes() {
    let impatient = "IF current_setting('statement_timeout') <> '0' THEN
                         RAISE 'it is cut off after %', current_setting('statement_timeout');
                     END IF;";
    let (link, connection) = watched("long", impatient).await;
    let database = Database::open_link(&link, Schema::Orders).await.unwrap();
    let store = SqlOrders::new(database.clone());
    store.backlog(Destination::Lists).await.unwrap();
    assert_eq!(examine(&link, Schema::Orders).await.unwrap().version, Version::Current);
    database.close().await;
    connection.close().await.unwrap();
}

#[tokio::test]
async fn a_migration_that_failed_holds_nothing_and_is_made_up_for() {
    let (link, mut connection) = watched("hindered", "RAISE 'not now';").await;
    let database = Database::open_link(&link, Schema::Orders).await.unwrap();
    let store = SqlOrders::new(database.clone());
    assert!(store.backlog(Destination::Lists).await.is_err(), "it is not migrated");
    let locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database =
                     (SELECT oid FROM pg_database WHERE datname = current_database())";
    let held: i64 = sqlx::query_scalar(locks).fetch_one(&mut connection).await.unwrap();
    assert_eq!(held, 0, "nobody else could migrate");
    run(&mut connection, "DROP EVENT TRIGGER watch").await;
    store.backlog(Destination::Lists).await.unwrap();
    database.close().await;
    connection.close().await.unwrap();
}

/// What a later version's migrations leave behind, by the names of their files, and what this one
/// says of it.
const LATER: [(&str, Option<&str>); 4] = [
    ("orders/0100_more.expand.sql", None),
    ("orders/0101_other.sql", Some("a later version made it")),
    ("orders/0102_more.expand.sql", Some("a later version made it")),
    // One of this version's, with another text.
    ("", Some("another program made it")),
];

fn leave(version: usize, name: &str) -> String {
    if name.is_empty() {
        return "DELETE FROM _sqlx_migrations WHERE version >= 100;
                UPDATE _sqlx_migrations SET checksum = (SELECT checksum FROM _sqlx_migrations
                                                        WHERE version = 2) WHERE version = 1;"
            .to_owned();
    }
    format!(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         SELECT {version}, '{name}', TRUE, checksum, 1 FROM _sqlx_migrations WHERE version = 1;"
    )
}

fn says(opened: anyhow::Result<Database>, expected: Option<&str>) -> Option<Database> {
    match (opened, expected) {
        (Ok(database), None) => return Some(database),
        (Err(error), Some(said)) => assert!(format!("{error:#}").contains(said), "{error:#}"),
        (Ok(_), Some(said)) => panic!("it was opened: {said}"),
        (Err(error), None) => panic!("{error:#}"),
    }
    None
}

#[tokio::test]
async fn a_file_of_a_later_version_is_used_if_that_only_adds() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("orders.sqlite");
    Database::open_file(&file, Schema::Orders).await.unwrap().close().await;
    for (number, (name, expected)) in LATER.into_iter().enumerate() {
        leave_in_file(&file, &leave(100 + number, name)).await;
        let before = std::fs::read(&file).unwrap();
        if let Some(database) = says(Database::open_file(&file, Schema::Orders).await, expected) {
            let store = SqlOrders::new(database.clone());
            store.backlog(Destination::Lists).await.unwrap();
            database.close().await;
        } else {
            assert!(std::fs::read(&file).unwrap() == before, "{name}: it was changed");
        }
        let read = Database::open_file_to_read(&file, Schema::Orders, false).await;
        if let Some(database) = says(read, expected) {
            database.close().await;
        }
    }
}

async fn leave_in_file(file: &Path, statements: &str) {
    let options = SqliteConnectOptions::new().filename(file);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(statements)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn a_schema_of_a_later_version_is_used_if_that_only_adds() {
    let link = Link { create: false, ..postgres::link() };
    let made = Link { create: true, ..link.clone() };
    Database::open_link(&made, Schema::Orders).await.unwrap().close().await;
    let mut connection = PgConnection::connect(&link.url).await.unwrap();
    run(&mut connection, &format!("SET search_path = {}", link.namespace)).await;
    for (number, (name, expected)) in LATER.into_iter().enumerate() {
        run(&mut connection, &leave(100 + number, name)).await;
        if let Some(database) = says(Database::open_link(&link, Schema::Orders).await, expected) {
            let store = SqlOrders::new(database.clone());
            store.backlog(Destination::Lists).await.unwrap();
            database.close().await;
        }
        let found = examine(&link, Schema::Orders).await.unwrap().version;
        let expected = match expected {
            None => Version::Current,
            Some(said) if said.contains("later") => Version::Newer,
            Some(_) => Version::Foreign,
        };
        assert_eq!(found, expected, "{name}");
    }
    connection.close().await.unwrap();
}
