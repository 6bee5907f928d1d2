//! `cargo xtask book`: the documents as a site that can be searched, by mdBook.
//!
//! The pages stay what they are on the forge: they are laid out as in the repository, with what they link
//! to beside them, so that each link means the same here and there. mdBook is a program that is installed
//! into the target folder when a book is first made: nothing else needs it, and no check waits for it.

mod pages;
mod site;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};

use crate::workspace::Workspace;
use crate::{process, setup};
use pages::Part;

const MDBOOK: &str = "0.5.4";

/// What mdBook is told. Whoever publishes adds addresses by its variables (`MDBOOK_OUTPUT__HTML__…`).
const SETTINGS: &str = r#"[book]
title = "Hongbao 红包"
language = "en"

[build]
create-missing = false

[output.html]
additional-css = ["book.css"]

[output.html.search]
limit-results = 20
"#;

const STYLE: &str = include_str!("book.css");

pub(crate) fn run(workspace: &Workspace) -> Result<ExitCode> {
    // It can also serve and watch, which takes a web server.
    let search = ["--no-default-features", "--features", "search"];
    let program = setup::from_crates_io(workspace, "mdbook", MDBOOK, &search)?;
    let folder = workspace.target_dir.join("book");
    lay_out(workspace, &folder)?;
    process::run(workspace.command(program).arg("build").arg(&folder))?;
    let site = folder.join("book");
    let pages = site::check(&site)?;
    println!("{pages} pages, no dead link: {}", workspace.shown(&site.join("index.html")));
    Ok(ExitCode::SUCCESS)
}

/// What mdBook makes a site of: the pages and what they link to, in the order of the index.
fn lay_out(workspace: &Workspace, folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    let source = folder.join("src");
    let pages = pages::all(workspace)?;
    for page in &pages {
        let text = fs::read_to_string(workspace.root.join(page))?;
        for link in pages::links(&text) {
            let file = link.file(page).filter(|file| !pages::is_page(file));
            file.map_or(Ok(()), |file| copy(workspace, &file, &source))?;
        }
        fs::write(place(&source, page)?, to_indexes(&text))?;
    }
    fs::write(source.join("SUMMARY.md"), summary(workspace, &pages::index(workspace)?)?)?;
    fs::write(folder.join("book.toml"), SETTINGS)?;
    Ok(fs::write(folder.join("book.css"), STYLE)?)
}

/// A README is what its folder shows, here and there; mdBook does not take links along. What lies
/// elsewhere is called as it is.
fn to_indexes(text: &str) -> String {
    let mut pieces = text.split("](");
    let mut led = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (target, rest) = piece.split_at(piece.find([')', '#']).unwrap_or(0));
        led.push_str("](");
        match target.strip_suffix("README.md").filter(|folder| !folder.contains("://")) {
            Some(folder) => led.extend([folder, "index.md"]),
            None => led.push_str(target),
        }
        led.push_str(rest);
    }
    led
}

fn copy(workspace: &Workspace, file: &Path, to: &Path) -> Result<()> {
    let from = workspace.root.join(file);
    let copied = fs::copy(&from, place(to, file)?);
    copied.with_context(|| format!("no {}", workspace.shown(&from))).map(drop)
}

/// Where a file goes, in a folder that is there.
fn place(folder: &Path, file: &Path) -> Result<PathBuf> {
    let place = folder.join(file);
    fs::create_dir_all(place.parent().context("a file lies in a folder")?)?;
    Ok(place)
}

/// mdBook's list of chapters.
fn summary(workspace: &Workspace, parts: &[Part]) -> Result<String> {
    let chapter = |page: &Path| {
        let markdown = fs::read_to_string(workspace.root.join(page))?;
        let title = pages::title(&markdown);
        let title = title.with_context(|| format!("{} has no heading", page.display()))?;
        anyhow::Ok(format!("[{title}]({})", page.display()))
    };
    let mut lines = vec!["# Summary".to_owned(), String::new()];
    for page in [pages::FRONT, pages::INDEX] {
        lines.push(chapter(Path::new(page))?);
    }
    for part in parts {
        lines.extend([String::new(), format!("# {}", part.name), String::new()]);
        for page in &part.pages {
            lines.push(format!("- {}", chapter(page)?));
        }
    }
    lines.push(String::new());
    Ok(lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_to_a_readme_lead_to_its_folder() {
        let text = "[a](README.md) [b](../docs/README.md#c), [d](https://example.org/README.md)";
        let led = "[a](index.md) [b](../docs/index.md#c), [d](https://example.org/README.md)";
        assert_eq!(to_indexes(text), led);
    }

    #[test]
    fn chapters_are_those_of_the_index() {
        let workspace = Workspace::find().unwrap();
        let summary = summary(&workspace, &pages::index(&workspace).unwrap()).unwrap();
        assert!(summary.starts_with("# Summary\n\n[Hongbao 红包](README.md)\n"), "{summary}");
        let place = |text: &str| summary.find(text).unwrap_or_else(|| panic!("{text}: {summary}"));
        assert!(place("# Look at it") < place("- [Gallery](docs/GALLERY.md)"));
        assert!(place("(docs/GALLERY.md)") < place("(docs/API.md)"));
        assert!(place("# Change it") < place("- [Changelog](CHANGELOG.md)"));
    }
}
