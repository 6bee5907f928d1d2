use hongbao_domain::store::people::PeopleError;
use parking_lot::Mutex;
use std::time::Duration;
use tokio::time::Instant;

/// How long a node may not know that there is somebody.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Is there anybody to be told? Where nobody is, that costs one look a while.
#[derive(Debug, Default)]
pub(crate) struct Anybody {
    /// When it was looked, and what was seen.
    seen: Mutex<(Option<Instant>, bool)>,
}

impl Anybody {
    /// There is now.
    pub(crate) fn came(&self) {
        *self.seen.lock() = (Some(Instant::now()), true);
    }

    /// `look` asks the database. Where that cannot be read, what was known; nobody is passed over
    /// because it was never known.
    pub(crate) async fn is_there(
        &self,
        look: impl Future<Output = Result<bool, PeopleError>>,
    ) -> bool {
        let (looked, known) = *self.seen.lock();
        if looked.is_some_and(|looked| looked.elapsed() < LOOK_AGAIN) {
            return known;
        }
        let Ok(is_so) = look.await else { return known || looked.is_none() };
        *self.seen.lock() = (Some(Instant::now()), is_so);
        is_so
    }
}
