//! What the shared tier holds about people: profiles, and the newest lines of their lists
//! (R-CACHE-3, R-LIST-2). Each site's tier has notes of its own, and whoever changes what
//! they tell of outdates them in all.

use super::keep_writing;
use futures::stream::{self, StreamExt as _};
use hongbao_domain::cache::{Note, Noted, SharedTier};
use hongbao_shared::{Site, UserId};
use parking_lot::Mutex;
use serde::{Serialize, de::DeserializeOwned};
use std::{collections::BTreeSet, sync::Arc};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// How many notes are asked for at the same time: fewer than there are connections.
const AT_ONCE: usize = 8;
/// Notes that could not be outdated. Beyond this they tell of the past until they are gone
/// by themselves, which takes two minutes.
const LATE_MAX: usize = 50_000;

/// A note that is understood.
#[derive(Clone, Debug)]
pub struct Found<T> {
    /// What it says.
    pub value: Option<T>,
    /// The era to note under what is read now; `None` while the tier is down.
    pub era: Option<u64>,
}

impl<T> Found<T> {
    const NOTHING: Self = Self { value: None, era: None };
}

/// Reads and writes notes. By default there are none: where there is but one node, its
/// memory and the databases are as near.
#[derive(Debug, Default)]
pub struct Notes {
    /// The tier, and the site whose notes are read.
    shared: Option<(Arc<dyn SharedTier>, Site)>,
    sites: Vec<Site>,
    late: Mutex<BTreeSet<(Site, Note, UserId)>>,
    wake: Notify,
}

impl Notes {
    /// Notes in `shared`: those of `home` are read, those of all `sites` outdated.
    pub fn new(shared: Arc<dyn SharedTier>, home: Site, sites: Vec<Site>) -> Self {
        Self { shared: Some((shared, home)), sites, ..Self::default() }
    }

    /// Is anything noted at all?
    pub fn are_kept(&self) -> bool {
        self.shared.is_some()
    }

    /// What is noted of each of these people, in their order; never fails.
    pub async fn read<T: DeserializeOwned>(&self, note: Note, people: &[UserId]) -> Vec<Found<T>> {
        let one = |user: UserId| async move {
            let Some((shared, home)) = &self.shared else { return Found::NOTHING };
            let Ok(Noted { era, text }) = shared.note(*home, note, user).await else {
                return Found::NOTHING;
            };
            let value = text.and_then(|text| serde_json::from_slice(&text).ok());
            Found { value, era: Some(era) }
        };
        stream::iter(people.iter().copied()).map(one).buffered(AT_ONCE).collect().await
    }

    /// Notes what was read from a database after `era` had been seen. A failure costs the
    /// next reader a look-up, no more.
    pub async fn write<T: Serialize>(&self, note: Note, user: UserId, era: Option<u64>, value: &T) {
        let (Some((shared, home)), Some(era)) = (&self.shared, era) else { return };
        let Ok(text) = serde_json::to_string(value) else { return };
        if let Err(error) = shared.put_note(*home, note, user, era, &text).await {
            tracing::debug!(%error, "nothing is noted");
        }
    }

    /// What is noted of these people is not true any longer. Say so after the commit; what
    /// cannot be said now is said as soon as the tier is back.
    pub async fn outdate(&self, note: Note, people: impl IntoIterator<Item = UserId>) {
        if !self.are_kept() {
            return;
        }
        let people: BTreeSet<UserId> = people.into_iter().collect();
        let all = people
            .into_iter()
            .flat_map(|user| self.sites.iter().map(move |site| (*site, note, user)));
        if !self.say(all.collect()).await {
            self.wake.notify_one();
        }
    }

    /// Says late what could not be said in time, until `stop`.
    pub async fn run(&self, stop: CancellationToken) {
        keep_writing(&self.wake, stop, || {
            let late = std::mem::take(&mut *self.late.lock());
            self.say(late)
        })
        .await;
    }

    /// Says whether nothing of it has to be said later.
    async fn say(&self, outdated: BTreeSet<(Site, Note, UserId)>) -> bool {
        let one = |(site, note, user)| async move {
            let (shared, _) = self.shared.as_ref()?;
            shared.outdate_note(site, note, user).await.err().map(|_| (site, note, user))
        };
        let unsaid = stream::iter(outdated).map(one).buffer_unordered(AT_ONCE);
        let unsaid: Vec<Option<_>> = unsaid.collect().await;
        let unsaid: Vec<_> = unsaid.into_iter().flatten().collect();
        if unsaid.is_empty() {
            return true;
        }
        let count = u64::try_from(unsaid.len()).unwrap_or(u64::MAX);
        metrics::counter!("hongbao_shared_cache_failed_writes_total").increment(count);
        let mut late = self.late.lock();
        let room = LATE_MAX.saturating_sub(late.len());
        late.extend(unsaid.into_iter().take(room));
        false
    }
}
