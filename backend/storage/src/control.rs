//! The switches in SQL.

use super::{Database, StoreError, sql};
use async_trait::async_trait;
use hongbao_domain::store::control::{ControlChange, ControlStore};

/// The switches, and who changed them.
#[derive(Clone, Debug)]
pub struct SqlControl {
    database: Database,
}

impl SqlControl {
    /// On a database that was opened with [`super::Schema::Control`].
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl ControlStore for SqlControl {
    async fn version(&self) -> Result<u64, StoreError> {
        let version: i64 =
            sql("SELECT coalesce(max(version), 0) FROM changes").scalar(&self.database).await?;
        version_of(version)
    }

    async fn changes(&self, limit: u32) -> Result<Vec<ControlChange>, StoreError> {
        sql("SELECT version, switches, changed, changed_by, changed_at FROM changes
             ORDER BY version DESC LIMIT $1")
        .bind(limit)
        .all(&self.database, |row| {
            Ok(ControlChange {
                version: version_of(row.try_get(0)?)?,
                switches: row.try_get(1)?,
                changed: row.try_get(2)?,
                changed_by: row.try_get(3)?,
                changed_at: row.try_get(4)?,
            })
        })
        .await
    }

    async fn change(&self, change: ControlChange) -> Result<bool, StoreError> {
        let version = i64::try_from(change.version)
            .map_err(|_| StoreError::Corrupt("the version is too large".to_owned()))?;
        let insert = sql("INSERT INTO changes (version, switches, changed, changed_by, changed_at)
             SELECT $1, $2, $3, $4, $5
             WHERE $1 = 1 + (SELECT coalesce(max(version), 0) FROM changes)
             ON CONFLICT (version) DO NOTHING")
        .bind(version)
        .bind(change.switches)
        .bind(change.changed)
        .bind(change.changed_by.get())
        .bind(change.changed_at.millis());
        let inserted =
            self.database.write(insert, |tx, insert| Box::pin(insert.clone().execute(tx))).await?;
        Ok(inserted == 1)
    }
}

fn version_of(column: i64) -> Result<u64, StoreError> {
    u64::try_from(column).map_err(|_| StoreError::Corrupt(format!("version {column}")))
}
