//! Texts as people see them: what counts as a character, and which texts are the same
//! (R-PEOPLE-4). The one place where the server knows Unicode; what a browser can check
//! without its tables is in `hongbao_shared::text`.

use hongbao_shared::text::{self, CODE_POINTS_PER_CHARACTER_MAX, TextFault};
use icu_normalizer::{ComposingNormalizer, DecomposingNormalizer};
use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{DefaultIgnorableCodePoint, GeneralCategory, Script},
};
use std::borrow::Cow;
use unicode_security::skeleton;
use unicode_segmentation::UnicodeSegmentation;

/// How often folding may uncover something else to fold. Twice happens (ẞ, ß, ss).
const FOLDS_MAX: usize = 8;

/// Why a text is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameFault {
    /// It is no text of one line that somebody can read.
    #[error(transparent)]
    Text(#[from] TextFault),
    /// Unassigned or of private use: each screen shows something else.
    #[error("has a character that not everybody can see")]
    Unknown,
    /// As Latin and Cyrillic: one of the two is there to look like the other.
    #[error("a word mixes letters of different alphabets")]
    Mixed,
}

/// As [`one_line`], but what others know somebody or something by: of characters that everybody
/// sees, and no word in letters of two alphabets.
pub fn name(text: &str, chars_max: u32) -> Result<String, NameFault> {
    let name = one_line(text, chars_max)?;
    let category = CodePointMapData::<GeneralCategory>::new();
    let is_unknown =
        |c| matches!(category.get(c), GeneralCategory::Unassigned | GeneralCategory::PrivateUse);
    if name.chars().any(is_unknown) {
        return Err(NameFault::Unknown);
    }
    let is_gap = |c: char| !c.is_alphanumeric() && is_visible(c) || c.is_whitespace();
    for word in name.split(is_gap) {
        let mut alphabets = word.chars().filter_map(alphabet);
        let first = alphabets.next();
        if alphabets.any(|alphabet| Some(alphabet) != first) {
            return Err(NameFault::Mixed);
        }
    }
    Ok(name)
}

/// The script of a letter, but of those that East Asian names mix with Latin and each other as a
/// matter of course, and that look like no letters.
fn alphabet(c: char) -> Option<Script> {
    const FREE: [Script; 8] = [
        Script::Common,
        Script::Inherited,
        Script::Han,
        Script::Hiragana,
        Script::Katakana,
        Script::Hangul,
        Script::Bopomofo,
        Script::Yi,
    ];
    let script = CodePointMapData::<Script>::new().get(c);
    (c.is_alphabetic() && !FREE.contains(&script)).then_some(script)
}

/// `text` without what merely surrounds it, if it has 1 to `chars_max` characters (grapheme
/// clusters) on one line, and anything to see.
pub fn one_line(text: &str, chars_max: u32) -> Result<String, TextFault> {
    measured(text::one_line, text, chars_max)
}

/// As [`one_line`], but line feeds are allowed.
pub fn lines(text: &str, chars_max: u32) -> Result<String, TextFault> {
    measured(text::lines, text, chars_max)
}

fn measured(
    check: fn(&str, usize) -> Result<String, TextFault>,
    text: &str,
    chars_max: u32,
) -> Result<String, TextFault> {
    // However long: that nothing of it is seen is the better answer.
    let text = check(text, usize::MAX)?;
    if !text.chars().any(is_visible) {
        return Err(TextFault::Empty);
    }
    match length(&text, chars_max)? {
        length if length > chars_max => Err(TextFault::TooLong),
        _ => Ok(text),
    }
}

/// How many characters (grapheme clusters) `text` has, counted up to one more than `most`.
pub fn length(text: &str, most: u32) -> Result<u32, TextFault> {
    let mut count = 0;
    for character in text.graphemes(true) {
        if character.chars().nth(CODE_POINTS_PER_CHARACTER_MAX).is_some() {
            return Err(TextFault::Heaped);
        }
        count += 1;
        if count > most {
            break;
        }
    }
    Ok(count)
}

/// Has it `least` characters or more that are not ignored, as far as hashing goes?
pub fn shows(text: &str, least: u32) -> bool {
    let shown = text.graphemes(true).filter(|character| !character.chars().all(is_ignored));
    usize::try_from(least).is_ok_and(|least| shown.take(least).count() == least)
}

/// What two names have in common that are the same to whoever reads them: the name by NFKC,
/// case-folded, without what is ignored in display or put around a character, each gap a single
/// space, and in the place of a letter that looks like one of ASCII (UTS 39) that one.
/// Names in ASCII differ as they are written: `l` and `1` are two.
pub fn key(name: &str) -> String {
    let mut key = name.to_owned();
    for _ in 0..FOLDS_MAX {
        // Capitals first: `ς` and `σ` are one there, as are `ſ` and `s`.
        let folded = key.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase);
        let folded: String = folded.filter(|c| !is_ignored(*c) && !encloses(*c)).collect();
        let folded = DecomposingNormalizer::new_nfkd().normalize(&folded);
        let folded: String = folded.chars().map(plain).collect();
        let folded: Vec<_> = nfkc(&folded).split_whitespace().map(str::to_owned).collect();
        let folded = folded.join(" ");
        if folded == key {
            break;
        }
        key = folded;
    }
    key
}

/// A password as it is hashed: the same however a keyboard composes it. Case and spaces are
/// a part of it, unlike in a name.
pub fn password(password: &str) -> String {
    let seen: String = nfkc(password).chars().filter(|c| !is_ignored(*c)).collect();
    nfkc(&seen).into_owned()
}

/// The small letter or digit of ASCII that a small letter, or else its capital, looks like.
fn plain(c: char) -> char {
    if c.is_ascii() {
        return c;
    }
    let looks_like = |c: char| {
        let mut buffer = [0; 4];
        let mut prototype = skeleton(c.encode_utf8(&mut buffer));
        let one = prototype.next().filter(char::is_ascii_alphanumeric);
        one.filter(|_| prototype.next().is_none()).map(|c| c.to_ascii_lowercase())
    };
    let mut capital = c.to_uppercase();
    let capital = capital.next().filter(|_| capital.next().is_none());
    looks_like(c).or_else(|| capital.and_then(looks_like)).unwrap_or(c)
}

/// Is it put around the character before it, as the frame of a key is?
fn encloses(c: char) -> bool {
    CodePointMapData::<GeneralCategory>::new().get(c) == GeneralCategory::EnclosingMark
}

fn nfkc(text: &str) -> Cow<'_, str> {
    ComposingNormalizer::new_nfkc().normalize(text)
}

/// Has it a picture of its own?
fn is_visible(c: char) -> bool {
    let is_mark = matches!(
        CodePointMapData::<GeneralCategory>::new().get(c),
        GeneralCategory::NonspacingMark
            | GeneralCategory::SpacingMark
            | GeneralCategory::EnclosingMark
    );
    !is_mark && !text::is_blank(c) && !is_ignored(c)
}

/// Is it left out in display? Unicode says so of all but the empty Braille pattern, which is
/// as blank as the others.
fn is_ignored(c: char) -> bool {
    c == '\u{2800}' || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Nobody is told that a name is free by writing it as it is compared.
        #[test]
        fn a_key_is_its_own_key(name in any::<String>()) {
            let once = key(&name);
            prop_assert_eq!(key(&once), once);
        }

        #[test]
        fn a_password_is_hashed_as_what_it_is_hashed_as(typed in any::<String>()) {
            let once = password(&typed);
            prop_assert_eq!(password(&once), once);
        }

        /// What the browser refuses, the server would not have taken.
        #[test]
        fn forms_refuse_nothing_that_the_server_takes(text in any::<String>(), most in 0_u32..40) {
            if let Ok(taken) = one_line(&text, most) {
                prop_assert_eq!(text::one_line(&text, usize::try_from(most).unwrap()), Ok(taken));
            }
        }
    }

    #[test]
    fn every_scalar_has_a_key_that_is_its_own() {
        for c in (0..=u32::from(char::MAX)).filter_map(char::from_u32) {
            let once = key(&c.to_string());
            assert_eq!(key(&once), once, "{c:?}");
        }
    }

    /// For every scalar, alone and beside what it may join.
    #[test]
    fn forms_never_count_more_than_there_is() {
        for c in (0..=u32::from(char::MAX)).filter_map(char::from_u32) {
            for around in [
                ["", ""],
                ["a", "a"],
                ["字", ""],
                ["👩", "👩"],
                ["👩\u{200d}", ""],
                ["한", "한"],
                ["\u{600}", "1"],
            ] {
                let text = format!("{}{c}{}", around[0], around[1]);
                let seen = text.graphemes(true).count();
                assert!(text::chars_at_least(&text) <= seen, "{text:?}");
            }
        }
    }

    #[test]
    fn names_of_one_look_have_one_key() {
        for (one, other) in [
            ("STRASSE", "straße"),
            ("STRA\u{1e9e}E", "strasse"),
            ("ΣΊΣΥΦΟΣ", "σίσυφος"),
            ("ﬁn", "FIN"),
            ("①", "1"),
            ("ＡＢ　Ｃ", "ab c"),
            ("ﾊﾟ", "パ"),
            ("か\u{3099}", "が"),
            ("\u{212b}", "å"),
            ("한", "\u{1112}\u{1161}\u{11ab}"),
            ("a\u{200b}\u{2800}\u{3164}\u{ad}b", "AB"),
            ("Аnn", "Ann"),
            ("ВОВ", "bob"),
            ("вов", "BOB"),
            ("ӓ", "ä"),
            ("a\u{20e3}b", "ab"),
        ] {
            assert_eq!(key(one), key(other), "{one:?} {other:?}");
        }
        for (one, other) in [
            ("a", "ä"),
            ("小明", "小红"),
            ("a b", "ab"),
            ("👍", "👎"),
            ("tom", "torn"),
            ("a1", "al"),
        ] {
            assert_ne!(key(one), key(other));
        }
    }
}
