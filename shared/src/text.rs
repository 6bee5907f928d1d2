//! Text that people write: names, greetings, messages.

/// Why a text is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextFault {
    /// Nothing but white space.
    #[error("empty")]
    Empty,
    /// More characters than allowed.
    #[error("too long")]
    TooLong,
    /// A control character, or one that changes the direction of the text around
    /// it, which would let a name rewrite what stands beside it.
    #[error("has a control character")]
    Control,
}

/// `text` without white space at its ends, if it has 1 to `chars_max` characters
/// (Unicode scalar values) on one line.
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
    // Control characters first: `trim` would drop a tab or a line end silently.
    if text.chars().any(|c| refused(c) || reorders(c)) {
        return Err(TextFault::Control);
    }
    let text = text.trim();
    if text.chars().all(is_blank) {
        return Err(TextFault::Empty);
    }
    if text.chars().count() > chars_max {
        return Err(TextFault::TooLong);
    }
    Ok(text.to_owned())
}

/// Characters without a picture; a name made of them alone would be invisible.
fn is_blank(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{206f}'
            | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// Explicit embeddings, overrides and isolates, and line separators. The implicit marks
/// (U+200E, U+200F, U+061C) stay: right-to-left text needs them, and they move nothing
/// outside of it.
fn reorders(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}
