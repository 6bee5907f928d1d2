//! Groups, invitations and the messages of their chats.

use super::{Known, accounts::Profile};
use crate::{
    ids::{GroupId, MessageId, UserId},
    money::Fen,
    order_no::OrderNo,
    terms::Kind,
    timestamp::Timestamp,
};
use serde::{Deserialize, Deserializer, Serialize};

/// `POST /groups`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewGroup {
    /// Its name.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, example = "Family"))]
    pub name: String,
}

/// A group with its members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Group {
    /// Which group.
    pub id: GroupId,
    /// Its name.
    pub name: String,
    /// Who made it.
    pub owner_id: UserId,
    /// When it was made.
    pub created_at: Timestamp,
    /// Is it one with demo members (R-WEB-6)?
    #[serde(skip_serializing_if = "core::ops::Not::not", default)]
    pub is_demo: bool,
    /// Has the reader muted it?
    pub muted: bool,
    /// Has the reader pinned it to the top of their list? A server of the version before does
    /// not say.
    #[serde(default)]
    pub pinned: bool,
    /// Up to which entry of the log the reader has read; absent before the first.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub read_up_to: Option<MessageId>,
    /// Its members, the earliest first.
    pub members: Vec<Profile>,
}

/// A line in the list of one's groups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GroupSummary {
    /// Which group.
    pub id: GroupId,
    /// Its name.
    pub name: String,
    /// How many are in it.
    pub member_count: u32,
    /// Up to nine members, the earliest first, for the group's picture.
    pub faces: Vec<Profile>,
    /// Is it one with demo members (R-WEB-6)?
    #[serde(skip_serializing_if = "core::ops::Not::not", default)]
    pub is_demo: bool,
    /// Has the reader muted it?
    pub muted: bool,
    /// Has the reader pinned it to the top of their list? A server of the version before does
    /// not say.
    #[serde(default)]
    pub pinned: bool,
    /// Words and packets of others that the reader has not read; counted up to
    /// [`UNREAD_MAX`].
    pub unread: u32,
    /// The newest message that the reader can see, if there is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_message: Option<Message>,
}

/// Unread messages are counted up to here: "99+" says enough.
pub const UNREAD_MAX: u32 = 100;

/// `PUT /groups/{id}/mute`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MuteRequest {
    /// Whether the group is muted from now on.
    pub muted: bool,
}

/// `PUT /groups/{id}/pin`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PinRequest {
    /// Whether the group stands at the top of one's list from now on.
    pub pinned: bool,
}

/// `PUT /groups/{id}/read`. Never goes backwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReadRequest {
    /// The newest entry of the log that was on the screen.
    pub message_id: MessageId,
}

/// `POST /groups/demo`: a group of one's own with demo members (R-WEB-6); the same
/// one again as long as the person is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DemoRequest {
    /// What its members speak; counts when the group is made.
    pub language: Language,
}

/// A language of the web app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Language {
    /// Chinese.
    Zh,
    /// English.
    En,
}

/// `POST /groups/{id}/invitations`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Invitation {
    /// Whoever has this code may join. The web app's link is `/join/{code}`.
    pub code: String,
    /// Until when.
    pub expires_at: Timestamp,
}

/// `GET /groups/{id}/invitations`: one that is valid and that you may revoke.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OpenInvitation {
    /// Whoever has this code may join.
    pub code: String,
    /// Who made it.
    pub inviter: Profile,
    /// When.
    pub created_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
}

/// `GET /invitations/{code}`: what somebody who was invited sees before joining.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InvitationPreview {
    /// The group's name.
    pub group_name: String,
    /// How many are in it.
    pub member_count: u32,
    /// Up to nine members, the earliest first.
    pub faces: Vec<Profile>,
    /// Who invites.
    pub inviter: Profile,
    /// Until when.
    pub expires_at: Timestamp,
    /// The group, for those who are in it already.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub group_id: Option<GroupId>,
}

/// `POST /groups/join`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JoinRequest {
    /// The code of an invitation, or a link or text with it as somebody pasted it.
    #[cfg_attr(feature = "openapi", schema(min_length = 1))]
    pub code: String,
}

/// `POST /groups/{id}/messages`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewMessage {
    /// What to say.
    #[cfg_attr(feature = "openapi", schema(min_length = 1))]
    pub text: String,
    /// The same key again posts nothing new (R-PEOPLE-3).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 64, pattern = "^[!-~]+$"))]
    pub key: Option<String>,
}

/// One entry of a group's log, as its reader sees it. Some entries are for a few
/// readers only; the others see a gap in the ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Message {
    /// Its place in the group's log, counted from 1.
    pub id: MessageId,
    /// When it was posted.
    pub at: Timestamp,
    /// Who posted it, or about whom it is.
    pub user: Profile,
    /// What it is.
    #[serde(flatten)]
    pub body: MessageBody,
}

/// What a message is: `{"type": "text", …}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum MessageBody {
    /// Words.
    Text {
        /// The words.
        text: String,
    },
    /// A red packet.
    Packet {
        /// The packet as its card shows it.
        packet: PacketCard,
    },
    /// The person made the group.
    Created,
    /// The person joined the group.
    Joined,
    /// The person left the group.
    Left,
    /// The person was removed from the group.
    Removed {
        /// By whom.
        by: Profile,
    },
    /// The person opened a packet. Only its sender and those who opened see this
    /// (R-PEOPLE-2).
    Opened {
        /// Which packet.
        order_no: OrderNo,
        /// Who sent it.
        sender: Profile,
        /// How many more opened it at the same time; for the sender alone.
        others: u32,
    },
    /// All shares of the person's packet are taken.
    Finished {
        /// Which packet.
        order_no: OrderNo,
        /// How many shares it had.
        shares: u32,
        /// How long it took, in milliseconds.
        took_ms: i64,
        /// Who had the best luck, where there is such a thing (R-SPLIT-5).
        #[serde(skip_serializing_if = "Option::is_none", default)]
        best_luck: Option<Profile>,
    },
    /// The person's packet has expired. Only they see this (R-MONEY-4).
    Expired {
        /// Which packet.
        order_no: OrderNo,
        /// What goes back to them.
        refunded_fen: Fen,
    },
    /// Of a kind that only a later version knows: read, and never sent.
    #[serde(skip)]
    Unknown,
}

/// A packet as a card in the chat. Shows no amount (R-OPEN-5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PacketCard {
    /// Which packet.
    pub order_no: OrderNo,
    /// How it is cut.
    #[cfg_attr(feature = "openapi", schema(value_type = Kind))]
    pub kind: Known<Kind>,
    /// The sender's words; empty for the default greeting.
    pub greeting: String,
    /// Its cover.
    pub cover: String,
    /// For whom an exclusive packet is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub recipient: Option<Profile>,
    /// What the reader of the message can do with it.
    #[serde(deserialize_with = "CardState::read")]
    pub state: CardState,
    /// How far it is; absent while that is not to be had.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub progress: Option<CardProgress>,
}

/// How far a packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CardProgress {
    /// The number of shares.
    pub shares: u32,
    /// How many are taken.
    pub claimed: u32,
}

/// What the reader of a card can expect from a tap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum CardState {
    /// Can be grabbed.
    Open,
    /// The reader has opened it.
    Opened,
    /// All shares are taken, none by the reader.
    Finished,
    /// Its time is over.
    Expired,
}

impl CardState {
    /// Where a later version says what this one does not know, the tap will tell.
    pub(super) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Known::deserialize(deserializer)?.get().unwrap_or(Self::Open))
    }
}
