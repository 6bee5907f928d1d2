//! Identifiers: 63-bit numbers in storage, decimal strings in JSON (JavaScript
//! numbers end at 53 bits).

use core::{fmt, str::FromStr};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A text that is not the canonical decimal form of an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an id is a decimal number of up to 19 digits without leading zeros")]
pub struct BadId;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(i64);

        impl $name {
            /// The id with this number, or `None` below zero.
            pub const fn new(number: i64) -> Option<Self> {
                if number >= 0 { Some(Self(number)) } else { None }
            }

            /// An id from 64 random bits (the top one is dropped).
            pub const fn from_random(bits: u64) -> Self {
                Self((bits >> 1).cast_signed())
            }

            /// The number as databases hold it; never negative.
            pub const fn get(self) -> i64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = BadId;
            fn from_str(text: &str) -> Result<Self, BadId> {
                let canonical = text == "0"
                    || (text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0'));
                if !canonical {
                    return Err(BadId);
                }
                text.parse().map(Self).map_err(|_| BadId)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = alloc_text(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                string_schema("An id: a decimal number as a string.")
                    .pattern(Some("^(0|[1-9][0-9]{0,18})$"))
                    .examples(["4611686018427387904"])
                    .into()
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $name {}
    };
}

fn alloc_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    String::deserialize(deserializer)
}

#[cfg(feature = "openapi")]
pub(crate) fn string_schema(description: &str) -> utoipa::openapi::ObjectBuilder {
    utoipa::openapi::ObjectBuilder::new()
        .schema_type(utoipa::openapi::schema::Type::String)
        .description(Some(description))
}

id! {
    /// A person, guest or account.
    UserId
}
id! {
    /// A group of people who chat and send each other packets.
    GroupId
}
id! {
    /// The account of a program (R-API-5).
    ServiceId
}
id! {
    /// Where a program is told what happens (R-API-5).
    WebhookId
}
id! {
    /// A message's place in its group's log, counted from 1.
    MessageId
}
