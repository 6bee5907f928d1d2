use super::gated;
use crate::{fault::Step, gate::Gate};
use hongbao_domain::{
    keys::KeyId,
    store::{
        StoreError,
        keys::{KeyStore, KnownKey, RetiredKey},
    },
};
use hongbao_memory::MemoryKeys;
use hongbao_shared::Timestamp;
use std::sync::Arc;

/// Which keys have sealed, behind the gate of the ledger's database.
#[derive(Debug)]
pub(crate) struct GatedKeys {
    pub(crate) inner: Arc<MemoryKeys>,
    pub(crate) gate: Gate,
}

gated! {
    impl KeyStore for GatedKeys, StoreError;
    reads {
        fn known() -> Vec<KnownKey>;
        fn retired() -> Vec<RetiredKey>;
    }
    writes {
        Step::NoteKey => fn note(id: KeyId, at: Timestamp) -> ();
    }
    free {
        fn forget(id: KeyId, unused_since: Timestamp) -> bool;
        fn retire(key: RetiredKey, unused_since: Timestamp) -> bool;
    }
}
