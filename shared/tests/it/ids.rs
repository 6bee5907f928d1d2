//! Ids: 63 bits, and one text for each.

use crate::common::{fixed, test};
use hongbao_shared::{GroupId, MessageId, UserId};
use proptest::prelude::*;

proptest! {
    #![proptest_config(fixed(300))]

    #[test]
    fn there_and_back(number in 0..=i64::MAX, bits in any::<u64>()) {
        let id = UserId::new(number).unwrap();
        prop_assert_eq!(id.get(), number);
        prop_assert_eq!(id.to_string().parse(), Ok(id));
        let json = serde_json::to_string(&id).unwrap();
        prop_assert_eq!(&json, &format!("\"{number}\""));
        prop_assert_eq!(serde_json::from_str::<UserId>(&json).unwrap(), id);
        prop_assert!(GroupId::from_random(bits).get() >= 0);
        prop_assert_eq!(GroupId::from_random(bits).get() as u64, bits >> 1);
        prop_assert_eq!(UserId::new(-1 - number), None);
    }

    #[test]
    fn only_the_canonical_text_parses(text in "[-+ 0]{0,2}[0-9]{1,20}") {
        if let Ok(id) = text.parse::<MessageId>() {
            prop_assert_eq!(id.to_string(), text);
        }
    }
}

#[test]
fn other_texts_are_refused() {
    for bad in [
        "",
        "00",
        "01",
        "-1",
        "-0",
        "+1",
        " 1",
        "1 ",
        "1.0",
        "1e3",
        "0x1",
        "１",
        "٣",
        "9223372036854775808",
        "99999999999999999999",
        "a",
        "1_000",
        "1\n",
    ] {
        assert!(bad.parse::<UserId>().is_err(), "{bad:?}");
        assert!(serde_json::from_value::<GroupId>(bad.into()).is_err(), "{bad:?}");
    }
    assert_eq!("0".parse(), Ok(UserId::new(0).unwrap()));
    assert_eq!("9223372036854775807".parse(), Ok(UserId::new(i64::MAX).unwrap()));
    for bad in ["1", "1.5", "null", "true", "[]", "{}"] {
        assert!(serde_json::from_str::<UserId>(bad).is_err(), "{bad}");
    }
}
