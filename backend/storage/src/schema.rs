//! The schemas of the databases, from the files under `migrations/`.
//!
//! Listed by hand rather than by sqlx's macro: that would build sqlx and SQLite a
//! second time, for the compiler's own use.

use super::{
    Dialect, StoreError,
    error::{is_missing_table, store_error, unavailable},
};
use hongbao_domain::crash::{self, Step};
use sqlx::{
    AssertSqlSafe, Connection, Executor, PgPool, SqlSafeStr, SqlitePool,
    migrate::{MigrateError, Migration, MigrationType, Migrator},
};
use std::time::Duration;

/// What the name of a migration ends in that only adds. The database keeps the name, so that
/// a program of the version before knows that it may start, and go back.
const EXPANDS: &str = ".expand.sql";

/// What was applied to a database: version, name of the file, checksum.
const APPLIED: &str = "SELECT version, description, checksum FROM _sqlx_migrations";
type Applied = (i64, String, Vec<u8>);

/// How often a build with crash points passes one within a migration, in steps of
/// SQLite's machine: often enough to end between the tables of two days.
const STEPS_PER_POINT: i32 = 50;

/// Which of the databases one is.
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
    /// The switches, and who changed them.
    Control,
}

/// A migration's name and its statements. Its place in the list is its version:
/// never reorder, never change one that has been released (`migrations/CHECKSUMS`). One whose text
/// is the same in both dialects stands in `both`, without a number: it is another one in each list.
/// Its name ends in [`EXPANDS`] if programs that do not know it go on working with what it makes.
type File = (&'static str, &'static str);

macro_rules! files {
    ($($file:literal),+ $(,)?) => {
        &[$(($file, include_str!(concat!("../../../migrations/", $file)))),+]
    };
}

const ORDERS: &[File] = files![
    "orders/sqlite/0001_common.sql",
    "orders/sqlite/0002_days.sql",
    "orders/sqlite/0003_tombstones.sql",
    "orders/sqlite/0004_died.sql",
    "orders/sqlite/0005_packets.sql",
    "orders/sqlite/0006_due.sql",
    "orders/sqlite/0007_moves.sql",
    "orders/sqlite/0008_given_up.sql",
    "orders/both/days.sql",
    "orders/sqlite/0010_reopened.sql",
];
const COLD: &[File] = files!["cold/sqlite/0001_cold.sql"];
const LEDGER: &[File] = files![
    "ledger/sqlite/0001_ledger.sql",
    "ledger/sqlite/0002_credited.sql",
    "ledger/sqlite/0003_died.sql",
    "ledger/sqlite/0004_marks.sql",
    "ledger/sqlite/0005_packets.sql",
    "ledger/sqlite/0006_due.sql",
    "ledger/sqlite/0007_reconciliation.sql",
    "ledger/sqlite/0008_keys.sql",
    "ledger/sqlite/0009_retired.sql",
    "ledger/sqlite/0010_paid.sql",
    "ledger/sqlite/0011_fees.expand.sql",
];
const PEOPLE: &[File] = files![
    "people/sqlite/0001_people.sql",
    "people/sqlite/0002_groups.sql",
    "people/sqlite/0003_lines.sql",
    "people/both/logins.sql",
    "people/sqlite/0005_looks.sql",
    "people/sqlite/0006_services.sql",
    "people/sqlite/0007_webhooks.sql",
    "people/sqlite/0008_calls.sql",
    "people/sqlite/0009_pushes.expand.sql",
    "people/sqlite/0010_pins.expand.sql",
    "people/sqlite/0011_journal.expand.sql",
];
const LISTS: &[File] = files!["lists/sqlite/0001_lists.sql", "lists/sqlite/0002_months.sql"];

const POSTGRES_ORDERS: &[File] = files![
    "orders/postgres/0001_common.sql",
    "orders/postgres/0002_days.sql",
    "orders/postgres/0003_packets.sql",
    "orders/postgres/0004_due.sql",
    "orders/postgres/0005_moves.sql",
    "orders/postgres/0006_given_up.sql",
    "orders/both/days.sql",
    "orders/postgres/0008_reopened.sql",
];
const POSTGRES_COLD: &[File] = files!["cold/postgres/0001_cold.sql"];
const POSTGRES_LEDGER: &[File] = files![
    "ledger/postgres/0001_ledger.sql",
    "ledger/postgres/0002_marks.sql",
    "ledger/postgres/0003_packets.sql",
    "ledger/postgres/0004_reconciliation.sql",
    "ledger/postgres/0005_keys.sql",
    "ledger/postgres/0006_retired.sql",
    "ledger/postgres/0007_paid.sql",
    "ledger/postgres/0008_fees_index.expand.sql",
    "ledger/postgres/0009_fees.expand.sql",
];
const POSTGRES_PEOPLE: &[File] = files![
    "people/postgres/0001_people.sql",
    "people/both/logins.sql",
    "people/postgres/0003_looks.sql",
    "people/postgres/0004_services.sql",
    "people/postgres/0005_webhooks.sql",
    "people/postgres/0006_calls.sql",
    "people/postgres/0007_pushes.expand.sql",
    "people/postgres/0008_pins.expand.sql",
    "people/postgres/0009_journal.expand.sql",
];
const POSTGRES_LISTS: &[File] = files!["lists/postgres/0001_lists.sql"];

const CONTROL: &[File] = files!["control/sqlite/0001_control.sql"];
const POSTGRES_CONTROL: &[File] = files!["control/postgres/0001_control.sql"];

/// Two nodes that start at once may both try to make a namespace.
const NAMESPACE_ATTEMPTS: u32 = 5;
const NAMESPACE_PAUSE: Duration = Duration::from_millis(200);

/// Of which version a schema is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// It is not there.
    Missing,
    /// A version before made it; servers migrate it when they start.
    Older,
    /// This program works with it: it is this version's, or a later one's that only adds to it.
    Current,
    /// A later version made it, or migrated it.
    Newer,
    /// One of its migrations has this program's number, and another text.
    Foreign,
}

/// Why a database is not used as it is.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unfit {
    #[error("a version before made it; `hongbao migrate` brings it up to date")]
    Older,
    #[error("a later version made it, and this one cannot work with it")]
    Newer,
    #[error("another program made it: one of its migrations differs from this version's")]
    Foreign,
    #[error(transparent)]
    Unreadable(#[from] sqlx::Error),
}

impl Unfit {
    /// May it be migrated?
    pub(super) fn of(version: Version) -> Result<(), Self> {
        match version {
            Version::Missing | Version::Older | Version::Current => Ok(()),
            Version::Newer => Err(Self::Newer),
            Version::Foreign => Err(Self::Foreign),
        }
    }
}

impl Schema {
    /// Applies what is missing, one migration after the other, each in a transaction.
    pub(super) async fn migrate_sqlite(self, writer: &SqlitePool) -> anyhow::Result<()> {
        let version = self.version_of_sqlite(writer).await?;
        if version == Version::Current {
            return Ok(());
        }
        Unfit::of(version)?;
        let migrator = self.migrator(Dialect::Sqlite);
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

    /// May a file be read as it is?
    pub(super) async fn is_current(self, readers: &SqlitePool) -> Result<(), Unfit> {
        match self.version_of_sqlite(readers).await? {
            Version::Missing | Version::Older => Err(Unfit::Older),
            version => Unfit::of(version),
        }
    }

    pub(super) async fn version_of_sqlite(
        self,
        file: impl sqlx::SqliteExecutor<'_>,
    ) -> sqlx::Result<Version> {
        let applied = sqlx::query_as(APPLIED).fetch_all(file).await;
        self.version(Dialect::Sqlite, applied)
    }

    /// Of which version is the schema in which `connection` looks for tables?
    pub(super) async fn version_of_postgres(
        self,
        connection: impl sqlx::PgExecutor<'_>,
    ) -> sqlx::Result<Version> {
        let applied = sqlx::query_as(APPLIED).fetch_all(connection).await;
        self.version(Dialect::Postgres, applied)
    }

    fn version(
        self,
        dialect: Dialect,
        applied: sqlx::Result<Vec<Applied>>,
    ) -> sqlx::Result<Version> {
        let applied = match applied {
            Err(error) if is_missing_table(&error) => return Ok(Version::Missing),
            applied => applied?,
        };
        let migrator = self.migrator(dialect);
        let mut missing = migrator.iter().count();
        for (version, name, checksum) in &applied {
            match migrator.iter().find(|ours| ours.version == *version) {
                Some(ours) if *ours.checksum != **checksum => return Ok(Version::Foreign),
                Some(_) => missing -= 1,
                None if name.ends_with(EXPANDS) => {}
                None => return Ok(Version::Newer),
            }
        }
        Ok(if missing == 0 { Version::Current } else { Version::Older })
    }

    /// Likewise on PostgreSQL, in a namespace of its own. Nodes that start together take turns:
    /// sqlx holds an advisory lock meanwhile. A statement here may take as long as it takes, and
    /// what holds the lock must not go back among those that calls use: its connection is
    /// its own, and closed however it ends.
    pub(super) async fn migrate_postgres(
        self,
        pool: &PgPool,
        namespace: &str,
        create: bool,
    ) -> Result<(), StoreError> {
        let version = self.version_of_postgres(pool).await.map_err(store_error)?;
        if version == Version::Current {
            return Ok(());
        }
        Unfit::of(version).map_err(|unfit| StoreError::Unavailable(unfit.into()))?;
        // It stands in a statement as it is.
        assert!(namespace.bytes().all(is_plain), "{namespace:?} is no name for a schema");
        if create {
            create_namespace(pool, namespace).await?;
        } else if version == Version::Missing {
            let found: bool = sqlx::query_scalar(
                "SELECT EXISTS (SELECT 1 FROM information_schema.schemata WHERE schema_name = $1)",
            )
            .bind(namespace)
            .fetch_one(pool)
            .await
            .map_err(store_error)?;
            if !found {
                let missing = format!(
                    "the schema {namespace} is missing: has it moved? `hongbao migrate` makes it"
                );
                return Err(StoreError::Unavailable(missing.into()));
            }
        }
        // Taken out of the pool rather than made beside it: a server may have no further one.
        let mut own = pool.acquire().await.map_err(store_error)?.detach();
        own.execute("SET statement_timeout = 0").await.map_err(store_error)?;
        // A server from version 14 on ends what nobody waits for any more; others refuse this.
        own.execute("SET client_connection_check_interval = '2s'").await.ok();
        let migrated = self.migrator(Dialect::Postgres).run_direct(None, &mut own, false).await;
        if let Err(error) = own.close().await {
            tracing::debug!(%error, "cannot say goodbye");
        }
        migrated.map_err(|error| match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
                store_error(error)
            }
            other => unavailable(sqlx::Error::Migrate(other.into())),
        })
    }

    fn migrator(self, dialect: Dialect) -> Migrator {
        let files = match self {
            Self::Orders => dialect.pick(ORDERS, POSTGRES_ORDERS),
            Self::Cold => dialect.pick(COLD, POSTGRES_COLD),
            Self::Ledger => dialect.pick(LEDGER, POSTGRES_LEDGER),
            Self::People => dialect.pick(PEOPLE, POSTGRES_PEOPLE),
            Self::Lists => dialect.pick(LISTS, POSTGRES_LISTS),
            Self::Control => dialect.pick(CONTROL, POSTGRES_CONTROL),
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

async fn create_namespace(pool: &PgPool, namespace: &str) -> Result<(), StoreError> {
    let mut attempt = 1;
    loop {
        let statement = format!("CREATE SCHEMA IF NOT EXISTS {namespace}");
        match pool.execute(AssertSqlSafe(statement)).await {
            Ok(_) => return Ok(()),
            Err(error) if attempt < NAMESPACE_ATTEMPTS && is_unique_violation(&error) => {
                attempt += 1;
                tokio::time::sleep(NAMESPACE_PAUSE).await;
            }
            Err(error) => return Err(store_error(error)),
        }
    }
}

/// What needs no quotes in any dialect.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'
}

fn is_unique_violation(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}
