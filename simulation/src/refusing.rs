//! How a database refuses: every kind of error that a store knows.

use crate::fault::StepFault;
use hongbao_domain::store::StoreError;
use std::io;

/// What a database says that nobody can act upon.
fn said(message: &'static str) -> StoreError {
    StoreError::Unavailable(message.into())
}

/// The error of a fault that changes nothing; `None` for one that is no error.
pub(crate) fn error(fault: StepFault) -> Option<StoreError> {
    Some(match fault {
        StepFault::Down => down(),
        StepFault::Full => said("database or disk is full"),
        StepFault::ReadOnly => said("attempt to write a readonly database"),
        StepFault::Other => said("not an error that anybody knows"),
        StepFault::Constraint => StoreError::Constraint { name: "simulated_key".to_owned() },
        StepFault::Corrupt => corrupt(),
        StepFault::LostCall | StepFault::LostReply => unknown(),
        StepFault::Panic | StepFault::Delay | StepFault::StopBefore | StepFault::StopAfter => {
            return None;
        }
    })
}

fn io(kind: io::ErrorKind) -> io::Error {
    io::Error::new(kind, "simulated")
}

/// Nothing was changed.
pub(crate) fn down() -> StoreError {
    StoreError::Unavailable(io(io::ErrorKind::ConnectionRefused).into())
}

/// A column holds what it cannot.
pub(crate) fn corrupt() -> StoreError {
    StoreError::Corrupt("simulated".to_owned())
}

/// It may have been changed.
fn unknown() -> StoreError {
    StoreError::Unknown(io(io::ErrorKind::ConnectionReset).into())
}

/// Does it seem that no waiting helps? By what was injected, not by what the code that is
/// tested makes of it.
pub(crate) const fn is_final(error: &StoreError) -> bool {
    matches!(error, StoreError::Constraint { .. } | StoreError::Corrupt(_))
}
