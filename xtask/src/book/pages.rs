//! The documents as what they are on the forge: pages of Markdown that name each other by their files.
//! `docs/README.md` has them all, in the order in which the site has its chapters.

use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use crate::workspace::Workspace;

/// What a stranger sees first, on the forge and on the site.
pub(super) const FRONT: &str = "README.md";
/// The list of all other pages.
pub(super) const INDEX: &str = "docs/README.md";

/// A row of the index: what one wants, and the pages for it.
pub(super) struct Part {
    pub(super) name: String,
    pub(super) pages: Vec<PathBuf>,
}

/// The rows of the index, in their order. A page that two rows name belongs to the first.
pub(super) fn index(workspace: &Workspace) -> Result<Vec<Part>> {
    let text = fs::read_to_string(workspace.root.join(INDEX))?;
    let mut seen = Vec::new();
    let mut parts = Vec::new();
    for row in text.lines().filter(|line| line.starts_with("| ")) {
        let name = row.split('|').nth(1).unwrap_or_default().trim();
        let mut pages = Vec::new();
        for link in links(row) {
            let page = link.file(Path::new(INDEX)).context("a row links to nothing of ours")?;
            if is_page(&page) && !seen.contains(&page) {
                seen.push(page.clone());
                pages.push(page);
            }
        }
        if !pages.is_empty() {
            parts.push(Part { name: name.to_owned(), pages });
        }
    }
    ensure!(!parts.is_empty(), "{INDEX} has no rows with pages");
    Ok(parts)
}

/// All pages of the site, the front page and the index first.
pub(super) fn all(workspace: &Workspace) -> Result<Vec<PathBuf>> {
    let parts = index(workspace)?.into_iter().flat_map(|part| part.pages);
    Ok([FRONT.into(), INDEX.into()].into_iter().chain(parts).collect())
}

pub(super) fn is_page(file: &Path) -> bool {
    file.extension().is_some_and(|end| end == "md")
}

/// What a page is called: its first heading.
pub(super) fn title(text: &str) -> Option<&str> {
    prose(text).find_map(|line| line.strip_prefix("# ")).map(str::trim)
}

/// A link or a picture, as it stands in a page.
pub(super) struct Link<'a> {
    target: &'a str,
}

impl Link<'_> {
    /// The file of ours that it names, from the root; `None` for what lies elsewhere.
    pub(super) fn file(&self, page: &Path) -> Option<PathBuf> {
        if self.target.contains("://") || self.target.starts_with("mailto:") {
            return None;
        }
        let (file, _) = self.target.split_once('#').unwrap_or((self.target, ""));
        if file.is_empty() {
            return Some(page.to_owned());
        }
        let mut path = page.parent().unwrap_or(Path::new("")).to_owned();
        for part in Path::new(file).components() {
            match part {
                Component::ParentDir => drop(path.pop()),
                part => path.push(part),
            }
        }
        Some(path)
    }

    #[cfg(test)]
    fn anchor(&self) -> Option<&str> {
        self.target.split_once('#').map(|(_, anchor)| anchor)
    }
}

/// All `[…](target)` and `![…](target)` of a text, but those in code.
pub(super) fn links(text: &str) -> Vec<Link<'_>> {
    let mut found = Vec::new();
    for line in prose(text) {
        // Every second piece lies between backticks.
        for piece in line.split('`').step_by(2) {
            let targets = piece.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
            found.extend(targets.map(|(target, _)| Link { target }));
        }
    }
    found
}

/// The names that headings have as anchors, on the forge and on the site alike.
#[cfg(test)]
fn anchors(text: &str) -> Vec<String> {
    let mut times = std::collections::BTreeMap::<String, usize>::new();
    let mut anchors = Vec::new();
    for line in prose(text).filter(|line| line.starts_with('#')) {
        let heading = line.trim_start_matches('#').trim();
        let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
        let name: String = heading.to_lowercase().chars().filter(kept).collect();
        let name = name.replace(' ', "-");
        let before = times.entry(name.clone()).or_default();
        anchors.push(if *before == 0 { name } else { format!("{name}-{before}") });
        *before += 1;
    }
    anchors
}

/// The lines outside of code.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut in_code = false;
    text.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        in_code ^= fence;
        !in_code && !fence && !line.starts_with("    ")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pages that no reader of the site looks for: they lie beside what they are about.
    const ELSEWHERE: [&str; 1] = ["shared-js/package/README.md"];

    /// R-API-6, and whatever else is documented: it can be found.
    #[test]
    fn every_page_is_in_the_index_once() {
        let workspace = Workspace::find().unwrap();
        let tracked = workspace.command("git").args(["ls-files", "*.md"]).output().unwrap();
        let tracked = String::from_utf8(tracked.stdout).unwrap();
        let listed = all(&workspace).unwrap();
        let mut missing: Vec<_> = tracked.lines().map(PathBuf::from).collect();
        assert!(missing.len() > 20, "git lists {missing:?}");
        missing.retain(|page| {
            !listed.contains(page) && !ELSEWHERE.iter().any(|known| page == Path::new(known))
        });
        assert!(missing.is_empty(), "{INDEX} lacks {missing:?}");
    }

    #[test]
    fn no_link_is_dead() {
        let workspace = Workspace::find().unwrap();
        let mut seen = 0;
        let mut dead = Vec::new();
        for page in all(&workspace).unwrap() {
            let text = fs::read_to_string(workspace.root.join(&page)).unwrap();
            assert!(title(&text).is_some(), "{} has no heading", page.display());
            for link in links(&text) {
                let Some(file) = link.file(&page) else { continue };
                seen += 1;
                let path = workspace.root.join(&file);
                let is_there = path.is_file()
                    && link.anchor().is_none_or(|anchor| {
                        let text = fs::read_to_string(&path).unwrap();
                        anchors(&text).iter().any(|known| known == anchor)
                    });
                if !is_there {
                    dead.push(format!("{}: {}", page.display(), link.target));
                }
            }
        }
        assert!(seen > 150, "only {seen} links were found");
        assert!(dead.is_empty(), "dead links: {dead:#?}");
    }

    #[test]
    fn links_are_told_from_code() {
        let text = "a [b](C.md#d-e) `[no](X.md)` ![p](images/p.webp)\n```\n[no](Y.md)\n```\n";
        let found: Vec<_> = links(text).iter().map(|link| link.target).collect();
        assert_eq!(found, ["C.md#d-e", "images/p.webp"]);
        let link = Link { target: "../A.md#x" };
        assert_eq!(link.file(Path::new("docs/B.md")), Some("A.md".into()));
        assert_eq!(Link { target: "#x" }.file(Path::new("B.md")), Some("B.md".into()));
        assert_eq!(Link { target: "https://example.org/A.md" }.file(Path::new("B.md")), None);
    }

    #[test]
    fn anchors_are_those_of_the_forge() {
        let text = "# Who did what?\n## A `b_c` – d\n## Keys\n## Keys\n```\n# no\n```\n";
        assert_eq!(anchors(text), ["who-did-what", "a-b_c--d", "keys", "keys-1"]);
    }
}
