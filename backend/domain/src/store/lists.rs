//! The lists "sent" and "received" (R-LIST-1).

use super::{StoreError, orders::PacketRow};
use crate::runtime::Zone;
use async_trait::async_trait;
use hongbao_shared::{Fen, GroupId, Kind, OrderNo, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use std::fmt;

/// One line of the list "sent".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
}

impl SentRow {
    /// What is to be listed of a packet.
    pub fn of(packet: &PacketRow) -> Self {
        Self {
            order_no: packet.order_no,
            user_id: packet.sender_id,
            group_id: packet.group_id,
            kind: packet.kind,
            total_fen: packet.total_fen,
            shares: packet.shares,
            at: packet.landed_at,
        }
    }

    /// Is it the line of this packet? It may be older than the packet's row, which is written
    /// again, with a later time, if its shard is restored to before it had landed (R-STORE-6).
    /// When it was ordered says nothing: that clock may have been ahead.
    pub fn is_of(&self, packet: &PacketRow) -> bool {
        self.says_the_same(&Self::of(packet)) && self.at <= packet.landed_at
    }

    /// All the same but for the time, which a landing that comes again does not repeat.
    pub fn says_the_same(&self, other: &Self) -> bool {
        Self { at: other.at, ..*self } == *other
    }
}

/// One line of the list "received".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
}

/// Somebody had the best luck of a packet (R-SPLIT-5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BestLuckRow {
    /// Of which packet.
    pub order_no: OrderNo,
    /// Who.
    pub user_id: UserId,
    /// When their share was opened.
    pub at: Timestamp,
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

/// A line of the list "received" as it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceivedLine {
    /// The share.
    pub row: ReceivedRow,
    /// Was it the best luck of its packet? False until the packet is finished.
    pub best_luck: bool,
}

/// A person's month, or more of them together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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

/// Which of the two lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// What a person sent.
    Sent,
    /// What a person opened.
    Received,
}

/// The sort key of a line: the newest first, the larger number first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListKey {
    /// Its time.
    pub at: Timestamp,
    /// Its packet.
    pub order_no: OrderNo,
}

/// All that the lists hold of one packet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// Its line of the list "sent".
    pub sent: Option<SentRow>,
    /// Its lines of the lists "received", in the order of people.
    pub received: Vec<ReceivedRow>,
    /// Who had its best luck.
    pub best_luck: Option<UserId>,
}

/// A person's year whose totals are not the sums of its lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TotalsOff {
    /// Whose.
    pub user_id: UserId,
    /// Which year.
    pub year: i16,
    /// What the totals say more than the lines: counts and fen, negative for less.
    /// Packets sent, their fen, shares received, their fen, best lucks.
    pub more: [i64; 5],
}

/// The constraint that refuses a row which is there with another content.
pub const SAME_CONTENT: &str = "guard: a repeated row has the same content";

/// What only reads the database of lists.
#[async_trait]
pub trait ListReads: Send + Sync + fmt::Debug {
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
    ) -> Result<Vec<ReceivedLine>, StoreError>;

    /// A person's year: the months (1 to 12) in which something happened.
    async fn months(&self, user: UserId, year: i16) -> Result<Vec<(u8, Totals)>, StoreError>;

    /// The years in which a person's list has lines, the newest first.
    async fn years(&self, user: UserId, list: List) -> Result<Vec<i16>, StoreError>;

    /// Up to `limit` lines of the list "received" of a packet from `from_seq` on, in the
    /// order of shares.
    async fn listed_shares(
        &self,
        order_no: OrderNo,
        from_seq: u32,
        limit: u32,
    ) -> Result<Vec<ReceivedRow>, StoreError>;

    /// What all shares add up to that a person has ever opened.
    async fn received_fen(&self, user: UserId) -> Result<Fen, StoreError>;

    /// What the shares add up to that a person opened since a moment of a year.
    async fn received_since(
        &self,
        user: UserId,
        year: i16,
        since: Timestamp,
    ) -> Result<Fen, StoreError>;

    /// Everything about one packet.
    async fn listed(&self, order_no: OrderNo) -> Result<Listed, StoreError>;

    /// Lines of all lists "sent" in the order of packets, after `after`; for audits.
    async fn sent_page(
        &self,
        after: Option<OrderNo>,
        limit: u32,
    ) -> Result<Vec<SentRow>, StoreError>;

    /// Lines of all lists "received" in the order of packets and people, after `after`;
    /// for audits.
    async fn received_page(
        &self,
        after: Option<(OrderNo, UserId)>,
        limit: u32,
    ) -> Result<Vec<ReceivedRow>, StoreError>;

    /// Best lucks in the order of packets, after `after`; for audits.
    async fn best_lucks_page(
        &self,
        after: Option<OrderNo>,
        limit: u32,
    ) -> Result<Vec<(OrderNo, UserId)>, StoreError>;

    /// Looks through up to `limit` people after `after` at one moment: the last of them,
    /// and whose totals are not the sums of their lines. `None` when there are no more.
    async fn totals_off(
        &self,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Option<(UserId, Vec<TotalsOff>)>, StoreError>;
}

/// The database of lists.
#[async_trait]
pub trait ListStore: ListReads {
    /// Writes what is not there yet and counts exactly that, in one transaction, so
    /// that a batch may come twice. A row that is there with another content (for a packet
    /// that was sent, another than its time, of which the first stays) is
    /// [`StoreError::Constraint`], and then nothing of the batch is written. Years and
    /// months are those of `zone` (R-ORDER-4).
    async fn record(&self, batch: ListBatch, zone: &Zone) -> Result<(), StoreError>;

    /// As [`ListStore::record`], for rows that went missing: the years of everyone whose
    /// rows come back are counted again from their rows, in the same transaction, because
    /// nobody knows whether the missing ones had been counted.
    async fn restore(&self, batch: ListBatch, zone: &Zone) -> Result<(), StoreError>;
}
