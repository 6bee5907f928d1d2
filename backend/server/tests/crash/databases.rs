//! Data folders of a fleet: their databases are in one of a private PostgreSQL server, which is
//! copied with the folder. Everything else about them is as in a folder of files.

use crate::fleet;
use hongbao_fleet::Postgres;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::{
    path::{Path, PathBuf},
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
};

/// Nothing here survives the machine: it is our process that ends, not the server's.
static SERVER: LazyLock<Postgres> = LazyLock::new(|| {
    let settings = [("fsync", "off"), ("full_page_writes", "off"), ("max_connections", "500")];
    Postgres::start(&settings).unwrap()
});
/// What PostgreSQL makes databases from that nobody says otherwise of.
const EMPTY: &str = "template1";
/// How long the processes of a client that was aborted may take to go.
const GONE_WITHIN_MS: u32 = 30_000;

/// The configuration of a folder whose databases are on the server.
pub(crate) fn file_of(folder: &Path) -> Option<PathBuf> {
    let file = folder.join("fleet.toml");
    file.exists().then_some(file)
}

/// Gives an empty folder an empty database.
pub(crate) async fn begin(folder: &Path) {
    create(folder, EMPTY).await;
}

/// Gives the copy of a folder a copy of its database, if it has one. Whoever works on that is
/// gone, or is made to go.
pub(crate) async fn copy(from: &Path, to: &Path) {
    if file_of(from).is_some() {
        create(to, &name_of(from)).await;
    }
}

/// As if a minute had passed since a server was gone: what it had leased is due. Nobody else
/// can tell that it is gone, and on files whoever comes next knows.
pub(crate) async fn end_leases(folder: &Path) {
    if file_of(folder).is_none() {
        return;
    }
    for outbox in ["ledger", "orders_s_0", "orders_n_0"] {
        let text = format!("UPDATE hongbao_{outbox}.outbox SET due_at = created_at");
        execute(folder, text).await;
    }
}

/// As if all that is to land had waited for so long. No clock of PostgreSQL is moved.
pub(crate) async fn have_landings_wait(folder: &Path, ms: i64) {
    let text = format!(
        "UPDATE hongbao_ledger.outbox SET created_at = created_at - {ms}, due_at = created_at - {ms}"
    );
    assert!(execute(folder, text).await > 0);
}

/// Has a day's tables of both sites hold another day.
pub(crate) async fn say_what_day_it_holds(folder: &Path, slot: u8, epoch_day: i64) {
    for site in ["s", "n"] {
        let text = format!(
            "UPDATE hongbao_orders_{site}_0.days SET epoch_day = {epoch_day} WHERE slot = {slot}"
        );
        assert_eq!(execute(folder, text).await, 1);
    }
}

async fn execute(folder: &Path, text: String) -> u64 {
    let mut connection = PgConnection::connect(&url_of(&name_of(folder))).await.unwrap();
    let done = sqlx::query(AssertSqlSafe(text)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    done.rows_affected()
}

fn name_of(folder: &Path) -> String {
    std::fs::read_to_string(name_in(folder)).unwrap()
}

fn url_of(name: &str) -> String {
    SERVER.url().replace("/postgres?", &format!("/{name}?"))
}

fn name_in(folder: &Path) -> PathBuf {
    folder.join("database")
}

async fn create(folder: &Path, template: &str) {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("crash_{}", COUNT.fetch_add(1, Ordering::Relaxed));
    let mut connection = PgConnection::connect(&SERVER.url()).await.unwrap();
    let go = format!(
        "SELECT pg_terminate_backend(pid, {GONE_WITHIN_MS}) FROM pg_stat_activity
         WHERE datname = '{template}'"
    );
    for statement in [go, format!("CREATE DATABASE {name} TEMPLATE {template}")] {
        sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
    let url = url_of(&name);
    std::fs::write(folder.join("fleet.toml"), fleet::all_in(&url)).unwrap();
    std::fs::write(name_in(folder), name).unwrap();
}
