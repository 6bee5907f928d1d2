//! Which keys have sealed something that is kept (R-STORE-7). Noted beside the ledger,
//! whose payments hold every seal, before a key seals for the first time: so a start
//! knows without a look at the packets which keys it must have.

use super::StoreError;
use crate::keys::KeyId;
use async_trait::async_trait;
use hongbao_shared::Timestamp;
use std::fmt;

/// A key that the data may need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownKey {
    /// Which.
    pub id: KeyId,
    /// Until when some node has sealed with it, at least; nodes note it each minute.
    pub used_at: Timestamp,
}

/// A key that was taken away after all that it had sealed was over.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RetiredKey {
    /// Which.
    pub id: KeyId,
    /// What opens its seals, whose seeds are public by now (R-FAIR-6).
    pub seeds: [u8; 32],
}

impl fmt::Debug for RetiredKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetiredKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The keys that have sealed.
#[async_trait]
pub trait KeyStore: Send + Sync + fmt::Debug {
    /// All of them, in the order of their ids.
    async fn known(&self) -> Result<Vec<KnownKey>, StoreError>;

    /// Notes that a node seals with this key at `at`; an earlier moment changes nothing.
    async fn note(&self, id: KeyId, at: Timestamp) -> Result<(), StoreError>;

    /// Forgets a key unless it has been used after `unused_since`; answers whether it is
    /// unknown now.
    async fn forget(&self, id: KeyId, unused_since: Timestamp) -> Result<bool, StoreError>;

    /// As [`KeyStore::forget`], and keeps what opens its seals, in the same transaction.
    async fn retire(&self, key: RetiredKey, unused_since: Timestamp) -> Result<bool, StoreError>;

    /// The keys that were taken away, in the order of their ids.
    async fn retired(&self) -> Result<Vec<RetiredKey>, StoreError>;
}
