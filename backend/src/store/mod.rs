//! All storage. Stores are traits that speak the domain; `sql` keeps them in SQLite files or
//! on PostgreSQL, `memory` in memory for simulations. Nothing outside `sql` knows SQL.

pub mod cold;
pub mod control;
pub mod ledger;
pub mod lists;
pub mod marks;
pub mod memory;
pub mod orders;
pub mod outbox;
pub mod people;
pub mod sql;
pub mod tiered;

/// What a store could not do.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database does not answer; nothing was changed.
    #[error("the database does not answer")]
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
    /// A fault in a statement of ours.
    #[error("the database refused a statement")]
    Other(#[source] sqlx::Error),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::error::ErrorKind;
        match &error {
            sqlx::Error::Database(database) => match database.kind() {
                ErrorKind::UniqueViolation
                | ErrorKind::ForeignKeyViolation
                | ErrorKind::NotNullViolation
                | ErrorKind::CheckViolation => Self::Constraint {
                    name: database
                        .constraint()
                        .map_or_else(|| database.message().to_owned(), str::to_owned),
                },
                _ if sql::is_unavailable(&**database) => Self::Unavailable(error),
                _ => Self::Other(error),
            },
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unavailable(error),
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
                Self::Corrupt(error.to_string())
            }
            _ => Self::Other(error),
        }
    }
}

/// A stored number as money.
pub(crate) fn fen(column: i64) -> Result<hongbao_shared::Fen, StoreError> {
    hongbao_shared::Fen::from_signed(column)
        .ok_or_else(|| StoreError::Corrupt(format!("{column} is not an amount")))
}
