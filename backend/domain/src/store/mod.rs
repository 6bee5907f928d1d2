//! All storage, as traits that speak the domain. The crate `hongbao-storage` keeps it in SQLite
//! files or on PostgreSQL, `hongbao-memory` in memory.

pub mod cold;
pub mod control;
pub mod keys;
pub mod ledger;
pub mod lists;
pub mod marks;
pub mod orders;
pub mod outbox;
pub mod people;
pub mod reconciled;

use crate::{
    board::{Board, Place},
    planted::Bug,
};
use async_trait::async_trait;
use std::{error::Error, fmt, io, sync::Arc};
use tokio_util::sync::CancellationToken;

/// What a database said.
pub type Cause = Box<dyn Error + Send + Sync>;

/// What a store could not do.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database does not answer, or says that it cannot: it is down, busy, full, read
    /// only, broken, somebody else's. Nothing was changed.
    #[error("the database does not answer, or cannot do it now")]
    Unavailable(#[source] Cause),
    /// The answer to a commit was lost: it may or may not have happened. Retry
    /// under the same key.
    #[error("the outcome of a commit is unknown")]
    Unknown(#[source] Cause),
    /// A named constraint refused the write; nothing was changed.
    #[error("constraint {name} refused the write")]
    Constraint {
        /// The constraint's name, or the columns of the unique index.
        name: String,
    },
    /// Stored data that no version of this code wrote.
    #[error("stored data is corrupt: {0}")]
    Corrupt(String),
}

impl StoreError {
    /// Would the same refuse again however long one waits (R-MONEY-6)? Only what a constraint
    /// says, and what stands in a row that was read. Here alone it is decided what is passing
    /// and what is final; a list of what is passing was tried before, and what was missing
    /// from it (a right taken away, a file that is read only, memory) made money die.
    pub fn is_final(&self) -> bool {
        match self {
            Self::Constraint { .. } | Self::Corrupt(_) => true,
            Self::Unavailable(cause) if Bug::OtherIsFinal.is_planted() => !cause.is::<io::Error>(),
            Self::Unavailable(_) | Self::Unknown(_) => false,
        }
    }
}

/// A stored number as money.
pub fn fen(column: i64) -> Result<hongbao_shared::Fen, StoreError> {
    hongbao_shared::Fen::from_signed(column)
        .ok_or_else(|| StoreError::Corrupt(format!("{column} is not an amount")))
}

/// A database, whatever is stored in it (R-CTRL-5).
#[async_trait]
pub trait Database: Send + Sync + fmt::Debug {
    /// Shows on `board` from now on whether it is down. A file never is.
    fn report_to(&self, board: &Arc<Board>, place: Place);

    /// Does it take writes, as far as [`Database::watch_writes`] knows?
    fn takes_writes(&self) -> bool;

    /// Learns whether it takes writes, until `stop`, and shows on `board` while it answers
    /// and does not. Costs nothing while others write.
    async fn watch_writes(&self, board: &Board, place: Place, stop: &CancellationToken);

    /// Closes all connections.
    async fn close(&self);
}
