use std::{pin::pin, time::Duration};

/// How long it works at a time.
const WORK: Duration = Duration::from_millis(10);
/// How long it rests then: a fifth of a processor at most.
const REST: Duration = Duration::from_millis(40);

/// Polls `work` for a moment, leaves it alone for longer, and so on: what is not urgent
/// must not take the machine from those who open. It must hold no transaction; those run
/// in tasks of their own.
pub(super) async fn gently<F: Future>(work: F) -> F::Output {
    let mut work = pin!(work);
    loop {
        match tokio::time::timeout(WORK, work.as_mut()).await {
            Ok(output) => return output,
            Err(_) => tokio::time::sleep(REST).await,
        }
    }
}
