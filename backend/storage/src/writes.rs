//! Whether a database takes writes (R-STORE-4, R-CTRL-5): a disk that is full, a file or a
//! server that is read only, a right that is gone. Reads know nothing of it.

use super::{Database, Engine, StoreError, error::unavailable, sql};
use async_trait::async_trait;
use hongbao_domain::{
    board::{Board, Place, Rung},
    store,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{sync::Notify, time::sleep};
use tokio_util::sync::CancellationToken;

/// How long nobody may have written before a row is written to see whether that works.
const IDLE_MAX: Duration = Duration::from_secs(10);
/// The pause between two attempts while it refuses, or is said to.
const AGAIN_AFTER: Duration = Duration::from_millis(500);

/// What is known of it on this node.
#[derive(Debug, Default)]
pub(super) struct Writes {
    /// Only attempts of the watch decide it: that the write of a caller failed may be that
    /// write's fault.
    refused: AtomicBool,
    /// Something was written since the watch looked last.
    wrote: AtomicBool,
    /// A write failed; the watch should look now.
    doubted: Notify,
}

impl Writes {
    /// Notes how a write ended.
    pub(super) fn note<T>(&self, result: &Result<T, StoreError>) {
        match result {
            Ok(_) => self.wrote.store(true, Ordering::Relaxed),
            Err(error) if !error.is_final() => self.doubted.notify_one(),
            Err(_) => {}
        }
    }
}

#[async_trait]
impl store::Database for Database {
    fn report_to(&self, board: &Arc<Board>, place: Place) {
        match &self.0 {
            Engine::Sqlite(_) => {}
            Engine::Postgres(server) => server.report_to(board, place),
        }
    }

    fn takes_writes(&self) -> bool {
        !self.1.refused.load(Ordering::Relaxed)
    }

    async fn watch_writes(&self, board: &Board, place: Place, stop: &CancellationToken) {
        loop {
            let is_refused = !self.takes_writes();
            let doubted = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = self.1.doubted.notified() => true,
                () = sleep(if is_refused { AGAIN_AFTER } else { IDLE_MAX }) => is_refused,
            };
            if !doubted && self.1.wrote.swap(false, Ordering::Relaxed) {
                continue;
            }
            let tried = match self.try_to_write().await {
                // Once may be a moment in which all are busy.
                Err(_) => self.try_to_write().await,
                written => written,
            };
            match tried {
                Ok(()) => {
                    board.leave(Rung::StorageRefusesWrites, place);
                    self.1.refused.store(false, Ordering::Relaxed);
                }
                Err(error) => {
                    // One that does not answer at all is told of elsewhere.
                    let answers = self.ping("SELECT 1").await.is_ok();
                    board.set(Rung::StorageRefusesWrites, place, answers, &error);
                    self.1.refused.store(true, Ordering::Relaxed);
                }
            }
            if stop.run_until_cancelled(sleep(AGAIN_AFTER)).await.is_none() {
                return;
            }
        }
    }

    async fn close(&self) {
        match &self.0 {
            Engine::Sqlite(file) => file.close().await,
            Engine::Postgres(server) => server.close().await,
        }
    }
}

impl Database {
    /// Writes a row anew: a page of the log and a commit, which no reader can fake. It is a
    /// row that every database has, and a column that nothing reads: how long its first
    /// migration took. It takes another value each time, because SQLite writes nothing where a
    /// row stays as it is.
    async fn try_to_write(&self) -> Result<(), StoreError> {
        let written = self
            .change_at_once(sql("UPDATE _sqlx_migrations SET execution_time = -1 - execution_time
                 WHERE version = 1"))
            .await?;
        if written == 1 { Ok(()) } else { Err(unavailable(sqlx::Error::RowNotFound)) }
    }
}
