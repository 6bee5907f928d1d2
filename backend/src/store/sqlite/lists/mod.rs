//! The database of lists in a SQLite file.

mod read;
mod restore;
mod write;

use super::Database;
use crate::{
    runtime::Zone,
    store::{
        StoreError,
        lists::{
            List, ListBatch, ListKey, ListStore, Listed, ReceivedLine, ReceivedRow, SentRow, Totals,
        },
    },
};
use async_trait::async_trait;
use hongbao_shared::{Fen, OrderNo, UserId};
use read::Part;

/// The lists "sent" and "received".
#[derive(Clone, Debug)]
pub struct SqliteLists {
    database: Database,
}

impl SqliteLists {
    /// On a database that was opened with [`super::Schema::Lists`].
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl ListStore for SqliteLists {
    async fn record(&self, batch: ListBatch, zone: &Zone) -> Result<(), StoreError> {
        let zone = zone.clone();
        self.database.write(move |tx| Box::pin(write::record(tx, batch, zone))).await
    }

    async fn sent(
        &self,
        user: UserId,
        year: i16,
        after: Option<ListKey>,
        limit: u32,
    ) -> Result<Vec<SentRow>, StoreError> {
        read::sent(self.database.readers(), &Part { user, year, after, limit }).await
    }

    async fn received(
        &self,
        user: UserId,
        year: i16,
        after: Option<ListKey>,
        limit: u32,
    ) -> Result<Vec<ReceivedLine>, StoreError> {
        read::received(self.database.readers(), &Part { user, year, after, limit }).await
    }

    async fn months(&self, user: UserId, year: i16) -> Result<Vec<(u8, Totals)>, StoreError> {
        read::months(self.database.readers(), user, year).await
    }

    async fn years(&self, user: UserId, list: List) -> Result<Vec<i16>, StoreError> {
        read::years(self.database.readers(), user, list).await
    }

    async fn listed(&self, order_no: OrderNo) -> Result<Listed, StoreError> {
        read::listed(self.database.readers(), order_no).await
    }

    async fn listed_shares(
        &self,
        order_no: OrderNo,
        from_seq: u32,
        limit: u32,
    ) -> Result<Vec<ReceivedRow>, StoreError> {
        read::listed_shares(self.database.readers(), order_no, from_seq, limit).await
    }

    async fn listed_orders(
        &self,
        after: Option<OrderNo>,
        limit: u32,
    ) -> Result<Vec<OrderNo>, StoreError> {
        read::listed_orders(self.database.readers(), after, limit).await
    }

    async fn restore(&self, batch: ListBatch, zone: &Zone) -> Result<(), StoreError> {
        let zone = zone.clone();
        self.database.write(move |tx| Box::pin(restore::restore(tx, batch, zone))).await
    }

    async fn received_fen(&self, user: UserId) -> Result<Fen, StoreError> {
        read::received_fen(self.database.readers(), user).await
    }
}
