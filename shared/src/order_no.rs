//! Order numbers (R-ORDER): where a packet lives, in 63 bits or 15 symbols.
//!
//! ```text
//! bits     site 2 · shard 10 · day 5 · local 1 · sequence 45
//! symbols  site letter · shard 2 · day 1 · local and sequence 10 · check 1
//! ```
//!
//! Symbols are Crockford's base32. The check symbol is a polynomial over GF(32)
//! of the other fourteen: it catches every single wrong symbol and every two
//! that were swapped. The site letter is one of the fourteen, so a letter that
//! does not match the site of the number is caught as well.

use core::{fmt, str::FromStr};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const SYMBOLS: usize = 15;
const SEQUENCE_BITS: u32 = 45;
/// The first sequence that no longer fits.
pub const SEQUENCE_END: u64 = 1 << SEQUENCE_BITS;
/// The most logical shards that a site can have.
pub const SHARDS_MAX: u16 = 1 << 10;
/// The days of the cycle, one pair of tables each.
pub const DAYS: u8 = 31;

/// A text or number that is not a canonical order number (R-ORDER-3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a canonical order number")]
pub struct BadOrderNo;

/// A site, one of the places that take packets on their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Site {
    /// `S`, number 0.
    S,
    /// `N`, number 1.
    N,
}

impl Site {
    /// All sites in the order of their numbers.
    pub const ALL: [Self; 2] = [Self::S, Self::N];

    /// The two bits in an order number.
    pub const fn number(self) -> u8 {
        match self {
            Self::S => 0,
            Self::N => 1,
        }
    }

    /// The first symbol of an order number.
    pub const fn letter(self) -> char {
        match self {
            Self::S => 'S',
            Self::N => 'N',
        }
    }

    fn from_number(number: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|site| u64::from(site.number()) == number)
    }

    /// The site with this letter.
    pub fn from_letter(letter: char) -> Option<Self> {
        Self::ALL.into_iter().find(|site| site.letter() == letter)
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Write::write_char(f, self.letter())
    }
}

/// A logical shard within a site, below [`SHARDS_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shard(u16);

impl Shard {
    /// The shard with this number, or `None` from [`SHARDS_MAX`] on.
    pub const fn new(number: u16) -> Option<Self> {
        if number < SHARDS_MAX { Some(Self(number)) } else { None }
    }
    /// Its number.
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A day of the 31-day cycle, 0 to 30 (R-ORDER-4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(u8);

impl Day {
    /// The day with this number, or `None` from [`DAYS`] on.
    pub const fn new(number: u8) -> Option<Self> {
        if number < DAYS { Some(Self(number)) } else { None }
    }
    /// Its number.
    pub const fn get(self) -> u8 {
        self.0
    }
    /// The symbol that stands for it in the text of an order number, the fourth there.
    pub fn symbol(self) -> char {
        ALPHABET.get(usize::from(self.0)).map_or('0', |symbol| char::from(*symbol))
    }
    /// The day of the cycle on which an epoch day (days since 1970-01-01 in the
    /// configured time zone) falls.
    pub fn of_epoch_day(epoch_day: i64) -> Self {
        let day = epoch_day.checked_rem_euclid(i64::from(DAYS)).unwrap_or_default();
        Self(u8::try_from(day).unwrap_or_default())
    }
}

/// The number of one packet; every value is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderNo {
    site: Site,
    shard: Shard,
    day: Day,
    local: bool,
    sequence: u64,
}

impl OrderNo {
    /// Puts a number together; `None` if `sequence` has more than 45 bits.
    ///
    /// `local` marks a number of the local generator, whose range is its own
    /// (R-ORDER-2).
    pub const fn new(
        site: Site,
        shard: Shard,
        day: Day,
        local: bool,
        sequence: u64,
    ) -> Option<Self> {
        if sequence < SEQUENCE_END {
            Some(Self { site, shard, day, local, sequence })
        } else {
            None
        }
    }

    /// Where the packet lives.
    pub const fn site(self) -> Site {
        self.site
    }
    /// The logical shard within the site.
    pub const fn shard(self) -> Shard {
        self.shard
    }
    /// The day whose tables hold it.
    pub const fn day(self) -> Day {
        self.day
    }
    /// Was it numbered by the local generator?
    pub const fn is_local(self) -> bool {
        self.local
    }
    /// The sequence within the site.
    pub const fn sequence(self) -> u64 {
        self.sequence
    }

    /// The 63 bits, for storage; never negative.
    pub fn to_bits(self) -> i64 {
        let place = (u64::from(self.site.number()) << 10) | u64::from(self.shard.0);
        let bits = (((place << 5) | u64::from(self.day.0)) << 46) | self.low_bits();
        bits.cast_signed()
    }

    /// From the 63 bits of storage.
    pub fn from_bits(bits: i64) -> Result<Self, BadOrderNo> {
        let bits = u64::try_from(bits).map_err(|_| BadOrderNo)?;
        let shard = u16::try_from((bits >> 51) & 0x3ff).map_err(|_| BadOrderNo)?;
        let day = u8::try_from((bits >> 46) & 0x1f).map_err(|_| BadOrderNo)?;
        Self::new(
            Site::from_number(bits >> 61).ok_or(BadOrderNo)?,
            Shard::new(shard).ok_or(BadOrderNo)?,
            Day::new(day).ok_or(BadOrderNo)?,
            (bits >> SEQUENCE_BITS) & 1 == 1,
            bits & (SEQUENCE_END.saturating_sub(1)),
        )
        .ok_or(BadOrderNo)
    }

    /// The local mark and the sequence, 46 bits.
    fn low_bits(self) -> u64 {
        (u64::from(self.local) << SEQUENCE_BITS) | self.sequence
    }

    /// The fourteen symbols before the check symbol, as values below 32.
    fn symbols(self) -> [u8; SYMBOLS - 1] {
        let mut symbols = [0; SYMBOLS - 1];
        let site = u64::from(symbol_value(self.site.letter()).unwrap_or_default());
        // Site and shard and day and the ten last symbols make 70 bits, so the
        // head is written apart from the tail.
        let head = (site << 15) | (u64::from(self.shard.0) << 5) | u64::from(self.day.0);
        let (front, back) = symbols.split_at_mut(4);
        write_symbols(front, head);
        write_symbols(back, self.low_bits());
        symbols
    }
}

/// Writes the lowest `5 × symbols.len()` bits of `value`, highest first.
fn write_symbols(symbols: &mut [u8], mut value: u64) {
    for symbol in symbols.iter_mut().rev() {
        *symbol = u8::try_from(value & 31).unwrap_or_default();
        value >>= 5;
    }
}

fn read_symbols(symbols: &[u8]) -> u64 {
    symbols.iter().fold(0, |value, symbol| (value << 5) | u64::from(*symbol))
}

/// The value of a canonical symbol: upper case, and none of I, L, O, U.
fn symbol_value(symbol: char) -> Option<u8> {
    let at = ALPHABET.iter().position(|known| char::from(*known) == symbol)?;
    u8::try_from(at).ok()
}

/// `Σ symbolᵢ · x^(14−i)` in GF(32) = GF(2)[x] / (x⁵ + x² + 1). The powers of x
/// are distinct and not 1 for these lengths, so one changed symbol, or two swapped
/// ones, always change the sum.
fn check_symbol(symbols: &[u8; SYMBOLS - 1]) -> u8 {
    symbols.iter().fold(0, |sum, symbol| times_x(sum ^ symbol))
}

const fn times_x(value: u8) -> u8 {
    let shifted = value << 1;
    if shifted & 0b10_0000 == 0 { shifted } else { shifted ^ 0b10_0101 }
}

impl fmt::Display for OrderNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let symbols = self.symbols();
        let check = check_symbol(&symbols);
        let mut text = String::with_capacity(SYMBOLS);
        for value in symbols.into_iter().chain([check]) {
            text.push(ALPHABET.get(usize::from(value)).copied().map_or('?', char::from));
        }
        f.pad(&text)
    }
}

impl FromStr for OrderNo {
    type Err = BadOrderNo;

    fn from_str(text: &str) -> Result<Self, BadOrderNo> {
        if text.len() != SYMBOLS {
            return Err(BadOrderNo);
        }
        let mut values = [0_u8; SYMBOLS];
        for (value, symbol) in values.iter_mut().zip(text.chars()) {
            *value = symbol_value(symbol).ok_or(BadOrderNo)?;
        }
        let site = text.chars().next().and_then(Site::from_letter).ok_or(BadOrderNo)?;
        let shard = u16::try_from(read_symbols(&values[1..3])).map_err(|_| BadOrderNo)?;
        let low = read_symbols(&values[4..14]);
        let number = Self::new(
            site,
            Shard::new(shard).ok_or(BadOrderNo)?,
            Day::new(values[3]).ok_or(BadOrderNo)?,
            (low >> SEQUENCE_BITS) & 1 == 1,
            low & SEQUENCE_END.saturating_sub(1),
        )
        .ok_or(BadOrderNo)?;
        // Writing it again refuses whatever is not canonical: bits above the
        // 46 of the tail, and a wrong check symbol.
        if number.to_string() == text { Ok(number) } else { Err(BadOrderNo) }
    }
}

impl Serialize for OrderNo {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for OrderNo {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for OrderNo {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        crate::ids::string_schema("An order number: 15 symbols, of which the last is a check.")
            .pattern(Some("^[SN][0-9A-HJKMNP-TV-Z]{14}$"))
            .examples(["S00G0000000000J"])
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for OrderNo {}
