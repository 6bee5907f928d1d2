//! An order shard in SQL.

mod commit;
mod days;
mod hot;
pub(super) mod rows;
mod statements;
pub(super) mod tables;

use super::{Database, StoreError, outbox::impl_outbox, sql};
use async_trait::async_trait;
use hongbao_domain::store::orders::{
    ClaimRow, HotTables, LaneBatch, LaneOutcome, OrderStore, PacketRow,
};
use hongbao_shared::{Day, OrderNo};
use rows::packet_row;
use statements::statements;
use tables::Tables;

/// An order shard: a SQLite file, or a schema on PostgreSQL.
#[derive(Clone, Debug)]
pub struct SqlOrders {
    database: Database,
}

impl SqlOrders {
    /// On a database that was opened with [`super::Schema::Orders`].
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

impl_outbox!(SqlOrders);

#[async_trait]
impl OrderStore for SqlOrders {
    async fn commit(&self, batch: LaneBatch) -> Result<LaneOutcome, StoreError> {
        commit::commit(&self.database, batch).await
    }

    async fn packet(&self, order_no: OrderNo) -> Result<Option<PacketRow>, StoreError> {
        sql(statements(order_no.day()).packet)
            .bind(order_no.to_bits())
            .first(&self.database, packet_row)
            .await
    }

    async fn claims(
        &self,
        order_no: OrderNo,
        from_seq: u32,
        limit: u32,
    ) -> Result<Vec<ClaimRow>, StoreError> {
        Tables::of_day(order_no.day()).claims_of(&self.database, order_no, from_seq, limit).await
    }

    async fn packets_page(
        &self,
        day: Day,
        after: Option<OrderNo>,
        limit: u32,
    ) -> Result<Vec<PacketRow>, StoreError> {
        Tables::of_day(day).packets_page(&self.database, after, limit).await
    }

    async fn claims_page(
        &self,
        day: Day,
        after: Option<(OrderNo, u32)>,
        limit: u32,
    ) -> Result<Vec<(OrderNo, ClaimRow)>, StoreError> {
        Tables::of_day(day).claims_page(&self.database, after, limit).await
    }

    fn hot(&self) -> &dyn HotTables {
        self
    }
}
