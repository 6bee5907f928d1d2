//! The rules of a packet that is about to be sent, one by one (R-SPLIT-1, R-SEND-3, R-WEB-2).

use crate::common::{fen, fixed, test};
use hongbao_shared::{
    ErrorCode, Kind, Limits, UserId,
    draft::{COVERS, Draft},
    text::CODE_POINTS_PER_CHARACTER_MAX,
};
use proptest::prelude::*;

fn draft(kind: Kind, total_fen: i64, shares: i64) -> Draft<'static> {
    let recipient_id = (kind == Kind::Exclusive).then(|| UserId::new(5).unwrap());
    Draft { kind, total_fen, shares, greeting: None, cover: None, recipient_id }
}

fn refusal(draft: Draft<'_>) -> Option<ErrorCode> {
    draft.check(&Limits::default()).err()
}

fn answer(kind: Kind, total_fen: i64, shares: i64) -> Option<ErrorCode> {
    refusal(draft(kind, total_fen, shares))
}

proptest! {
    #![proptest_config(fixed(500))]

    /// Whatever passes is feasible and within the limits, and no input makes it panic.
    #[test]
    fn what_passes_obeys_the_limits(
        kind in prop_oneof![Just(Kind::Equal), Just(Kind::Lucky), Just(Kind::Exclusive)],
        total in prop_oneof![any::<i64>(), -10_i64..3_000_000], shares in prop_oneof![any::<i64>(), -2_i64..120],
        greeting in any::<Option<String>>(), cover in any::<Option<String>>(),
    ) {
        let limits = Limits::default();
        let draft = Draft {
            greeting: greeting.as_deref(), cover: cover.as_deref(), ..draft(kind, total, shares)
        };
        if let Ok(checked) = draft.check(&limits) {
            prop_assert_eq!(checked.terms.total().signed(), total);
            prop_assert_eq!(i64::from(checked.terms.shares()), shares);
            prop_assert_eq!(checked.terms.max_share(), limits.max_share_fen);
            prop_assert!(checked.terms.total() <= limits.max_total_fen);
            prop_assert!(checked.terms.shares() <= limits.max_shares);
            let most = limits.greeting_chars_max as usize * CODE_POINTS_PER_CHARACTER_MAX;
            prop_assert!(checked.greeting.chars().count() <= most);
            prop_assert!(COVERS.contains(&checked.cover));
            prop_assert_eq!(checked.recipient_id.is_some(), kind == Kind::Exclusive);
        }
        prop_assert_eq!(draft.terms(&limits).is_ok(), Draft { greeting: None, cover: None, ..draft }
            .check(&limits).is_ok());
    }
}

#[test]
fn plain_drafts_pass() {
    for (kind, total, shares) in [
        (Kind::Lucky, 1, 1),
        (Kind::Lucky, 2_000_000, 100),
        (Kind::Lucky, 100, 100),
        (Kind::Equal, 8_880, 10),
        (Kind::Exclusive, 20_000, 1),
    ] {
        let checked = draft(kind, total, shares).check(&Limits::default()).unwrap();
        assert_eq!((checked.greeting.as_str(), checked.cover), ("", COVERS[0]));
        assert_eq!(checked.terms.kind(), kind);
    }
}

#[test]
fn amounts_have_limits() {
    for total in [0, -1, i64::MIN, 2_000_001, i64::MAX] {
        assert_eq!(answer(Kind::Lucky, total, 100), Some(ErrorCode::AmountOutOfRange), "{total}");
    }
}

#[test]
fn shares_have_limits() {
    for shares in [0, -1, i64::MIN, 101, 4_294_967_297, i64::MAX] {
        for kind in [Kind::Lucky, Kind::Equal, Kind::Exclusive] {
            assert_eq!(answer(kind, 10_000, shares), Some(ErrorCode::SharesOutOfRange), "{shares}");
        }
    }
}

#[test]
fn terms_have_rules() {
    assert_eq!(answer(Kind::Lucky, 9, 10), Some(ErrorCode::MoreSharesThanFen));
    assert_eq!(answer(Kind::Lucky, 20_001, 1), Some(ErrorCode::ShareTooLarge));
    assert_eq!(answer(Kind::Lucky, 40_001, 2), Some(ErrorCode::ShareTooLarge));
    assert_eq!(answer(Kind::Lucky, 40_000, 2), None);
    assert_eq!(answer(Kind::Equal, 10, 3), Some(ErrorCode::DoesNotDivide));
    assert_eq!(answer(Kind::Exclusive, 10, 2), Some(ErrorCode::ExclusiveShares));
}

#[test]
fn recipients_belong_to_exclusive_packets() {
    let somebody = UserId::new(5);
    let nobody = Draft { recipient_id: None, ..draft(Kind::Exclusive, 10, 1) };
    assert_eq!(refusal(nobody), Some(ErrorCode::RecipientRequired));
    for kind in [Kind::Lucky, Kind::Equal] {
        let named = Draft { recipient_id: somebody, ..draft(kind, 10, 1) };
        assert_eq!(refusal(named), Some(ErrorCode::RecipientUnexpected));
    }
    let checked = draft(Kind::Exclusive, 10, 1).check(&Limits::default()).unwrap();
    assert_eq!(checked.recipient_id, somebody);
}

#[test]
fn greetings_have_rules() {
    let greet = |greeting: &str| {
        let greeted = Draft { greeting: Some(greeting), ..draft(Kind::Lucky, 10, 1) };
        greeted.check(&Limits::default()).map(|checked| checked.greeting)
    };
    assert_eq!(greet(" 恭喜发财 ").as_deref(), Ok("恭喜发财"));
    assert_eq!(greet(&"福".repeat(25)), Ok("福".repeat(25)));
    for empty in ["", "   ", "\u{200b}"] {
        assert_eq!(greet(empty).as_deref(), Ok(""));
    }
    let too_long = "福".repeat(26);
    for bad in [too_long.as_str(), "a\nb", "a\tb", "a\0", "a\u{202e}b"] {
        assert_eq!(greet(bad), Err(ErrorCode::GreetingInvalid), "{bad:?}");
    }
}

#[test]
fn covers_are_known() {
    for cover in COVERS {
        let covered = Draft { cover: Some(cover), ..draft(Kind::Lucky, 10, 1) };
        assert_eq!(covered.check(&Limits::default()).unwrap().cover, *cover);
    }
    for bad in ["", "Classic", "classic ", "../classic", "none"] {
        let covered = Draft { cover: Some(bad), ..draft(Kind::Lucky, 10, 1) };
        assert_eq!(refusal(covered), Some(ErrorCode::CoverUnknown), "{bad:?}");
    }
}

/// The first broken rule in the order in which a form is filled.
#[test]
fn the_first_broken_rule_is_the_answer() {
    let mut wrong = Draft {
        kind: Kind::Equal,
        total_fen: 0,
        shares: 0,
        greeting: Some("\0"),
        cover: Some("none"),
        recipient_id: UserId::new(5),
    };
    assert_eq!(refusal(wrong), Some(ErrorCode::AmountOutOfRange));
    wrong.total_fen = 10;
    assert_eq!(refusal(wrong), Some(ErrorCode::SharesOutOfRange));
    wrong.shares = 3;
    assert_eq!(refusal(wrong), Some(ErrorCode::DoesNotDivide));
    wrong.shares = 5;
    assert_eq!(refusal(wrong), Some(ErrorCode::GreetingInvalid));
    wrong.greeting = None;
    assert_eq!(refusal(wrong), Some(ErrorCode::CoverUnknown));
    wrong.cover = None;
    assert_eq!(refusal(wrong), Some(ErrorCode::RecipientUnexpected));
    wrong.recipient_id = None;
    assert_eq!(refusal(wrong), None);
}

/// The limits are configuration, not constants (R-SPLIT-1).
#[test]
fn limits_can_be_raised_and_lowered() {
    let limits = Limits {
        max_shares: 100_000,
        max_share_fen: fen(5),
        max_total_fen: fen(500_000),
        greeting_chars_max: 2,
        ..Limits::default()
    };
    assert!(draft(Kind::Lucky, 500_000, 100_000).check(&limits).is_ok());
    let refused = |draft: Draft<'_>| draft.check(&limits).err();
    assert_eq!(refused(draft(Kind::Lucky, 6, 1)), Some(ErrorCode::ShareTooLarge));
    assert_eq!(refused(draft(Kind::Lucky, 500_001, 100_000)), Some(ErrorCode::AmountOutOfRange));
    let long = Draft { greeting: Some("abc"), ..draft(Kind::Lucky, 5, 1) };
    assert_eq!(refused(long), Some(ErrorCode::GreetingInvalid));
}
