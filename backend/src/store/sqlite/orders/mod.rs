//! Order shards in SQLite.

mod commit;
mod days;
pub(super) mod rows;
mod statements;

use super::{
    Database, StoreError,
    outbox::{announced, impl_outbox},
};
use crate::store::{
    orders::{ClaimRow, DayTable, Emptied, LaneBatch, LaneOutcome, Mark, OrderStore, PacketRow},
    outbox::Destination,
};
use async_trait::async_trait;
use hongbao_shared::{Day, OrderNo, Timestamp};
use rows::{claim_row, numbered_claim_row, order_no, packet_row};
use sqlx::Row;
use statements::{DUE, statements};

/// One SQLite file of order shards.
#[derive(Clone, Debug)]
pub struct SqliteOrders {
    database: Database,
}

impl SqliteOrders {
    /// On a file that was opened with [`super::Schema::Orders`].
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

impl_outbox!(SqliteOrders);

#[async_trait]
impl OrderStore for SqliteOrders {
    async fn commit(&self, batch: LaneBatch) -> Result<LaneOutcome, StoreError> {
        self.database.write(move |tx| Box::pin(commit::commit(tx, batch))).await
    }

    async fn packet(&self, order_no: OrderNo) -> Result<Option<PacketRow>, StoreError> {
        sqlx::query(statements(order_no.day()).packet)
            .bind(order_no.to_bits())
            .fetch_optional(self.database.readers())
            .await?
            .map(|row| packet_row(&row))
            .transpose()
    }

    async fn claims(
        &self,
        order_no: OrderNo,
        from_seq: u32,
        limit: u32,
    ) -> Result<Vec<ClaimRow>, StoreError> {
        sqlx::query(statements(order_no.day()).claims)
            .bind(order_no.to_bits())
            .bind(from_seq)
            .bind(limit)
            .fetch_all(self.database.readers())
            .await?
            .iter()
            .map(claim_row)
            .collect()
    }

    async fn due(&self, now: Timestamp, limit: u32) -> Result<Vec<OrderNo>, StoreError> {
        sqlx::query(&**DUE)
            .bind(now.millis())
            .bind(limit)
            .fetch_all(self.database.readers())
            .await?
            .iter()
            .map(|row| order_no(row.try_get(0)?))
            .collect()
    }

    async fn raise(&self, mark: Mark, by: u64) -> Result<u64, StoreError> {
        let name = match mark {
            Mark::Sequence(site) => format!("sequence-{site}"),
            Mark::LocalLease(site) => format!("local-lease-{site}"),
        };
        let by = i64::try_from(by).map_err(|_| StoreError::Corrupt("mark".to_owned()))?;
        let after: i64 = self
            .database
            .write(move |tx| {
                Box::pin(async move {
                    Ok(sqlx::query_scalar(
                        "INSERT INTO marks (name, next) VALUES (?1, ?2)
                         ON CONFLICT (name) DO UPDATE SET next = next + ?2 RETURNING next",
                    )
                    .bind(name)
                    .bind(by)
                    .fetch_one(tx)
                    .await?)
                })
            })
            .await?;
        u64::try_from(after.saturating_sub(by))
            .map_err(|_| StoreError::Corrupt(format!("mark at {after}")))
    }

    async fn packets_page(
        &self,
        day: Day,
        after: Option<OrderNo>,
        limit: u32,
    ) -> Result<Vec<PacketRow>, StoreError> {
        sqlx::query(statements(day).packets_page)
            .bind(after.map_or(-1, OrderNo::to_bits))
            .bind(limit)
            .fetch_all(self.database.readers())
            .await?
            .iter()
            .map(packet_row)
            .collect()
    }

    async fn claims_page(
        &self,
        day: Day,
        after: Option<(OrderNo, u32)>,
        limit: u32,
    ) -> Result<Vec<(OrderNo, ClaimRow)>, StoreError> {
        let (order_no, seq) = after.map_or((-1, -1), |(no, seq)| (no.to_bits(), i64::from(seq)));
        sqlx::query(statements(day).claims_page)
            .bind(order_no)
            .bind(seq)
            .bind(limit)
            .fetch_all(self.database.readers())
            .await?
            .iter()
            .map(numbered_claim_row)
            .collect()
    }

    async fn days(&self) -> Result<Vec<DayTable>, StoreError> {
        days::days(self.database.readers()).await
    }

    async fn seal(&self, day: Day, epoch_day: i64) -> Result<(), StoreError> {
        self.database.write(move |tx| Box::pin(days::seal(tx, day, epoch_day))).await
    }

    async fn empty(&self, day: Day, epoch_day: i64) -> Result<Emptied, StoreError> {
        self.database.write(move |tx| Box::pin(days::empty(tx, day, epoch_day))).await
    }

    async fn announced(
        &self,
        destination: Destination,
        orders: Vec<OrderNo>,
    ) -> Result<Vec<String>, StoreError> {
        announced(&self.database, destination, &orders).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").execute(self.database.readers()).await?;
        Ok(())
    }
}
