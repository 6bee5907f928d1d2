//! The webhooks of services, and what they are still to be told.

use super::{super::size, MemoryPeople, State, ensure};
use async_trait::async_trait;
use hongbao_domain::store::people::{
    Again, Audience, Externals, HookAttempt, HookStore, HooksState, LeasedEvent, NewEvent, NewHook,
    PeopleError, SealedSecret, Secrets, StoredHook, Tried,
};
use hongbao_shared::{
    GroupId, ServiceId, Timestamp, UserId, WebhookId,
    api::{services::External, webhooks::Pause},
};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Default)]
pub(super) struct Hooks {
    all: BTreeMap<WebhookId, Hook>,
    last_row: i64,
}

#[derive(Clone)]
struct Hook {
    stored: StoredHook,
    pending_max: u32,
    /// By their rows.
    events: BTreeMap<i64, Event>,
    attempts: Vec<HookAttempt>,
}

#[derive(Clone)]
struct Event {
    leased: LeasedEvent,
    lane: String,
    state: EventState,
    due_at: Option<Timestamp>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum EventState {
    Waits,
    Over,
}

impl Hook {
    fn waits(&self, id: &str) -> bool {
        self.events.values().any(|event| event.leased.id == id)
    }

    fn count(&mut self) {
        let waits = self.events.values().filter(|event| event.state == EventState::Waits);
        self.stored.pending = u32::try_from(waits.count()).unwrap_or(u32::MAX);
    }

    /// The first that waits of each of these lanes is due, and no other.
    fn heads(&mut self, lanes: &BTreeSet<String>, due: Timestamp) {
        let mut seen = BTreeSet::new();
        for event in self.events.values_mut() {
            if event.state != EventState::Waits || !lanes.contains(&event.lane) {
                continue;
            }
            if seen.insert(event.lane.clone()) {
                event.due_at = event.due_at.or(Some(due));
            } else {
                event.due_at = None;
            }
        }
    }
}

impl State {
    /// Has these events delivered to the webhooks that hear them.
    pub(super) fn tell(&mut self, events: &[NewEvent], now: Timestamp) {
        let State { hooks, services, .. } = self;
        for hook in hooks.all.values_mut() {
            let service = hook.stored.service;
            if hook.stored.paused.is_some() || !services.is_live(service) {
                continue;
            }
            let mut lanes = BTreeSet::new();
            for event in events {
                let hears = hook.stored.types.has(event.event_type)
                    && services.has_linked(service, event.to)
                    && !hook.waits(&event.id);
                if !hears {
                    continue;
                }
                hook.count();
                if hook.stored.pending >= hook.pending_max {
                    hook.stored.paused = Some((now, Some(Pause::Full)));
                    break;
                }
                hooks.last_row += 1;
                let leased = LeasedEvent {
                    row: hooks.last_row,
                    hook: hook.stored.id,
                    id: event.id.clone(),
                    event_type: event.event_type,
                    at: event.at,
                    data: event.data.clone(),
                    queued_at: now,
                    attempts: 0,
                };
                let (lane, state) = (event.lane.clone(), EventState::Waits);
                lanes.insert(lane.clone());
                let event = Event { leased, lane, state, due_at: None };
                hook.events.insert(hooks.last_row, event);
            }
            hook.heads(&lanes, now);
            hook.count();
        }
    }
}

#[async_trait]
impl HookStore for MemoryPeople {
    async fn add_hook(&self, new: NewHook) -> Result<(), PeopleError> {
        let state = &mut *self.state.lock();
        ensure((1..=2048).contains(&new.url.chars().count()), "webhooks_url_long")?;
        ensure(new.pending_max >= 1, "webhooks_pending")?;
        ensure(state.services.exists(new.service), "webhooks_service_id_fkey")?;
        if state.hooks.all.contains_key(&new.id) {
            return Err(PeopleError::IdTaken);
        }
        let theirs = || state.hooks.all.values().filter(|hook| hook.stored.service == new.service);
        if theirs().any(|hook| hook.stored.url == new.url) {
            return Err(PeopleError::HookExists);
        }
        if theirs().count() >= size(new.per_service_max) {
            return Err(PeopleError::TooManyHooks);
        }
        let stored = StoredHook {
            id: new.id,
            service: new.service,
            url: new.url,
            types: new.types,
            secrets: Secrets { now: new.secret, before: None },
            created_at: new.at,
            pending: 0,
            failing_since: None,
            paused: None,
        };
        let pending_max = new.pending_max;
        let (events, attempts) = (BTreeMap::new(), Vec::new());
        state.hooks.all.insert(new.id, Hook { stored, pending_max, events, attempts });
        Ok(())
    }

    async fn hooks(
        &self,
        service: Option<ServiceId>,
        limit: u32,
    ) -> Result<Vec<StoredHook>, PeopleError> {
        let state = self.state.lock();
        let all = state.hooks.all.values().map(|hook| &hook.stored);
        let theirs = all.filter(|hook| service.is_none_or(|service| hook.service == service));
        Ok(theirs.take(size(limit)).cloned().collect())
    }

    async fn remove_hook(&self, service: ServiceId, id: WebhookId) -> Result<bool, PeopleError> {
        let all = &mut self.state.lock().hooks.all;
        let theirs = all.get(&id).is_some_and(|hook| hook.stored.service == service);
        Ok(theirs && all.remove(&id).is_some())
    }

    async fn change_secrets(
        &self,
        id: WebhookId,
        from: SealedSecret,
        to: Secrets,
    ) -> Result<bool, PeopleError> {
        let state = &mut *self.state.lock();
        let hook = state.hooks.all.get_mut(&id).filter(|hook| hook.stored.secrets.now == from);
        Ok(hook.map(|hook| hook.stored.secrets = to).is_some())
    }

    async fn resume_hook(&self, service: ServiceId, id: WebhookId) -> Result<bool, PeopleError> {
        let state = &mut *self.state.lock();
        let hook = state.hooks.all.get_mut(&id).filter(|hook| hook.stored.service == service);
        let resume = |hook: &mut Hook| {
            hook.stored.paused = None;
            hook.stored.failing_since = None;
        };
        Ok(hook.map(resume).is_some())
    }

    async fn heard(&self, of: &[Audience]) -> Result<Vec<Audience>, PeopleError> {
        let state = self.state.lock();
        let hears = |audience: &Audience| {
            state.hooks.all.values().any(|hook| {
                hook.stored.paused.is_none()
                    && state.services.is_live(hook.stored.service)
                    && state.services.has_linked(hook.stored.service, *audience)
            })
        };
        Ok(of.iter().copied().filter(hears).collect())
    }

    async fn tell(&self, events: Vec<NewEvent>, now: Timestamp) -> Result<(), PeopleError> {
        self.state.lock().tell(&events, now);
        Ok(())
    }

    async fn due_hooks(&self, now: Timestamp, limit: u32) -> Result<Vec<StoredHook>, PeopleError> {
        let state = self.state.lock();
        let is_due = |event: &Event| event.due_at.is_some_and(|due| due <= now);
        let due = state.hooks.all.values().filter(|hook| {
            state.services.is_live(hook.stored.service) && hook.events.values().any(is_due)
        });
        Ok(due.map(|hook| hook.stored.clone()).take(size(limit)).collect())
    }

    async fn lease_events(
        &self,
        hook: WebhookId,
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<LeasedEvent>, PeopleError> {
        let state = &mut *self.state.lock();
        let Some(hook) = state.hooks.all.get_mut(&hook) else { return Ok(Vec::new()) };
        let due = hook.events.iter().filter_map(|(row, event)| Some((event.due_at?, *row)));
        let mut due: Vec<_> = due.filter(|(due, _)| *due <= now).collect();
        due.sort_unstable();
        due.truncate(size(limit));
        let mut leased = Vec::new();
        for (_, row) in due {
            if let Some(event) = hook.events.get_mut(&row) {
                event.due_at = Some(until);
                leased.push(event.leased.clone());
            }
        }
        leased.sort_by_key(|event| event.row);
        Ok(leased)
    }

    async fn settle_event(
        &self,
        event: LeasedEvent,
        attempt: HookAttempt,
        tried: Tried,
        next_until: Option<Timestamp>,
    ) -> Result<Option<LeasedEvent>, PeopleError> {
        let state = &mut *self.state.lock();
        let Some(hook) = state.hooks.all.get_mut(&event.hook) else { return Ok(None) };
        let at = attempt.at;
        hook.attempts.push(attempt);
        let row = hook.events.get_mut(&event.row);
        let Some(row) = row.filter(|row| row.state == EventState::Waits) else { return Ok(None) };
        row.leased.attempts += 1;
        row.due_at = if let Tried::Again(due) = tried { Some(due) } else { None };
        row.state = if row.due_at.is_some() { EventState::Waits } else { EventState::Over };
        let (is_over, lanes) = (row.due_at.is_none(), BTreeSet::from([row.lane.clone()]));
        let failing_since = hook.stored.failing_since.or(Some(at));
        hook.stored.failing_since = if tried == Tried::Delivered { None } else { failing_since };
        if tried == (Tried::Dead { pause: true }) {
            for event in hook.events.values_mut() {
                (event.state, event.due_at) = (EventState::Over, None);
            }
            hook.stored.paused = Some((at, Some(Pause::Failing)));
        }
        hook.heads(&lanes, next_until.unwrap_or(at));
        hook.count();
        let head = hook
            .events
            .values()
            .find(|other| other.state == EventState::Waits && lanes.contains(&other.lane));
        let next = head.filter(|next| next.due_at == next_until && next.leased.row > event.row);
        Ok(next.filter(|_| is_over && next_until.is_some()).map(|next| next.leased.clone()))
    }

    async fn replay(
        &self,
        hook: WebhookId,
        again: Again,
        now: Timestamp,
    ) -> Result<u32, PeopleError> {
        let state = &mut *self.state.lock();
        let Some(hook) = state.hooks.all.get_mut(&hook) else { return Ok(0) };
        let room = size(hook.pending_max).saturating_sub(size(hook.stored.pending));
        let asked = |event: &&mut Event| {
            event.state == EventState::Over
                && match &again {
                    Again::Event(id) => event.leased.id == *id,
                    Again::Since(since) => event.leased.at >= *since,
                }
        };
        let most = if let Again::Event(_) = again { 1 } else { room };
        let (mut lanes, mut count) = (BTreeSet::new(), 0);
        for event in hook.events.values_mut().filter(asked).take(most) {
            event.state = EventState::Waits;
            (event.leased.queued_at, event.leased.attempts) = (now, 0);
            lanes.insert(event.lane.clone());
            count += 1;
        }
        hook.heads(&lanes, now);
        hook.count();
        Ok(count)
    }

    async fn attempts(&self, hook: WebhookId, limit: u32) -> Result<Vec<HookAttempt>, PeopleError> {
        let state = self.state.lock();
        let attempts = state.hooks.all.get(&hook).map(|hook| hook.attempts.iter().rev());
        Ok(attempts.into_iter().flatten().take(size(limit)).cloned().collect())
    }

    async fn externals(
        &self,
        service: ServiceId,
        people: &[UserId],
        room: Option<GroupId>,
    ) -> Result<Externals, PeopleError> {
        Ok(self.state.lock().services.externals(service, people, room))
    }

    async fn tidy_hooks(
        &self,
        before: Timestamp,
        _limit: u32,
        now: Timestamp,
        beyond: Timestamp,
    ) -> Result<(), PeopleError> {
        for hook in self.state.lock().hooks.all.values_mut() {
            hook.attempts.retain(|attempt| attempt.at >= before);
            hook.events.retain(|_, event| {
                event.state == EventState::Waits || event.leased.queued_at >= before
            });
            for event in hook.events.values_mut() {
                event.due_at = event.due_at.map(|due| if due > beyond { now } else { due });
            }
        }
        Ok(())
    }

    async fn hooks_state(&self) -> Result<HooksState, PeopleError> {
        let state = self.state.lock();
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let all = state.hooks.all.values();
        let live: Vec<_> = all.filter(|hook| state.services.is_live(hook.stored.service)).collect();
        let due = live.iter().flat_map(|hook| hook.events.values());
        Ok(HooksState {
            hooks: count(live.len()),
            paused: count(live.iter().filter(|hook| hook.stored.paused.is_some()).count()),
            oldest_pending: due
                .filter(|event| event.due_at.is_some())
                .map(|event| event.leased.queued_at)
                .min(),
        })
    }
}

/// The links of services, as webhooks look at them.
impl super::services::Services {
    fn has_linked(&self, service: ServiceId, audience: Audience) -> bool {
        match audience {
            Audience::Room(room) => self.rooms_of(service).any(|(_, linked)| linked == room),
            Audience::Person(one) => self.people_of(service).any(|(_, linked)| linked == one),
        }
    }

    fn externals(&self, service: ServiceId, people: &[UserId], room: Option<GroupId>) -> Externals {
        let known = self.people_of(service).filter(|(_, user)| people.contains(user));
        let mut known: Vec<(UserId, External)> =
            known.map(|(external, user)| (user, external.clone())).collect();
        known.sort();
        let room = self.rooms_of(service).find(|(_, group)| Some(*group) == room);
        Externals { people: known, room: room.map(|(external, _)| external.clone()) }
    }
}
