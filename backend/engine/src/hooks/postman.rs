//! Delivers what webhooks are to be told: lanes side by side, the events of a lane one after the
//! other, again with back-off for days.

use super::Hooks;
use crate::keys::secret::{self, Purpose};
use hongbao_domain::{
    board::{Board, Place, Rung},
    crash::{self, Step},
    ended,
    runtime::BackOff,
    store::people::{LeasedEvent, PeopleError, Secrets, StoredHook, Tried},
};
use hongbao_shared::{Timestamp, WebhookId};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::{task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;

/// Longer than a post may take; what is not settled by then is delivered again.
const LEASE: Duration = Duration::from_mins(1);
/// How long it sleeps without being told: what waits for a retry, and what other nodes wrote
/// down, is found by this.
const LOOK_EVERY: Duration = Duration::from_millis(500);
const TIDY_EVERY: Duration = Duration::from_secs(10);
const BACK_OFF: BackOff = BackOff { first: Duration::from_secs(1), max: Duration::from_hours(1) };
/// How long an event is tried.
const TRIED_FOR: Duration = Duration::from_hours(3 * 24);
/// How long attempts and events that are over are kept.
const KEPT_FOR: Duration = Duration::from_hours(7 * 24);
/// Rows that are forgotten in one go.
const TIDIED_MAX: u32 = 1_000;
/// Lanes that a node delivers at a time.
const LANES_MAX: usize = 16;
/// And of one webhook: one that is slow holds up no other.
const LANES_PER_HOOK_MAX: usize = 4;
/// Webhooks that one look brings.
const DUE_HOOKS_MAX: u32 = 1_000;
/// Events of a lane that follow each other before others have their turn.
const RUN_MAX: u32 = 64;
/// Webhooks whose secrets one look seals anew.
const RESEALED_MAX: u32 = 10_000;

/// Delivers events, on each node.
#[derive(Debug)]
pub struct Postman {
    hooks: Arc<Hooks>,
    board: Arc<Board>,
    /// No other node delivers.
    alone: bool,
}

/// What is being delivered. Tasks, and not futures of the postman's own: while it looks for more
/// nobody would go on with those, and what they hold (a connection to the database, a place in the
/// queue for one) would be missed by everybody else, and by itself.
type Lanes = JoinSet<WebhookId>;

impl Postman {
    /// Of these webhooks; `alone` if no other node delivers beside it.
    pub fn new(hooks: Arc<Hooks>, board: Arc<Board>, alone: bool) -> Self {
        Self { hooks, board, alone }
    }

    /// Delivers until `stop`, then finishes what it has begun.
    pub async fn run(self, stop: CancellationToken) {
        if self.alone {
            self.take_over().await;
        }
        let mut lanes = Lanes::new();
        let mut busy: BTreeMap<WebhookId, usize> = BTreeMap::new();
        let (mut tidied, mut turn) = (None::<Instant>, 0_usize);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(joined) = lanes.join_next() => freed(&mut busy, ended(joined)),
                () = self.hooks.bell.notified() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            if !self.hooks.anybody().await {
                continue;
            }
            if tidied.is_none_or(|at| at.elapsed() >= TIDY_EVERY) {
                tidied = Some(Instant::now());
                if let Err(error) = self.tidy().await {
                    tracing::debug!(%error, "webhooks are not tidied for now");
                }
            }
            turn = turn.wrapping_add(1);
            if let Err(error) = self.take(&mut lanes, &mut busy, turn, &stop).await {
                tracing::debug!(%error, "events for webhooks cannot be read for now");
            }
        }
        while let Some(joined) = lanes.join_next().await {
            freed(&mut busy, ended(joined));
        }
    }

    /// What a process that is gone was delivering is due at once.
    async fn take_over(&self) {
        let (store, now) = (&self.hooks.store, self.hooks.clock.now());
        let never = Timestamp::from_millis(0);
        if let Err(error) = store.tidy_hooks(never, 0, now, now).await {
            tracing::debug!(%error, "events for webhooks wait until their leases end");
        }
    }

    /// Takes what is due, as far as there are lanes free.
    async fn take(
        &self,
        lanes: &mut Lanes,
        busy: &mut BTreeMap<WebhookId, usize>,
        turn: usize,
        stop: &CancellationToken,
    ) -> Result<(), PeopleError> {
        if lanes.len() >= LANES_MAX {
            return Ok(());
        }
        let (store, now) = (&self.hooks.store, self.hooks.clock.now());
        let mut due = store.due_hooks(now, DUE_HOOKS_MAX).await?;
        // Another first each time, so that each has its turn where lanes are few.
        let first = turn.checked_rem(due.len()).unwrap_or_default();
        due.rotate_left(first);
        for hook in due {
            let held = busy.get(&hook.id).copied().unwrap_or_default();
            let free = LANES_MAX.saturating_sub(lanes.len());
            let free = free.min(LANES_PER_HOOK_MAX.saturating_sub(held));
            if free == 0 {
                continue;
            }
            let limit = u32::try_from(free).unwrap_or(u32::MAX);
            let events = store.lease_events(hook.id, now, now.plus(LEASE), limit).await?;
            for event in events {
                *busy.entry(hook.id).or_default() += 1;
                lanes.spawn(deliver(Arc::clone(&self.hooks), hook.clone(), event, stop.clone()));
            }
        }
        Ok(())
    }

    async fn tidy(&self) -> Result<(), PeopleError> {
        let (store, now) = (&self.hooks.store, self.hooks.clock.now());
        let beyond = now.plus(BACK_OFF.max + LEASE * 2);
        store.tidy_hooks(now.minus(KEPT_FOR), TIDIED_MAX, now, beyond).await?;
        let state = store.hooks_state().await?;
        let waits_ms = state.oldest_pending.map_or(0, |since| now.millis_since(since).max(0));
        metrics::gauge!("hongbao_webhook_oldest_pending_s").set(seconds(waits_ms));
        let is_so = state.paused > 0;
        self.board.set(Rung::WebhooksPaused, Place::Node, is_so, format_args!("{}", state.paused));
        self.reseal().await
    }

    /// Seals with the key of now what another has sealed, so that no key is needed for long.
    async fn reseal(&self) -> Result<(), PeopleError> {
        let Hooks { store, keys, entropy, .. } = &*self.hooks;
        for hook in store.hooks(None, RESEALED_MAX).await? {
            let sealing = Some(keys.sealing());
            let Secrets { now: secret, before } = &hook.secrets;
            let stays = |sealed| secret::key_of(sealed) == sealing;
            if stays(secret) && before.as_ref().is_none_or(|(sealed, _)| stays(sealed)) {
                continue;
            }
            let anew = |sealed| {
                let opened = secret::open(keys, Purpose::Webhook(hook.id), sealed)?;
                secret::seal(keys, Purpose::Webhook(hook.id), &opened, &**entropy).ok()
            };
            let Some(now) = anew(secret) else { continue };
            let before = before.as_ref().and_then(|(sealed, until)| Some((anew(sealed)?, *until)));
            store.change_secrets(hook.id, secret.clone(), Secrets { now, before }).await?;
        }
        Ok(())
    }
}

/// Delivers an event and those behind it.
async fn deliver(
    hooks: Arc<Hooks>,
    hook: StoredHook,
    event: LeasedEvent,
    stop: CancellationToken,
) -> WebhookId {
    let (mut next, mut run) = (Some(event), 0);
    while let Some(event) = next.take() {
        crash::before(Step::PostWebhook);
        let attempt = hooks.post(&hook, &event).await;
        crash::after(Step::PostWebhook);
        run += 1;
        let now = hooks.clock.now();
        let tried = became(&hook, &event, attempt.error.is_none(), now);
        if let Tried::Dead { .. } = tried {
            let (event, hook) = (&event.id, hook.id);
            tracing::warn!(%hook, event, "an event did not arrive at a webhook for days");
            metrics::counter!("hongbao_webhook_dead_events_total").increment(1);
        }
        let goes_on = run < RUN_MAX && !stop.is_cancelled();
        let until = goes_on.then(|| now.plus(LEASE));
        match hooks.store.settle_event(event, attempt, tried, until).await {
            Ok(after) => next = after,
            // The lease runs out, and it is delivered again.
            Err(error) => tracing::debug!(%error, "an attempt was not written down"),
        }
    }
    hook.id
}

fn freed(busy: &mut BTreeMap<WebhookId, usize>, hook: Option<WebhookId>) {
    let Some(hook) = hook else { return };
    if let Some(held) = busy.get_mut(&hook) {
        *held = held.saturating_sub(1);
        if *held == 0 {
            busy.remove(&hook);
        }
    }
}

fn became(hook: &StoredHook, event: &LeasedEvent, arrived: bool, now: Timestamp) -> Tried {
    if arrived {
        return Tried::Delivered;
    }
    let for_days = |since: Timestamp| now >= since.plus(TRIED_FOR);
    if !for_days(event.queued_at) {
        return Tried::Again(now.plus(BACK_OFF.after(event.attempts)));
    }
    Tried::Dead { pause: hook.failing_since.is_some_and(for_days) }
}

fn seconds(millis: i64) -> f64 {
    Duration::from_millis(millis.unsigned_abs()).as_secs_f64()
}
