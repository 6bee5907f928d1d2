//! An order shard in SQL.

mod commit;
mod days;
mod ends;
mod moves;
pub(super) mod rows;
mod statements;

use super::{
    Database, StoreError,
    outbox::{announced, impl_outbox},
    sql,
};
use async_trait::async_trait;
use hongbao_domain::store::{
    orders::{
        ClaimRow, Copied, DaySum, DayTable, Emptied, Ended, Hold, LaneBatch, LaneOutcome,
        OrderStore, PacketRow, Tell,
    },
    outbox::Destination,
};
use hongbao_shared::{Day, OrderNo, Timestamp};
use rows::{claim_row, day_sum, numbered_claim_row, packet_row};
use statements::statements;

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
        sql(statements(order_no.day()).claims)
            .bind(order_no.to_bits())
            .bind(from_seq)
            .bind(limit)
            .all(&self.database, claim_row)
            .await
    }

    async fn due(&self, now: Timestamp, limit: u32) -> Result<Vec<OrderNo>, StoreError> {
        ends::due(&self.database, now, limit).await
    }

    async fn end(
        &self,
        orders: Vec<OrderNo>,
        now: Timestamp,
        tell: Tell,
    ) -> Result<Vec<Ended>, StoreError> {
        ends::end(&self.database, &orders, now, tell).await
    }

    async fn packets_page(
        &self,
        day: Day,
        after: Option<OrderNo>,
        limit: u32,
    ) -> Result<Vec<PacketRow>, StoreError> {
        sql(statements(day).packets_page)
            .bind(after.map_or(-1, OrderNo::to_bits))
            .bind(limit)
            .all(&self.database, packet_row)
            .await
    }

    async fn unsettled_page(
        &self,
        day: Day,
        since: Timestamp,
        after: Option<OrderNo>,
        limit: u32,
    ) -> Result<Vec<PacketRow>, StoreError> {
        sql(statements(day).unsettled_page)
            .bind(after.map_or(-1, OrderNo::to_bits))
            .bind(limit)
            .bind(since.millis())
            .all(&self.database, packet_row)
            .await
    }

    async fn claims_page(
        &self,
        day: Day,
        after: Option<(OrderNo, u32)>,
        limit: u32,
    ) -> Result<Vec<(OrderNo, ClaimRow)>, StoreError> {
        let (order_no, seq) = after.map_or((-1, -1), |(no, seq)| (no.to_bits(), i64::from(seq)));
        sql(statements(day).claims_page)
            .bind(order_no)
            .bind(seq)
            .bind(limit)
            .all(&self.database, numbered_claim_row)
            .await
    }

    async fn days(&self) -> Result<Vec<DayTable>, StoreError> {
        days::days(&self.database).await
    }

    async fn seal(&self, day: Day, epoch_day: i64) -> Result<(), StoreError> {
        self.database.write((), move |tx, ()| Box::pin(days::seal(tx, day, epoch_day))).await
    }

    async fn begin_move(
        &self,
        day: Day,
        epoch_day: i64,
        hold: Hold,
    ) -> Result<Option<Copied>, StoreError> {
        moves::begin(&self.database, day, epoch_day, hold).await
    }

    async fn note_copied(
        &self,
        day: Day,
        epoch_day: i64,
        hold: Hold,
        copied: Copied,
    ) -> Result<bool, StoreError> {
        moves::note(&self.database, day, epoch_day, hold, copied).await
    }

    async fn day_sum(&self, day: Day) -> Result<DaySum, StoreError> {
        let held = day_sum(&sql(statements(day).sum).fetch_one(&self.database).await?)?;
        Ok(held.plus(moves::gone(&self.database, day).await?))
    }

    async fn empty(&self, day: Day, epoch_day: i64) -> Result<Emptied, StoreError> {
        self.database.write((), move |tx, ()| Box::pin(days::empty(tx, day, epoch_day))).await
    }

    async fn announced(
        &self,
        destination: Destination,
        orders: Vec<OrderNo>,
    ) -> Result<Vec<String>, StoreError> {
        announced(&self.database, destination, &orders).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.database.ping("SELECT count(*) FROM days").await
    }
}
