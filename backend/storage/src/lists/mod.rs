//! The database of lists in SQL.

mod audit;
mod given;
mod read;
mod restore;
mod write;

use super::Database;
use async_trait::async_trait;
use hongbao_domain::{
    runtime::Zone,
    store::{
        StoreError,
        lists::{
            List, ListBatch, ListKey, ListStore, Listed, ReceivedLine, ReceivedRow, SentRow,
            Totals, TotalsOff,
        },
    },
};
use hongbao_shared::{Fen, OrderNo, UserId};
use read::Part;

/// The lists "sent" and "received".
#[derive(Clone, Debug)]
pub struct SqlLists {
    database: Database,
}

impl SqlLists {
    /// On a database that was opened with [`super::Schema::Lists`].
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl ListStore for SqlLists {
    async fn record(&self, batch: ListBatch, zone: &Zone) -> Result<(), StoreError> {
        self.database
            .write_by_row((batch, zone.clone()), |tx, (batch, zone)| {
                Box::pin(write::record(tx, batch, zone))
            })
            .await
    }

    async fn sent(
        &self,
        user: UserId,
        year: i16,
        after: Option<ListKey>,
        limit: u32,
    ) -> Result<Vec<SentRow>, StoreError> {
        read::sent(&self.database, &Part { user, year, after, limit }).await
    }

    async fn received(
        &self,
        user: UserId,
        year: i16,
        after: Option<ListKey>,
        limit: u32,
    ) -> Result<Vec<ReceivedLine>, StoreError> {
        read::received(&self.database, &Part { user, year, after, limit }).await
    }

    async fn months(&self, user: UserId, year: i16) -> Result<Vec<(u8, Totals)>, StoreError> {
        read::months(&self.database, user, year).await
    }

    async fn years(&self, user: UserId, list: List) -> Result<Vec<i16>, StoreError> {
        read::years(&self.database, user, list).await
    }

    async fn listed_shares(
        &self,
        order_no: OrderNo,
        from_seq: u32,
        limit: u32,
    ) -> Result<Vec<ReceivedRow>, StoreError> {
        read::listed_shares(&self.database, order_no, from_seq, limit).await
    }

    async fn listed_orders(
        &self,
        after: Option<OrderNo>,
        limit: u32,
    ) -> Result<Vec<OrderNo>, StoreError> {
        read::listed_orders(&self.database, after, limit).await
    }

    async fn restore(&self, batch: ListBatch, zone: &Zone) -> Result<(), StoreError> {
        self.database
            .write((batch, zone.clone()), |tx, (batch, zone)| {
                Box::pin(restore::restore(tx, batch, zone))
            })
            .await
    }

    async fn received_fen(&self, user: UserId) -> Result<Fen, StoreError> {
        read::received_fen(&self.database, user).await
    }

    async fn listed(&self, order_no: OrderNo) -> Result<Listed, StoreError> {
        audit::listed(&self.database, order_no).await
    }

    async fn sent_page(
        &self,
        after: Option<OrderNo>,
        limit: u32,
    ) -> Result<Vec<SentRow>, StoreError> {
        audit::sent_page(&self.database, after, limit).await
    }

    async fn received_page(
        &self,
        after: Option<(OrderNo, UserId)>,
        limit: u32,
    ) -> Result<Vec<ReceivedRow>, StoreError> {
        audit::received_page(&self.database, after, limit).await
    }

    async fn best_lucks_page(
        &self,
        after: Option<OrderNo>,
        limit: u32,
    ) -> Result<Vec<(OrderNo, UserId)>, StoreError> {
        audit::best_lucks_page(&self.database, after, limit).await
    }

    async fn totals_off(
        &self,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Option<(UserId, Vec<TotalsOff>)>, StoreError> {
        audit::totals_off(&self.database, after, limit).await
    }
}
