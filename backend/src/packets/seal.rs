//! Seals server seeds under a key that lives outside every cache and database, so
//! that a stolen copy of either tells nothing of what is still to come (R-FAIR-5).

use crate::runtime::Entropy;
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use hongbao_shared::{OrderNo, fairness::ServerSeed};
use std::fmt;

/// What the sealing key is derived from the master key for.
pub const KEY_LABEL: &[u8] = b"server-seed";
const NONCE_BYTES: usize = 24;

/// Sealed with another key, for another packet, or not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a sealed seed does not open with this key")]
pub struct Unsealable;

/// XChaCha20-Poly1305 with the order number as associated data: a seal moved to
/// another packet does not open.
#[derive(Clone)]
pub struct Sealer {
    cipher: XChaCha20Poly1305,
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer")
    }
}

impl Sealer {
    /// With this key.
    pub fn new(key: [u8; 32]) -> Self {
        Self { cipher: XChaCha20Poly1305::new(&key.into()) }
    }

    /// Nonce and ciphertext, 72 bytes.
    pub fn seal(&self, order_no: OrderNo, seed: &ServerSeed, entropy: &dyn Entropy) -> Vec<u8> {
        let mut nonce = [0; NONCE_BYTES];
        entropy.fill(&mut nonce);
        let bound_to = order_no.to_string();
        let payload = Payload { msg: seed.bytes(), aad: bound_to.as_bytes() };
        let sealed = self
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .expect("32 bytes are within what the cipher takes");
        [&nonce[..], &sealed].concat()
    }

    /// The seed again.
    pub fn open(&self, order_no: OrderNo, sealed: &[u8]) -> Result<ServerSeed, Unsealable> {
        let (nonce, message) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or(Unsealable)?;
        let bound_to = order_no.to_string();
        let payload = Payload { msg: message, aad: bound_to.as_bytes() };
        let seed = self.cipher.decrypt(&XNonce::from(*nonce), payload).map_err(|_| Unsealable)?;
        seed.try_into().map(ServerSeed::from_bytes).map_err(|_| Unsealable)
    }
}
