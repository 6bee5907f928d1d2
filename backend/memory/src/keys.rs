use async_trait::async_trait;
use hongbao_domain::{
    keys::KeyId,
    store::{
        StoreError,
        keys::{KeyStore, KnownKey, RetiredKey},
    },
};
use hongbao_shared::Timestamp;
use parking_lot::Mutex;
use std::collections::BTreeMap;

/// The keys of databases that keep nothing.
#[derive(Debug, Default)]
pub struct MemoryKeys {
    used: Mutex<BTreeMap<KeyId, Timestamp>>,
    retired: Mutex<BTreeMap<KeyId, RetiredKey>>,
}

#[async_trait]
impl KeyStore for MemoryKeys {
    async fn known(&self) -> Result<Vec<KnownKey>, StoreError> {
        Ok(self.used.lock().iter().map(|(id, at)| KnownKey { id: *id, used_at: *at }).collect())
    }

    async fn note(&self, id: KeyId, at: Timestamp) -> Result<(), StoreError> {
        let mut keys = self.used.lock();
        let used_at = keys.entry(id).or_insert(at);
        *used_at = at.max(*used_at);
        Ok(())
    }

    async fn forget(&self, id: KeyId, unused_since: Timestamp) -> Result<bool, StoreError> {
        let mut keys = self.used.lock();
        if keys.get(&id).is_some_and(|used_at| *used_at <= unused_since) {
            keys.remove(&id);
        }
        Ok(!keys.contains_key(&id))
    }

    async fn retire(&self, key: RetiredKey, unused_since: Timestamp) -> Result<bool, StoreError> {
        let is_forgotten = self.forget(key.id, unused_since).await?;
        if is_forgotten {
            self.retired.lock().insert(key.id, key);
        }
        Ok(is_forgotten)
    }

    async fn retired(&self) -> Result<Vec<RetiredKey>, StoreError> {
        Ok(self.retired.lock().values().copied().collect())
    }
}
