//! Seals the secrets of webhooks (R-API-5) and of pushes (R-WEB-8) as seeds are sealed, under a
//! key of their own: that of seeds becomes public once it is taken away, and these stay secret. So
//! a key is needed as long as a secret is under it; whoever delivers seals those of old keys anew.

use super::Keys;
use chacha20poly1305::{
    XNonce,
    aead::{Aead, Payload},
};
use hongbao_domain::{
    Refusal,
    keys::{KEY_ID_BYTES, KeyId},
    runtime::Entropy,
    store::people::SealedSecret,
};
use hongbao_shared::WebhookId;
use std::fmt;

const NONCE_BYTES: usize = 24;

/// What a secret is for; one is no other's.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    /// Signs what a webhook is told.
    Webhook(WebhookId),
    /// Says to push services who pushes.
    Push,
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Webhook(hook) => write!(f, "webhook:{hook}"),
            Self::Push => f.write_str("push"),
        }
    }
}

/// Key id, nonce and ciphertext; refused while the key that seals would not outlive a restart.
pub(crate) fn seal(
    keys: &Keys,
    purpose: Purpose,
    secret: &[u8],
    entropy: &dyn Entropy,
) -> Result<SealedSecret, Refusal> {
    keys.check_sealing()?;
    let ring = keys.ring();
    let key = ring.sealing();
    let mut nonce = [0; NONCE_BYTES];
    entropy.fill(&mut nonce);
    let bound_to = purpose.to_string();
    let payload = Payload { msg: secret, aad: bound_to.as_bytes() };
    let sealed = key.hooks.encrypt(&XNonce::from(nonce), payload);
    let sealed = sealed.expect("a secret is within what the cipher takes");
    Ok(SealedSecret([&key.id.bytes()[..], &nonce, &sealed].concat()))
}

/// The secret again; `None` if its key is missing, or sealed another.
pub(crate) fn open(keys: &Keys, purpose: Purpose, sealed: &SealedSecret) -> Option<Vec<u8>> {
    let key = keys.find(key_of(sealed)?)?;
    let (nonce, message) = sealed.0.get(KEY_ID_BYTES..)?.split_first_chunk::<NONCE_BYTES>()?;
    let bound_to = purpose.to_string();
    let payload = Payload { msg: message, aad: bound_to.as_bytes() };
    key.hooks.decrypt(&XNonce::from(*nonce), payload).ok()
}

/// Which key a secret needs.
pub(crate) fn key_of(sealed: &SealedSecret) -> Option<KeyId> {
    sealed.0.first_chunk::<KEY_ID_BYTES>().map(|id| KeyId::from_bytes(*id))
}
