use crate::{
    keys::KeyId,
    store::{
        StoreError,
        keys::{KeyStore, KnownKey},
    },
};
use async_trait::async_trait;
use hongbao_shared::Timestamp;
use parking_lot::Mutex;
use std::collections::BTreeMap;

/// The keys of databases that keep nothing.
#[derive(Debug, Default)]
pub struct MemoryKeys(Mutex<BTreeMap<KeyId, Timestamp>>);

#[async_trait]
impl KeyStore for MemoryKeys {
    async fn known(&self) -> Result<Vec<KnownKey>, StoreError> {
        Ok(self.0.lock().iter().map(|(id, at)| KnownKey { id: *id, used_at: *at }).collect())
    }

    async fn note(&self, id: KeyId, at: Timestamp) -> Result<(), StoreError> {
        let mut keys = self.0.lock();
        let used_at = keys.entry(id).or_insert(at);
        *used_at = at.max(*used_at);
        Ok(())
    }

    async fn forget(&self, id: KeyId, unused_since: Timestamp) -> Result<bool, StoreError> {
        let mut keys = self.0.lock();
        if keys.get(&id).is_some_and(|used_at| *used_at <= unused_since) {
            keys.remove(&id);
        }
        Ok(!keys.contains_key(&id))
    }
}
