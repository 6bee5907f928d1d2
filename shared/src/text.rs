//! Text that people write: names, greetings, messages (R-PEOPLE-4).
//!
//! What a form can know of it. What takes tables of Unicode - how many characters somebody
//! sees, which texts look alike - only the server knows, so that no browser has to load them;
//! nothing that the server takes is refused here.

/// The most code points that a character may be made of. A family of four with their skin
/// tones has eleven; piles of accents that reach into other people's lines have more.
pub const CODE_POINTS_PER_CHARACTER_MAX: usize = 16;

/// Why a text is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextFault {
    /// Nothing that anybody would see.
    #[error("nothing visible")]
    Empty,
    /// More characters than allowed.
    #[error("too long")]
    TooLong,
    /// A control character, or one that changes the direction of the text around
    /// it, which would let a name rewrite what stands beside it.
    #[error("has a control character")]
    Control,
    /// A character of more than [`CODE_POINTS_PER_CHARACTER_MAX`] code points.
    #[error("a character has too many marks")]
    Heaped,
}

/// `text` without what merely surrounds it, if it is on one line and can be of `chars_max`
/// characters or less: as few as it may have are counted, and each may have as many code
/// points as a character may.
pub fn one_line(text: &str, chars_max: usize) -> Result<String, TextFault> {
    checked(text, chars_max, char::is_control)
}

/// As [`one_line`], but line feeds are allowed.
pub fn lines(text: &str, chars_max: usize) -> Result<String, TextFault> {
    checked(text, chars_max, |c| c.is_control() && c != '\n')
}

fn checked(
    text: &str,
    chars_max: usize,
    refused: impl Fn(char) -> bool,
) -> Result<String, TextFault> {
    let text = text.trim_start_matches(surrounds);
    let text = text.trim_end_matches(|c| surrounds(c) && !is_attached(c));
    if text.is_empty() {
        return Err(TextFault::Empty);
    }
    if text.chars().any(|c| refused(c) || reorders(c)) {
        return Err(TextFault::Control);
    }
    let code_points_max = chars_max.saturating_mul(CODE_POINTS_PER_CHARACTER_MAX);
    if text.chars().count() > code_points_max || chars_at_least(text) > chars_max {
        return Err(TextFault::TooLong);
    }
    Ok(text.to_owned())
}

/// How many characters it has at the very least: no two of what is counted here are ever
/// seen as one. That is most of what people write; whatever else there is may join.
pub fn chars_at_least(text: &str) -> usize {
    const JOINER: char = '\u{200d}';
    let before = core::iter::once(' ').chain(text.chars());
    before.zip(text.chars()).filter(|(before, c)| is_base(*c) && *before != JOINER).count()
}

/// Latin, Greek, Cyrillic, kana, Han, Hangul and pictures, without what is put on others.
fn is_base(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{c0}'..='\u{2ff}' | '\u{370}'..='\u{482}' | '\u{48a}'..='\u{52f}'
        | '\u{3041}'..='\u{3096}' | '\u{30a0}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7a3}' | '\u{ff01}'..='\u{ff9d}' | '\u{20000}'..='\u{3fffd}'
        | '\u{1f300}'..='\u{1f3fa}' | '\u{1f400}'..='\u{1faff}')
}

/// Does it come along when text is pasted, without being meant? Beside what is blank, these
/// are the embeddings and isolates that other programs put around a name.
fn surrounds(c: char) -> bool {
    is_blank(c) || matches!(c, '\u{202a}'..='\u{202c}')
}

/// Characters without a picture; a name made of them alone would be invisible.
pub fn is_blank(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{206f}'
            | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// Blank, but a part of what stands before it: joiners, and what selects a picture.
fn is_attached(c: char) -> bool {
    matches!(c, '\u{034f}' | '\u{180b}'..='\u{180d}' | '\u{180f}' | '\u{200c}' | '\u{200d}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{e0020}'..='\u{e01ef}')
}

/// Explicit embeddings, overrides and isolates, and line separators. The implicit marks
/// (U+200E, U+200F, U+061C) stay: right-to-left text needs them, and they move nothing
/// outside of it.
fn reorders(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}
