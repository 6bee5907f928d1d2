//! Moments: milliseconds inside, RFC 3339 in UTC outside.

use crate::common::{fixed, test};
use hongbao_shared::Timestamp;
use proptest::prelude::*;

fn at(text: &str) -> Option<i64> {
    text.parse().ok().map(Timestamp::millis)
}

proptest! {
    #![proptest_config(fixed(500))]

    #[test]
    fn there_and_back(millis in Timestamp::MIN.millis()..=Timestamp::MAX.millis()) {
        let moment = Timestamp::from_millis(millis);
        prop_assert_eq!(moment.millis(), millis);
        let text = moment.to_string();
        prop_assert_eq!(text.len(), "2016-02-07T12:00:00.000Z".len());
        prop_assert!(text.is_ascii() && text.ends_with('Z'));
        prop_assert_eq!(text.parse(), Ok(moment));
        let json = serde_json::to_string(&moment).unwrap();
        prop_assert_eq!(&json, &format!("\"{text}\""));
        prop_assert_eq!(serde_json::from_str::<Timestamp>(&json).unwrap(), moment);
    }

    /// The texts sort as the moments do, so a cursor may compare either.
    #[test]
    fn texts_sort_as_moments(a in Timestamp::MIN.millis()..=Timestamp::MAX.millis(),
                             b in Timestamp::MIN.millis()..=Timestamp::MAX.millis()) {
        let (a, b) = (Timestamp::from_millis(a), Timestamp::from_millis(b));
        prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        prop_assert_eq!(a.millis_since(b), a.millis() - b.millis());
    }

    /// No moment is out of reach of its own text, whatever was computed.
    #[test]
    fn every_value_can_be_written(millis in any::<i64>(), seconds in any::<i64>()) {
        let moment = Timestamp::from_millis(millis).plus_seconds(seconds);
        prop_assert_eq!(moment.to_string().parse(), Ok(moment));
    }
}

#[test]
fn known_moments() {
    for (millis, text) in [
        (0, "1970-01-01T00:00:00.000Z"),
        (1, "1970-01-01T00:00:00.001Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (1_454_846_400_000, "2016-02-07T12:00:00.000Z"),
        (951_782_400_120, "2000-02-29T00:00:00.120Z"),
        (Timestamp::MIN.millis(), "0000-01-01T00:00:00.000Z"),
        (Timestamp::MAX.millis(), "9999-12-31T23:59:59.999Z"),
    ] {
        assert_eq!(Timestamp::from_millis(millis).to_string(), text);
        assert_eq!(at(text), Some(millis));
    }
    assert_eq!(Timestamp::from_millis(i64::MIN), Timestamp::MIN);
    assert_eq!(Timestamp::from_millis(i64::MAX), Timestamp::MAX);
    assert_eq!(Timestamp::from_millis(5).plus_seconds(-2).millis(), -1995);
    assert_eq!(Timestamp::MAX.plus_seconds(1), Timestamp::MAX);
}

/// Other ways in which RFC 3339 writes the same moment; finer digits are cut off.
#[test]
fn other_offsets_and_digits_are_read() {
    let noon = Some(1_454_846_400_000);
    assert_eq!(at("2016-02-07T12:00:00Z"), noon);
    assert_eq!(at("2016-02-07T20:00:00+08:00"), noon);
    assert_eq!(at("2016-02-07T12:00:00.000999999Z"), noon);
    assert_eq!(at("1969-12-31T23:59:59.9999Z"), Some(-1));
}

#[test]
fn what_is_not_a_moment_is_refused() {
    for bad in [
        "",
        "2016-02-07",
        "2016-02-07T12:00:00",
        "2016-02-30T12:00:00Z",
        "2016-13-01T12:00:00Z",
        "2016-02-07T24:00:00Z",
        "2016-02-07T12:60:00Z",
        "16-02-07T12:00:00Z",
        "2016-2-7T12:00:00Z",
        "2016-02-07T12:00:00.Z",
        "10000-01-01T00:00:00Z",
        "-001-01-01T00:00:00Z",
        " 2016-02-07T12:00:00Z",
        "2016-02-07T12:00:00Z ",
        "1454846400000",
        "0000-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
    ] {
        assert_eq!(at(bad), None, "{bad:?}");
    }
    assert!(serde_json::from_str::<Timestamp>("1454846400000").is_err());
}
