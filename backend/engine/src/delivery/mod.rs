//! Delivery: what happens after a commit. Workers take rows from the outboxes and
//! tell the ledger, the chat and the lists; each destination of each database is a
//! queue of its own, so that one that is down holds up no other.

mod chat;
mod credit;
mod known;
mod land;
mod letters;
mod lists;
mod refund;
mod untold;
mod worker;

pub use chat::PostToChat;
pub use credit::CreditClaims;
pub use land::LandPaid;
pub use letters::{DeadLetters, LETTERS_PAGE_MAX, LetterId, OutboxPlace};
pub use lists::WriteLists;
pub use refund::RefundRest;
pub use worker::{Pace, Worker};
pub(crate) use {known::Known, lists::lines_of};

use async_trait::async_trait;
use hongbao_domain::{Refusal, store::outbox::OutboxRow};
use serde::{Serialize, de::DeserializeOwned};
use std::fmt;

/// Tells one destination what a commit left for it. Every delivery is idempotent:
/// a row may come twice.
#[async_trait]
pub trait Deliver: Send + Sync + fmt::Debug {
    /// What became of each row, in their order.
    async fn deliver(&self, rows: &[OutboxRow]) -> Vec<Delivered>;
}

/// What became of one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivered {
    /// All of it is told.
    Done,
    /// Something is down; all of it again, later.
    Again(String),
    /// A part is told; the payload is what is left, to be tried again.
    Rest {
        /// What is left.
        payload: String,
        /// Why.
        error: String,
    },
    /// This version cannot read the payload, which is what is left, or what it is about; a
    /// later one may (R-MONEY-6).
    Unread {
        /// What is left.
        payload: String,
        /// Why.
        error: String,
    },
    /// The payload is what is left, and trying again cannot help.
    Never {
        /// What is left.
        payload: String,
        /// Why.
        error: String,
    },
}

/// The events of a row that are told now, and those that are left; one that cannot be read is no
/// news.
pub(crate) fn told<T: DeserializeOwned>(
    row: &OutboxRow,
    delivered: &Delivered,
) -> (Vec<T>, Vec<T>) {
    let read = |payload: &str| serde_json::from_str(payload).unwrap_or_default();
    let left = match delivered {
        Delivered::Done => Vec::new(),
        Delivered::Again(_) => return (Vec::new(), Vec::new()),
        Delivered::Rest { payload, .. }
        | Delivered::Unread { payload, .. }
        | Delivered::Never { payload, .. } => read(payload),
    };
    (read(&row.payload), left)
}

fn describe(refusal: &Refusal) -> String {
    match &refusal.cause {
        Some(cause) => format!("{refusal}: {cause:#}"),
        None => refusal.to_string(),
    }
}

/// What a row tells.
fn read<T: DeserializeOwned>(row: &OutboxRow) -> Result<T, Delivered> {
    serde_json::from_str(&row.payload).map_err(|error| Delivered::Unread {
        payload: row.payload.clone(),
        error: format!("unreadable payload: {error}"),
    })
}

fn payload<T: Serialize>(events: &[T]) -> String {
    serde_json::to_string(events).expect("events serialize")
}
