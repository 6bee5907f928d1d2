//! What amounts are counted in, as people see it (R-API-4): the yuan, unless an installation says
//! otherwise. Amounts themselves stay whole numbers of its smallest part.

use crate::money::Fen;
use serde::{Deserialize, Serialize};

/// The unit of value of an installation (`GET /unit`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Unit {
    /// What it is called in Chinese.
    pub name_zh: String,
    /// What one of it is called in English.
    pub name_en: String,
    /// What several are called in English.
    pub plural_en: String,
    /// What stands beside every amount, 1 to [`SYMBOL_CHARS_MAX`] characters.
    pub symbol: String,
    /// Does the symbol stand behind the amount?
    pub symbol_behind: bool,
    /// How many decimals it is shown with, 0 to [`DECIMALS_MAX`]: its smallest part is 1, 1/10 or
    /// 1/100 of it.
    #[cfg_attr(feature = "openapi", schema(maximum = 2))]
    pub decimals: u8,
}

/// Longest symbol.
pub const SYMBOL_CHARS_MAX: usize = 4;
/// Longest name.
pub const NAME_CHARS_MAX: usize = 20;
/// The most decimals.
pub const DECIMALS_MAX: u8 = 2;

impl Default for Unit {
    fn default() -> Self {
        Self {
            name_zh: "元".to_owned(),
            name_en: "yuan".to_owned(),
            plural_en: "yuan".to_owned(),
            symbol: "¥".to_owned(),
            symbol_behind: false,
            decimals: DECIMALS_MAX,
        }
    }
}

impl Unit {
    /// An amount without the symbol, thousands set apart: `1,234.05`.
    pub fn digits(&self, amount: Fen) -> String {
        let decimals = usize::from(self.decimals.min(DECIMALS_MAX));
        let digits = format!("{:0>1$}", amount.get(), decimals.saturating_add(1));
        let (whole, rest) = digits.split_at(digits.len().saturating_sub(decimals));
        let thousands = whole.as_bytes().rchunks(3).rev();
        let thousands: Vec<&str> =
            thousands.filter_map(|group| str::from_utf8(group).ok()).collect();
        let point = if rest.is_empty() { "" } else { "." };
        format!("{}{point}{rest}", thousands.join(","))
    }

    /// An amount as people read it: `¥1,234.05`, `1,234 pts`.
    pub fn show(&self, amount: Fen) -> String {
        let (symbol, digits) = (&self.symbol, self.digits(amount));
        if self.symbol_behind { format!("{digits} {symbol}") } else { format!("{symbol}{digits}") }
    }

    /// What an amount in JSON is: `1/100 yuan`.
    pub fn smallest(&self) -> String {
        match self.decimals {
            0 => self.plural_en.clone(),
            1 => format!("1/10 {}", self.name_en),
            _ => format!("1/100 {}", self.name_en),
        }
    }

    /// What is wrong with it, as what it must be.
    pub fn fault(&self) -> Option<(&'static str, &'static str)> {
        let fits = |text: &str, most: usize| {
            crate::text::one_line(text, most).is_ok_and(|same| same == text)
        };
        // A symbol with a digit, a sign or a point in it would be read as a part of the amount.
        let is_mark = |c: char| c.is_numeric() || matches!(c, '.' | ',' | '-' | '+' | '−');
        if !fits(&self.symbol, SYMBOL_CHARS_MAX) || self.symbol.contains(is_mark) {
            return Some(("symbol", "1 to 4 characters, without digits, points and signs"));
        }
        let names = [
            ("name_zh", &self.name_zh),
            ("name_en", &self.name_en),
            ("plural_en", &self.plural_en),
        ];
        if let Some((name, _)) = names.into_iter().find(|(_, text)| !fits(text, NAME_CHARS_MAX)) {
            return Some((name, "1 to 20 characters in one line"));
        }
        (self.decimals > DECIMALS_MAX).then_some(("decimals", "0, 1 or 2"))
    }
}
