//! Every word that a person reads comes out of `frontend/src/i18n/`, where it has both languages
//! (R-WEB-5). A key that is missing does not compile; what this finds is text that went around the keys.

use std::path::Path;

use anyhow::Result;

/// Texts that are the same in every language: the character on the coin is a picture of itself.
const SAME_EVERYWHERE: [&str; 1] = ["開"];
/// Attributes that are read out or shown.
const SPOKEN: [&str; 5] = ["aria-label", "aria-description", "placeholder", "title", "alt"];

/// A text that stands in the code.
#[derive(Debug, PartialEq, Eq)]
struct Literal {
    line: usize,
    text: String,
    /// What stands before and after it, without space.
    before: String,
    after: String,
}

/// Where texts stand that should be keys: `path:line: text`.
fn hard_coded(folder: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    visit(folder, folder, &mut found)?;
    found.sort();
    Ok(found)
}

fn visit(root: &Path, folder: &Path, found: &mut Vec<String>) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.strip_prefix(root)?.to_string_lossy().into_owned();
        if name == "i18n" || name == "i18n.rs" {
            continue;
        }
        if path.is_dir() {
            visit(root, &path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let code = std::fs::read_to_string(&path)?;
            found.extend(
                suspects(&code)
                    .iter()
                    .map(|literal| format!("{name}:{}: {}", literal.line, literal.text)),
            );
        }
    }
    Ok(())
}

fn suspects(code: &str) -> Vec<Literal> {
    let code = code.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    literals(code).into_iter().filter(is_hard_coded).collect()
}

fn is_hard_coded(literal: &Literal) -> bool {
    if SAME_EVERYWHERE.contains(&literal.text.as_str()) {
        return false;
    }
    if literal.text.chars().any(is_chinese) {
        return true;
    }
    if !literal.text.chars().any(char::is_alphabetic) {
        return false;
    }
    // A text node of a view, between tags or between what is computed.
    let node = literal.before.ends_with(['>', '}']) && literal.after.starts_with(['<', '{'])
        || literal.before.ends_with('>') && literal.after.is_empty();
    let spoken = SPOKEN.iter().any(|name| literal.before.ends_with(&format!("{name}=")));
    node || spoken
}

fn is_chinese(c: char) -> bool {
    matches!(c, '\u{3000}'..='\u{303f}' | '\u{3400}'..='\u{9fff}' | '\u{ff00}'..='\u{ffef}')
}

/// The string literals of Rust code, without comments and characters.
fn literals(code: &str) -> Vec<Literal> {
    let bytes = code.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &code[at..];
        let (skip, text) = if rest.starts_with("//") {
            (rest.find('\n').unwrap_or(rest.len()), None)
        } else if rest.starts_with('\'') {
            (character(rest), None)
        } else if rest.starts_with('"') {
            let end = closing_quote(rest);
            (end + 1, Some(rest.get(1..end).unwrap_or_default()))
        } else if let Some((start, end, whole)) = raw(rest, code[..at].chars().next_back()) {
            (whole, Some(&rest[start..end]))
        } else {
            (rest.chars().next().map_or(1, char::len_utf8), None)
        };
        let end = (at + skip).min(bytes.len());
        if let Some(text) = text {
            found.push(Literal {
                line: code[..at].matches('\n').count() + 1,
                text: text.to_owned(),
                before: tail(&code[..at]),
                after: code[end..].trim_start().chars().take(1).collect(),
            });
        }
        at = end;
    }
    found
}

fn tail(before: &str) -> String {
    let before = before.trim_end();
    let start = before.char_indices().rev().nth(23).map_or(0, |(at, _)| at);
    before[start..].to_owned()
}

/// The length of a character literal; one for the tick of a lifetime.
fn character(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), _) => rest[2..].find('\'').map_or(1, |end| {
            // `'\''` closes one later.
            if end == 0 { 4 } else { end + 3 }
        }),
        (Some(_), Some((end, '\''))) => end + 1,
        _ => 1,
    }
}

fn closing_quote(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at,
            _ => {}
        }
    }
    rest.len()
}

/// `r"…"`, `r#"…"#`: where the text starts and ends, and the length of the whole.
fn raw(rest: &str, before: Option<char>) -> Option<(usize, usize, usize)> {
    if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
        return None;
    }
    let after = rest.strip_prefix('r')?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    after[hashes..].strip_prefix('"')?;
    let start = hashes + 2;
    let close = format!("\"{}", "#".repeat(hashes));
    let end = start + rest[start..].find(&close)?;
    Some((start, end, end + close.len()))
}

#[test]
fn the_web_app_says_nothing_that_has_no_key() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../frontend/src");
    let found = hard_coded(&sources).unwrap();
    assert!(found.is_empty(), "texts outside frontend/src/i18n:\n{}", found.join("\n"));
}

#[test]
fn hard_coded_text_is_found() {
    for code in [
        r#"view! { <p>"Hello"</p> }"#,
        r#"view! { <p>{name}" joined"</p> }"#,
        r#"<input placeholder="Your name"/>"#,
        r#"<button aria-label="Close">"#,
        "toast::show(\"你好\")",
        "let x = r#\"再见\"#;",
    ] {
        assert_eq!(suspects(code).len(), 1, "{code}");
    }
}

#[test]
fn what_nobody_reads_is_left_alone() {
    for code in [
        r#"<p class="muted" data-testid="x">{tr!(hello)}" · "</p>"#,
        r#"<input placeholder="0.00"/>"#,
        "// 注释\nlet c = '０';",
        r#"match text { "open" => 1, _ => 2 }"#,
        r#"<span lang="zh-Hant">"開"</span>"#,
        "fn f<'a>(x: &'a str) {}\n#[cfg(test)]\nmod tests { const X: &str = \"八\"; }",
    ] {
        assert_eq!(suspects(code), [], "{code}");
    }
}
