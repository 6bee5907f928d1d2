//! Data as somebody finds it who works behind the program's back.

use crate::{common::ManualClock, world::World};
use hongbao::node::open_stores;
use hongbao_config::Config;
use hongbao_domain::{
    runtime::{SystemEntropy, Tasks},
    store::outbox::Fate,
};
use hongbao_engine::{
    app::App,
    keys::Keys,
    keys::seal::Sealer,
    ledger::Ledger,
    reconcile::{Mode, Reconciler, Report},
};
use hongbao_shared::api::control::DeadLetter;
use sqlx::{AssertSqlSafe, Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{path::Path, sync::Arc, time::Duration};

/// Runs SQL on one of the files, beside the server or after it; answers how many rows it
/// changed. Not even the database's own constraints are asked.
pub(crate) async fn sql(data: &Path, file: &str, text: &str) -> u64 {
    let options = SqliteConnectOptions::new().filename(data.join("db").join(file));
    let options = options.busy_timeout(Duration::from_secs(10));
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::query("PRAGMA ignore_check_constraints = ON").execute(&mut connection).await.unwrap();
    let done = sqlx::raw_sql(AssertSqlSafe(text.to_owned())).execute(&mut connection).await;
    let changed = done.unwrap_or_else(|error| panic!("{text}: {error}")).rows_affected();
    connection.close().await.unwrap();
    changed
}

/// Rows of this kind cannot be inserted any more.
pub(crate) async fn poison(data: &Path, file: &str, table: &str, when: &str) {
    let trigger = format!(
        "CREATE TRIGGER poison BEFORE INSERT ON {table} WHEN {when}
         BEGIN SELECT RAISE(ABORT, 'poisoned'); END"
    );
    sql(data, file, &trigger).await;
}

/// Mends the cause.
pub(crate) async fn antidote(data: &Path, file: &str) {
    sql(data, file, "DROP TRIGGER poison").await;
}

/// Delivery works by itself; this waits for what it brings.
pub(crate) async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    for _ in 0..2_000 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never: {what}");
}

/// Everything that is dead, by one page.
pub(crate) async fn dead(app: &App) -> Vec<DeadLetter> {
    app.letters.page(Fate::Dead, None, 100).await.unwrap().items
}

/// What is tried again.
pub(crate) async fn failing(app: &App) -> Vec<DeadLetter> {
    app.letters.page(Fate::Failing, None, 100).await.unwrap().items
}

/// Waits until this many letters are dead.
pub(crate) async fn until_dead(app: &App, count: usize) -> Vec<DeadLetter> {
    until("letters are dead", async || dead(app).await.len() == count).await;
    dead(app).await
}

/// Reconciles what is on disk, as the command does.
pub(crate) async fn reconcile(config: &Config, clock: &Arc<ManualClock>, mode: Mode) -> Report {
    with_reconciler(config, clock, async |reconciler| reconciler.run(mode).await).await
}

/// Goes on where earlier runs ended, as a node does every hour; `None` if it is not its turn.
pub(crate) async fn go_on(config: &Config, clock: &Arc<ManualClock>, node: i64) -> Option<Report> {
    let hour = Duration::from_hours(1);
    with_reconciler(config, clock, async |reconciler| reconciler.go_on(node, hour).await).await
}

async fn with_reconciler<T>(
    config: &Config,
    clock: &Arc<ManualClock>,
    work: impl AsyncFnOnce(&Reconciler) -> T,
) -> T {
    let keys = Keys::obtain(config, &SystemEntropy).unwrap();
    let sealer = Sealer::new(&keys);
    let stores = open_stores(config).await.unwrap();
    let tasks = Tasks::new();
    let ledger = Ledger::start(Arc::clone(&stores.ledger), Arc::clone(clock) as _, &tasks);
    let ledger = Arc::new(ledger);
    let zone = config.zone().unwrap();
    let (lifetime, clock) = (config.packet_lifetime(), Arc::clone(clock) as _);
    let reconciler =
        Reconciler::new(stores.clone(), Arc::clone(&ledger), sealer, zone, lifetime, clock);
    let done = work(&reconciler).await;
    ledger.shutdown().await;
    tasks.close();
    tasks.wait().await;
    stores.close().await;
    done
}

/// One site and one shard, so that every packet is in the same file.
pub(crate) async fn one_shard(change: impl FnOnce(&mut Config)) -> World {
    World::with(
        |config| {
            config.sites.shards = 1;
            config.sites.weights = hongbao_config::Weights::Home;
            config.credit.deferred_interval_s = 1;
            config.reconcile.interval_s = 0;
            change(config);
        },
        None,
    )
    .await
}

/// The file of the one shard.
pub(crate) const ORDERS: &str = "orders-S-0.sqlite";
pub(crate) const LEDGER: &str = "ledger.sqlite";
pub(crate) const LISTS: &str = "lists.sqlite";
pub(crate) const PEOPLE: &str = "people.sqlite";
