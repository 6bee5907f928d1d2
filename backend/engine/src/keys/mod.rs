//! The key ring: which master keys there are, and which of them seals (R-STORE-7).
//!
//! A key has an id, and every seal and ticket names it, so that keys can be added,
//! rotated and retired while servers run. One key of the ring seals and signs; all of
//! them open. The ring lives outside of every database and cache, so that a stolen one
//! tells no share that is still to come (R-FAIR-5); what the data needs is noted in the
//! ledger's database ([`hongbao_domain::store::keys`]), and compared with the ring at each start.

mod folder;
mod keeper;
mod need;
pub mod seal;
pub(crate) mod secret;

pub use folder::KeysFolder;
pub use keeper::{Keeper, lacks};
pub use need::{Need, needed};

use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305};
use hmac::Hmac;
use hongbao_config::{Config, ConfigError, MasterKey};
use hongbao_domain::{
    Refusal,
    keys::KeyId,
    runtime::Entropy,
    store::{
        StoreError,
        keys::{KeyStore, RetiredKey},
    },
};
use hongbao_shared::{ErrorCode, Timestamp};
use parking_lot::{Mutex, RwLock};
use sha2::Sha256;
use std::{
    collections::BTreeSet,
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

/// How many keys a ring may hold; a rotation a month, with what was sealed for years.
pub const KEYS_MAX: usize = 64;

/// When to come back while a key is gone: the folder is read again each second.
const RETRY_WITHOUT_KEY: Duration = Duration::from_secs(2);

const SEED_LABEL: &[u8] = b"server-seed";
const TICKET_LABEL: &[u8] = b"ticket";
/// Apart from seeds, whose key becomes public once it is retired.
const HOOK_LABEL: &[u8] = b"webhook-secret";

/// A key that was not used after this moment has sealed no pre-order that can still be
/// paid, whatever node it was on.
pub fn unused_since(config: &Config, now: Timestamp) -> Timestamp {
    let ttl_s = i64::from(config.limits.preorder_ttl_s);
    now.plus_seconds(-ttl_s.saturating_add(keeper::USE_MARGIN_S))
}

/// A key with what is derived from it.
pub(crate) struct Key {
    pub(crate) id: KeyId,
    /// Seals server seeds.
    pub(crate) seeds: XChaCha20Poly1305,
    /// What that is made of.
    seeds_secret: [u8; 32],
    /// Signs tickets.
    pub(crate) tickets: Hmac<Sha256>,
    /// Seals the secrets of webhooks.
    pub(crate) hooks: XChaCha20Poly1305,
}

impl Key {
    fn new(key: &MasterKey) -> Self {
        let tickets = Hmac::new_from_slice(&key.derive(TICKET_LABEL));
        let seeds_secret = key.derive(SEED_LABEL);
        Self {
            id: key.id(),
            seeds: XChaCha20Poly1305::new(&seeds_secret.into()),
            seeds_secret,
            tickets: tickets.expect("HMAC takes keys of any length"),
            hooks: XChaCha20Poly1305::new(&key.derive(HOOK_LABEL).into()),
        }
    }
}

/// The keys at one moment: never empty, each once, the first of all first.
#[derive(Clone)]
pub(crate) struct Ring {
    keys: Vec<Arc<Key>>,
    sealing: usize,
    /// Open what they sealed, and do nothing else any more.
    retired: Vec<(KeyId, XChaCha20Poly1305)>,
}

impl Ring {
    /// `sealing` must be the id of one of them.
    fn new(keys: &[MasterKey], sealing: KeyId) -> Result<Self, String> {
        let keys: Vec<_> = keys.iter().map(|key| Arc::new(Key::new(key))).collect();
        if keys.len() > KEYS_MAX {
            return Err(format!("there are more than {KEYS_MAX} keys"));
        }
        for (at, key) in keys.iter().enumerate() {
            if keys[..at].iter().any(|other| other.id == key.id) {
                return Err(format!("the key {} is there twice", key.id));
            }
        }
        let at = keys.iter().position(|key| key.id == sealing);
        let sealing =
            at.ok_or_else(|| format!("the key {sealing}, which is to seal, is missing"))?;
        Ok(Self { keys, sealing, retired: Vec::new() })
    }

    /// The one that seals and signs.
    pub(crate) fn sealing(&self) -> &Arc<Key> {
        &self.keys[self.sealing]
    }

    pub(crate) fn key(&self, id: KeyId) -> Option<&Arc<Key>> {
        self.keys.iter().find(|key| key.id == id)
    }

    /// Opens what this key has sealed, also if it was taken away since.
    pub(crate) fn opener(&self, id: KeyId) -> Option<&XChaCha20Poly1305> {
        self.openers().find(|(known, _)| *known == id).map(|(_, seeds)| seeds)
    }

    /// Whatever opens seals.
    pub(crate) fn openers(&self) -> impl Iterator<Item = (KeyId, &XChaCha20Poly1305)> {
        let retired = self.retired.iter().map(|(id, seeds)| (*id, seeds));
        self.keys.iter().map(|key| (key.id, &key.seeds)).chain(retired)
    }

    fn retire(&mut self, keys: Vec<RetiredKey>) {
        let opens = |key: RetiredKey| (key.id, XChaCha20Poly1305::new(&key.seeds.into()));
        self.retired = keys.into_iter().map(opens).collect();
    }

    fn ids(&self) -> Vec<KeyId> {
        self.keys.iter().map(|key| key.id).collect()
    }

    /// Keys that are no longer where they came from, and still needed.
    fn keep(&mut self, kept: impl Iterator<Item = Arc<Key>>) {
        self.keys.extend(kept);
    }

    /// All of them, the first of all first.
    pub(crate) fn keys(&self) -> &[Arc<Key>] {
        &self.keys
    }
}

/// The key ring as everything that seals, opens, signs or checks holds it.
#[derive(Clone)]
pub struct Keys {
    ring: Arc<RwLock<Arc<Ring>>>,
    /// `None` for keys of the configuration, which stay as they are until the next start.
    folder: Option<KeysFolder>,
    looked: Arc<Mutex<Looked>>,
    /// Keys of the ring that stand in the folder no more: the next start would be without them.
    lost: Arc<RwLock<BTreeSet<KeyId>>>,
}

/// What the folder held when a key was last looked for that the ring lacks.
#[derive(Default)]
struct Looked {
    /// When the folder had changed, by its file system.
    changed: Option<SystemTime>,
    keys: Vec<Arc<Key>>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("ids", &self.ids()).finish_non_exhaustive()
    }
}

impl Keys {
    /// The keys of the configuration, or else of the keys folder, in which the first key
    /// is made at the first start; but not in one that a fleet's nodes share, because each
    /// would make another.
    pub fn obtain(config: &Config, entropy: &dyn Entropy) -> Result<Self, ConfigError> {
        let of_one_node = config.fleet.is_none() || config.storage.keys.as_os_str().is_empty();
        if let (true, Some(folder)) = (of_one_node, KeysFolder::changeable(config)) {
            folder.make_first(&config.storage.data, entropy)?;
        }
        Self::read(config)
    }

    /// Likewise, and makes none.
    pub fn read(config: &Config) -> Result<Self, ConfigError> {
        if let [first, ..] = config.storage.master_key.keys() {
            let ring = Ring::new(config.storage.master_key.keys(), first.id())
                .map_err(|what| ConfigError(format!("storage.master_key: {what}")))?;
            return Ok(Self::with(ring, None));
        }
        let folder = KeysFolder::of(config);
        Ok(Self::with(folder.read()?, Some(folder)))
    }

    /// The key that seals, unless it stands on no disk any more: what it sealed could not be
    /// opened after the next start.
    pub(crate) fn check_sealing(&self) -> Result<(), Refusal> {
        self.check_standing(self.sealing())
    }

    /// Likewise for a key that has sealed what is to be paid for.
    pub(crate) fn check_standing(&self, id: KeyId) -> Result<(), Refusal> {
        if self.lost.read().contains(&id) {
            return Err(Refusal::new(ErrorCode::Unavailable).retry_after(RETRY_WITHOUT_KEY));
        }
        Ok(())
    }

    /// One key, for whoever keeps it elsewhere.
    pub fn of(key: [u8; 32]) -> Self {
        let key = MasterKey::from_bytes(key);
        let ring = Ring::new(std::slice::from_ref(&key), key.id()).expect("one key is a ring");
        Self::with(ring, None)
    }

    fn with(ring: Ring, folder: Option<KeysFolder>) -> Self {
        let ring = Arc::new(RwLock::new(Arc::new(ring)));
        Self { ring, folder, looked: Arc::default(), lost: Arc::default() }
    }

    /// The folder that is read again while this runs, if the keys come from one.
    pub fn folder(&self) -> Option<&KeysFolder> {
        self.folder.as_ref()
    }

    /// The one that seals and signs.
    pub fn sealing(&self) -> KeyId {
        self.ring().sealing().id
    }

    /// All of them, the first of all first.
    pub fn ids(&self) -> Vec<KeyId> {
        self.ring().ids()
    }

    /// Where they come from, in a sentence.
    pub fn place(&self) -> String {
        match &self.folder {
            Some(folder) => folder.to_string(),
            None => "storage.master_key (HONGBAO_MASTER_KEY)".to_owned(),
        }
    }

    /// The key of this id. Where nodes read their folders a moment apart, one that seals with
    /// a new key may be met by one that has the file and has not read it yet (R-STORE-7). Anybody
    /// can make up ids, so that the folder is read again only if it has changed since (R-CTRL-6).
    pub(crate) fn find(&self, id: KeyId) -> Option<Arc<Key>> {
        if let Some(key) = self.ring().key(id) {
            return Some(Arc::clone(key));
        }
        let folder = self.folder.as_ref()?;
        let changed = folder.changed()?;
        let mut looked = self.looked.lock();
        if looked.changed != Some(changed) {
            *looked = Looked { changed: Some(changed), keys: folder.readable() };
        }
        looked.keys.iter().find(|key| key.id == id).cloned()
    }

    /// Opens what the key of this id has sealed, also if it was taken away since.
    pub(crate) fn opener(&self, id: KeyId) -> Option<XChaCha20Poly1305> {
        self.ring().opener(id).cloned().or_else(|| self.find(id).map(|key| key.seeds.clone()))
    }

    pub(crate) fn ring(&self) -> Arc<Ring> {
        Arc::clone(&self.ring.read())
    }

    /// What is to open the seals of a key after it was taken away; `None` for one that is
    /// not there.
    pub fn to_retire(&self, id: KeyId) -> Option<RetiredKey> {
        let ring = self.ring();
        ring.key(id).map(|key| RetiredKey { id, seeds: key.seeds_secret })
    }

    /// Has seals of keys that were taken away opened as before (R-STORE-7).
    pub async fn learn_retired(&self, store: &dyn KeyStore) -> Result<(), StoreError> {
        let retired = store.retired().await?;
        if !retired.is_empty() {
            let mut ring = (*self.ring()).clone();
            ring.retire(retired);
            self.replace(ring);
        }
        Ok(())
    }

    /// These stand in the folder no more.
    fn lose(&self, lost: BTreeSet<KeyId>) {
        if *self.lost.read() != lost {
            *self.lost.write() = lost;
        }
    }

    /// From now on these.
    fn replace(&self, ring: Ring) {
        *self.ring.write() = Arc::new(ring);
    }
}

#[cfg(test)]
mod tests;
