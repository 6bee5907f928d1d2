//! Compares the ring with what the data needs, at the start and while this runs, and
//! notices keys that are added, rotated or gone (R-STORE-7).

use super::{Keys, Ring, seal::Sealer};
use hongbao_config::ConfigError;
use hongbao_domain::{
    board::{Board, Place, Rung},
    keys::KeyId,
    runtime::Clock,
    store::{StoreError, keys::KeyStore, ledger::LedgerStore},
};
use parking_lot::Mutex;
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// How often the keys folder is read again.
const READ_EVERY: Duration = Duration::from_secs(1);
/// After so many readings it is noted again that the key is in use.
const NOTE_ROUNDS: u32 = 60;
/// Payments that the first start of this version looks at. Until then there was one key
/// for all of them, so that a few tell.
const ADOPT_MAX: u32 = 100;
/// Longer than a note of use may be old, and than clocks of nodes may differ.
pub(super) const USE_MARGIN_S: i64 = 180;

/// Keeps the ring up to date.
#[derive(Debug)]
pub struct Keeper {
    keys: Keys,
    store: Arc<dyn KeyStore>,
    ledger: Arc<dyn LedgerStore>,
    clock: Arc<dyn Clock>,
    /// What a check found that could not be made at the start.
    missing: Mutex<Option<String>>,
    /// The last line about the folder, so that it is not written each second.
    said: Mutex<String>,
}

/// Why the ring was not found to be complete.
#[derive(Debug, thiserror::Error)]
enum Incomplete {
    /// It could not be looked at yet.
    #[error(transparent)]
    Unknown(#[from] StoreError),
    /// The data needs a key that is not there.
    #[error(transparent)]
    Missing(#[from] ConfigError),
}

impl Keeper {
    /// Of this ring, for the data of these stores.
    pub fn new(
        keys: Keys,
        store: Arc<dyn KeyStore>,
        ledger: Arc<dyn LedgerStore>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { keys, store, ledger, clock, missing: Mutex::default(), said: Mutex::default() }
    }

    /// Refuses a ring that lacks a key which the data names. While the ledger's database
    /// does not answer, the check is made up for, and the node is not ready if it fails.
    pub async fn check_at_start(&self) -> Result<(), ConfigError> {
        match self.check().await {
            Ok(()) => Ok(()),
            Err(Incomplete::Missing(error)) => Err(error),
            Err(Incomplete::Unknown(error)) => {
                tracing::warn!(%error, "keys are compared with the data later");
                *self.missing.lock() = Some("keys have not been compared with the data".to_owned());
                Ok(())
            }
        }
    }

    /// What keeps this node from being ready: data that cannot be opened, or a key that
    /// must not seal.
    pub fn missing(&self) -> Option<String> {
        let missing = self.missing.lock().clone();
        let sealing = || format!("the key {}, which seals, is gone", self.keys.sealing());
        missing.or_else(|| self.keys.check_sealing().is_err().then(sealing))
    }

    /// Every key that the data names is there, and the one that seals is noted.
    async fn check(&self) -> Result<(), Incomplete> {
        let known = self.store.known().await?;
        self.keys.learn_retired(&*self.store).await?;
        let ring = self.keys.ring();
        let lost = known.iter().map(|known| known.id).filter(|id| ring.key(*id).is_none());
        let lost: Vec<_> = lost.collect();
        if !lost.is_empty() {
            return Err(lacks(&lost, &self.keys.place()).into());
        }
        if known.is_empty() {
            self.adopt(&ring).await?;
        }
        self.note_use().await?;
        *self.missing.lock() = None;
        Ok(())
    }

    /// Notes the keys of data that is older than the notes.
    async fn adopt(&self, ring: &Ring) -> Result<(), Incomplete> {
        let sealer = Sealer::new(&self.keys);
        let mut found = BTreeSet::new();
        for paid in self.ledger.payments_page(None, ADOPT_MAX).await? {
            let record = paid.record;
            match sealer.key_of(record.order_no, &record.sealed_server_seed) {
                Some(id) if ring.key(id).is_none() => {
                    return Err(lacks(&[id], &self.keys.place()).into());
                }
                Some(id) => drop(found.insert(id)),
                None => {
                    let place = self.keys.place();
                    return Err(ConfigError(format!(
                        "{place}: the seeds of paid packets were sealed with another key than {}; \
                         put that one back, or see `hongbao keys forget --lost`",
                        names(&self.keys.ids())
                    ))
                    .into());
                }
            }
        }
        for id in found {
            self.store.note(id, self.clock.now()).await?;
        }
        Ok(())
    }

    async fn note_use(&self) -> Result<(), StoreError> {
        self.store.note(self.keys.sealing(), self.clock.now()).await
    }

    /// Follows the keys folder until it is told to stop, and shows what is missing.
    pub async fn run(self: Arc<Self>, board: Arc<Board>, stop: CancellationToken) {
        let mut rounds = 0;
        while stop.run_until_cancelled(tokio::time::sleep(READ_EVERY)).await.is_some() {
            match self.follow().await {
                Ok(()) => self.said.lock().clear(),
                Err(error) => self.say_once(format!("the keys stay as they were: {error:#}")),
            }
            let lost = self.lost().await;
            let why = lacks(&lost, &self.keys.place());
            board.set(Rung::KeysMissing, Place::Node, !lost.is_empty(), why);
            rounds += 1;
            let unchecked = self.missing.lock().is_some();
            if rounds >= NOTE_ROUNDS || unchecked {
                rounds = 0;
                match if unchecked {
                    self.check().await
                } else {
                    self.note_use().await.map_err(Into::into)
                } {
                    Ok(()) => {}
                    Err(Incomplete::Unknown(error)) => {
                        tracing::debug!(%error, "the use of a key is noted later");
                    }
                    Err(Incomplete::Missing(error)) => {
                        tracing::error!(%error, "not ready: a key is missing");
                        *self.missing.lock() = Some(error.to_string());
                    }
                }
            }
        }
    }

    /// The keys of the ring that the folder holds no more; where it cannot be read, those of
    /// before.
    async fn lost(&self) -> Vec<KeyId> {
        // Keys that come from elsewhere ask no thread of the system, so that a simulation is
        // in nobody's hands but its own.
        if let Some(folder) = self.keys.folder().cloned()
            && let Ok(Ok(standing)) = tokio::task::spawn_blocking(move || folder.standing()).await
        {
            let lost = self.keys.ids().into_iter().filter(|id| !standing.contains(id));
            self.keys.lose(lost.collect());
        }
        self.keys.lost.read().iter().copied().collect()
    }

    fn say_once(&self, what: String) {
        let mut said = self.said.lock();
        if *said != what {
            tracing::error!("{what}");
            *said = what;
        }
    }

    /// Takes over what the folder holds now, if it is not what is known.
    async fn follow(&self) -> anyhow::Result<()> {
        let Some(folder) = self.keys.folder().cloned() else { return Ok(()) };
        let mut next = tokio::task::spawn_blocking(move || folder.read()).await??;
        let now = self.keys.ring();
        let gone = now.keys().iter().filter(|key| next.key(key.id).is_none());
        let gone: Vec<_> = gone.cloned().collect();
        let same = gone.is_empty()
            && next.keys().len() == now.keys().len()
            && next.sealing().id == now.sealing().id;
        if same {
            return Ok(());
        }
        next.retire(self.store.retired().await?);
        if !gone.is_empty() {
            // Forgotten keys are known no more; whatever else is gone is still needed.
            let known: BTreeSet<_> = self.store.known().await?.iter().map(|key| key.id).collect();
            next.keep(gone.into_iter().filter(|key| known.contains(&key.id)));
        }
        let sealing = next.sealing().id;
        if sealing != now.sealing().id {
            // Before it seals anything.
            self.store.note(sealing, self.clock.now()).await?;
            tracing::info!(key = %sealing, before = %now.sealing().id, "another key seals from now on");
        }
        let changed = next.keys().iter().map(|key| key.id).ne(now.keys().iter().map(|key| key.id));
        if changed {
            tracing::info!(keys = names(&next.ids()), "the key ring has changed");
        }
        if changed || sealing != now.sealing().id {
            self.keys.replace(next);
        }
        Ok(())
    }
}

/// What to tell where the data names keys that are not at `place`.
pub fn lacks(ids: &[KeyId], place: &str) -> ConfigError {
    let (names, keys, are, them) = match ids {
        [_] => (names(ids), "key", "is", "it"),
        _ => (names(ids), "keys", "are", "them"),
    };
    ConfigError(format!(
        "{place}: the data needs the {keys} {names}, which {are} missing; put {them} back, or see \
         `hongbao keys forget --lost`"
    ))
}

fn names(ids: &[KeyId]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
