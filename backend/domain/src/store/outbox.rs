//! The outbox: what a commit still has to tell others, stored with it.

use super::StoreError;
use async_trait::async_trait;
use hongbao_shared::{OrderNo, Timestamp};
use serde::{Deserialize, Serialize};
use std::{fmt, time::Duration};

/// Who is told. Each destination is a queue of its own, so that one that is down
/// holds up no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Destination {
    /// A paid packet goes to its order shard.
    Land,
    /// Shares go to the ledger.
    Credit,
    /// What is left of a packet goes back to its sender.
    Refund,
    /// The group's chat.
    Chat,
    /// The lists "sent" and "received".
    Lists,
    /// Somebody whom a later version tells; this one leaves such rows to it.
    Later,
}

impl Destination {
    /// All that this version tells.
    pub const ALL: [Self; 5] = [Self::Land, Self::Credit, Self::Refund, Self::Chat, Self::Lists];

    /// Those, and whoever else has rows.
    pub fn every() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().chain([Self::Later])
    }

    /// From its stored number.
    pub fn from_number(number: i64) -> Self {
        if Self::OLD_CREDITS.contains(&number) {
            return Self::Credit;
        }
        Self::ALL
            .into_iter()
            .find(|destination| destination.number() == number)
            .unwrap_or(Self::Later)
    }

    /// Numbers under which nodes of the version before tell of credits. They must not read
    /// what this one tells, so that it has another.
    pub const OLD_CREDITS: [i64; 3] = [2, 3, 4];

    /// As stored; never renumbered.
    pub const fn number(self) -> i64 {
        match self {
            // No row has it: theirs are above all that are known.
            Self::Later => 0,
            Self::Land => 1,
            Self::Refund => 5,
            Self::Chat => 6,
            Self::Lists => 7,
            Self::Credit => 8,
        }
    }

    /// For metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Land => "land",
            Self::Credit => "credit",
            Self::Refund => "refund",
            Self::Chat => "chat",
            Self::Lists => "lists",
            Self::Later => "later",
        }
    }
}

/// When a row falls due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Due {
    /// At once, before all that waits already.
    First,
    /// In its turn.
    #[default]
    Next,
    /// So much later than its commit.
    After(Duration),
}

impl Due {
    /// For a row that is committed at `now`.
    pub fn at(self, now: Timestamp) -> Timestamp {
        match self {
            Self::First => Timestamp::from_millis(0),
            Self::Next => now,
            Self::After(later) => now.plus(later),
        }
    }
}

/// A row to be written with a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxEntry {
    /// Who is told.
    pub destination: Destination,
    /// Of which packet; a row tells of one alone, and is found by it.
    pub order_no: OrderNo,
    /// When.
    pub due: Due,
    /// What: JSON that the destination's delivery reads.
    pub payload: String,
}

/// The events of a payload: one, or an array of them; none if it cannot be read.
pub fn events_of(payload: &str) -> Vec<serde_json::Value> {
    match serde_json::from_str(payload) {
        Ok(serde_json::Value::Array(events)) => events,
        Ok(event) => vec![event],
        Err(_) => Vec::new(),
    }
}

/// Those of the events that are about these packets, as JSON.
pub fn about(events: impl Iterator<Item = serde_json::Value>, orders: &[OrderNo]) -> Vec<String> {
    events
        .filter(|event| order_of(event).is_some_and(|order_no| orders.contains(&order_no)))
        .map(|event| event.to_string())
        .collect()
}

/// The packet that an event says it is about.
pub fn order_of(event: &serde_json::Value) -> Option<OrderNo> {
    event.get("order_no")?.as_str()?.parse().ok()
}

/// A row that was leased for delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxRow {
    /// Its place in the outbox.
    pub id: i64,
    /// What to tell.
    pub payload: String,
    /// When it was committed.
    pub created_at: Timestamp,
    /// How often delivery has failed so far.
    pub attempts: u32,
}

/// What became of a leased row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// Told; the row goes.
    Done,
    /// Try again, not before this moment.
    Retry {
        /// When.
        due_at: Timestamp,
        /// Why, for administrators.
        error: String,
    },
    /// Only a part failed: the row is replaced by one with what is left.
    Rest {
        /// What is left to tell.
        payload: String,
        /// When to try again.
        due_at: Timestamp,
        /// Why, for administrators.
        error: String,
    },
    /// Cannot succeed by trying again; kept for an administrator.
    Dead {
        /// What is left to tell.
        payload: String,
        /// Why.
        error: String,
        /// When it died.
        at: Timestamp,
    },
}

/// What has become of a row whose delivery has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is tried again.
    Failing,
    /// Only an administrator can move it.
    Dead,
}

/// A row whose delivery has failed, for administrators (R-MONEY-3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedRow {
    /// Its place in the outbox.
    pub id: i64,
    /// Who was to be told.
    pub destination: Destination,
    /// What is left to tell.
    pub payload: String,
    /// When it was committed.
    pub created_at: Timestamp,
    /// How often delivery has failed.
    pub attempts: u32,
    /// Why it failed last.
    pub error: String,
    /// When it died, or is tried again.
    pub at: Timestamp,
}

/// How much waits for one destination.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Rows that will be delivered.
    pub waiting: u64,
    /// Rows that only an administrator can move.
    pub dead: u64,
}

/// The outbox of one database. Rows are leased in a short transaction, delivered
/// outside of any, and settled in another; a lease that runs out makes the row due
/// again, so a delivery may happen twice and must be idempotent by key.
#[async_trait]
pub trait Outbox: Send + Sync + fmt::Debug {
    /// Takes up to `limit` due rows, the oldest first, for `lease`.
    async fn lease(
        &self,
        destination: Destination,
        now: Timestamp,
        lease: Duration,
        limit: u32,
    ) -> Result<Vec<OutboxRow>, StoreError>;

    /// Writes what became of leased rows, all in one transaction.
    async fn settle(&self, settled: Vec<(i64, Settled)>) -> Result<(), StoreError>;

    /// Has it one owner at a time? What is leased when that one starts was leased by one
    /// that died, and nobody else delivers what it leaves behind.
    fn has_one_owner(&self) -> bool;

    /// Makes rows due at once that an earlier process had leased when it died; what was to
    /// come later still does. Only for a store with one owner; where nodes share a store,
    /// leases run out by themselves, and this does nothing.
    async fn reclaim(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// What the clock of the database's server shows; `None` where it is this machine's.
    async fn server_clock(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(None)
    }

    /// Makes rows due at `now` that are due after `beyond`. Further ahead than any lease or
    /// pause, the clock that wrote them was wrong.
    async fn pull_in(
        &self,
        destination: Destination,
        now: Timestamp,
        beyond: Timestamp,
    ) -> Result<(), StoreError>;

    /// When the next row falls due, if any waits.
    async fn next_due(&self, destination: Destination) -> Result<Option<Timestamp>, StoreError>;

    /// How much waits.
    async fn backlog(&self, destination: Destination) -> Result<Backlog, StoreError>;

    /// Up to `limit` rows of this fate with ids above `after_id`, in the order of ids.
    async fn failed(
        &self,
        fate: Fate,
        after_id: i64,
        limit: u32,
    ) -> Result<Vec<FailedRow>, StoreError>;

    /// Makes a dead row due at `now`, as if it had never been tried. Gives its
    /// destination; `None`, and nothing happens, for a row that is not dead, or gone.
    async fn revive(&self, id: i64, now: Timestamp) -> Result<Option<Destination>, StoreError>;
}

/// A store that leaves its outbox to another store, or to what both stand on. It is an
/// [`Outbox`] by that.
pub trait HasOutbox: Send + Sync + fmt::Debug {
    /// What keeps the outbox.
    fn outbox(&self) -> &dyn Outbox;
}

#[async_trait]
impl<T: HasOutbox> Outbox for T {
    async fn lease(
        &self,
        destination: Destination,
        now: Timestamp,
        lease: Duration,
        limit: u32,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        self.outbox().lease(destination, now, lease, limit).await
    }

    async fn settle(&self, settled: Vec<(i64, Settled)>) -> Result<(), StoreError> {
        self.outbox().settle(settled).await
    }

    fn has_one_owner(&self) -> bool {
        self.outbox().has_one_owner()
    }

    async fn reclaim(&self) -> Result<(), StoreError> {
        self.outbox().reclaim().await
    }

    async fn server_clock(&self) -> Result<Option<Timestamp>, StoreError> {
        self.outbox().server_clock().await
    }

    async fn pull_in(
        &self,
        destination: Destination,
        now: Timestamp,
        beyond: Timestamp,
    ) -> Result<(), StoreError> {
        self.outbox().pull_in(destination, now, beyond).await
    }

    async fn next_due(&self, destination: Destination) -> Result<Option<Timestamp>, StoreError> {
        self.outbox().next_due(destination).await
    }

    async fn backlog(&self, destination: Destination) -> Result<Backlog, StoreError> {
        self.outbox().backlog(destination).await
    }

    async fn failed(
        &self,
        fate: Fate,
        after_id: i64,
        limit: u32,
    ) -> Result<Vec<FailedRow>, StoreError> {
        self.outbox().failed(fate, after_id, limit).await
    }

    async fn revive(&self, id: i64, now: Timestamp) -> Result<Option<Destination>, StoreError> {
        self.outbox().revive(id, now).await
    }
}
