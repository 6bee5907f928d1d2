//! The database of lists in SQL.

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
        lists::{ListBatch, ListStore},
    },
};

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

    async fn restore(&self, batch: ListBatch, zone: &Zone) -> Result<(), StoreError> {
        self.database
            .write((batch, zone.clone()), |tx, (batch, zone)| {
                Box::pin(restore::restore(tx, batch, zone))
            })
            .await
    }
}
