//! Why a call is refused: the domain's one error type.

use crate::store::StoreError;
use hongbao_shared::ErrorCode;
use std::time::Duration;

/// A refusal with its stable code. What a client reads is the code and `detail`;
/// `cause` is for the log alone.
#[derive(Debug, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct Refusal {
    /// What clients branch on.
    pub code: ErrorCode,
    /// What is wrong with this request; never names internals.
    pub detail: String,
    /// When to come back, where that helps.
    pub retry_after: Option<Duration>,
    /// What happened inside, for 5xx answers.
    #[source]
    pub cause: Option<anyhow::Error>,
}

impl Refusal {
    /// A refusal whose title says enough.
    pub fn new(code: ErrorCode) -> Self {
        Self { code, detail: code.title().to_owned(), retry_after: None, cause: None }
    }

    /// Says what is wrong with this request.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// Says when to come back.
    #[must_use]
    pub fn retry_after(mut self, after: Duration) -> Self {
        self.retry_after = Some(after);
        self
    }

    /// Keeps what happened for the log.
    #[must_use]
    pub fn cause(mut self, cause: impl Into<anyhow::Error>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// A fault of ours: opaque outside, whole in the log.
    pub fn internal(cause: impl Into<anyhow::Error>) -> Self {
        Self::new(ErrorCode::Internal).cause(cause)
    }
}

impl From<ErrorCode> for Refusal {
    fn from(code: ErrorCode) -> Self {
        Self::new(code)
    }
}

/// A store that does not answer is a 503, anything else that a store cannot
/// explain is our fault.
impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) | StoreError::Unknown(_) => {
                Self::new(ErrorCode::Unavailable).retry_after(Duration::from_secs(1)).cause(error)
            }
            StoreError::Constraint { .. } | StoreError::Corrupt(_) | StoreError::Other(_) => {
                Self::internal(error)
            }
        }
    }
}
