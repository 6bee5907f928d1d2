//! A SQLite file, the embedded default.

use super::{
    Schema, StoreError, Tx, Work,
    borrowed::Borrowed,
    error::{sqlite_code, store_error, unavailable, unknown},
    schema::Unfit,
};
use hongbao_domain::ended;
use sqlx::{
    SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{path::Path, time::Duration};

/// How many readers may work beside the one writer.
const READERS_MAX: u32 = 4;
/// How long to wait for what another process holds, as on PostgreSQL: whoever waits behind is to
/// hear so within a few seconds.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);
/// How many rows SQLite's thread may be ahead of their reader; each time it has to wait,
/// two threads change places. Large enough for the claims of most batches.
const ROWS_AHEAD_MAX: usize = 1024;

/// One SQLite file: one connection that writes, a few that read.
///
/// SQLite admits one writer at a time; queueing for it in our own pool is fair and
/// costs no busy-waiting.
#[derive(Clone, Debug)]
pub(super) struct File {
    writer: SqlitePool,
    readers: SqlitePool,
}

fn options(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .statement_cache_capacity(512)
        .row_buffer_size(ROWS_AHEAD_MAX)
}

/// A file does not hang up: asking a connection whether it is still there, before each use, is
/// one more trip to its thread and back.
fn pool(connections_max: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new().test_before_acquire(false).max_connections(connections_max)
}

/// Is there nothing in the write-ahead log that is not in the file?
fn is_folded(file: &Path) -> bool {
    let mut log = file.as_os_str().to_owned();
    log.push("-wal");
    std::fs::metadata(log)
        .map_or_else(|error| error.kind() == std::io::ErrorKind::NotFound, |log| log.len() == 0)
}

impl File {
    /// Opens or creates the file, and brings its schema up to date.
    pub(super) async fn open(file: &Path, schema: Schema) -> anyhow::Result<Self> {
        let options = options(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // NORMAL loses the last commits on power loss.
            .synchronous(SqliteSynchronous::Full);
        let writer = pool(1).connect_with(options.clone()).await?;
        Box::pin(schema.migrate_sqlite(&writer)).await?;
        // A file that has gone since is not made anew, empty, by the next connection.
        writer.set_connect_options(options.clone().create_if_missing(false));
        let readers = pool(READERS_MAX)
            .connect_with(options.read_only(true).create_if_missing(false))
            .await?;
        Ok(Self { writer, readers })
    }

    /// Opens a file of this version's schema to be read, whoever else writes to it. Where nothing
    /// can be written, and nobody does (`unused`), it is read as it stands: SQLite can then make
    /// none of the files that readers and writers share, and needs none.
    pub(super) async fn open_to_read(
        file: &Path,
        schema: Schema,
        unused: bool,
    ) -> anyhow::Result<Self> {
        let options = options(file).read_only(true);
        let readers = pool(READERS_MAX).connect_lazy_with(options.clone());
        let readers = match schema.is_current(&readers).await {
            Err(Unfit::Unreadable(_)) if unused && is_folded(file) => {
                readers.close().await;
                let readers = pool(READERS_MAX).connect_lazy_with(options.immutable(true));
                schema.is_current(&readers).await?;
                readers
            }
            other => {
                other?;
                readers
            }
        };
        Ok(Self { writer: readers.clone(), readers })
    }

    /// Connections for statements that only read.
    pub(super) fn readers(&self) -> &SqlitePool {
        &self.readers
    }

    /// Runs `work` in one write transaction, in a task that no client can cancel:
    /// a dropped `begin` would hand a connection with an open transaction back to
    /// the pool (sqlx issue 4393), and axum drops handlers whose clients leave.
    pub(super) async fn write<G, T, F>(&self, given: G, work: F) -> Result<T, StoreError>
    where
        G: Send + Sync + 'static,
        T: Send + 'static,
        F: Work<G, T>,
    {
        let pool = self.writer.clone();
        let task = tokio::spawn(async move {
            let mut connection = Borrowed::of(&pool).await.map_err(store_error)?;
            let mut transaction = connection.begin("BEGIN IMMEDIATE").await.map_err(store_error)?;
            match work(&mut Tx::Sqlite(&mut transaction), &given).await {
                Ok(value) => {
                    transaction.commit().await.map_err(not_committed)?;
                    connection.has_ended();
                    Ok(value)
                }
                // What went wrong first is what the caller needs to know.
                Err(error) => {
                    match transaction.rollback().await {
                        Ok(()) => connection.has_ended(),
                        Err(rollback) => tracing::debug!(%rollback, "cannot roll back"),
                    }
                    Err(error)
                }
            }
        });
        ended(task.await).unwrap_or_else(|| Err(unavailable(sqlx::Error::PoolClosed)))
    }

    /// Closes all connections; the write-ahead log is folded into the file.
    pub(super) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// Why a commit failed. Where there was no room for its last frame in the write-ahead log
/// (`SQLITE_FULL`) it did not happen, and has been rolled back; whatever else went wrong, it
/// may have happened.
fn not_committed(error: sqlx::Error) -> StoreError {
    match error.as_database_error().and_then(sqlite_code) {
        Some(13) => store_error(error),
        _ => unknown(error),
    }
}
