//! A server that does not answer is asked by one probe, and by nobody else: callers hear at
//! once that it is down, instead of each waiting until it runs out of patience.

use super::{StoreError, refused};
use crate::error::cause;
use futures::FutureExt as _;
use hongbao_domain::board::{Board, Place, Rung};
use parking_lot::Mutex;
use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};
use std::{
    panic::AssertUnwindSafe,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::time::{sleep, timeout};

const PROBE_EVERY: Duration = Duration::from_millis(250);
const ASKED_FOR: Duration = Duration::from_secs(1);
const TOO_MANY_CONNECTIONS: &str = "53300";

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

    /// Notes how a call ended. What went wrong may be a matter of this one connection, or of
    /// patience with a server that is busy: it is asked before everybody else is refused.
    pub(super) fn note<T>(self: &Arc<Self>, result: &Result<T, StoreError>) {
        let error = result.as_ref().err().and_then(cause).filter(|error| may_be_down(error));
        let Some(error) = error else { return };
        if self.doubted.swap(true, Ordering::Relaxed) {
            return;
        }
        let (circuit, why) = (Arc::clone(self), error.to_string());
        tokio::spawn(async move {
            if !circuit.answers().await {
                circuit.open(&why);
            }
            circuit.doubted.store(false, Ordering::Relaxed);
        });
    }

    fn open(self: &Arc<Self>, error: &str) {
        if self.set_down(true, error) {
            tracing::debug!(namespace = self.namespace, error, "database does not answer");
            tokio::spawn(probe(Arc::downgrade(self)));
        }
    }

    /// Does the server answer? One that is late is asked once more: it, or this machine, may
    /// be busy.
    pub(super) async fn answers(&self) -> bool {
        match self.ask().await {
            Some(answers) => answers,
            None => self.ask().await == Some(true),
        }
    }

    /// On a connection of its own, which can be cut off at any moment; `None` if that is late.
    /// If it panics, it is no answer: whoever asks goes on asking, or the database would be
    /// taken to be down for ever.
    async fn ask(&self) -> Option<bool> {
        let asked = async {
            let mut connection = PgConnection::connect_with(&self.options).await?;
            connection.ping().await?;
            connection.close().await
        };
        let asked = AssertUnwindSafe(asked).catch_unwind();
        match timeout(ASKED_FOR, asked).await.ok()? {
            Ok(Ok(())) => Some(true),
            // Whoever has a connection is served.
            Ok(Err(error)) => Some(refused(&error) == Some(TOO_MANY_CONNECTIONS)),
            Err(_panic) => Some(false),
        }
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

/// Rather than a matter of this one statement.
pub(super) fn may_be_down(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::PoolTimedOut
        | sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_) => true,
        error => {
            refused(error).is_some_and(|code| code.starts_with("08") || code.starts_with("57P"))
        }
    }
}
