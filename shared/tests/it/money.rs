//! Money is whole fen, checked at every step (R-SPLIT-1).

use crate::common::{fen, fixed, test};
use hongbao_shared::Fen;
use proptest::prelude::*;

const MOST: u64 = 9_007_199_254_740_991;

proptest! {
    #![proptest_config(fixed(500))]

    #[test]
    fn arithmetic_is_exact_or_refused(a in 0..=MOST, b in 0..=MOST, times in any::<u64>()) {
        let wide = |sum: u128| (sum <= u128::from(MOST)).then(|| fen(sum as u64));
        prop_assert_eq!(fen(a).checked_add(fen(b)), wide(u128::from(a) + u128::from(b)));
        prop_assert_eq!(fen(a).checked_sub(fen(b)), a.checked_sub(b).map(fen));
        prop_assert_eq!(fen(a).checked_mul(times), wide(u128::from(a) * u128::from(times)));
        prop_assert_eq!(fen(a) < fen(b), a < b);
    }

    #[test]
    fn sums_are_exact_or_refused(amounts in prop::collection::vec(0..=MOST, 0..8)) {
        let sum: u128 = amounts.iter().copied().map(u128::from).sum();
        let expected = (sum <= u128::from(MOST)).then(|| fen(sum as u64));
        prop_assert_eq!(Fen::sum(amounts.into_iter().map(fen)), expected);
    }

    #[test]
    fn there_and_back(amount in 0..=MOST) {
        let money = fen(amount);
        prop_assert_eq!(money.get(), amount);
        prop_assert_eq!(money.signed(), i64::try_from(amount).unwrap());
        prop_assert_eq!(Fen::from_signed(money.signed()), Some(money));
        prop_assert_eq!(serde_json::to_string(&money).unwrap(), amount.to_string());
        prop_assert_eq!(serde_json::from_str::<Fen>(&amount.to_string()).unwrap(), money);
        // Exact for JavaScript, whose numbers are these.
        prop_assert_eq!(amount as f64 as u64, amount);
    }

    #[test]
    fn yuan_have_two_decimals(amount in 0..=MOST) {
        let text = fen(amount).to_string();
        let (yuan, decimals) = text.split_once('.').unwrap();
        prop_assert_eq!(decimals.len(), 2);
        prop_assert_eq!(yuan.parse::<u64>().unwrap() * 100 + decimals.parse::<u64>().unwrap(), amount);
    }
}

#[test]
fn bounds() {
    assert_eq!(Fen::MAX.get(), MOST);
    assert!(
        Fen::new(MOST).is_some() && Fen::new(MOST + 1).is_none() && Fen::new(u64::MAX).is_none()
    );
    assert!(Fen::from_signed(-1).is_none() && Fen::from_signed(i64::MIN).is_none());
    assert!(Fen::from_signed(i64::MAX).is_none());
    assert_eq!(Fen::from_signed(0), Some(Fen::ZERO));
    assert!(Fen::ZERO.is_zero() && !Fen::ONE.is_zero());
    assert_eq!((Fen::default(), Fen::sum([])), (Fen::ZERO, Some(Fen::ZERO)));
    assert_eq!(Fen::MAX.checked_add(Fen::ONE), None);
    assert_eq!(Fen::ZERO.checked_sub(Fen::ONE), None);
}

#[test]
fn display() {
    for (amount, text) in [
        (0, "0.00"),
        (1, "0.01"),
        (99, "0.99"),
        (100, "1.00"),
        (123_405, "1234.05"),
        (MOST, "90071992547409.91"),
    ] {
        assert_eq!(fen(amount).to_string(), text);
    }
}

/// What is not a whole number of fen is refused, never coerced.
#[test]
fn json_that_is_not_whole_fen_is_refused() {
    for bad in [
        "-1",
        "-0",
        "1.0",
        "1.5",
        "1e2",
        "1E2",
        "0.1",
        "\"1\"",
        "\"\"",
        "null",
        "true",
        "[1]",
        "{}",
        "[]",
        "9007199254740992",
        "18446744073709551615",
        "18446744073709551616",
        "1e400",
        "-9223372036854775808",
        "123456789012345678901234567890",
        "01",
        "+1",
        "0x10",
        "1_000",
        "NaN",
        "",
    ] {
        assert!(serde_json::from_str::<Fen>(bad).is_err(), "{bad}");
    }
    let refusal = serde_json::from_str::<Fen>("1.5").unwrap_err().to_string();
    assert!(refusal.contains("whole number of fen"), "{refusal}");
}
