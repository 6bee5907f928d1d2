//! Money, in integer fen (R-SPLIT-1).

use core::fmt;
use serde::{Deserialize, Deserializer, Serialize, de};

/// An amount of money in fen, 1/100 yuan. Never negative, never fractional.
///
/// There is deliberately no `+` or `-`: every sum is checked, because a wrapped
/// balance is worse than a refused request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fen(u64);

impl Fen {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The smallest share there is.
    pub const ONE: Self = Self(1);
    /// The largest amount that can be held: 2^53 − 1 fen, so that every amount is
    /// exact in JSON for JavaScript and fits the signed 64 bits of a database.
    pub const MAX: Self = Self(9_007_199_254_740_991);

    /// `fen` as money, or `None` above [`Fen::MAX`].
    pub const fn new(fen: u64) -> Option<Self> {
        if fen <= Self::MAX.0 { Some(Self(fen)) } else { None }
    }

    /// A signed number of fen, as databases and JSON hold it.
    pub fn from_signed(fen: i64) -> Option<Self> {
        u64::try_from(fen).ok().and_then(Self::new)
    }

    /// The number of fen.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The number of fen, for a signed column or a signed difference.
    pub const fn signed(self) -> i64 {
        self.0.cast_signed()
    }

    /// `self + other`, or `None` beyond [`Fen::MAX`].
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).and_then(Self::new)
    }

    /// `self − other`, or `None` below zero.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// `self × times`, or `None` beyond [`Fen::MAX`].
    pub fn checked_mul(self, times: u64) -> Option<Self> {
        self.0.checked_mul(times).and_then(Self::new)
    }

    /// The sum of many amounts, or `None` beyond [`Fen::MAX`].
    pub fn sum(amounts: impl IntoIterator<Item = Self>) -> Option<Self> {
        amounts.into_iter().try_fold(Self::ZERO, Self::checked_add)
    }

    /// Nothing at all?
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }
}

/// Yuan with two decimals, without a sign or separators: `1234.05`.
impl fmt::Display for Fen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let yuan = self.0.checked_div(100).unwrap_or_default();
        let fen = self.0.checked_rem(100).unwrap_or_default();
        write!(f, "{yuan}.{fen:02}")
    }
}

impl Serialize for Fen {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

impl<'de> Deserialize<'de> for Fen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Whole;
        impl de::Visitor<'_> for Whole {
            type Value = Fen;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number of fen from 0 to 2^53 - 1")
            }
            fn visit_u64<E: de::Error>(self, fen: u64) -> Result<Fen, E> {
                Fen::new(fen).ok_or_else(|| E::invalid_value(de::Unexpected::Unsigned(fen), &self))
            }
            fn visit_i64<E: de::Error>(self, fen: i64) -> Result<Fen, E> {
                Fen::from_signed(fen)
                    .ok_or_else(|| E::invalid_value(de::Unexpected::Signed(fen), &self))
            }
        }
        // `deserialize_any`, not `_u64`: a fraction or a string must be an error
        // of its own kind, never coerced.
        deserializer.deserialize_any(Whole)
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for Fen {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::Integer)
            .format(Some(utoipa::openapi::SchemaFormat::KnownFormat(
                utoipa::openapi::KnownFormat::Int64,
            )))
            .minimum(Some(0))
            .description(Some("Integer fen, 1/100 yuan."))
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Fen {}
