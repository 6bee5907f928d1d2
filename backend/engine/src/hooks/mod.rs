//! Webhooks of services (R-API-5): where programs are told what happens.
//!
//! Outbox workers write down what webhooks hear (`telling`), a postman delivers it (`postman`).
//! Nothing waits for a webhook, money least of all.

mod postman;
mod sign;
mod telling;

pub use postman::Postman;
pub use telling::{Telling, Told};

use crate::{
    accounts::ID_DRAWS_MAX,
    courier::{Anybody, Courier, LOOK_AGAIN, Letter},
    keys::{
        Keys,
        secret::{self, Purpose},
    },
};
use hongbao_domain::{
    Refusal,
    runtime::{Clock, Entropy},
    store::people::{
        Again, EventTypes, HookAttempt, LeasedEvent, NewHook, PeopleError, PeopleStore, Secrets,
        StoredHook,
    },
};
use hongbao_shared::{
    ErrorCode, ServiceId, Timestamp, WebhookId,
    api::webhooks::{
        Attempt, EventData, EventType, NewWebhook, Replay, URL_CHARS_MAX, Webhook,
        WebhookWithSecret,
    },
};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{Notify, Semaphore},
    time::Instant,
};

/// How long the secret before signs as well, after another was made.
pub const SECRETS_OVERLAP: Duration = Duration::from_hours(24);
/// How many attempts are shown.
const ATTEMPTS_SHOWN_MAX: u32 = 100;
/// The most webhooks that one look brings: more than services and their limit allow for.
const HOOKS_MAX: u32 = 10_000;
/// Tests at a time on a node; whoever asks for one waits for it.
const TESTS_MAX: usize = 8;
/// The longest reason that is kept, in characters.
const REASON_CHARS_MAX: usize = 512;

/// What is set.
#[derive(Clone, Copy, Debug)]
pub struct HooksSettings {
    /// The most webhooks of a service.
    pub per_service_max: u32,
    /// The most events that wait for one.
    pub pending_max: u32,
}

/// The webhooks of services.
#[derive(Debug)]
pub struct Hooks {
    store: Arc<dyn PeopleStore>,
    keys: Keys,
    courier: Option<Arc<dyn Courier>>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    settings: HooksSettings,
    listeners: Anybody,
    /// Something may be due.
    bell: Notify,
    tests: Semaphore,
}

impl Hooks {
    /// On the store of people; without a courier nothing is ever posted.
    pub fn new(
        store: Arc<dyn PeopleStore>,
        keys: Keys,
        courier: Option<Arc<dyn Courier>>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        settings: HooksSettings,
    ) -> Self {
        Self {
            store,
            keys,
            courier,
            clock,
            entropy,
            settings,
            listeners: Anybody::default(),
            bell: Notify::new(),
            tests: Semaphore::new(TESTS_MAX),
        }
    }

    /// Is anything ever posted?
    pub(crate) fn tells(&self) -> bool {
        self.courier.is_some()
    }

    /// Adds a webhook, with the secret that signs, told this once. `webhook_url_invalid`,
    /// `webhook_exists`, `too_many_webhooks`.
    pub async fn add(
        &self,
        service: ServiceId,
        new: NewWebhook,
    ) -> Result<WebhookWithSecret, Refusal> {
        let NewWebhook { url, events } = new;
        let fits = url.chars().count() <= URL_CHARS_MAX;
        let checked = match &self.courier {
            Some(courier) if fits => courier.check(&url),
            Some(_) => Err(format!("It is longer than {URL_CHARS_MAX} characters.")),
            None => Err("This server posts nothing.".to_owned()),
        };
        checked.map_err(|why| Refusal::new(ErrorCode::WebhookUrlInvalid).detail(why))?;
        let bytes = self.entropy.bytes32();
        let mut draws = 0;
        loop {
            let id = WebhookId::from_random(self.entropy.bits());
            let hook = NewHook {
                id,
                service,
                url: url.clone(),
                types: EventTypes::of(&events),
                secret: secret::seal(&self.keys, Purpose::Webhook(id), &bytes, &*self.entropy)?,
                at: self.clock.now(),
                per_service_max: self.settings.per_service_max,
                pending_max: self.settings.pending_max,
            };
            draws += 1;
            match self.store.add_hook(hook).await {
                Ok(()) => {
                    self.listeners.came();
                    let webhook = shown(self.find(service, id).await?);
                    return Ok(WebhookWithSecret {
                        webhook,
                        secret: sign::text(&bytes),
                        old_until: None,
                    });
                }
                Err(PeopleError::IdTaken) if draws < ID_DRAWS_MAX => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The webhooks of a service.
    pub async fn list(&self, service: ServiceId) -> Result<Vec<Webhook>, Refusal> {
        let hooks = self.store.hooks(Some(service), HOOKS_MAX).await?;
        Ok(hooks.into_iter().map(shown).collect())
    }

    /// One of them. `webhook_not_found`.
    pub async fn get(&self, service: ServiceId, id: WebhookId) -> Result<Webhook, Refusal> {
        Ok(shown(self.find(service, id).await?))
    }

    async fn find(&self, service: ServiceId, id: WebhookId) -> Result<StoredHook, Refusal> {
        let hooks = self.store.hooks(Some(service), HOOKS_MAX).await?;
        let hook = hooks.into_iter().find(|hook| hook.id == id);
        hook.ok_or_else(|| ErrorCode::WebhookNotFound.into())
    }

    /// Removes one with all that waits for it. `webhook_not_found`.
    pub async fn remove(&self, service: ServiceId, id: WebhookId) -> Result<(), Refusal> {
        if self.store.remove_hook(service, id).await? {
            return Ok(());
        }
        Err(ErrorCode::WebhookNotFound.into())
    }

    /// Another secret, told this once; the one before signs as well for a day.
    /// `webhook_not_found`.
    pub async fn rotate(
        &self,
        service: ServiceId,
        id: WebhookId,
    ) -> Result<WebhookWithSecret, Refusal> {
        let hook = self.find(service, id).await?;
        let bytes = self.entropy.bytes32();
        let now = secret::seal(&self.keys, Purpose::Webhook(id), &bytes, &*self.entropy)?;
        let old_until = self.clock.now().plus(SECRETS_OVERLAP);
        let from = hook.secrets.now.clone();
        let to = Secrets { now, before: Some((from.clone(), old_until)) };
        if !self.store.change_secrets(id, from, to).await? {
            // Somebody else made another at the same moment, or removed it.
            return Err(Refusal::new(ErrorCode::Unavailable).retry_after(LOOK_AGAIN));
        }
        Ok(WebhookWithSecret {
            webhook: shown(hook),
            secret: sign::text(&bytes),
            old_until: Some(old_until),
        })
    }

    /// Has it take new events again. `webhook_not_found`.
    pub async fn resume(&self, service: ServiceId, id: WebhookId) -> Result<Webhook, Refusal> {
        if !self.store.resume_hook(service, id).await? {
            return Err(ErrorCode::WebhookNotFound.into());
        }
        self.get(service, id).await
    }

    /// Has events delivered again, under the ids that they had: how many. `webhook_not_found`,
    /// `replay_invalid`, `webhook_event_not_found`.
    pub async fn replay(
        &self,
        service: ServiceId,
        id: WebhookId,
        replay: Replay,
    ) -> Result<u32, Refusal> {
        let hook = self.find(service, id).await?;
        let again = match replay {
            Replay { event_id: Some(event), since: None } => Again::Event(event),
            Replay { event_id: None, since: Some(since) } => Again::Since(since),
            _ => return Err(ErrorCode::ReplayInvalid.into()),
        };
        let is_one = matches!(again, Again::Event(_));
        let count = self.store.replay(hook.id, again, self.clock.now()).await?;
        if is_one && count == 0 {
            return Err(ErrorCode::WebhookEventNotFound.into());
        }
        self.bell.notify_one();
        Ok(count)
    }

    /// What was tried last, the newest first. `webhook_not_found`.
    pub async fn attempts(
        &self,
        service: ServiceId,
        id: WebhookId,
    ) -> Result<Vec<Attempt>, Refusal> {
        let hook = self.find(service, id).await?;
        let attempts = self.store.attempts(hook.id, ATTEMPTS_SHOWN_MAX).await?;
        Ok(attempts.into_iter().map(attempt_shown).collect())
    }

    /// Posts an event of type `webhook.test` now, and waits for what becomes of it.
    /// `webhook_not_found`.
    pub async fn test(&self, service: ServiceId, id: WebhookId) -> Result<Attempt, Refusal> {
        let hook = self.find(service, id).await?;
        let Ok(_turn) = self.tests.try_acquire() else {
            return Err(Refusal::new(ErrorCode::RateLimited).retry_after(LOOK_AGAIN));
        };
        let at = self.clock.now();
        let event = LeasedEvent {
            row: 0,
            hook: id,
            id: format!("evt_test_{id}_{}", at.millis()),
            event_type: EventType::WebhookTest,
            at,
            data: EventData::default(),
            queued_at: at,
            attempts: 0,
        };
        Ok(attempt_shown(self.post(&hook, &event).await))
    }

    /// Is there any webhook at all?
    async fn anybody(&self) -> bool {
        let look = async { Ok(!self.store.hooks(None, 1).await?.is_empty()) };
        self.listeners.is_there(look).await
    }

    /// Tries to deliver an event.
    async fn post(&self, hook: &StoredHook, event: &LeasedEvent) -> HookAttempt {
        let (at, began) = (self.clock.now(), Instant::now());
        let answered = match (self.letter(hook, event, at).await, &self.courier) {
            (Ok(letter), Some(courier)) => courier.post(letter).await,
            (Ok(_), None) => Err("This server posts nothing.".to_owned()),
            (Err(why), _) => Err(why),
        };
        let (status, error) = match answered {
            Ok(status @ 200..=299) => (Some(status), None),
            Ok(status @ 300..=399) => {
                (Some(status), Some(format!("It answered {status}; redirects are not followed.")))
            }
            Ok(status) => (Some(status), Some(format!("It answered {status}."))),
            Err(why) => (None, Some(why.chars().take(REASON_CHARS_MAX).collect())),
        };
        let outcome = if error.is_none() { "delivered" } else { "failed" };
        metrics::counter!("hongbao_webhook_attempts_total", "outcome" => outcome).increment(1);
        HookAttempt {
            event_id: event.id.clone(),
            event_type: event.event_type,
            at,
            took_ms: u32::try_from(began.elapsed().as_millis()).unwrap_or(u32::MAX),
            status,
            error,
        }
    }

    async fn letter(
        &self,
        hook: &StoredHook,
        event: &LeasedEvent,
        now: Timestamp,
    ) -> Result<Letter, String> {
        let before = hook.secrets.before.as_ref().filter(|(_, until)| now < *until);
        let sealed = std::iter::once(&hook.secrets.now).chain(before.map(|(sealed, _)| sealed));
        let secrets: Option<Vec<_>> = sealed
            .map(|sealed| secret::open(&self.keys, Purpose::Webhook(hook.id), sealed))
            .collect();
        let secrets = secrets.ok_or("The key that the secret is sealed with is missing here.")?;
        let body = telling::body(&*self.store, hook.service, event).await;
        let body = body.map_err(|error| format!("Names could not be read: {error}."))?;
        let mut headers = sign::headers(&event.id, now, &body, &secrets);
        headers.push(("content-type", "application/json".to_owned()));
        Ok(Letter { url: hook.url.clone(), headers, body: body.into_bytes() })
    }
}

fn attempt_shown(attempt: HookAttempt) -> Attempt {
    let HookAttempt { event_id, event_type, at, took_ms, status, error } = attempt;
    Attempt { event_id, event_type, at, took_ms, status, error }
}

fn shown(hook: StoredHook) -> Webhook {
    let (paused_at, why) = hook.paused.unzip();
    Webhook {
        id: hook.id,
        url: hook.url,
        events: hook.types.iter().collect(),
        created_at: hook.created_at,
        pending: hook.pending,
        failing_since: hook.failing_since,
        paused_at,
        paused_because: why.flatten(),
    }
}
