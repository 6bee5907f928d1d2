use moka::sync::Cache;
use std::{
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};
use tokio::sync::Mutex;

/// How many keys can be loaded at a time; others with the same hash wait.
const TURNS: usize = 64;

/// What a store said, kept in this node's memory: bounded, and forgotten after a
/// while, because another node may have changed the store.
///
/// Two things that a bare cache lets happen do not happen here: a value that was read
/// before a change is not kept after it, and a hundred callers that miss the same key
/// at once ask the store once.
pub(crate) struct Memo<K, V> {
    kept: Cache<K, V>,
    /// Counts [`Memo::forget`]: a load during which it moves is not kept.
    changes: AtomicU64,
    turns: Vec<Mutex<()>>,
}

impl<K, V> Memo<K, V>
where
    K: Hash + Eq + Send + Sync + Clone + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// Keeps values that together weigh at most `weight_max`, each for `ttl`.
    pub(crate) fn new(
        weight_max: u64,
        ttl: Duration,
        weigh: impl Fn(&K, &V) -> u32 + Send + Sync + 'static,
    ) -> Self {
        Self {
            kept: Cache::builder()
                .max_capacity(weight_max)
                .time_to_live(ttl)
                .weigher(weigh)
                .build(),
            changes: AtomicU64::new(0),
            turns: (0..TURNS).map(|_| Mutex::new(())).collect(),
        }
    }

    /// What is kept under `key`.
    pub(crate) fn get(&self, key: &K) -> Option<V> {
        self.kept.get(key)
    }

    /// What is kept under `key`, else what `load` finds; finding nothing is not kept.
    pub(crate) async fn get_or_load<E>(
        &self,
        key: K,
        load: impl Future<Output = Result<Option<V>, E>>,
    ) -> Result<Option<V>, E> {
        if let Some(value) = self.get(&key) {
            return Ok(Some(value));
        }
        let _turn = self.turn(&key).lock().await;
        if let Some(value) = self.get(&key) {
            return Ok(Some(value));
        }
        let seen = self.mark();
        let found = load.await?;
        if let Some(value) = &found {
            self.keep(&key, value.clone(), seen);
        }
        Ok(found)
    }

    /// What is kept under `key` once a load that is at work has ended: what it keeps may
    /// be from before the caller's change.
    pub(crate) async fn settled(&self, key: &K) -> Option<V> {
        let _turn = self.turn(key).lock().await;
        self.get(key)
    }

    /// A moment before a load; [`Memo::keep`] wants it.
    pub(crate) fn mark(&self) -> u64 {
        self.changes.load(Ordering::SeqCst)
    }

    /// Keeps what was loaded after `seen`, unless something was forgotten since: it
    /// might have been this.
    pub(crate) fn keep(&self, key: &K, value: V, seen: u64) {
        self.kept.insert(key.clone(), value);
        // Looked at after the insert: a change counted later forgets it itself.
        if self.mark() != seen {
            self.kept.invalidate(key);
        }
    }

    /// The store has changed under `key`.
    pub(crate) fn forget(&self, key: &K) {
        self.changes.fetch_add(1, Ordering::SeqCst);
        self.kept.invalidate(key);
    }

    /// What is kept under `key` is in doubt, though the store has not changed.
    pub(crate) fn evict(&self, key: &K) {
        self.kept.invalidate(key);
    }

    /// The store may have changed under any key.
    pub(crate) fn forget_all(&self) {
        self.changes.fetch_add(1, Ordering::SeqCst);
        self.kept.invalidate_all();
    }

    fn turn(&self, key: &K) -> &Mutex<()> {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        let turn = usize::try_from(hasher.finish() % TURNS as u64).unwrap_or_default();
        &self.turns[turn]
    }
}

impl<K, V> fmt::Debug for Memo<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memo").finish_non_exhaustive()
    }
}
