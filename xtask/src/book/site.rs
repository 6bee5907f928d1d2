//! A look at the site that was made: what links lead to is there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

/// How many pages there are; an error if one of their links leads nowhere.
pub(super) fn check(site: &Path) -> Result<usize> {
    let mut pages = BTreeMap::new();
    read(site, &mut pages)?;
    let mut dead = BTreeSet::new();
    for (page, text) in &pages {
        for target in ["href", "src"].iter().flat_map(|name| attributes(text, name)) {
            if !leads_somewhere(&pages, page, target) {
                dead.insert(format!("{}: {target}", page.strip_prefix(site)?.display()));
            }
        }
    }
    ensure!(dead.is_empty(), "dead links in the site: {dead:#?}");
    Ok(pages.len())
}

/// All pages below a folder, but the one for what is missing, which may be shown anywhere, and the
/// frame that browsers without scripts show of the list of chapters.
fn read(folder: &Path, into: &mut BTreeMap<PathBuf, String>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default();
        if path.is_dir() {
            read(&path, into)?;
        } else if path.extension().is_some_and(|end| end == "html")
            && name != "404.html"
            && name != "toc.html"
        {
            into.insert(path.clone(), fs::read_to_string(&path)?);
        }
    }
    Ok(())
}

fn attributes<'a>(text: &'a str, name: &str) -> impl Iterator<Item = &'a str> + use<'a> {
    let begin = format!(" {name}=\"");
    let places: Vec<_> = text.match_indices(&begin).map(|(at, found)| at + found.len()).collect();
    places.into_iter().filter_map(|at| text[at..].split_once('"')).map(|(value, _)| value)
}

fn leads_somewhere(pages: &BTreeMap<PathBuf, String>, page: &Path, target: &str) -> bool {
    if target.contains(':') {
        return true;
    }
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let mut path = page.to_owned();
    if !file.is_empty() {
        path.pop();
        for part in Path::new(file).components() {
            match part {
                std::path::Component::ParentDir => drop(path.pop()),
                part => path.push(part),
            }
        }
    }
    match pages.get(&path) {
        Some(text) => anchor.is_empty() || attributes(text, "id").any(|id| id == anchor),
        None => path.is_file() && anchor.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_folder::TestFolder;

    #[test]
    fn dead_links_are_found() {
        let folder = TestFolder::new();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        fs::create_dir(folder.path().join("docs")).unwrap();
        write("index.html", r#"<a href="docs/A.html#keys"></a><a href="https://example.org"></a>"#);
        write("docs/A.html", r##"<h2 id="keys"></h2><img src="../p.webp"><a href="#keys"></a>"##);
        write("p.webp", "");
        assert_eq!(check(folder.path()).unwrap(), 2);
        write("docs/B.html", r#"<a href="A.html#gone"></a><img src="gone.webp">"#);
        let told = check(folder.path()).unwrap_err().to_string();
        assert!(told.contains("A.html#gone") && told.contains("gone.webp"), "{told}");
        assert!(!told.contains("#keys"), "{told}");
    }
}
