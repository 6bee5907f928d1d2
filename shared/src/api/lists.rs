//! The lists "sent" and "received" (R-LIST-1).

use super::{Known, accounts::Profile};
use crate::{
    api::packets::PacketState, ids::GroupId, money::Fen, order_no::OrderNo, terms::Kind,
    timestamp::Timestamp,
};
use serde::{Deserialize, Serialize};

/// A part of a list, the newest first, with the totals of its year
/// (`GET /lists/sent`, `GET /lists/received`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ListPage<T> {
    /// The items.
    pub items: Vec<T>,
    /// Give this back as `cursor` for the next part; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next_cursor: Option<String>,
    /// Which year this is about, in the server's time zone.
    pub year: i16,
    /// How many items the year has.
    pub count: u64,
    /// What they add up to.
    pub total_fen: Fen,
    /// How often the person had the best luck in that year.
    pub best_lucks: u64,
    /// The year month by month, January first, always twelve.
    pub months: Vec<MonthTotal>,
    /// The years that have items in this list, and the present one, the newest first.
    pub years: Vec<i16>,
}

/// A month of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MonthTotal {
    /// How many items it has.
    pub count: u64,
    /// What they add up to.
    pub total_fen: Fen,
}

/// A packet that the person sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SentItem {
    /// Which packet.
    pub order_no: OrderNo,
    /// When it came into the group.
    pub at: Timestamp,
    /// In which group.
    pub group_id: GroupId,
    /// How it is cut.
    #[cfg_attr(feature = "openapi", schema(value_type = Kind))]
    pub kind: Known<Kind>,
    /// The total.
    pub total_fen: Fen,
    /// The number of shares.
    pub shares: u32,
    /// How it stands; absent while its shard is not to be had.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub progress: Option<Progress>,
}

/// How a packet stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Progress {
    /// Where it is in its life.
    #[cfg_attr(feature = "openapi", schema(value_type = PacketState))]
    pub state: Known<PacketState>,
    /// How many shares are taken.
    pub claimed: u32,
}

/// A share that the person opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReceivedItem {
    /// Of which packet.
    pub order_no: OrderNo,
    /// When it was opened.
    pub at: Timestamp,
    /// In which group.
    pub group_id: GroupId,
    /// How the packet was cut.
    #[cfg_attr(feature = "openapi", schema(value_type = Kind))]
    pub kind: Known<Kind>,
    /// Who sent it.
    pub sender: Profile,
    /// What the share holds.
    pub amount_fen: Fen,
    /// Was it the best luck?
    pub best_luck: bool,
}
