//! A server that does not answer is asked by one probe, and by nobody else: callers hear at
//! once that it is down, instead of each waiting until it runs out of patience.

use super::{StoreError, refused};
use crate::error::cause;
use hongbao_domain::board::{Board, Place, Rung};
use parking_lot::Mutex;
use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};
use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::time::{sleep, timeout};

const PROBE_EVERY: Duration = Duration::from_millis(250);
const PROBE_ANSWERS_WITHIN: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Circuit {
    namespace: String,
    options: PgConnectOptions,
    /// Changed while `board` is held, so that what is told last is so.
    down: AtomicBool,
    /// Where it is told that it is down, and as what.
    board: Mutex<Option<(Arc<Board>, Place)>>,
    /// It is being asked whether it is down.
    doubted: AtomicBool,
}

impl Circuit {
    pub(super) fn new(namespace: &str, options: PgConnectOptions) -> Arc<Self> {
        let namespace = namespace.to_owned();
        Arc::new(Self {
            namespace,
            options,
            down: AtomicBool::new(false),
            board: Mutex::default(),
            doubted: AtomicBool::new(false),
        })
    }

    /// From now on, `board` shows whether the database at `place` is down.
    pub(super) fn report_to(&self, board: &Arc<Board>, place: Place) {
        let mut told = self.board.lock();
        let is_down = self.down.load(Ordering::Relaxed);
        board.set(Rung::DatabaseDown, place, is_down, "it did not answer before");
        *told = Some((Arc::clone(board), place));
    }

    fn set_down(&self, is_down: bool, why: &str) -> bool {
        let board = self.board.lock();
        let news = self.down.swap(is_down, Ordering::Relaxed) != is_down;
        if news && let Some((board, place)) = &*board {
            board.set(Rung::DatabaseDown, *place, is_down, why);
        }
        news
    }

    /// Refuses while the server is known to be down.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        if self.down.load(Ordering::Relaxed) {
            let down = std::io::Error::new(std::io::ErrorKind::NotConnected, "known to be down");
            return Err(StoreError::Unavailable(down.into()));
        }
        Ok(())
    }

    /// Notes how a call ended. That no connection was to be had may only mean that all are
    /// busy: then the server is asked first.
    pub(super) fn note<T>(self: &Arc<Self>, result: &Result<T, StoreError>) {
        let Some(error) = result.as_ref().err().and_then(cause) else { return };
        if means_down(error) {
            self.open(&error.to_string());
        } else if matches!(error, sqlx::Error::PoolTimedOut)
            && !self.doubted.swap(true, Ordering::Relaxed)
        {
            let circuit = Arc::clone(self);
            tokio::spawn(async move {
                if !circuit.answers().await {
                    circuit.open("no connection");
                }
                circuit.doubted.store(false, Ordering::Relaxed);
            });
        }
    }

    fn open(self: &Arc<Self>, error: &str) {
        if self.set_down(true, error) {
            tracing::debug!(namespace = self.namespace, error, "database does not answer");
            tokio::spawn(probe(Arc::downgrade(self)));
        }
    }

    /// On a connection of its own, which can be cut off at any moment.
    async fn answers(&self) -> bool {
        let asked = async {
            let mut connection = PgConnection::connect_with(&self.options).await?;
            connection.ping().await?;
            connection.close().await
        };
        matches!(timeout(PROBE_ANSWERS_WITHIN, asked).await, Ok(Ok(())))
    }
}

/// Until the server answers, or nobody is interested any more.
async fn probe(circuit: Weak<Circuit>) {
    loop {
        sleep(PROBE_EVERY).await;
        let Some(circuit) = circuit.upgrade() else { return };
        if circuit.answers().await {
            tracing::debug!(namespace = circuit.namespace, "database answers again");
            circuit.set_down(false, "");
            return;
        }
    }
}

/// Rather than busy, or a matter of this one statement.
fn means_down(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) => true,
        error => refused(error).is_some_and(|code| {
            code.starts_with("08") || code.starts_with("57P") || code == "53300"
        }),
    }
}
