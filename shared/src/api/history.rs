//! What a node has measured lately, for the operations page.

use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

/// How far back to look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum HistoryWindow {
    /// A quarter of an hour, a point every five seconds.
    #[default]
    Quarter,
    /// A day, a point every eight minutes.
    Day,
    /// A week, a point every hour, nearly.
    Week,
}

/// What a series counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum HistoryUnit {
    /// How many in a second.
    PerSecond,
    /// How many there are, or were in one.
    Items,
    /// How long one took.
    Milliseconds,
    /// How many of a hundred.
    Percent,
}

/// One line of a chart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HistorySeries {
    /// What is measured: `opens`, `refusals`, `waiting`, …. There may be others tomorrow.
    pub name: String,
    /// Of what: a shard, a destination, a reason; empty where there is one line alone.
    pub of: String,
    /// What the values count.
    pub unit: HistoryUnit,
    /// A value for each moment, in thousandths of the unit; null where nothing was measured.
    pub values: Vec<Option<i64>>,
}

/// `GET /control/history`: what the node that answers has measured since it was started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct History {
    /// How far back it looks.
    pub window: HistoryWindow,
    /// The moments, the oldest first; each stands for the time since the one before.
    pub at: Vec<Timestamp>,
    /// The lines; each has as many values as there are moments.
    pub series: Vec<HistorySeries>,
}
