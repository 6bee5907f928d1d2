//! Texts that people write: bounded, visible, and unable to disturb what stands beside them.

use crate::common::{fixed, test};
use hongbao_shared::text::{CODE_POINTS_PER_CHARACTER_MAX, TextFault, lines, one_line};
use proptest::prelude::*;

proptest! {
    #![proptest_config(fixed(500))]

    /// What is accepted is short enough, without white space at its ends, and accepted again as
    /// it is.
    #[test]
    fn accepted_texts_are_clean(text in any::<String>(), chars_max in 0_usize..40) {
        for check in [one_line, lines] {
            if let Ok(clean) = check(&text, chars_max) {
                let most = chars_max * CODE_POINTS_PER_CHARACTER_MAX;
                prop_assert!((1..=most).contains(&clean.chars().count()));
                prop_assert_eq!(clean.trim(), &clean);
                prop_assert!(text.contains(&clean));
                prop_assert_eq!(check(&clean, chars_max), Ok(clean));
            }
        }
        // One line is the stricter of the two.
        if let Ok(clean) = one_line(&text, chars_max) {
            prop_assert_eq!(lines(&text, chars_max), Ok(clean));
        }
    }

    #[test]
    fn characters_are_counted_not_bytes(count in 1_usize..60, chars_max in 1_usize..60) {
        for character in ["a", "福", "🧧", "é"] {
            let text = character.repeat(count);
            let expected = if count <= chars_max { Ok(text.clone()) } else { Err(TextFault::TooLong) };
            prop_assert_eq!(one_line(&text, chars_max), expected);
        }
    }

    /// R-PEOPLE-4: what people see as one character is counted as one, or left to the server.
    #[test]
    fn what_joins_is_not_counted_twice(count in 1_usize..60) {
        for character in ["e\u{301}", "👨🏻\u{200d}👩🏻\u{200d}👧🏻\u{200d}👦🏻", "🇨🇳", "नि", "1\u{fe0f}\u{20e3}", "한"] {
            let text = character.repeat(count);
            prop_assert_eq!(one_line(&text, count), Ok(text));
        }
        let most = "\u{1f1e8}".repeat(count * CODE_POINTS_PER_CHARACTER_MAX);
        prop_assert!(one_line(&most, count).is_ok());
        prop_assert_eq!(one_line(&(most + "\u{1f1e8}"), count), Err(TextFault::TooLong));
    }

    #[test]
    fn control_characters_are_refused_within(before in "[a-z]{1,4}", after in "[a-z]{1,4}") {
        let controls = (0..0x20).chain(0x7f..0xa0).chain([0x2028, 0x2029])
            .chain(0x202a..=0x202e).chain(0x2066..=0x2069);
        for control in controls.map(|code| char::from_u32(code).unwrap()) {
            let text = format!("{before}{control}{after}");
            prop_assert_eq!(one_line(&text, 20), Err(TextFault::Control), "{:?}", text);
            if control != '\n' {
                prop_assert_eq!(lines(&text, 20), Err(TextFault::Control), "{:?}", text);
            }
        }
    }
}

#[test]
fn control_characters_that_are_no_white_space_are_refused_at_the_ends_too() {
    for control in ["\u{0}", "\u{7}", "\u{1b}", "\u{7f}", "\u{202d}", "\u{202e}"] {
        for text in [control.to_owned(), format!("{control}a"), format!("a{control}")] {
            assert_eq!(one_line(&text, 20), Err(TextFault::Control), "{text:?}");
            assert_eq!(lines(&text, 20), Err(TextFault::Control), "{text:?}");
        }
    }
}

/// R-PEOPLE-4
#[test]
fn what_merely_surrounds_a_text_goes() {
    for around in [
        "\t", "\r\n", "\u{feff}", "\u{202a}", "\u{202c}", "\u{2068}", "\u{2069}", "\u{200e}",
        "\u{3164}",
    ] {
        assert_eq!(one_line(&format!("{around} 福\u{fe0f}{around}"), 1).unwrap(), "福\u{fe0f}");
    }
}

#[test]
fn white_space_at_the_ends_goes() {
    assert_eq!(one_line("  a b　", 3).unwrap(), "a b");
    assert_eq!(lines("\n\na\nb \n", 3).unwrap(), "a\nb");
}

#[test]
fn invisible_texts_are_empty() {
    for blank in [
        "",
        " ",
        "　",
        "\u{a0}",
        "\u{ad}",
        "\u{61c}",
        "\u{115f}",
        "\u{200b}",
        "\u{200d}\u{200d}",
        "\u{200e}",
        "\u{2060}",
        "\u{2800}",
        "\u{3164}",
        "\u{fe0f}",
        "\u{feff}",
        "\u{fffa}",
        "\u{e0020}",
        " \u{200b} ",
    ] {
        assert_eq!(one_line(blank, 20), Err(TextFault::Empty), "{blank:?}");
    }
    // Ahead of their length: an empty greeting stands for the default one.
    assert_eq!(one_line(&"\u{200b}".repeat(50), 20), Err(TextFault::Empty));
}

/// Joiners inside of emoji and marks of right-to-left words stay.
#[test]
fn what_scripts_need_stays() {
    for text in ["👨‍👩‍👧", "می‌خواهم", "א\u{200f}!", "恭喜发财，大吉大利", "e\u{301}", "❤\u{fe0f}"]
    {
        assert_eq!(one_line(text, 20).as_deref(), Ok(text));
    }
}
