//! Passwords: argon2id, off the async threads, a few at a time.

use anyhow::anyhow;
use argon2::{Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier};
use hongbao_domain::{Refusal, runtime::Entropy};
use hongbao_shared::ErrorCode;
use std::{sync::Arc, time::Duration};
use tokio::sync::Semaphore;

/// Each hash takes a core and 19 MiB for tens of milliseconds; more at once would
/// starve the opens of packets.
const AT_ONCE_MAX: usize = 2;
/// Beyond these in waiting, a sign-in hears at once that it should come back.
const WAITING_MAX: usize = 64;
const RETRY_AFTER: Duration = Duration::from_secs(2);
const SALT_BYTES: usize = 16;

/// What one hash costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashCost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
}

/// The argon2 crate's defaults, which are OWASP's.
impl Default for HashCost {
    fn default() -> Self {
        Self { memory_kib: Params::DEFAULT_M_COST, passes: Params::DEFAULT_T_COST }
    }
}

/// How a password matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Match {
    No,
    /// By its normal form, as every new hash is made.
    Yes,
    /// As it was typed, whose normal form is another: an old hash.
    AsTyped,
}

#[derive(Debug)]
pub(super) struct Passwords {
    params: Params,
    entropy: Arc<dyn Entropy>,
    /// Those that hash and those that wait.
    admitted: Arc<Semaphore>,
    hashing: Arc<Semaphore>,
}

impl Passwords {
    pub(super) fn new(cost: HashCost, entropy: Arc<dyn Entropy>) -> Result<Self, argon2::Error> {
        Ok(Self {
            params: Params::new(cost.memory_kib, cost.passes, Params::DEFAULT_P_COST, None)?,
            entropy,
            admitted: Arc::new(Semaphore::new(AT_ONCE_MAX + WAITING_MAX)),
            hashing: Arc::new(Semaphore::new(AT_ONCE_MAX)),
        })
    }

    /// A PHC string for the store.
    pub(super) async fn hash(&self, password: String) -> Result<String, Refusal> {
        let params = self.params.clone();
        let mut salt = [0; SALT_BYTES];
        self.entropy.fill(&mut salt);
        self.run(move || {
            Ok(hasher(params).hash_password_with_salt(password.as_bytes(), &salt)?.to_string())
        })
        .await
    }

    /// Does the password match, by its normal form or else as it was typed? Without a hash
    /// to compare with, as much work is done and the answer is no, so that the time does not
    /// tell which names exist.
    pub(super) async fn verify(
        &self,
        normal: String,
        typed: String,
        hash: Option<String>,
    ) -> Result<Match, Refusal> {
        let params = self.params.clone();
        self.run(move || {
            let hash = hash.as_deref().map(PasswordHash::new).transpose()?;
            if is(&params, &normal, hash.as_ref())? {
                return Ok(Match::Yes);
            }
            let is_old = typed != normal && is(&params, &typed, hash.as_ref())?;
            Ok(if is_old { Match::AsTyped } else { Match::No })
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
    ) -> Result<T, Refusal> {
        let Ok(admitted) = Arc::clone(&self.admitted).try_acquire_owned() else {
            return Err(Refusal::new(ErrorCode::Unavailable).retry_after(RETRY_AFTER));
        };
        let turn = Arc::clone(&self.hashing)
            .acquire_owned()
            .await
            .map_err(|_| Refusal::new(ErrorCode::Unavailable))?;
        // The permits go with the work: a client that leaves does not make room for
        // another hash while its own still runs.
        tokio::task::spawn_blocking(move || {
            let _permits = (admitted, turn);
            work()
        })
        .await
        .map_err(|error| Refusal::internal(anyhow!(error)))?
        .map_err(Refusal::internal)
    }
}

fn is(params: &Params, password: &str, hash: Option<&PasswordHash>) -> anyhow::Result<bool> {
    let hasher = hasher(params.clone());
    let Some(hash) = hash else {
        hasher.hash_password_with_salt(password.as_bytes(), &[0; SALT_BYTES])?;
        return Ok(false);
    };
    match hasher.verify_password(password.as_bytes(), hash) {
        Ok(()) => Ok(true),
        Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn hasher(params: Params) -> Argon2<'static> {
    Argon2::from(params)
}
