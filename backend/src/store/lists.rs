//! The lists "sent" and "received" (R-LIST-1).

use super::StoreError;
use async_trait::async_trait;
use hongbao_shared::{Fen, GroupId, Kind, OrderNo, Timestamp, UserId};
use std::fmt;

/// One line of the list "sent".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentRow {
    /// Which packet.
    pub order_no: OrderNo,
    /// Who sent it.
    pub user_id: UserId,
    /// Where it was posted.
    pub group_id: GroupId,
    /// How it was cut.
    pub kind: Kind,
    /// The total.
    pub total_fen: Fen,
    /// The number of shares.
    pub shares: u32,
    /// When it landed.
    pub at: Timestamp,
    /// The calendar year of `at` in the configured zone (R-ORDER-4).
    pub year: i16,
}

/// One line of the list "received".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceivedRow {
    /// Of which packet.
    pub order_no: OrderNo,
    /// Who opened it.
    pub user_id: UserId,
    /// Which share, counted from 0.
    pub seq: u32,
    /// Who sent the packet.
    pub sender_id: UserId,
    /// Where it was posted.
    pub group_id: GroupId,
    /// How it was cut.
    pub kind: Kind,
    /// What the share holds.
    pub amount_fen: Fen,
    /// When it was opened.
    pub at: Timestamp,
    /// The calendar year of `at` in the configured zone (R-ORDER-4).
    pub year: i16,
}

/// Somebody had the best luck of a packet (R-SPLIT-5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BestLuckRow {
    /// Of which packet.
    pub order_no: OrderNo,
    /// Who.
    pub user_id: UserId,
    /// The year in which their share was opened.
    pub year: i16,
}

/// What one delivery brings, in any order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListBatch {
    /// Packets that landed.
    pub sent: Vec<SentRow>,
    /// Shares that were opened.
    pub received: Vec<ReceivedRow>,
    /// Packets that were finished.
    pub best_lucks: Vec<BestLuckRow>,
}

/// A person's year.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// How many packets they sent.
    pub sent_count: u64,
    /// What those held.
    pub sent_fen: Fen,
    /// How many shares they opened.
    pub received_count: u64,
    /// What those held.
    pub received_fen: Fen,
    /// How often they had the best luck.
    pub best_lucks: u64,
}

/// The sort key of a line: the newest first, the larger number first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListKey {
    /// Its time.
    pub at: Timestamp,
    /// Its packet.
    pub order_no: OrderNo,
}

/// The database of lists.
#[async_trait]
pub trait ListStore: Send + Sync + fmt::Debug {
    /// Writes what is not there yet and counts exactly that, in one transaction, so
    /// that a batch may come twice. A row that is there with another content is
    /// [`StoreError::Constraint`], and then nothing of the batch is written.
    async fn record(&self, batch: ListBatch) -> Result<(), StoreError>;

    /// What a person sent in a year, the newest first, after `after` if that is given.
    async fn sent(
        &self,
        user: UserId,
        year: i16,
        after: Option<ListKey>,
        limit: u32,
    ) -> Result<Vec<SentRow>, StoreError>;

    /// What a person received in a year, the newest first, after `after` if that is
    /// given.
    async fn received(
        &self,
        user: UserId,
        year: i16,
        after: Option<ListKey>,
        limit: u32,
    ) -> Result<Vec<ReceivedRow>, StoreError>;

    /// A person's year; zeros if nothing happened.
    async fn totals(&self, user: UserId, year: i16) -> Result<Totals, StoreError>;
}
