//! The REST contract under `/api/v1`: requests and answers. Money is integer fen,
//! times are RFC 3339 in UTC, ids are strings. Requests refuse unknown fields; answers are read
//! past them, and what stands in lists past names that only a later version knows ([`Known`]).

pub mod accounts;
pub mod control;
pub mod groups;
pub mod history;
mod known;
pub mod lists;
pub mod live;
mod message;
pub mod packets;
pub mod problem;
pub mod push;
pub mod services;
pub mod wallet;
pub mod webhooks;

pub use known::Known;

use serde::{Deserialize, Serialize};

/// A part of a list, and where the next part begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Page<T> {
    /// The items, in the order that the call documents.
    pub items: Vec<T>,
    /// Give this back as `cursor` for the next part; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next_cursor: Option<String>,
}
