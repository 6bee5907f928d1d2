//! How a database refuses: every kind of error that a store knows, by way of what its driver
//! would say.

use crate::fault::StepFault;
use hongbao::store::StoreError;
use sqlx::error::{DatabaseError, ErrorKind};
use std::{borrow::Cow, error::Error, fmt, io};

/// What a database says, with the codes of SQLite.
#[derive(Debug)]
struct Said {
    message: &'static str,
    code: &'static str,
    kind: ErrorKind,
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message)
    }
}

impl Error for Said {}

impl DatabaseError for Said {
    fn message(&self) -> &str {
        self.message
    }

    fn code(&self) -> Option<Cow<'_, str>> {
        Some(self.code.into())
    }

    fn as_error(&self) -> &(dyn Error + Send + Sync + 'static) {
        self
    }

    fn as_error_mut(&mut self) -> &mut (dyn Error + Send + Sync + 'static) {
        self
    }

    fn into_error(self: Box<Self>) -> Box<dyn Error + Send + Sync + 'static> {
        self
    }

    fn kind(&self) -> ErrorKind {
        match self.kind {
            ErrorKind::UniqueViolation => ErrorKind::UniqueViolation,
            _ => ErrorKind::Other,
        }
    }

    fn constraint(&self) -> Option<&str> {
        matches!(self.kind, ErrorKind::UniqueViolation).then_some("simulated_key")
    }
}

fn said(message: &'static str, code: &'static str, kind: ErrorKind) -> StoreError {
    sqlx::Error::Database(Box::new(Said { message, code, kind })).into()
}

/// The error of a fault that changes nothing; `None` for one that is no error.
pub(crate) fn error(fault: StepFault) -> Option<StoreError> {
    Some(match fault {
        StepFault::Down => down(),
        StepFault::Full => said("database or disk is full", "13", ErrorKind::Other),
        StepFault::ReadOnly => said("attempt to write a readonly database", "8", ErrorKind::Other),
        StepFault::Other => said("not an error that anybody knows", "XX000", ErrorKind::Other),
        StepFault::Constraint => said("duplicate key", "2067", ErrorKind::UniqueViolation),
        StepFault::Corrupt => corrupt(),
        StepFault::LostCall | StepFault::LostReply => unknown(),
        StepFault::Panic | StepFault::Delay | StepFault::StopBefore | StepFault::StopAfter => {
            return None;
        }
    })
}

fn io(kind: io::ErrorKind) -> sqlx::Error {
    sqlx::Error::Io(io::Error::new(kind, "simulated"))
}

/// Nothing was changed.
pub(crate) fn down() -> StoreError {
    StoreError::from(io(io::ErrorKind::ConnectionRefused))
}

/// A column holds what it cannot.
pub(crate) fn corrupt() -> StoreError {
    StoreError::from(sqlx::Error::Decode("simulated".into()))
}

/// It may have been changed.
fn unknown() -> StoreError {
    StoreError::Unknown(io(io::ErrorKind::ConnectionReset))
}

/// Does it seem that no waiting helps? By what was injected, not by what the code that is
/// tested makes of it.
pub(crate) const fn is_final(error: &StoreError) -> bool {
    matches!(error, StoreError::Constraint { .. } | StoreError::Corrupt(_))
}
