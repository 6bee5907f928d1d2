//! Which shards answer, so that new packets are steered away from those that do not
//! (R-SITE-3).

use crate::{runtime::Clock, store::orders::OrderStore};
use hongbao_shared::{Shard, Site, Timestamp, api::control::Degradation};
use parking_lot::RwLock;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How often each shard is asked, and how long it may take: a shard that is gone is known
/// within a second and a half, one that is back within half a second.
const ASK_EVERY: Duration = Duration::from_millis(500);
const ANSWER_WITHIN: Duration = Duration::from_secs(1);

/// A logical shard.
type Place = (Site, Shard);

/// What is down, and since when.
#[derive(Debug, Default)]
pub struct Health {
    down: RwLock<BTreeMap<Place, Timestamp>>,
}

impl Health {
    /// Does it answer, as far as is known?
    pub fn is_up(&self, place: Place) -> bool {
        !self.down.read().contains_key(&place)
    }

    /// What is down.
    pub fn degraded(&self) -> Vec<Degradation> {
        let down = self.down.read();
        let one = |((site, shard), since): (&Place, &Timestamp)| Degradation {
            name: "shard_down".to_owned(),
            place: format!("{site}{shard}"),
            since: *since,
        };
        down.iter().map(one).collect()
    }

    /// Of these shards, those that answer, as far as is known.
    pub fn up_among(&self, site: Site, shards: &[Shard]) -> Vec<Shard> {
        let down = self.down.read();
        shards.iter().copied().filter(|shard| !down.contains_key(&(site, *shard))).collect()
    }

    fn note(&self, place: Place, answers: bool, now: Timestamp) {
        let mut down = self.down.write();
        let (site, shard) = place;
        if answers {
            if down.remove(&place).is_some() {
                tracing::info!(%site, %shard, "shard answers again");
            }
        } else if let std::collections::btree_map::Entry::Vacant(entry) = down.entry(place) {
            entry.insert(now);
            tracing::warn!(%site, %shard, "shard does not answer: new packets go elsewhere");
        }
        let count = u32::try_from(down.len()).unwrap_or(u32::MAX);
        metrics::gauge!("hongbao_shards_down").set(f64::from(count));
    }
}

/// Asks every shard, again and again.
#[derive(Debug)]
pub struct HealthWatch {
    /// Where what is found is noted.
    pub health: Arc<Health>,
    /// Whom to ask.
    pub stores: BTreeMap<Place, Arc<dyn OrderStore>>,
    /// Tells since when.
    pub clock: Arc<dyn Clock>,
}

impl HealthWatch {
    /// Starts a task for each shard, until `stop`.
    pub fn start(&self, tasks: &TaskTracker, stop: &CancellationToken) {
        for (place, store) in &self.stores {
            let (health, clock) = (Arc::clone(&self.health), Arc::clone(&self.clock));
            let (place, store, stop) = (*place, Arc::clone(store), stop.clone());
            tasks.spawn(async move {
                let mut ticks = interval(ASK_EVERY);
                ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
                loop {
                    tokio::select! {
                        biased;
                        () = stop.cancelled() => return,
                        _ = ticks.tick() => {}
                    }
                    // Nothing is in a transaction here that the timeout could cut off.
                    let answers = matches!(timeout(ANSWER_WITHIN, store.ping()).await, Ok(Ok(())));
                    health.note(place, answers, clock.now());
                }
            });
        }
    }

    /// The sites that have any shard.
    pub fn sites(&self) -> BTreeSet<Site> {
        self.stores.keys().map(|(site, _)| *site).collect()
    }
}
