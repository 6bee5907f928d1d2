//! What sqlx says, as what a store could not do.

use hongbao_domain::store::StoreError;
use sqlx::{error::DatabaseError, postgres::PgDatabaseError};

/// Nothing was changed. Final is only what a constraint says, and what stands in a row that
/// was read: see [`StoreError::is_final`].
pub(crate) fn store_error(error: sqlx::Error) -> StoreError {
    match &error {
        sqlx::Error::Database(database) if is_constraint(&**database) => StoreError::Constraint {
            name: database
                .constraint()
                .map_or_else(|| database.message().to_owned(), str::to_owned),
        },
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
            StoreError::Corrupt(error.to_string())
        }
        _ => unavailable(error),
    }
}

/// Nothing was changed, for whatever reason.
pub(crate) fn unavailable(error: sqlx::Error) -> StoreError {
    StoreError::Unavailable(Box::new(error))
}

/// It may have been changed.
pub(crate) fn unknown(error: sqlx::Error) -> StoreError {
    StoreError::Unknown(Box::new(error))
}

/// What sqlx said, if it was sqlx that said it.
pub(crate) fn cause(error: &StoreError) -> Option<&sqlx::Error> {
    match error {
        StoreError::Unavailable(cause) | StoreError::Unknown(cause) => cause.downcast_ref(),
        StoreError::Constraint { .. } | StoreError::Corrupt(_) => None,
    }
}

/// Did a constraint refuse, which will do so again?
fn is_constraint(error: &dyn DatabaseError) -> bool {
    match error.try_downcast_ref::<PgDatabaseError>() {
        // integrity_constraint_violation
        Some(error) => error.code().starts_with("23"),
        // SQLITE_CONSTRAINT, RAISE in a trigger included.
        None => sqlite_code(error) == Some(19),
    }
}

/// Is there no such table, or no such schema?
pub(crate) fn is_missing_table(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| {
        match error.try_downcast_ref::<PgDatabaseError>() {
            // undefined_table
            Some(error) => error.code() == "42P01",
            // SQLite has no code of its own for it.
            None => error.message().starts_with("no such table"),
        }
    })
}

/// A code of SQLite, without what it is extended by.
pub(crate) fn sqlite_code(error: &dyn DatabaseError) -> Option<i32> {
    Some(error.code()?.parse::<i32>().ok()? & 0xff)
}
