//! Which shards answer, so that new packets are steered away from those that do not
//! (R-SITE-3).

use hongbao_domain::{
    board::{self, Board, Rung},
    runtime::Tasks,
    store::orders::OrderStore,
};
use hongbao_shared::{Shard, Site};
use parking_lot::RwLock;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

/// How often each shard is asked: one that refuses is known within a second, one that says
/// nothing within three, one that is back within half a second.
const ASK_EVERY: Duration = Duration::from_millis(500);
/// Beyond what a store takes to find out (see `HotTables::ping`).
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// A logical shard.
type Place = (Site, Shard);

/// What is down.
#[derive(Debug)]
pub struct Health {
    board: Arc<Board>,
    shards: BTreeSet<Place>,
    down: RwLock<BTreeSet<Place>>,
}

impl Health {
    /// Everything is up, as far as is known; `shards` are all that there are.
    pub fn new(board: Arc<Board>, shards: impl IntoIterator<Item = Place>) -> Self {
        Self { board, shards: shards.into_iter().collect(), down: RwLock::default() }
    }

    /// Does it answer, as far as is known?
    pub fn is_up(&self, place: Place) -> bool {
        !self.down.read().contains(&place)
    }

    /// Of these shards, those that answer and take writes, as far as is known: the others can
    /// take no new packet.
    pub fn up_among(&self, site: Site, shards: &[Shard]) -> Vec<Shard> {
        let down = self.down.read();
        let takes_writes = |shard| {
            let place = board::Place::Shard(site, shard);
            !self.board.is_so(Rung::StorageRefusesWrites, place)
        };
        let is_up = |shard: &Shard| !down.contains(&(site, *shard)) && takes_writes(*shard);
        shards.iter().copied().filter(is_up).collect()
    }

    /// Notes whether a shard answers, or why not.
    fn note(&self, place: Place, answers: Result<(), String>) {
        let mut down = self.down.write();
        let (site, shard) = place;
        let on_board = board::Place::Shard(site, shard);
        match answers {
            Ok(()) => {
                down.remove(&place);
                self.board.leave(Rung::ShardDown, on_board);
            }
            Err(why) => {
                down.insert(place);
                self.board.enter(Rung::ShardDown, on_board, why);
            }
        }
        let mut of_site = self.shards.iter().filter(|(other, _)| *other == site);
        let is_down = of_site.all(|shard| down.contains(shard));
        let why = "none of its shards answers";
        self.board.set(Rung::SiteDown, board::Place::Site(site), is_down, why);
    }
}

/// Asks every shard, again and again.
#[derive(Debug)]
pub struct HealthWatch {
    /// Where what is found is noted.
    pub health: Arc<Health>,
    /// Whom to ask.
    pub stores: BTreeMap<Place, Arc<dyn OrderStore>>,
}

impl HealthWatch {
    /// Starts a task for each shard, until `stop`.
    pub fn start(&self, tasks: &Tasks, stop: &CancellationToken) {
        for (place, store) in &self.stores {
            let health = Arc::clone(&self.health);
            let (place, store, stop) = (*place, Arc::clone(store), stop.clone());
            tasks.spawn(async move {
                let mut ticks = interval(ASK_EVERY);
                ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
                while stop.run_until_cancelled(ticks.tick()).await.is_some() {
                    // Nothing is in a transaction here that the timeout could cut off.
                    let answers = match timeout(ANSWER_WITHIN, store.hot().ping()).await {
                        Ok(answers) => answers.map_err(|error| error.to_string()),
                        Err(_) => Err("no answer in time".to_owned()),
                    };
                    health.note(place, answers);
                }
            });
        }
    }

    /// The sites that have any shard.
    pub fn sites(&self) -> BTreeSet<Site> {
        self.stores.keys().map(|(site, _)| *site).collect()
    }
}
