//! Cold storage (R-STORE-2): packets that have ended, whole and never changed again.

use super::{
    StoreError,
    orders::{ClaimRow, DaySum, PacketRow},
};
use async_trait::async_trait;
use hongbao_shared::{Day, OrderNo, Shard, Site};
use std::fmt;

/// Whose packets: those of one day of the cycle in one shard, of all times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColdPlace {
    /// Which site.
    pub site: Site,
    /// Which shard.
    pub shard: Shard,
    /// Which day.
    pub day: Day,
}

/// The cold database of a site.
#[async_trait]
pub trait ColdStore: Send + Sync + fmt::Debug {
    /// Keeps packets and claims, in one transaction; what is there already stays. A row
    /// that is there with another content is [`StoreError::Constraint`], and then
    /// nothing is kept.
    async fn keep(
        &self,
        packets: Vec<PacketRow>,
        claims: Vec<(OrderNo, ClaimRow)>,
    ) -> Result<(), StoreError>;

    /// A packet by its number; tombstones included.
    async fn packet(&self, order_no: OrderNo) -> Result<Option<PacketRow>, StoreError>;

    /// Up to `limit` claims from `from_seq` on, in order.
    async fn claims(
        &self,
        order_no: OrderNo,
        from_seq: u32,
        limit: u32,
    ) -> Result<Vec<ClaimRow>, StoreError>;

    /// Up to `limit` packets of a place after `after`, in the order of numbers.
    async fn packets_page(
        &self,
        place: ColdPlace,
        after: Option<OrderNo>,
        limit: u32,
    ) -> Result<Vec<PacketRow>, StoreError>;

    /// Up to `limit` claims of a place after (`order_no`, `seq`), in that order.
    async fn claims_page(
        &self,
        place: ColdPlace,
        after: Option<(OrderNo, u32)>,
        limit: u32,
    ) -> Result<Vec<(OrderNo, ClaimRow)>, StoreError>;

    /// What is here of one calendar day of a place (R-STORE-5): days since 1970-01-01.
    async fn day_sum(&self, place: ColdPlace, epoch_day: i64) -> Result<DaySum, StoreError>;
}

impl fmt::Display for ColdPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}-{:02}", self.site, self.shard, self.day.get())
    }
}

impl ColdPlace {
    /// The least and the greatest number that can live here.
    pub fn range(self) -> (OrderNo, OrderNo) {
        let Self { site, shard, day } = self;
        let number = |local, sequence| OrderNo::new(site, shard, day, local, sequence);
        let last = hongbao_shared::order_no::SEQUENCE_END - 1;
        // Both sequences fit.
        (
            number(false, 0).expect("the first sequence fits"),
            number(true, last).expect("the last sequence fits"),
        )
    }
}
