//! What a group's event stream carries (`GET /groups/{id}/events`, R-WEB-1).
//!
//! The `id:` of an event is an entry of the group's log. Whoever comes back with it, as
//! `Last-Event-ID` or as `?after=`, gets every entry after it that they may see, in
//! order, each exactly once, and a [`PacketChange`] for every packet that changed
//! meanwhile. Without either, the stream begins with what comes next.

use super::groups::{CardProgress, CardState};
use crate::{ids::GroupId, order_no::OrderNo};
use serde::{Deserialize, Serialize};

/// An entry of the log: a [`Message`](super::groups::Message).
pub const MESSAGE: &str = "message";
/// A card has changed: a [`PacketChange`].
pub const PACKET: &str = "packet";
/// Another group of the reader has grown, was read elsewhere, joined or left: a [`GroupNews`].
/// Has no id; after a lost connection, read `GET /groups` again.
pub const GROUPS: &str = "groups";
/// Too much happened meanwhile: read the newest page of the chat again. The stream
/// goes on after the event's id. Its data is `{}`.
pub const RESET: &str = "reset";
/// The reader is not in the group any more; the stream ends. Its data is `{}`.
pub const GONE: &str = "gone";
/// The same person has begun one stream too many, and this one, the oldest, ends. Its data is `{}`.
pub const REPLACED: &str = "replaced";
/// The stream is alive: comes first, and whenever nothing else has come for fifteen seconds. Its
/// data is `{}`. Whoever hears nothing for much longer has lost the connection, whatever it seems.
pub const BEAT: &str = "beat";

/// A packet's card as it stands now for the reader; replaces what came before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PacketChange {
    /// Which packet.
    pub order_no: OrderNo,
    /// What the reader can expect from a tap.
    #[serde(deserialize_with = "CardState::read")]
    pub state: CardState,
    /// How far it is; absent while that is not to be had.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub progress: Option<CardProgress>,
}

/// Something happened in a group of the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GroupNews {
    /// In which.
    pub group_id: GroupId,
}
