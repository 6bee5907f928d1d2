use crate::Refusal;
use hongbao_shared::ErrorCode;

/// Runs `work` to its end even if whoever waits for it goes away: axum drops handlers
/// whose clients leave, and what has to follow a commit must not go with them.
pub async fn whole<T: Send + 'static>(
    work: impl Future<Output = Result<T, Refusal>> + Send + 'static,
) -> Result<T, Refusal> {
    match tokio::spawn(work).await {
        Ok(result) => result,
        Err(join) if join.is_panic() => std::panic::resume_unwind(join.into_panic()),
        // The runtime is shutting down.
        Err(_) => Err(ErrorCode::Unavailable.into()),
    }
}
