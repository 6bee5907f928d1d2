//! What push services and browsers understand: messages that are sealed for a browser (RFC 8291
//! over RFC 8188), and who it is that pushes (VAPID, RFC 8292).

use data_encoding::BASE64URL_NOPAD;
use hongbao_domain::store::people::PushTarget;
use hongbao_shared::Timestamp;
use ring::{
    aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral},
    error::Unspecified,
    hkdf::{self, HKDF_SHA256, KeyType},
    rand::{SecureRandom, SystemRandom},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde_json::json;
use std::{fmt, time::Duration};

/// The size of a record; a message is one, shorter than that.
const RECORD_BYTES: u32 = 4_096;
/// How long a signature is good for; at most a day.
const SIGNED_FOR: Duration = Duration::from_hours(12);
/// What ends the last record.
const LAST: u8 = 2;
const SALT_BYTES: usize = 16;
const POINT_BYTES: usize = 65;
const UNCOMPRESSED: u8 = 4;

/// The key that says who pushes.
pub(super) struct ServerKey(EcdsaKeyPair);

impl fmt::Debug for ServerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerKey")
    }
}

impl ServerKey {
    /// A fresh one, in PKCS #8.
    pub(super) fn draw() -> Vec<u8> {
        let random = SystemRandom::new();
        let drawn = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random);
        drawn.expect("the operating system gives randomness").as_ref().to_vec()
    }

    /// As it was drawn.
    pub(super) fn read(pkcs8: &[u8]) -> Option<Self> {
        let random = SystemRandom::new();
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8, &random).ok().map(Self)
    }

    /// A point, uncompressed.
    pub(super) fn public(&self) -> &[u8] {
        self.0.public_key().as_ref()
    }

    /// The header that says to the push service of this endpoint who pushes.
    pub(super) fn authorization(
        &self,
        endpoint: &str,
        now: Timestamp,
        contact: Option<&str>,
    ) -> String {
        let encode = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
        let origin: Vec<_> = endpoint.split('/').take(3).collect();
        let until = now.plus(SIGNED_FOR).millis().div_euclid(1_000);
        let mut claims = json!({"aud": origin.join("/"), "exp": until});
        if let Some(contact) = contact {
            claims["sub"] = json!(contact);
        }
        let head = json!({"typ": "JWT", "alg": "ES256"});
        let signed = format!(
            "{}.{}",
            encode(head.to_string().as_bytes()),
            encode(claims.to_string().as_bytes())
        );
        let signature = self.0.sign(&SystemRandom::new(), signed.as_bytes());
        let signature = signature.expect("the operating system gives randomness");
        let (signature, key) = (encode(signature.as_ref()), encode(self.public()));
        format!("vapid t={signed}.{signature}, k={key}")
    }
}

/// Is it a point of P-256?
pub(super) fn is_point(bytes: &[u8; POINT_BYTES]) -> bool {
    bytes[0] == UNCOMPRESSED && agree(bytes).is_ok()
}

/// A secret with the holder of a public key, and the point by which they find it.
fn agree(public_key: &[u8; POINT_BYTES]) -> Result<(Vec<u8>, Vec<u8>), Unspecified> {
    let own = EphemeralPrivateKey::generate(&ECDH_P256, &SystemRandom::new())?;
    let point = own.compute_public_key()?.as_ref().to_vec();
    let theirs = UnparsedPublicKey::new(&ECDH_P256, public_key);
    Ok((agree_ephemeral(own, &theirs, <[u8]>::to_vec)?, point))
}

/// A message that this browser alone can read; `None` if its public key is none, or the message
/// does not fit.
pub(super) fn seal(target: &PushTarget, message: &[u8]) -> Option<Vec<u8>> {
    let (secret, point) = agree(&target.public_key).ok()?;
    let info = [b"WebPush: info\0", &target.public_key[..], &point].concat();
    let shared = derived::<32>(&target.auth, &secret, &info)?;
    let mut salt = [0; SALT_BYTES];
    SystemRandom::new().fill(&mut salt).ok()?;
    let key = derived::<16>(&salt, &shared, b"Content-Encoding: aes128gcm\0")?;
    let nonce = derived::<12>(&salt, &shared, b"Content-Encoding: nonce\0")?;
    let mut record = [message, &[LAST]].concat();
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).ok()?);
    let nonce = Nonce::assume_unique_for_key(nonce);
    key.seal_in_place_append_tag(nonce, Aad::empty(), &mut record).ok()?;
    let fits = u32::try_from(record.len()).is_ok_and(|bytes| bytes <= RECORD_BYTES);
    let id_bytes = u8::try_from(point.len()).ok()?;
    let head = [&salt[..], &RECORD_BYTES.to_be_bytes(), &[id_bytes], &point].concat();
    fits.then(|| [head, record].concat())
}

struct Bytes(usize);

impl KeyType for Bytes {
    fn len(&self) -> usize {
        self.0
    }
}

/// HKDF with SHA-256.
fn derived<const N: usize>(salt: &[u8], secret: &[u8], info: &[u8]) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let key = hkdf::Salt::new(HKDF_SHA256, salt).extract(secret);
    key.expand(&[info], Bytes(N)).ok()?.fill(&mut bytes).ok()?;
    Some(bytes)
}
