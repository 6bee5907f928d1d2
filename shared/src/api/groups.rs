//! Groups, invitations and the messages of their chats.

use super::accounts::Profile;
use crate::{
    ids::{GroupId, MessageId, UserId},
    order_no::OrderNo,
    split::Kind,
    timestamp::Timestamp,
};
use serde::{Deserialize, Serialize};

/// `POST /groups`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewGroup {
    /// Its name.
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
    /// The newest message, if there is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_message: Option<Message>,
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

/// `POST /groups/join`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JoinRequest {
    /// The code of an invitation.
    pub code: String,
}

/// `POST /groups/{id}/messages`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewMessage {
    /// What to say.
    pub text: String,
    /// The same key again posts nothing new (R-PEOPLE-3).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub key: Option<String>,
}

/// One entry of a group's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Message {
    /// Its place in the group's log, counted from 1 without gaps.
    pub id: MessageId,
    /// When it was posted.
    pub at: Timestamp,
    /// Who posted it.
    pub user: Profile,
    /// What it is.
    #[serde(flatten)]
    pub body: MessageBody,
}

/// What a message is: `{"type": "text", …}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// The person joined the group.
    Joined,
}

/// A packet as a card in the chat. Shows no amount (R-OPEN-5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PacketCard {
    /// Which packet.
    pub order_no: OrderNo,
    /// How it is cut.
    pub kind: Kind,
    /// The sender's words; empty for the default greeting.
    pub greeting: String,
    /// Its cover.
    pub cover: String,
    /// For whom an exclusive packet is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub recipient: Option<Profile>,
    /// What the reader of the message can do with it.
    pub state: CardState,
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
