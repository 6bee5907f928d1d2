//! What the store of people takes and gives: the webhooks of services, and what they are
//! still to be told (R-API-5).
//!
//! Events of a webhook wait in lanes, one per packet; only the head of a lane is due, so that
//! the events of a packet arrive in their order. An event has an id that follows from what
//! happened: telling it again tells nothing new.

use super::PeopleError;
use async_trait::async_trait;
use hongbao_shared::{
    Fen, GroupId, MessageId, OrderNo, ServiceId, Timestamp, UserId, WebhookId,
    api::{
        services::External,
        webhooks::{EventData, EventType, Pause},
    },
};
use std::fmt;

/// Which events a webhook hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventTypes(u32);

impl EventTypes {
    /// These; for nothing, all that there are but tests, which it need not ask for.
    pub fn of(types: &[EventType]) -> Self {
        let bits = |types: &[EventType]| types.iter().fold(0, |bits, one| bits | one.bit());
        let asked = bits(types) & !EventType::WebhookTest.bit();
        Self(if asked == 0 { bits(EventType::ALL) & !EventType::WebhookTest.bit() } else { asked })
    }

    /// As they are stored. What only a later version knows is nothing to this one.
    pub fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// As they are stored.
    pub fn bits(self) -> u32 {
        self.0
    }

    /// Is this one of them?
    pub fn has(self, one: EventType) -> bool {
        self.0 & one.bit() != 0
    }

    /// Each of them.
    pub fn iter(self) -> impl Iterator<Item = EventType> {
        EventType::ALL.iter().copied().filter(move |one| self.has(*one))
    }
}

/// A secret that signs, sealed under a key that lives outside the database.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedSecret(pub Vec<u8>);

impl fmt::Debug for SealedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealedSecret")
    }
}

/// What signs the events of a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secrets {
    /// Signs.
    pub now: SealedSecret,
    /// Signs as well until then.
    pub before: Option<(SealedSecret, Timestamp)>,
}

/// A webhook to be added.
#[derive(Clone, Debug)]
pub struct NewHook {
    /// A fresh random id.
    pub id: WebhookId,
    /// Whose.
    pub service: ServiceId,
    /// Where events are posted to; 1 to 2,048 characters, unique for the service.
    pub url: String,
    /// What it hears.
    pub types: EventTypes,
    /// What signs.
    pub secret: SealedSecret,
    /// When.
    pub at: Timestamp,
    /// How many the service may have.
    pub per_service_max: u32,
    /// How many events may wait for it; at least 1.
    pub pending_max: u32,
}

/// A webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredHook {
    /// Which.
    pub id: WebhookId,
    /// Whose.
    pub service: ServiceId,
    /// Where events are posted to.
    pub url: String,
    /// What it hears.
    pub types: EventTypes,
    /// What signs.
    pub secrets: Secrets,
    /// When it was added.
    pub created_at: Timestamp,
    /// How many events wait.
    pub pending: u32,
    /// Since when nothing has arrived, if the last attempt failed.
    pub failing_since: Option<Timestamp>,
    /// Since when it takes no new events, and why, where this version knows it.
    pub paused: Option<(Timestamp, Option<Pause>)>,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// Which: the same for the same event, whoever tells it how often. Printable ASCII
    /// without a full stop.
    pub id: String,
    /// Events of one lane arrive one after the other.
    pub lane: String,
    /// What.
    pub event_type: EventType,
    /// To whose services it is told.
    pub to: Audience,
    /// When it happened.
    pub at: Timestamp,
    /// To whom and to what.
    pub data: EventData,
}

/// To whose services something is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Audience {
    /// To those that have linked this room.
    Room(GroupId),
    /// To those that have linked this person.
    Person(UserId),
}

impl NewEvent {
    fn of_packet(
        what: &str,
        order_no: OrderNo,
        event_type: EventType,
        to: Audience,
        at: Timestamp,
        data: EventData,
    ) -> Self {
        Self {
            id: format!("evt_{what}"),
            lane: order_no.to_string(),
            event_type,
            to,
            at,
            data: EventData { order_no: Some(order_no), ..data },
        }
    }

    /// Something of a packet of a room; `what` is it in one word.
    pub fn of_room(
        what: &str,
        event_type: EventType,
        order_no: OrderNo,
        room: GroupId,
        at: Timestamp,
        data: EventData,
    ) -> Self {
        let what = format!("{what}_{order_no}");
        let data = EventData { group_id: Some(room), ..data };
        Self::of_packet(&what, order_no, event_type, Audience::Room(room), at, data)
    }

    /// A share was opened.
    pub fn opened(order_no: OrderNo, room: GroupId, share: u32, by: UserId, at: Timestamp) -> Self {
        let data = EventData {
            group_id: Some(room),
            person: Some(by.into()),
            share: Some(share),
            ..EventData::default()
        };
        let (what, to) = (format!("opened_{order_no}_{share}"), Audience::Room(room));
        Self::of_packet(&what, order_no, EventType::PacketOpened, to, at, data)
    }

    /// A share is in a wallet.
    pub fn credited(order_no: OrderNo, share: u32, to: UserId, amount: Fen, at: Timestamp) -> Self {
        let data = EventData {
            person: Some(to.into()),
            share: Some(share),
            amount_fen: Some(amount),
            ..EventData::default()
        };
        let (what, to) = (format!("credited_{order_no}_{share}"), Audience::Person(to));
        Self::of_packet(&what, order_no, EventType::PacketCredited, to, at, data)
    }

    /// What was left is in its sender's wallet.
    pub fn refunded(order_no: OrderNo, to: UserId, amount: Fen, at: Timestamp) -> Self {
        let data =
            EventData { person: Some(to.into()), amount_fen: Some(amount), ..EventData::default() };
        let (what, to) = (format!("refunded_{order_no}"), Audience::Person(to));
        Self::of_packet(&what, order_no, EventType::PacketRefunded, to, at, data)
    }

    /// Somebody joined, which is that entry of the room's log.
    pub fn joined(room: GroupId, member: UserId, entry: MessageId, at: Timestamp) -> Self {
        Self {
            id: format!("evt_joined_{room}_{entry}"),
            lane: format!("room-{room}"),
            event_type: EventType::MemberJoined,
            to: Audience::Room(room),
            at,
            data: EventData {
                group_id: Some(room),
                person: Some(member.into()),
                ..EventData::default()
            },
        }
    }
}

/// An event that its holder delivers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeasedEvent {
    /// Its row.
    pub row: i64,
    /// To which webhook.
    pub hook: WebhookId,
    /// Which event.
    pub id: String,
    /// What.
    pub event_type: EventType,
    /// When it happened.
    pub at: Timestamp,
    /// To whom and to what.
    pub data: EventData,
    /// Since when it waits.
    pub queued_at: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
}

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tried {
    /// It has arrived.
    Delivered,
    /// Again, then.
    Again(Timestamp),
    /// Never again; the webhook takes no more events if nothing has arrived for so long, and
    /// what waits for it dies too.
    Dead {
        /// Has nothing arrived for days?
        pause: bool,
    },
}

/// An attempt, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookAttempt {
    /// Which event.
    pub event_id: String,
    /// What.
    pub event_type: EventType,
    /// When it began.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub took_ms: u32,
    /// What was answered.
    pub status: Option<u16>,
    /// Why it was no success, at most 512 characters.
    pub error: Option<String>,
}

/// Which events are delivered again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Again {
    /// This one.
    Event(String),
    /// All that happened from then on.
    Since(Timestamp),
}

/// Who some people, and a room, are to a service; those that it has not linked are missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Externals {
    /// Each of the people.
    pub people: Vec<(UserId, External)>,
    /// The room.
    pub room: Option<External>,
}

/// How webhooks of services that are not revoked are, for metrics and the board.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HooksState {
    /// How many there are.
    pub hooks: u32,
    /// How many of them take no new events.
    pub paused: u32,
    /// Since when the event waits that waits longest.
    pub oldest_pending: Option<Timestamp>,
}

/// The webhooks of services.
#[async_trait]
pub trait HookStore: Send + Sync + fmt::Debug {
    /// Adds a webhook. `IdTaken`, `HookExists`, `TooManyHooks`.
    async fn add_hook(&self, hook: NewHook) -> Result<(), PeopleError>;

    /// All webhooks, or those of a service, in the order of their ids, at most `limit`.
    async fn hooks(
        &self,
        service: Option<ServiceId>,
        limit: u32,
    ) -> Result<Vec<StoredHook>, PeopleError>;

    /// Removes a webhook of a service with its events. False if there is none.
    async fn remove_hook(&self, service: ServiceId, id: WebhookId) -> Result<bool, PeopleError>;

    /// Gives a webhook other secrets, if it still has `from`.
    async fn change_secrets(
        &self,
        id: WebhookId,
        from: SealedSecret,
        to: Secrets,
    ) -> Result<bool, PeopleError>;

    /// Has a webhook of a service take new events again. False if there is none.
    async fn resume_hook(&self, service: ServiceId, id: WebhookId) -> Result<bool, PeopleError>;

    /// Those of these to whose services anything is told.
    async fn heard(&self, of: &[Audience]) -> Result<Vec<Audience>, PeopleError>;

    /// Has events delivered that are not known yet, in this order and in one transaction, to the
    /// webhooks that hear them; one for which more would wait than may is paused instead.
    async fn tell(&self, events: Vec<NewEvent>, now: Timestamp) -> Result<(), PeopleError>;

    /// Webhooks for which something is due, in the order of their ids, at most `limit`.
    async fn due_hooks(&self, now: Timestamp, limit: u32) -> Result<Vec<StoredHook>, PeopleError>;

    /// Takes heads of lanes that are due, at most `limit`, until `until`.
    async fn lease_events(
        &self,
        hook: WebhookId,
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<LeasedEvent>, PeopleError>;

    /// Writes down an attempt and what became of it. If that event is over, the next of its lane
    /// is due at once; it is given back, taken until `next_until`, if that is given.
    async fn settle_event(
        &self,
        event: LeasedEvent,
        attempt: HookAttempt,
        tried: Tried,
        next_until: Option<Timestamp>,
    ) -> Result<Option<LeasedEvent>, PeopleError>;

    /// Has events that are over delivered again, under the ids that they had. How many.
    async fn replay(
        &self,
        hook: WebhookId,
        again: Again,
        now: Timestamp,
    ) -> Result<u32, PeopleError>;

    /// The newest attempts, the newest first, at most `limit`.
    async fn attempts(&self, hook: WebhookId, limit: u32) -> Result<Vec<HookAttempt>, PeopleError>;

    /// Who these people and this room are to a service.
    async fn externals(
        &self,
        service: ServiceId,
        people: &[UserId],
        room: Option<GroupId>,
    ) -> Result<Externals, PeopleError>;

    /// Forgets attempts, and events that are over, from before `before`, at most `limit` of
    /// each; has due at `now` what would be due after `beyond`.
    async fn tidy_hooks(
        &self,
        before: Timestamp,
        limit: u32,
        now: Timestamp,
        beyond: Timestamp,
    ) -> Result<(), PeopleError>;

    /// How webhooks are.
    async fn hooks_state(&self) -> Result<HooksState, PeopleError>;
}

#[cfg(test)]
mod tests;
