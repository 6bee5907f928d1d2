//! One style sheet out of many small ones.
//!
//! The order is fixed, because order decides between rules of equal weight:
//! 1. `frontend/styles/*.css`, sorted by file name: what holds for the whole app (reset, colours, type).
//!    Number the files (`10-tokens.css`) where one builds on another.
//! 2. `frontend/src/**/*.css`, sorted by path: each component's style beside the component.
//!
//! Comments and indentation stay here, which is a sixteenth of what the sheet weighs compressed. A
//! minifier would save a hundredth more, and is a large dependency that can break a style sheet.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

pub(crate) fn concatenate(frontend: &Path) -> Result<String> {
    let mut shared = Vec::new();
    collect(&frontend.join("styles"), false, &mut shared)?;
    shared.sort();
    let mut components = Vec::new();
    collect(&frontend.join("src"), true, &mut components)?;
    components.sort();

    let mut sheet = String::new();
    for path in shared.iter().chain(&components) {
        let text = fs::read_to_string(path)
            .with_context(|| format!("could not read {}", path.display()))?;
        let text = without_comments(&text)
            .with_context(|| format!("a comment has no end in {}", path.display()))?;
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            sheet.push_str(line);
            sheet.push('\n');
        }
    }
    Ok(sheet)
}

/// The rules alone, or nothing if a comment does not end. No string of ours has `/*` in it.
fn without_comments(sheet: &str) -> Option<String> {
    let mut rest = sheet;
    let mut rules = String::with_capacity(sheet.len());
    while let Some((before, comment)) = rest.split_once("/*") {
        rules.push_str(before);
        rest = comment.split_once("*/")?.1;
    }
    Some(rules + rest)
}

fn collect(folder: &Path, recursive: bool, found: &mut Vec<PathBuf>) -> Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            if recursive {
                collect(&path, recursive, found)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "css") {
            found.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use crate::test_folder::TestFolder;

    #[test]
    fn shared_styles_come_first_then_components_by_path() {
        let folder = TestFolder::new();
        for (path, text) in [
            ("src/pages/wallet.css", "wallet{}"),
            ("src/components/card.css", "/* A\n\n   card. */\n  card{} /* b */ c{}"),
            ("styles/20-type.css", "type{}\n\n"),
            ("styles/10-tokens.css", "tokens{}"),
            ("src/components/card.rs", "not a style"),
        ] {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        assert_eq!(
            super::concatenate(folder.path()).unwrap(),
            "tokens{}\ntype{}\ncard{}  c{}\nwallet{}\n"
        );
    }
}
