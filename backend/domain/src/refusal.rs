//! Why a call is refused: the domain's one error type.

use crate::{
    cache::CacheDown,
    store::{StoreError, people::PeopleError},
};
use hongbao_shared::ErrorCode;
use std::{sync::Arc, time::Duration};

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

    /// For what stands in the cache alone. Everything else does without a cache that is down.
    pub fn of_what_is_nowhere_else(down: CacheDown) -> Self {
        passing(down)
    }

    /// A fault of ours: opaque outside, whole in the log.
    pub fn internal(cause: impl Into<anyhow::Error>) -> Self {
        Self::new(ErrorCode::Internal).cause(cause)
    }

    /// Would the same be refused however long one waits? If so, a delivery that met this
    /// ends (R-MONEY-6). A fault of ours is not final unless [`StoreError::is_final`] says so:
    /// with another key, or another version, it may go.
    pub fn is_final(&self) -> bool {
        match self.code {
            ErrorCode::Internal => self.store_error().is_some_and(StoreError::is_final),
            code => !matches!(code.status(), 429 | 503),
        }
    }

    /// Is it about something stored that cannot be read, or is not as this version knows it?
    pub fn is_unread(&self) -> bool {
        matches!(self.store_error(), Some(StoreError::Corrupt(_)))
    }

    /// What a store could not do, if that is the cause.
    fn store_error(&self) -> Option<&StoreError> {
        let cause = self.cause.as_ref()?;
        cause
            .downcast_ref()
            .or_else(|| cause.downcast_ref::<Arc<StoreError>>().map(|shared| &**shared))
    }

    /// As a store's error, for a caller that was told of it by a service.
    pub fn of_shared(error: &Arc<StoreError>) -> Self {
        if error.is_final() {
            Self::internal(Arc::clone(error))
        } else {
            passing(Arc::clone(error))
        }
    }
}

/// When to come back to a store that cannot do it now.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// Keys that expire are forgotten all the time.
const KEYS_FREE_AFTER: Duration = Duration::from_mins(1);

fn passing(cause: impl Into<anyhow::Error>) -> Refusal {
    Refusal::new(ErrorCode::Unavailable).retry_after(RETRY_AFTER).cause(cause)
}

impl From<ErrorCode> for Refusal {
    fn from(code: ErrorCode) -> Self {
        Self::new(code)
    }
}

/// A store that cannot do it now is a 503 (R-STORE-4); what it can never do is our fault.
impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        if error.is_final() { Self::internal(error) } else { passing(error) }
    }
}

impl From<PeopleError> for Refusal {
    fn from(error: PeopleError) -> Self {
        match error {
            PeopleError::NameTaken => ErrorCode::NameTaken.into(),
            PeopleError::GroupNotFound => ErrorCode::GroupNotFound.into(),
            PeopleError::GroupFull => ErrorCode::GroupFull.into(),
            PeopleError::TooManyGroups => ErrorCode::TooManyGroups.into(),
            PeopleError::InvitationInvalid => ErrorCode::InvitationInvalid.into(),
            PeopleError::NotOwner => ErrorCode::NotOwner.into(),
            PeopleError::MemberNotFound => ErrorCode::MemberNotFound.into(),
            PeopleError::AlreadyAccount => ErrorCode::AlreadyAccount.into(),
            PeopleError::PasswordChanged => ErrorCode::WrongCredentials.into(),
            PeopleError::KeyReused => ErrorCode::KeyReused.into(),
            PeopleError::HookExists => ErrorCode::WebhookExists.into(),
            PeopleError::TooManyHooks => ErrorCode::TooManyWebhooks.into(),
            PeopleError::TooManyKeys => Self::new(ErrorCode::RateLimited)
                .detail("You have used as many idempotency keys as you may have at a time.")
                .retry_after(KEYS_FREE_AFTER),
            PeopleError::Store(error) => error.into(),
            // Drawing again is the caller's, and three collisions in 63 bits are a
            // broken generator.
            PeopleError::IdTaken => Self::internal(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R-MONEY-6: only what is deterministic ends a delivery.
    #[test]
    fn what_is_not_on_the_list_is_passing() {
        let constraint = || StoreError::Constraint { name: "transfers_key".to_owned() };
        let lost = || StoreError::Unknown("cut off".into());
        for (refusal, is_final) in [
            (Refusal::from(constraint()), true),
            (Refusal::of_shared(&Arc::new(constraint())), true),
            (StoreError::Corrupt("a claim".to_owned()).into(), true),
            (ErrorCode::InsufficientBalance.into(), true),
            (ErrorCode::GroupNotFound.into(), true),
            (lost().into(), false),
            (Refusal::of_shared(&Arc::new(lost())), false),
            (StoreError::Unavailable("cut off".into()).into(), false),
            (ErrorCode::LaneFull.into(), false),
            (ErrorCode::ShardUnavailable.into(), false),
            (ErrorCode::RateLimited.into(), false),
            (Refusal::internal(anyhow::anyhow!("another key")), false),
        ] {
            assert_eq!(refusal.is_final(), is_final, "{refusal:?}");
        }
    }
}
