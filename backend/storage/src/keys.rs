//! The keys that have sealed, beside the ledger.

use super::{Database, StoreError, Tx, row::Row, sql};
use async_trait::async_trait;
use hongbao_domain::{
    keys::KeyId,
    store::keys::{KeyStore, KnownKey, RetiredKey},
};
use hongbao_shared::Timestamp;

/// The keys that have sealed something that is kept.
#[derive(Clone, Debug)]
pub struct SqlKeys {
    database: Database,
}

impl SqlKeys {
    /// On a database that was opened with [`super::Schema::Ledger`].
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl KeyStore for SqlKeys {
    async fn known(&self) -> Result<Vec<KnownKey>, StoreError> {
        let rows = sql("SELECT id, used_at FROM sealing_keys ORDER BY id");
        rows.fetch_all(&self.database).await?.iter().map(known).collect()
    }

    async fn note(&self, id: KeyId, at: Timestamp) -> Result<(), StoreError> {
        let statement = sql("INSERT INTO sealing_keys (id, used_at) VALUES ($1, $2)
             ON CONFLICT (id) DO UPDATE SET used_at = excluded.used_at
             WHERE sealing_keys.used_at < excluded.used_at")
        .bind(id.to_string())
        .bind(at.millis());
        self.database.change_at_once(statement).await?;
        Ok(())
    }

    async fn forget(&self, id: KeyId, unused_since: Timestamp) -> Result<bool, StoreError> {
        self.database.write((), move |tx, ()| Box::pin(forget(tx, id, unused_since))).await
    }

    async fn retire(&self, key: RetiredKey, unused_since: Timestamp) -> Result<bool, StoreError> {
        self.database
            .write(key, move |tx, key| {
                Box::pin(async move {
                    let is_forgotten = forget(tx, key.id, unused_since).await?;
                    if is_forgotten {
                        sql("INSERT INTO retired_keys (id, seeds) VALUES ($1, $2)
                             ON CONFLICT (id) DO NOTHING")
                        .bind(key.id.to_string())
                        .bind(key.seeds.as_slice())
                        .execute(tx)
                        .await?;
                    }
                    Ok(is_forgotten)
                })
            })
            .await
    }

    async fn retired(&self) -> Result<Vec<RetiredKey>, StoreError> {
        let rows = sql("SELECT id, seeds FROM retired_keys ORDER BY id");
        rows.fetch_all(&self.database).await?.iter().map(retired).collect()
    }
}

async fn forget(tx: &mut Tx<'_>, id: KeyId, unused_since: Timestamp) -> Result<bool, StoreError> {
    sql("DELETE FROM sealing_keys WHERE id = $1 AND used_at <= $2")
        .bind(id.to_string())
        .bind(unused_since.millis())
        .execute(&mut *tx)
        .await?;
    sql("SELECT NOT EXISTS (SELECT 1 FROM sealing_keys WHERE id = $1)")
        .bind(id.to_string())
        .scalar(tx)
        .await
}

fn known(row: &Row) -> Result<KnownKey, StoreError> {
    let id = id_of(row)?;
    Ok(KnownKey { id, used_at: row.try_get(1)? })
}

fn retired(row: &Row) -> Result<RetiredKey, StoreError> {
    let (id, seeds): (_, Vec<u8>) = (id_of(row)?, row.try_get(1)?);
    let seeds = seeds.try_into();
    Ok(RetiredKey { id, seeds: seeds.map_err(|_| StoreError::Corrupt(format!("key {id}")))? })
}

fn id_of(row: &Row) -> Result<KeyId, StoreError> {
    let id: String = row.try_get(0)?;
    id.parse().map_err(|_| StoreError::Corrupt(format!("key id {id:?}")))
}
