//! The master keys as a setting: they seal server seeds and sign tickets (R-FAIR-5), and
//! live outside of every database, so that a stolen one tells no share that is still to
//! come. Usually unset: then they are read from a folder.

use super::value::Value;
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use hmac::{Hmac, KeyInit, Mac};
use hongbao_domain::keys::{KEY_ID_BYTES, KeyId};
use serde::{Deserialize, Deserializer, de};
use sha2::Sha256;
use std::fmt;

const EXPECTED: &str = "64 symbols of hex";

/// A key itself; `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey([u8; 32]);

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(hidden)")
    }
}

impl MasterKey {
    /// With these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A key for one purpose: HMAC-SHA256 over the purpose's label, so that no use can
    /// be turned against another.
    pub fn derive(&self, label: &[u8]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any size");
        mac.update(b"hongbao/v1/key/");
        mac.update(label);
        mac.finalize().into_bytes().into()
    }

    /// Its name, which tells nothing of it: the beginning of an HMAC under it.
    pub fn id(&self) -> KeyId {
        let mut id = [0; KEY_ID_BYTES];
        id.copy_from_slice(&self.derive(b"id")[..KEY_ID_BYTES]);
        KeyId::from_bytes(id)
    }

    /// From 64 symbols of hex.
    pub fn from_hex(text: &str) -> Result<Self, &'static str> {
        let bytes = HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes()).map_err(|_| EXPECTED)?;
        bytes.try_into().map(Self).map_err(|_| EXPECTED)
    }

    /// As 64 symbols of hex.
    pub fn to_hex(&self) -> String {
        HEXLOWER.encode(&self.0)
    }
}

/// The keys as a setting: usually none. The first seals, all open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MasterKeySetting(Vec<MasterKey>);

impl MasterKeySetting {
    pub(super) const fn is_set(&self) -> bool {
        !self.0.is_empty()
    }

    /// The first seals, all open.
    pub fn keys(&self) -> &[MasterKey] {
        &self.0
    }
}

impl Value for MasterKeySetting {
    fn set(&mut self, text: &str) -> Result<(), &'static str> {
        let keys: Result<_, _> = text.split(',').map(MasterKey::from_hex).collect();
        self.0 = keys.map_err(|_| "64 symbols of hex, or several keys with commas between")?;
        Ok(())
    }
    fn show(&self) -> String {
        String::new()
    }
}

impl<'de> Deserialize<'de> for MasterKeySetting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut setting = Self::default();
        setting
            .set(&text)
            .map_err(|expected| de::Error::custom(format_args!("expected {expected}")))?;
        Ok(setting)
    }
}
