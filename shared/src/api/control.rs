//! For administrators: what delivery could not bring home, and what reconciliation found.

use crate::{money::Fen, order_no::OrderNo, timestamp::Timestamp};
use serde::{Deserialize, Serialize};

/// Where a letter stands that could not be delivered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum LetterState {
    /// Only an administrator can move it.
    #[default]
    Dead,
    /// It is tried again by itself.
    Failing,
}

/// Something that a commit had to tell others and could not (R-MONEY-3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeadLetter {
    /// Opaque, and its own for ever: give it back to retry the letter.
    pub id: String,
    /// Who was to be told: `land`, `credit_now`, `credit_queue`, `credit_deferred`,
    /// `refund`, `chat` or `lists`.
    pub destination: String,
    /// Where it stands.
    pub state: LetterState,
    /// The packets that it is about, at most a hundred.
    pub orders: Vec<OrderNo>,
    /// How often it was tried since it was written, or since it was last retried.
    pub attempts: u32,
    /// Why it failed last.
    pub error: String,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it died; of one that is tried again: when.
    pub at: Timestamp,
    /// What is left to tell, as JSON; cut off where it is long.
    pub payload: String,
}

/// `POST /control/dead-letters/{id}/retry`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Retried {
    /// Which letter.
    pub id: String,
    /// It was dead and is tried again at once. False: it was not dead, because it is on
    /// its way again or has arrived.
    pub retried: bool,
}

/// What reconciliation does on a schedule, and what it found last (`GET
/// /control/reconciliation`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Reconciliation {
    /// Is one under way, or asked for?
    pub running: bool,
    /// The last one on this node since it was started.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last: Option<ReconciliationReport>,
}

/// What one reconciliation found (R-MONEY-3, R-LIST-1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReconciliationReport {
    /// When it began.
    pub started_at: Timestamp,
    /// When it was through.
    pub ended_at: Timestamp,
    /// Nothing was changed: what is listed as mended would have been.
    pub dry_run: bool,
    /// Nothing is left that it may not mend, and everything could be read.
    pub is_clean: bool,
    /// Packets that were looked at.
    pub packets: u64,
    /// Claims that were looked at.
    pub claims: u64,
    /// Payments that were looked at.
    pub payments: u64,
    /// What was mended, by kind.
    pub mended: Vec<MendedKind>,
    /// What it was, as many as are kept.
    pub mends: Vec<Mend>,
    /// How much is left for somebody, listed or not.
    pub left_count: u64,
    /// What is left for somebody, as much as is kept.
    pub left: Vec<Left>,
    /// Outbox rows that only an administrator can move.
    pub dead_letters: u64,
    /// What could not be read, and is therefore not reconciled.
    pub unread: Vec<String>,
}

/// How much of a kind was mended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MendedKind {
    /// `credit`, `refund`, `landing`, `sent`, `received` or `best_luck`.
    pub kind: String,
    /// How many.
    pub count: u64,
    /// The money that moved, or is to; zero for lists.
    pub fen: Fen,
}

/// Something that was missing and is there again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Mend {
    /// As in [`MendedKind`].
    pub kind: String,
    /// Of which packet.
    pub order_no: OrderNo,
    /// Of which share.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub seq: Option<u32>,
}

/// Something that is not as it should be, and that only somebody may touch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Left {
    /// The law that does not hold, by its stable name.
    pub law: String,
    /// Of what: an order number, an account, a place.
    pub subject: String,
    /// What was found instead; amounts in fen.
    pub what: String,
}
