//! Webhooks of services: what they are told, and how (R-API-5).

use super::services::External;
use crate::{
    ids::{GroupId, UserId, WebhookId},
    money::Fen,
    order_no::OrderNo,
    terms::Kind,
    timestamp::Timestamp,
};
use serde::{Deserialize, Serialize};

/// The longest URL of a webhook, in characters.
pub const URL_CHARS_MAX: usize = 2_048;

macro_rules! event_types {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $bit:literal;)*) => {
        /// What happened.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub enum EventType {
            $($(#[$doc])* #[serde(rename = $text)] $name,)*
        }

        impl EventType {
            /// Each of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// As it is written.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// Its bit where events are stored; never renumbered.
            pub const fn bit(self) -> u32 {
                match self { $(Self::$name => $bit,)* }
            }
        }
    };
}

event_types! {
    /// Somebody sent a packet to a linked room.
    PacketSent = "packet.sent", 1;
    /// Somebody opened a packet of a linked room: once for each share, in their order.
    PacketOpened = "packet.opened", 2;
    /// All shares of a packet of a linked room are taken.
    PacketFinished = "packet.finished", 4;
    /// The time of a packet of a linked room is over, and something is left.
    PacketExpired = "packet.expired", 8;
    /// A share is in the wallet of a linked person.
    PacketCredited = "packet.credited", 16;
    /// What was left of a packet is in the wallet of its sender, a linked person.
    PacketRefunded = "packet.refunded", 32;
    /// Somebody joined a linked room.
    MemberJoined = "member.joined", 64;
    /// Somebody asked for a test.
    WebhookTest = "webhook.test", 128;
}

/// `POST /service/webhooks`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewWebhook {
    /// Where events are posted to: `https`, or also `http` where private addresses are allowed.
    #[cfg_attr(
        feature = "openapi",
        schema(max_length = 2048, example = "https://bot.example.org/hongbao")
    )]
    pub url: String,
    /// What it hears; nothing stands for everything.
    #[serde(default)]
    pub events: Vec<EventType>,
}

/// Where a service is told what happens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Webhook {
    /// Which.
    pub id: WebhookId,
    /// Where events are posted to.
    pub url: String,
    /// What it hears.
    pub events: Vec<EventType>,
    /// When it was added.
    pub created_at: Timestamp,
    /// How many events wait for it.
    pub pending: u32,
    /// Since when nothing has arrived, if the last attempt failed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub failing_since: Option<Timestamp>,
    /// Since when it takes no new events. What waits is delivered.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub paused_at: Option<Timestamp>,
    /// Why: `full` where too much waits, `failing` where nothing arrived for days.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub paused_because: Option<Pause>,
}

/// Why a webhook takes no new events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Pause {
    /// As many events wait as may.
    Full,
    /// Nothing arrived for days.
    Failing,
}

/// The answer to `GET /service/webhooks`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WebhookList {
    /// All of the service's, in the order of their ids.
    pub webhooks: Vec<Webhook>,
}

/// A webhook that was added, or has another secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WebhookWithSecret {
    /// The webhook.
    pub webhook: Webhook,
    /// What signs from now on: `whsec_` and 32 bytes of base64, told this once.
    pub secret: String,
    /// Until when the secret before signs as well.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub old_until: Option<Timestamp>,
}

/// `POST /service/webhooks/{id}/replay`: one of both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Replay {
    /// Which event, by its `webhook-id`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub event_id: Option<String>,
    /// All events that happened from then on.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub since: Option<Timestamp>,
}

/// The answer to `POST /service/webhooks/{id}/replay`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Replayed {
    /// How many events are delivered again, under the ids that they had.
    pub events: u32,
}

/// One try to deliver an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Attempt {
    /// Which event: its `webhook-id`.
    pub event_id: String,
    /// What it tells.
    #[serde(rename = "type")]
    pub event_type: EventType,
    /// When it began.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub took_ms: u32,
    /// What was answered; nothing if there was no answer.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub status: Option<u16>,
    /// Why it was no success, in a sentence.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<String>,
}

/// The answer to `GET /service/webhooks/{id}/attempts`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AttemptList {
    /// The newest hundred, the newest first.
    pub attempts: Vec<Attempt>,
}

/// What is posted to a webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WebhookEvent {
    /// What happened.
    #[serde(rename = "type")]
    pub event_type: EventType,
    /// When.
    pub timestamp: Timestamp,
    /// To whom and to what.
    pub data: EventData,
}

/// To whom and to what something happened; what has no meaning for an event is not there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EventData {
    /// Which packet.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub order_no: Option<OrderNo>,
    /// In which group.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub group_id: Option<GroupId>,
    /// Which room that is to the service.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub room: Option<External>,
    /// Who sent the packet.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sender: Option<EventPerson>,
    /// Who opened, got money or joined.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub person: Option<EventPerson>,
    /// The sender's words, if there are any.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub greeting: Option<String>,
    /// How the packet is cut.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub kind: Option<Kind>,
    /// How many shares the packet has.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub shares: Option<u32>,
    /// Which share was opened or credited, counted from 0.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub share: Option<u32>,
    /// Of an exclusive packet, for whom it is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub recipient: Option<EventPerson>,
    /// Of a finished packet, who had the best luck.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub best_luck: Option<EventPerson>,
    /// What came into the person's wallet, in fen.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub amount_fen: Option<Fen>,
}

/// Somebody in an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EventPerson {
    /// Their id here.
    pub user_id: UserId,
    /// Who they are to the service, if it has linked them.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub linked: Option<External>,
}

impl From<UserId> for EventPerson {
    fn from(user_id: UserId) -> Self {
        Self { user_id, linked: None }
    }
}
