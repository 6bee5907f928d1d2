//! Waiting for a condition, never for a time.

use anyhow::{Context as _, Result, bail};
use std::time::{Duration, Instant};

/// Far beyond what a healthy app takes on a busy machine; only a failure waits this long.
const DEADLINE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(40);

/// Asks `probe` until it answers something. Errors count as "not yet", because a page
/// that is being rebuilt under the probe makes them; the last one is reported.
pub async fn wait_for<T>(
    what: &str,
    mut probe: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let start = Instant::now();
    loop {
        let last = probe().await;
        if let Ok(Some(found)) = last {
            return Ok(found);
        }
        if start.elapsed() > DEADLINE {
            return match last {
                Err(error) => Err(error).with_context(|| format!("waited in vain for {what}")),
                Ok(_) => bail!("waited in vain for {what}"),
            };
        }
        tokio::time::sleep(POLL).await;
    }
}
