//! Order shards: packets, their claims, and what their commits announce.

mod batch;
mod days;
mod rows;

pub use batch::{Announcement, Append, Ended, Landed, Landing, LaneBatch, LaneOutcome, Tell};
pub use batch::{about, gather};
pub use days::{Copied, DaySum, DayTable, Emptied, Hold, moments_of};
pub use rows::{ClaimRow, PacketRow, Progress, StoredState};

use super::{
    StoreError,
    outbox::{Destination, Outbox},
};
use async_trait::async_trait;
use hongbao_shared::{Day, OrderNo, Timestamp};
use std::fmt;

/// One database of order shards.
#[async_trait]
pub trait OrderStore: Outbox {
    /// Commits a lane's batch with its announcements: one outbox row for each packet and
    /// destination, and moment at which it is due. A unique constraint that is violated rolls everything back.
    async fn commit(&self, batch: LaneBatch) -> Result<LaneOutcome, StoreError>;

    /// A packet by its number; tombstones included.
    async fn packet(&self, order_no: OrderNo) -> Result<Option<PacketRow>, StoreError>;

    /// Up to `limit` claims from `from_seq` on, in order.
    async fn claims(
        &self,
        order_no: OrderNo,
        from_seq: u32,
        limit: u32,
    ) -> Result<Vec<ClaimRow>, StoreError>;

    /// Up to `limit` packets of a day after `after`, in the order of numbers. A tombstone
    /// stands in no day, and is found by its payment.
    async fn packets_page(
        &self,
        day: Day,
        after: Option<OrderNo>,
        limit: u32,
    ) -> Result<Vec<PacketRow>, StoreError>;

    /// Up to `limit` claims of a day after (`order_no`, `seq`), in that order; for
    /// audits, which also look for claims without a packet.
    async fn claims_page(
        &self,
        day: Day,
        after: Option<(OrderNo, u32)>,
        limit: u32,
    ) -> Result<Vec<(OrderNo, ClaimRow)>, StoreError>;

    /// Its hot tables.
    fn hot(&self) -> &dyn HotTables;
}

/// What is asked of a shard's hot tables alone, whatever is in cold storage.
#[async_trait]
pub trait HotTables: Send + Sync + fmt::Debug {
    /// Up to `limit` open packets whose time has ended, the earliest first: by `now`, and by
    /// the clock of the database's server where that is another machine (R-CTRL-5).
    async fn due(&self, now: Timestamp, limit: u32) -> Result<Vec<OrderNo>, StoreError>;

    /// Ends those of `orders` that are open and whose time has ended, by both clocks, with
    /// what each `tell`s, in one transaction; answers which. It needs nothing but their rows:
    /// no seed, no claims, nothing that a lane knows (R-MONEY-6). What a lane appends at
    /// the same moment comes before the end, or not at all.
    async fn end(
        &self,
        orders: Vec<OrderNo>,
        now: Timestamp,
        tell: Tell,
    ) -> Result<Vec<Ended>, StoreError>;

    /// The numbers of up to `limit` packets of a day that are open, or ended at `since` or later,
    /// after `after`, in their order. Whoever wants more reads one by one: a packet that cannot
    /// be read hides no other.
    async fn unsettled(
        &self,
        day: Day,
        since: Timestamp,
        after: Option<OrderNo>,
        limit: u32,
    ) -> Result<Vec<OrderNo>, StoreError>;

    /// The day tables that are in use, in the order of days.
    async fn days(&self) -> Result<Vec<DayTable>, StoreError>;

    /// Seals a day: from now on it refuses landings of `epoch_day`, and its finished
    /// packets never change again. Nothing happens if it holds another day.
    async fn seal(&self, day: Day, epoch_day: i64) -> Result<(), StoreError>;

    /// Begins to move a sealed day, or goes on with it: how far it has been copied, by whichever
    /// node. `None` if another node is at it, or it is not sealed, or its tables hold another
    /// day by now (R-STORE-5).
    async fn begin_move(
        &self,
        day: Day,
        epoch_day: i64,
        hold: Hold,
    ) -> Result<Option<Copied>, StoreError>;

    /// Notes how far a day has been copied, and holds on to it. `false`, and nothing happens, if
    /// another node has taken it over.
    async fn note_copied(
        &self,
        day: Day,
        epoch_day: i64,
        hold: Hold,
        copied: Copied,
    ) -> Result<bool, StoreError>;

    /// What the hot tables of a day hold, and what of the same calendar day was moved before it
    /// was reopened.
    async fn day_sum(&self, day: Day) -> Result<DaySum, StoreError>;

    /// Empties a sealed day whole, in one transaction, if it holds no open packet and
    /// no outbox row tells of one of its packets (R-STORE-1). It stays sealed until a
    /// later day takes it over, so that nothing of this day lands twice.
    async fn empty(&self, day: Day, epoch_day: i64) -> Result<Emptied, StoreError>;

    /// The events that outbox rows for `destination` still tell of these packets, each as
    /// its JSON, the dead included. A row goes only after what it brings has arrived, so
    /// what is not here has arrived, or nothing brings it (R-MONEY-3).
    async fn announced(
        &self,
        destination: Destination,
        orders: Vec<OrderNo>,
    ) -> Result<Vec<String>, StoreError>;

    /// Does the database answer?
    async fn ping(&self) -> Result<(), StoreError>;
}
