//! The schemas of the databases, from the files under `migrations/`.
//!
//! Listed by hand rather than by sqlx's macro: that would build sqlx and SQLite a
//! second time, for the compiler's own use.

use crate::crash::{self, Step};
use sqlx::{
    AssertSqlSafe, SqlSafeStr, SqlitePool,
    migrate::{Migration, MigrationType, Migrator},
};

/// How often a build with crash points passes one within a migration, in steps of
/// SQLite's machine: often enough to end between the tables of two days.
const STEPS_PER_POINT: i32 = 50;

/// Which database a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    /// An order shard.
    Orders,
    /// Packets that have ended, of a whole site.
    Cold,
    /// Accounts, transfers, payments.
    Ledger,
    /// People, sessions, groups, messages.
    People,
    /// The lists "sent" and "received".
    Lists,
}

/// A migration's name and its statements. Its place in the list is its version:
/// never reorder, never change one that has been released.
type File = (&'static str, &'static str);

macro_rules! files {
    ($($file:literal),+ $(,)?) => {
        &[$(($file, include_str!(concat!("../../../../migrations/", $file)))),+]
    };
}

const ORDERS: &[File] = files![
    "orders/sqlite/0001_common.sql",
    "orders/sqlite/0002_days.sql",
    "orders/sqlite/0003_tombstones.sql",
    "orders/sqlite/0004_died.sql",
];
const COLD: &[File] = files!["cold/sqlite/0001_cold.sql"];
const LEDGER: &[File] = files![
    "ledger/sqlite/0001_ledger.sql",
    "ledger/sqlite/0002_credited.sql",
    "ledger/sqlite/0003_died.sql",
];
const PEOPLE: &[File] = files![
    "people/sqlite/0001_people.sql",
    "people/sqlite/0002_groups.sql",
    "people/sqlite/0003_lines.sql",
];
const LISTS: &[File] = files!["lists/sqlite/0001_lists.sql", "lists/sqlite/0002_months.sql"];

impl Schema {
    /// Applies what is missing, one migration after the other, each in a transaction.
    pub(super) async fn migrate(self, writer: &SqlitePool) -> anyhow::Result<()> {
        let migrator = self.migrator();
        if fail::has_failpoints() {
            let mut connection = writer.acquire().await?;
            connection.lock_handle().await?.set_progress_handler(STEPS_PER_POINT, || {
                crash::inside(Step::Migrate);
                true
            });
        }
        for migration in migrator.iter() {
            crash::before(Step::Migrate);
            migrator.run_to(migration.version, writer).await?;
            crash::after(Step::Migrate);
        }
        if fail::has_failpoints() {
            writer.acquire().await?.lock_handle().await?.remove_progress_handler();
        }
        Ok(())
    }

    fn migrator(self) -> Migrator {
        let files = match self {
            Self::Orders => ORDERS,
            Self::Cold => COLD,
            Self::Ledger => LEDGER,
            Self::People => PEOPLE,
            Self::Lists => LISTS,
        };
        let migrations = (1..).zip(files).map(|(version, (name, sql))| {
            let sql = AssertSqlSafe(for_each_day(sql)).into_sql_str();
            Migration::new(version, (*name).into(), MigrationType::Simple, sql, false)
        });
        Migrator::with_migrations(migrations.collect())
    }
}

/// A migration whose file says `{day}` runs once for each of the 31 days of the
/// cycle (R-STORE-1); writing the tables out 31 times would hide the one that
/// differs.
fn for_each_day(sql: &str) -> String {
    if sql.contains("{day}") {
        (1..=31).map(|day| sql.replace("{day}", &format!("{day:02}"))).collect()
    } else {
        sql.to_owned()
    }
}
