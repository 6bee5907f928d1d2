//! Two tiers of cache (R-CACHE): this node's memory, and a tier that all nodes
//! share. A cache may refuse or speed up; it never decides money.

mod compare;
mod entry;
mod in_process;
mod local;
mod notes;
mod writer;

pub use compare::{Compared, Comparison};
pub use entry::{Live, PacketEntry};
pub use in_process::InProcess;
pub use local::LocalTier;
pub use notes::{Found, Notes};
pub use writer::SharedWriter;

use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// How long whoever could not write waits before the next try.
const RETRY_PAUSE: Duration = Duration::from_millis(200);

/// Writes a `round` whenever it is woken, and again after a pause while something of it fails,
/// until `stop`.
async fn keep_writing<F>(wake: &Notify, stop: CancellationToken, round: impl Fn() -> F)
where
    F: Future<Output = bool>,
{
    while stop.run_until_cancelled(wake.notified()).await.is_some() {
        while !round().await {
            if stop.run_until_cancelled(tokio::time::sleep(RETRY_PAUSE)).await.is_none() {
                return;
            }
        }
    }
}
