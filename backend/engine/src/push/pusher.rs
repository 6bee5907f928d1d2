//! Carries to push services what browsers are to be told.

use super::Pushes;
use hongbao_domain::{
    crash::{self, Step},
    ended,
    runtime::BackOff,
    store::people::{DuePush, PeopleError, Pushed},
};
use hongbao_shared::Timestamp;
use std::{sync::Arc, time::Duration};
use tokio::{task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;

/// Longer than a post may take; what is not settled by then is told again.
const LEASE: Duration = Duration::from_secs(20);
/// How long it sleeps without being told: what waits for a retry, and what other nodes wrote
/// down, is found by this.
const LOOK_EVERY: Duration = Duration::from_millis(500);
const RESEAL_EVERY: Duration = Duration::from_secs(10);
/// Posts that a node has under way at a time.
const UNDER_WAY_MAX: usize = 32;
/// It takes no fewer while others are under way.
const TAKEN_MIN: usize = 8;
const BACK_OFF: BackOff = BackOff { first: Duration::from_secs(2), max: Duration::from_mins(5) };
/// How long a push service is tried: later, a packet is no news any more.
const TRIED_FOR: Duration = Duration::from_hours(1);

/// Carries what is due, on each node.
#[derive(Debug)]
pub struct Pusher {
    pushes: Arc<Pushes>,
}

impl Pusher {
    /// Of these.
    pub fn new(pushes: Arc<Pushes>) -> Self {
        Self { pushes }
    }

    /// Carries until `stop`, then finishes what it has begun.
    pub async fn run(self, stop: CancellationToken) {
        // Tasks, which move on while it looks for more.
        let mut under_way = JoinSet::new();
        let mut resealed = None::<Instant>;
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(joined) = under_way.join_next() => {
                    ended(joined);
                    // Who takes one at a time writes once for each.
                    if UNDER_WAY_MAX - under_way.len() < TAKEN_MIN {
                        continue;
                    }
                }
                () = self.pushes.bell.notified() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            if resealed.is_none_or(|at| at.elapsed() >= RESEAL_EVERY) {
                resealed = Some(Instant::now());
                if let Err(error) = self.pushes.reseal().await {
                    tracing::debug!(%error, "the key of pushes stays under its key for now");
                }
            }
            if !self.pushes.tells() || !self.pushes.anybody().await {
                continue;
            }
            if let Err(error) = self.take(&mut under_way).await {
                tracing::debug!(%error, "what browsers are to be told cannot be read for now");
            }
        }
        while let Some(joined) = under_way.join_next().await {
            ended(joined);
        }
    }

    /// Takes what is due, as far as there is room.
    async fn take(&self, under_way: &mut JoinSet<()>) -> Result<(), PeopleError> {
        let free = UNDER_WAY_MAX.saturating_sub(under_way.len());
        if free == 0 {
            return Ok(());
        }
        let now = self.pushes.clock.now();
        let limit = u32::try_from(free).unwrap_or(u32::MAX);
        for push in self.pushes.store.lease_pushes(now, now.plus(LEASE), limit).await? {
            under_way.spawn(carry(Arc::clone(&self.pushes), push));
        }
        Ok(())
    }
}

async fn carry(pushes: Arc<Pushes>, push: DuePush) {
    if is_old(&push, pushes.clock.now()) {
        return settle(&pushes, push, "given_up", Pushed::Over).await;
    }
    crash::before(Step::Push);
    let answered = match (pushes.letter(&push, pushes.clock.now()).await, &pushes.courier) {
        (Ok(letter), Some(courier)) => courier.post(letter).await,
        (Ok(_), None) => Err("This server tells nobody.".to_owned()),
        (Err(why), _) => Err(why),
    };
    crash::after(Step::Push);
    let (outcome, fate) = fate(&push, &answered, pushes.clock.now());
    if outcome != "delivered" {
        tracing::debug!(?answered, outcome, "a browser was not told");
    }
    settle(&pushes, push, outcome, fate).await;
}

async fn settle(pushes: &Pushes, push: DuePush, outcome: &'static str, fate: Pushed) {
    metrics::counter!("hongbao_pushes_total", "outcome" => outcome).increment(1);
    if let Err(error) = pushes.store.settle_push(push, fate).await {
        // The lease runs out, and it is told again; the browser shows it once.
        tracing::debug!(%error, "that a browser was told was not written down");
    }
}

fn fate(push: &DuePush, answered: &Result<u16, String>, now: Timestamp) -> (&'static str, Pushed) {
    match answered {
        Ok(200..=299) => ("delivered", Pushed::Over),
        // What its push service does not know any more.
        Ok(404 | 410) => ("gone", Pushed::Gone),
        // It would say so of the same message again.
        Ok(status) if (300..500).contains(status) && ![408, 425, 429].contains(status) => {
            ("refused", Pushed::Over)
        }
        _ => ("failed", Pushed::Again(now.plus(BACK_OFF.after(push.attempts)))),
    }
}

/// Is it no news any more?
fn is_old(push: &DuePush, now: Timestamp) -> bool {
    now >= push.queued_at.plus(TRIED_FOR)
}
