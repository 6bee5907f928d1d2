//! The commitment, the seed and how one leads to the other (R-FAIR).

use crate::{order_no::OrderNo, terms::Terms};
use core::fmt;
use data_encoding::HEXLOWER;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest, Sha256};

/// The name of this procedure in a packet's details.
pub const ALGORITHM: &str = "hongbao/v1";
/// The longest client seed, in bytes.
pub const CLIENT_SEED_BYTES_MAX: usize = 32;

const COMMIT_TAG: &[u8] = b"hongbao/v1/commit";
const SPLIT_TAG: &[u8] = b"hongbao/v1/split";
const SAMPLE_TAG: &[u8] = b"hongbao/v1/sample";

/// Bytes that are not written as lower-case hex, or are too many or too few.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {0} as lower-case hex")]
pub struct BadHex(&'static str);

macro_rules! bytes32 {
    ($(#[$doc:meta])* $name:ident, $what:literal, $debug:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq)]
        pub struct $name([u8; 32]);

        impl $name {
            /// From its 32 bytes.
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }
            /// Its 32 bytes.
            pub const fn bytes(&self) -> &[u8; 32] {
                &self.0
            }
            /// Its 64 symbols of lower-case hex.
            pub fn to_hex(&self) -> String {
                HEXLOWER.encode(&self.0)
            }
            /// From 64 symbols of lower-case hex.
            pub fn from_hex(text: &str) -> Result<Self, BadHex> {
                let bytes = HEXLOWER.decode(text.as_bytes()).map_err(|_| BadHex($what))?;
                bytes.try_into().map(Self).map_err(|_| BadHex($what))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let show: fn(&Self) -> String = $debug;
                write!(f, concat!(stringify!($name), "({})"), show(self))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.to_hex())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::from_hex(&String::deserialize(deserializer)?).map_err(de::Error::custom)
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                crate::ids::string_schema(concat!($what, " as lower-case hex."))
                    .pattern(Some("^[0-9a-f]{64}$"))
                    .into()
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $name {}
    };
}

bytes32! {
    /// 32 secret bytes from the server's operating system, shown only when the
    /// packet is over. `Debug` hides them, so that no log can show one.
    ServerSeed, "32 bytes", |_| String::from("hidden")
}
bytes32! {
    /// The SHA-256 that binds the server to its seed before the sender pays.
    Commitment, "32 bytes", Commitment::to_hex
}
bytes32! {
    /// The key of all draws of one packet; tells every share, so `Debug` hides it.
    Seed, "32 bytes", |_| String::from("hidden")
}

impl Seed {
    /// The seed of sample `k` of many that are drawn from one seed: sample 0 is the
    /// split under this very seed, and the others, k = 1, 2, …, are
    /// `SHA-256("hongbao/v1/sample" ‖ seed ‖ k as u64 BE)`, so that none depends on
    /// those before it.
    #[must_use]
    pub fn sample(&self, k: u64) -> Self {
        if k == 0 {
            return *self;
        }
        let mut hash = Sha256::new();
        hash.update(SAMPLE_TAG);
        hash.update(self.0);
        hash.update(k.to_be_bytes());
        Self(hash.finalize().into())
    }
}

impl ServerSeed {
    /// `SHA-256("hongbao/v1/commit" ‖ server_seed)` (R-FAIR-1).
    pub fn commitment(&self) -> Commitment {
        let mut hash = Sha256::new();
        hash.update(COMMIT_TAG);
        hash.update(self.0);
        Commitment(hash.finalize().into())
    }

    /// The seed of a packet's split (R-FAIR-3).
    pub fn split_seed(&self, client: &ClientSeed, order_no: OrderNo, terms: &Terms) -> Seed {
        let mut hash = Sha256::new();
        hash.update(SPLIT_TAG);
        hash.update(self.0);
        hash.update([client.len_byte()]);
        hash.update(client.bytes());
        hash.update(order_no.to_string().as_bytes());
        hash.update([0]);
        hash.update(terms.total().get().to_be_bytes());
        hash.update(terms.shares().to_be_bytes());
        hash.update(terms.max_share().get().to_be_bytes());
        hash.update([terms.kind().byte()]);
        Seed(hash.finalize().into())
    }
}

/// 0 to 32 bytes that the sender's browser chose after it had the commitment
/// (R-FAIR-2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientSeed(Vec<u8>);

impl ClientSeed {
    /// From up to [`CLIENT_SEED_BYTES_MAX`] bytes.
    pub fn new(bytes: Vec<u8>) -> Option<Self> {
        (bytes.len() <= CLIENT_SEED_BYTES_MAX).then_some(Self(bytes))
    }
    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
    /// From up to 64 symbols of lower-case hex.
    pub fn from_hex(text: &str) -> Result<Self, BadHex> {
        let bad = BadHex("0 to 32 bytes");
        HEXLOWER.decode(text.as_bytes()).ok().and_then(Self::new).ok_or(bad)
    }
    /// As lower-case hex.
    pub fn to_hex(&self) -> String {
        HEXLOWER.encode(&self.0)
    }
    fn len_byte(&self) -> u8 {
        u8::try_from(self.0.len()).unwrap_or(u8::MAX)
    }
}

impl Serialize for ClientSeed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_hex())
    }
}

impl<'de> Deserialize<'de> for ClientSeed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_hex(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for ClientSeed {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        crate::ids::string_schema("0 to 32 bytes as lower-case hex.")
            .pattern(Some("^([0-9a-f]{2}){0,32}$"))
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for ClientSeed {}
