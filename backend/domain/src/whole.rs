use crate::Refusal;
use hongbao_shared::ErrorCode;
use tokio::task::JoinError;

/// Runs `work` to its end even if whoever waits for it goes away: axum drops handlers
/// whose clients leave, and what has to follow a commit must not go with them.
pub async fn whole<T: Send + 'static>(
    work: impl Future<Output = Result<T, Refusal>> + Send + 'static,
) -> Result<T, Refusal> {
    ended(tokio::spawn(work).await).unwrap_or_else(|| Err(ErrorCode::Unavailable.into()))
}

/// What a task answered; `None` if the runtime is shutting down. A panic goes on as if it had
/// happened here, so that the process ends in good order (R-CTRL-5).
pub fn ended<T>(joined: Result<T, JoinError>) -> Option<T> {
    match joined {
        Ok(answer) => Some(answer),
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => None,
    }
}
