//! Seals server seeds under a key that lives outside every cache and database, so
//! that a stolen copy of either tells nothing of what is still to come (R-FAIR-5). A seal
//! names its key (R-STORE-7); those from before keys had names open with whichever fits.

use super::Keys;
use chacha20poly1305::{
    XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use hongbao_domain::{
    Refusal,
    keys::{KEY_ID_BYTES, KeyId},
    planted::Bug,
    runtime::Entropy,
};
use hongbao_shared::{OrderNo, fairness::ServerSeed};
use std::fmt;

const NONCE_BYTES: usize = 24;
/// A nonce, a seed, a tag: a seal that names no key.
const UNNAMED_BYTES: usize = NONCE_BYTES + 32 + 16;

/// Sealed with another key, for another packet, or not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsealable {
    /// The key that it names is not in the ring.
    #[error("a sealed seed needs the key {0}, which is missing")]
    KeyMissing(KeyId),
    /// No key of the ring opens it.
    #[error("a sealed seed opens with none of the keys")]
    Refused,
}

/// XChaCha20-Poly1305 with the order number as associated data: a seal moved to
/// another packet does not open.
#[derive(Clone)]
pub struct Sealer {
    keys: Keys,
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer")
    }
}

impl Sealer {
    /// With the keys that this ring holds at each moment.
    pub fn new(keys: &Keys) -> Self {
        Self { keys: keys.clone() }
    }

    /// Key id, nonce and ciphertext, 76 bytes.
    pub fn seal(&self, order_no: OrderNo, seed: &ServerSeed, entropy: &dyn Entropy) -> Vec<u8> {
        let ring = self.keys.ring();
        let key = ring.sealing();
        let seals = if Bug::LastKeySeals.is_planted() { ring.keys().last() } else { None };
        let seals = seals.unwrap_or(key);
        let mut nonce = [0; NONCE_BYTES];
        entropy.fill(&mut nonce);
        let bound_to = order_no.to_string();
        let payload = Payload { msg: seed.bytes(), aad: bound_to.as_bytes() };
        let sealed = seals
            .seeds
            .encrypt(&XNonce::from(nonce), payload)
            .expect("32 bytes are within what the cipher takes");
        [&key.id.bytes()[..], &nonce, &sealed].concat()
    }

    /// Is the key that seals one that a restart finds again?
    pub fn check(&self) -> Result<(), Refusal> {
        self.keys.check_sealing()
    }

    /// Likewise for the key of a seal.
    pub fn check_seal(&self, order_no: OrderNo, sealed: &[u8]) -> Result<(), Refusal> {
        self.key_of(order_no, sealed).map_or(Ok(()), |id| self.keys.check_standing(id))
    }

    /// The seed again.
    pub fn open(&self, order_no: OrderNo, sealed: &[u8]) -> Result<ServerSeed, Unsealable> {
        let Some((id, rest)) = named(sealed) else {
            let ring = self.keys.ring();
            let opened = ring.openers().find_map(|(_, seeds)| open_with(seeds, order_no, sealed));
            return opened.ok_or(Unsealable::Refused);
        };
        if Bug::OnlySealingKeyOpens.is_planted() && id != self.keys.sealing() {
            return Err(Unsealable::Refused);
        }
        let seeds = self.keys.opener(id).ok_or(Unsealable::KeyMissing(id))?;
        open_with(&seeds, order_no, rest).ok_or(Unsealable::Refused)
    }

    /// Which key a seal needs; `None` for one that names none and that no key opens.
    pub fn key_of(&self, order_no: OrderNo, sealed: &[u8]) -> Option<KeyId> {
        if let Some((id, _)) = named(sealed) {
            return Some(id);
        }
        let ring = self.keys.ring();
        let opens = |seeds| open_with(seeds, order_no, sealed).is_some();
        ring.openers().find(|(_, seeds)| opens(seeds)).map(|(id, _)| id)
    }
}

/// The id of its key, and the rest.
fn named(sealed: &[u8]) -> Option<(KeyId, &[u8])> {
    if sealed.len() == UNNAMED_BYTES {
        return None;
    }
    let (id, sealed) = sealed.split_first_chunk::<KEY_ID_BYTES>()?;
    Some((KeyId::from_bytes(*id), sealed))
}

fn open_with(seeds: &XChaCha20Poly1305, order_no: OrderNo, sealed: &[u8]) -> Option<ServerSeed> {
    let (nonce, message) = sealed.split_first_chunk::<NONCE_BYTES>()?;
    let bound_to = order_no.to_string();
    let payload = Payload { msg: message, aad: bound_to.as_bytes() };
    let seed = seeds.decrypt(&XNonce::from(*nonce), payload).ok()?;
    seed.try_into().map(ServerSeed::from_bytes).ok()
}
