//! Whether the clocks agree: this machine's, and those of the databases (R-CTRL-5).

use futures::future::join_all;
use hongbao_domain::{
    board::{Board, Place, Rung},
    runtime::{Clock, SKEW_MAX, TrueClock},
    store::{StoreError, outbox::Outbox},
};
use hongbao_shared::{Shard, Site, Timestamp};
use parking_lot::RwLock;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

/// How often it is looked whether the machine's clock has stepped, which costs nothing.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// After so many looks the databases are asked, stepped or not.
const LOOKS_PER_ASKING: u32 = 10;
/// How often they are asked at the start, a second apart, if none answers.
const ASKED_AT_START_MAX: u32 = 10;
/// An answer that takes longer tells too little: half of this is how wrong it can be.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);
/// What is less is the network's jitter, and no reason to set the time anew, in milliseconds.
const JITTER_MS: i64 = 100;

/// Hears what time it is from the databases, and tells whether this machine agrees.
#[derive(Debug)]
pub struct Clocks {
    time: Arc<TrueClock>,
    databases: Vec<(Place, Arc<dyn Outbox>)>,
    board: Arc<Board>,
    /// By how much each database's clock was ahead of most, when it was last asked, in ms.
    ahead_ms: RwLock<BTreeMap<Place, i64>>,
}

/// What a database's clock showed, and when: in the middle between question and answer.
#[derive(Clone, Copy, Debug)]
struct Heard {
    place: Place,
    moment: Instant,
    time: Timestamp,
    /// By how much it was ahead of the time that this node tells, in milliseconds.
    ahead_ms: i64,
}

impl Clocks {
    /// Sets `time` by what these databases show.
    pub fn new(
        time: Arc<TrueClock>,
        databases: Vec<(Place, Arc<dyn Outbox>)>,
        board: Arc<Board>,
    ) -> Self {
        Self { time, databases, board, ahead_ms: RwLock::default() }
    }

    /// Asks before anything else begins; a few times, if some have a clock and none answers.
    /// Then it is an error: whoever goes by a clock that nobody has confirmed may say "expired"
    /// of what is open (R-CTRL-5).
    pub async fn begin(&self) -> anyhow::Result<()> {
        for _ in 0..ASKED_AT_START_MAX {
            if self.ask().await {
                return Ok(());
            }
            sleep(LOOK_EVERY).await;
        }
        anyhow::bail!("no database says what time it is")
    }

    /// Asks again and again, until `stop`.
    pub async fn watch(&self, stop: &CancellationToken) {
        let mut looks: u32 = 0;
        let mut ahead_ms = self.time.own_ahead_ms();
        while stop.run_until_cancelled(sleep(LOOK_EVERY)).await.is_some() {
            looks = looks.wrapping_add(1);
            let stepped = self.time.own_ahead_ms().abs_diff(ahead_ms) > JITTER_MS.unsigned_abs();
            if stepped || !self.time.is_set() || looks.is_multiple_of(LOOKS_PER_ASKING) {
                self.ask().await;
                ahead_ms = self.time.own_ahead_ms();
            }
        }
    }

    /// Asks all databases at once, and believes the one in the middle: one that is wrong
    /// leads nobody astray. Whichever does not answer in time is left out. Tells whether it
    /// is known now what time it is.
    pub async fn ask(&self) -> bool {
        let asked = join_all(self.databases.iter().map(|database| self.hear(database))).await;
        let is_silent = asked.iter().any(Result::is_err);
        let mut heard: Vec<Heard> = asked.into_iter().flatten().flatten().collect();
        heard.sort_unstable_by_key(|one| one.ahead_ms);
        let Some(middle) = heard.get(heard.len().saturating_sub(1) / 2).copied() else {
            return !is_silent;
        };
        let of_each = heard.iter().map(|one| (one.place, one.ahead_ms - middle.ahead_ms));
        self.ahead_ms.write().extend(of_each);
        if middle.ahead_ms.abs() > JITTER_MS || !self.time.is_set() {
            self.time.hear(middle.moment, middle.time);
        }
        true
    }

    /// `None` if it has no clock but this machine's; an error if it does not say.
    async fn hear(
        &self,
        (place, database): &(Place, Arc<dyn Outbox>),
    ) -> Result<Option<Heard>, StoreError> {
        let asked = Instant::now();
        let Ok(answer) = timeout(ANSWER_WITHIN, database.server_clock()).await else {
            return Err(StoreError::Unavailable("its clock was not told in time".into()));
        };
        let half = asked.elapsed() / 2;
        Ok(answer?.map(|time| {
            let ahead_ms = time.plus(half).millis_since(self.time.now());
            Heard { place: *place, moment: asked + half, time, ahead_ms }
        }))
    }

    /// Does this machine's clock agree with that of a shard's database? If not, that is
    /// shown, and the node ends nothing there.
    pub fn agree(&self, site: Site, shard: Shard) -> bool {
        let place = Place::Shard(site, shard);
        let theirs_ms = self.ahead_ms.read().get(&place).copied().unwrap_or_default();
        let ahead_ms = self.time.own_ahead_ms().saturating_sub(theirs_ms);
        let agree = u128::from(ahead_ms.unsigned_abs()) <= SKEW_MAX.as_millis();
        let why = format_args!("this node's clock is ahead by {ahead_ms} ms");
        self.board.set(Rung::ClocksDisagree, place, !agree, why);
        agree
    }
}
