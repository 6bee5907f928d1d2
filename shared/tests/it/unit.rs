//! Amounts as people see them, in whatever unit (R-API-4).

use crate::common::{fen, fixed, test};
use hongbao_shared::Unit;
use proptest::prelude::*;

const MOST: u64 = 9_007_199_254_740_991;

fn of(symbol: &str, symbol_behind: bool, decimals: u8) -> Unit {
    Unit { symbol: symbol.to_owned(), symbol_behind, decimals, ..Unit::default() }
}

#[test]
fn amounts_are_shown_in_their_unit() {
    for (unit, shown) in [
        (Unit::default(), ["¥0.00", "¥0.05", "¥9.99", "¥1,000.00", "¥90,071,992,547,409.91"]),
        (
            of("pts", true, 0),
            ["0 pts", "5 pts", "999 pts", "100,000 pts", "9,007,199,254,740,991 pts"],
        ),
        (of("★", false, 1), ["★0.0", "★0.5", "★99.9", "★10,000.0", "★900,719,925,474,099.1"]),
    ] {
        let amounts = [0, 5, 999, 100_000, MOST].map(|amount| unit.show(fen(amount)));
        assert_eq!(amounts, shown);
    }
}

#[test]
fn what_an_amount_counts_is_said() {
    assert_eq!(Unit::default().smallest(), "1/100 yuan");
    let points = Unit { name_en: "point".into(), plural_en: "points".into(), ..of("P", false, 0) };
    assert_eq!(points.smallest(), "points");
    assert_eq!(Unit { decimals: 1, ..points }.smallest(), "1/10 point");
}

#[test]
fn a_unit_that_would_mislead_is_refused() {
    assert_eq!(Unit::default().fault(), None);
    for symbol in ["", " ", "¥ ", "12345", "x\u{202e}", "long symbol", "x2", "-", ".", "a,"] {
        assert_eq!(of(symbol, false, 2).fault().unwrap().0, "symbol", "{symbol:?}");
    }
    for symbol in ["¥", "pts", "元宝", "★", "R$", "❤️"] {
        assert_eq!(of(symbol, true, 0).fault(), None, "{symbol:?}");
    }
    assert_eq!(of("¥", false, 3).fault().unwrap().0, "decimals");
    let nameless = Unit { plural_en: String::new(), ..Unit::default() };
    assert_eq!(nameless.fault().unwrap().0, "plural_en");
}

proptest! {
    #![proptest_config(fixed(300))]

    /// Nothing is lost of an amount by showing it.
    #[test]
    fn every_digit_is_shown(amount in 0..=MOST, decimals in 0..=2_u8) {
        let shown = of("¥", false, decimals).digits(fen(amount));
        let digits: String = shown.chars().filter(char::is_ascii_digit).collect();
        prop_assert_eq!(digits.parse::<u64>().unwrap(), amount);
        prop_assert_eq!(shown.split_once('.').map_or(0, |(_, rest)| rest.len()), usize::from(decimals));
    }
}
