//! Money between people and integers: what they type, what they read. No floats.

use std::cell::RefCell;

use hongbao_shared::{Fen, Unit};

thread_local! {
    static UNIT: RefCell<Unit> = RefCell::default();
}

/// Amounts are in this unit from now on.
pub(crate) fn set_unit(unit: Unit) {
    UNIT.set(unit);
}

fn unit<T>(of: impl FnOnce(&Unit) -> T) -> T {
    UNIT.with_borrow(of)
}

/// What an amount field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Typed {
    /// Nothing yet.
    Empty,
    /// Something that is no amount.
    Unreadable,
    /// More decimals than the unit has; there is nothing below one fen.
    TooFine,
    /// An amount in fen; may be negative or huge, which the shared rules refuse.
    Fen(i64),
}

/// Reads an amount of the unit, with as many decimals as it has, into fen. Digits of full width,
/// as Chinese input methods type them, are read too, and the unit's symbol or Chinese name; thousands
/// may be set apart, by spaces too, and the decimals by a comma, which is all that some keyboards
/// offer.
pub(crate) fn parse_yuan(text: &str) -> Typed {
    let text = plain(text);
    let text = text.trim();
    if text.is_empty() {
        return Typed::Empty;
    }
    let (sign, text) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let [symbol, name] = unit(|unit| [unit.symbol.clone(), unit.name_zh.clone()]);
    let text = text.strip_prefix(&*symbol).or(text.strip_suffix(&*symbol)).unwrap_or(text).trim();
    let text = text.strip_suffix(&*name).unwrap_or(text).trim();
    let spaced = spaced(text);
    let text = spaced.as_deref().unwrap_or(text);
    let most = usize::from(unit(|unit| unit.decimals));
    let (yuan, decimals) = parts(text);
    let Some(yuan) = whole(&yuan) else { return Typed::Unreadable };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(&yuan) || !digits(decimals) || (yuan.is_empty() && decimals.is_empty()) {
        return Typed::Unreadable;
    }
    if decimals.len() > most {
        return Typed::TooFine;
    }
    // "5.5" is 5 yuan 50.
    let fen: i64 = format!("0{decimals:0<most$}").parse().unwrap_or_default();
    let yuan: i64 = if yuan.is_empty() { 0 } else { yuan.parse().unwrap_or(i64::MAX) };
    // What overflows is far beyond every limit, so the largest number says the same.
    let parts = 10_i64.saturating_pow(unit(|unit| unit.decimals).into());
    let total = yuan.saturating_mul(parts).saturating_add(fen);
    Typed::Fen(total.saturating_mul(sign))
}

/// The number in a field of whole numbers; anything that is none counts as zero,
/// which no rule accepts.
pub(crate) fn parse_count(text: &str) -> i64 {
    whole(plain(text).trim()).and_then(|text| text.parse().ok()).unwrap_or_default()
}

/// What has its thousands set apart by spaces, without them and with a point before the decimals.
fn spaced(text: &str) -> Option<String> {
    let is_space = char::is_whitespace;
    text.contains(is_space).then(|| {
        let text = text.replace(',', ".").replace(is_space, ",");
        let number = match text.split_once('.') {
            Some((yuan, decimals)) => whole(yuan).map(|yuan| format!("{yuan}.{decimals}")),
            None => whole(&text),
        };
        number.unwrap_or_else(|| "?".to_owned())
    })
}

/// What stands before the decimals, thousands set apart by commas, and the decimals.
fn parts(text: &str) -> (String, &str) {
    match text.rsplit_once(['.', ',']) {
        // "1,000" is a thousand: no amount has three decimals.
        Some((_, end)) if end.len() == 3 && !text.contains('.') => (text.to_owned(), ""),
        Some((yuan, end)) if text.ends_with(&format!(",{end}")) => {
            // "1.000,00"; but of "1,0,0" nobody knows.
            let yuan = if yuan.contains(',') { "?".to_owned() } else { yuan.replace('.', ",") };
            (yuan, end)
        }
        Some((yuan, end)) => (yuan.to_owned(), end),
        None => (text.to_owned(), ""),
    }
}

/// Without the commas, if they set thousands apart.
fn whole(text: &str) -> Option<String> {
    let mut groups = text.split(',');
    let first = groups.next().unwrap_or_default();
    let is_set_apart = text.len() > first.len();
    let fits = !is_set_apart || ((1..=3).contains(&first.len()) && !first.starts_with('0'));
    (fits && groups.all(|group| group.len() == 3)).then(|| text.replace(',', ""))
}

/// In plain digits and signs, without the marks of direction that contacts and messages
/// put around a number.
fn plain(text: &str) -> String {
    let is_mark = |c| matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    text.chars().filter(|c| !is_mark(*c)).map(narrow).collect()
}

fn narrow(c: char) -> char {
    match c {
        '０'..='９' => char::from_u32(u32::from(c) - 0xff10 + u32::from('0')).unwrap_or(c),
        '．' | '。' => '.',
        '，' => ',',
        '￥' => '¥',
        '－' | '−' => '-',
        other => other,
    }
}

/// `¥12.05` for the field of an amount, without the unit: `12.05`.
pub(crate) fn digits(fen: Fen) -> String {
    unit(|unit| unit.digits(fen))
}

/// The unit's symbol, if it stands on this side of amounts.
pub(crate) fn symbol(behind: bool) -> Option<String> {
    unit(|unit| (unit.symbol_behind == behind).then(|| unit.symbol.clone()))
}

/// `¥12.05`.
pub(crate) fn yuan(fen: Fen) -> String {
    unit(|unit| unit.show(fen))
}

/// `+¥12.05` or `−¥12.05`.
pub(crate) fn signed_yuan(fen: i64) -> String {
    let sign = if fen < 0 { '−' } else { '+' };
    let amount = Fen::new(fen.unsigned_abs()).unwrap_or(Fen::MAX);
    format!("{sign}{}", yuan(amount))
}

#[cfg(test)]
mod tests {
    use super::{Typed, parse_count, parse_yuan, signed_yuan, yuan};
    use hongbao_shared::Fen;
    use wasm_bindgen_test::wasm_bindgen_test;

    #[wasm_bindgen_test]
    fn reads_what_people_type() {
        for (text, fen) in [
            ("12", 1200),
            ("12.3", 1230),
            ("12.34", 1234),
            (" 0.01 ", 1),
            (".5", 50),
            ("5.", 500),
            ("¥8.88", 888),
            ("８８．８", 8880),
            ("-5", -500),
            ("0.29", 29),
            ("1.15", 115),
            ("8,88", 888),
            ("8,8", 880),
            ("8，88", 888),
            ("1,000", 100_000),
            ("1,000.00", 100_000),
            ("1.000,50", 100_050),
            ("12,345,678.9", 1_234_567_890),
            ("8.88元", 888),
            ("¥ 8.88 元", 888),
            ("1 000", 100_000),
            ("12\u{a0}345\u{202f}678,90", 1_234_567_890),
            ("\t\u{202a}6.66\u{202c} ", 666),
        ] {
            assert_eq!(parse_yuan(text), Typed::Fen(fen), "{text}");
        }
    }

    #[wasm_bindgen_test]
    fn refuses_what_is_no_amount() {
        assert_eq!(parse_yuan("  "), Typed::Empty);
        assert_eq!(parse_yuan("1.005"), Typed::TooFine);
        for text in [
            "1,5,5", "1,00.5", "0,500", ",500", "1.000.50", "1,000,5", "abc", "1e3", ".", "¥",
            "--1", "1.2.3", "+1", "0x10",
        ] {
            assert_eq!(parse_yuan(text), Typed::Unreadable, "{text}");
        }
        for text in ["1 00", "1 2", "1  000", "8.88元元", "元"] {
            assert_eq!(parse_yuan(text), Typed::Unreadable, "{text}");
        }
    }

    #[wasm_bindgen_test]
    fn never_wraps() {
        assert_eq!(parse_yuan("99999999999999999999999"), Typed::Fen(i64::MAX));
        assert_eq!(parse_yuan("92233720368547758.99"), Typed::Fen(i64::MAX));
    }

    #[wasm_bindgen_test]
    fn counts() {
        assert_eq!(parse_count(" 10 "), 10);
        assert_eq!(parse_count("１０"), 10);
        assert_eq!(parse_count("\u{202d}1,000\u{202c}"), 1_000);
        assert_eq!(parse_count("2.5"), 0);
        assert_eq!(parse_count("1,0"), 0);
        assert_eq!(parse_count(""), 0);
    }

    #[wasm_bindgen_test]
    fn shows_two_decimals() {
        assert_eq!(Fen::new(5).map(yuan).as_deref(), Some("¥0.05"));
        assert_eq!(signed_yuan(-1234), "−¥12.34");
        assert_eq!(signed_yuan(100), "+¥1.00");
    }
}
