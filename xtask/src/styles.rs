//! One style sheet out of many small ones.
//!
//! The order is fixed, because order decides between rules of equal weight:
//! 1. `frontend/styles/*.css`, sorted by file name: what holds for the whole app (reset, colours, type).
//!    Number the files (`10-tokens.css`) where one builds on another.
//! 2. `frontend/src/**/*.css`, sorted by path: each component's style beside the component.
//!
//! Nothing is minified: brotli makes comments and indentation nearly free, and a minifier is a large
//! dependency that can break a style sheet.

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
        sheet.push_str(text.trim_end());
        sheet.push('\n');
    }
    Ok(sheet)
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
            ("src/components/card.css", "card{}"),
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
            "tokens{}\ntype{}\ncard{}\nwallet{}\n"
        );
    }
}
