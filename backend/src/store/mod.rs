//! All storage. Stores are traits that speak the domain; `sql` keeps them in SQLite files or
//! on PostgreSQL, `memory` in memory for simulations. Nothing outside `sql` knows SQL.

pub mod cold;
pub mod control;
pub mod keys;
pub mod ledger;
pub mod lists;
pub mod marks;
pub mod memory;
pub mod orders;
pub mod outbox;
pub mod people;
pub mod reconciled;
pub mod sql;
pub mod tiered;

use crate::planted::Bug;

/// What a store could not do.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database does not answer, or says that it cannot: it is down, busy, full, read
    /// only, broken, somebody else's. Nothing was changed.
    #[error("the database does not answer, or cannot do it now")]
    Unavailable(#[source] sqlx::Error),
    /// The answer to a commit was lost: it may or may not have happened. Retry
    /// under the same key.
    #[error("the outcome of a commit is unknown")]
    Unknown(#[source] sqlx::Error),
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
            Self::Unavailable(sqlx::Error::Database(_)) if Bug::OtherIsFinal.is_planted() => true,
            Self::Constraint { .. } | Self::Corrupt(_) => true,
            Self::Unavailable(_) | Self::Unknown(_) => false,
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(database) if sql::is_constraint(&**database) => {
                Self::Constraint {
                    name: database
                        .constraint()
                        .map_or_else(|| database.message().to_owned(), str::to_owned),
                }
            }
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
                Self::Corrupt(error.to_string())
            }
            _ => Self::Unavailable(error),
        }
    }
}

/// A stored number as money.
pub(crate) fn fen(column: i64) -> Result<hongbao_shared::Fen, StoreError> {
    hongbao_shared::Fen::from_signed(column)
        .ok_or_else(|| StoreError::Corrupt(format!("{column} is not an amount")))
}
