//! The names of master keys, which stand in seals and tickets (R-STORE-7).

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use std::{fmt, str::FromStr};

/// How many bytes name a key.
pub const KEY_ID_BYTES: usize = 4;

/// Names a key without telling anything of it: the beginning of an HMAC under the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; KEY_ID_BYTES]);

impl KeyId {
    /// As it stands in seals and tickets.
    pub const fn from_bytes(bytes: [u8; KEY_ID_BYTES]) -> Self {
        Self(bytes)
    }

    /// As it stands in seals and tickets.
    pub const fn bytes(self) -> [u8; KEY_ID_BYTES] {
        self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl FromStr for KeyId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "8 symbols of hex, as `hongbao keys list` shows them";
        let bytes = HEXLOWER_PERMISSIVE.decode(text.as_bytes()).map_err(|_| EXPECTED)?;
        bytes.try_into().map(Self).map_err(|_| EXPECTED)
    }
}
