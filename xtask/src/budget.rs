//! What a first visit costs, and what is fetched later.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Result, ensure};

use crate::site;

/// All that a first visit may fetch, compressed by brotli.
const FIRST_VISIT_MAX_BYTES: usize = 230_000;
/// All that is fetched when it is opened, by somebody who opens everything.
const PARTS_MAX_BYTES: usize = 192_000;
/// The pictures that the app is installed with, and that a link to it is shown with.
const PICTURES_MAX_BYTES: usize = 17_000;

/// What somebody pays for, in bytes.
#[derive(Debug, Default)]
pub(crate) struct Cost {
    first_visit: usize,
    parts: usize,
    pictures: usize,
}

/// Prints the table of all files and answers what they cost.
///
/// Every file of the web app counts in one of three sums, whether or not anybody happens to ask for
/// it: a file that is exempt today is the one that grows tomorrow.
pub(crate) fn print(dist: &Path) -> Result<Cost> {
    let files = site::read_folder(dist)?;
    println!("{:>9} {:>9} {:>9}  file", "bytes", "gzip", "brotli");
    let mut cost = Cost::default();
    for (path, bytes) in &files {
        if site::is_compressed(path) {
            continue;
        }
        let brotli = sibling(&files, path, "br");
        println!(
            "{:>9} {:>9} {:>9}  {path}",
            bytes.len(),
            shown(sibling(&files, path, "gz")),
            shown(brotli)
        );
        let sum = if is_part(path) {
            &mut cost.parts
        } else if is_picture(path) {
            &mut cost.pictures
        } else {
            &mut cost.first_visit
        };
        *sum += brotli.unwrap_or(bytes.len());
    }
    println!("first visit: {} of at most {FIRST_VISIT_MAX_BYTES} bytes", cost.first_visit);
    println!("fetched when it is opened: {} of at most {PARTS_MAX_BYTES} bytes", cost.parts);
    println!(
        "fetched by installers and previews: {} of at most {PICTURES_MAX_BYTES} bytes",
        cost.pictures
    );
    Ok(cost)
}

pub(crate) fn check(cost: &Cost) -> Result<()> {
    for (what, is, max) in [
        ("the first visit", cost.first_visit, FIRST_VISIT_MAX_BYTES),
        ("what is fetched later", cost.parts, PARTS_MAX_BYTES),
        ("what installers and previews fetch", cost.pictures, PICTURES_MAX_BYTES),
    ] {
        ensure!(is <= max, "{what} costs {is} bytes, {} more than the budget", is - max);
    }
    Ok(())
}

/// Parts lie beside the glue, which loads them; the main module has a name of its own.
fn is_part(path: &str) -> bool {
    let path = Path::new(path);
    path.extension().is_some_and(|end| end == "wasm") && path.components().count() > 2
}

/// The manifest names them, or a preview of an invitation; a page shows none.
fn is_picture(path: &str) -> bool {
    !path.contains('/') && Path::new(path).extension().is_some_and(|end| end == "png")
}

fn sibling(files: &BTreeMap<String, Vec<u8>>, path: &str, suffix: &str) -> Option<usize> {
    files.get(&format!("{path}.{suffix}")).map(Vec::len)
}

fn shown(size: Option<usize>) -> String {
    size.map_or_else(|| "-".to_owned(), |size| size.to_string())
}

#[cfg(test)]
mod tests {
    use super::{Cost, check, is_part};

    #[test]
    fn the_main_module_is_of_the_first_visit_and_parts_are_not() {
        assert!(!is_part("assets/app-0123.wasm"));
        assert!(!is_part("assets/app-0123/app.js"));
        assert!(is_part("assets/app-0123/3.wasm"));
    }

    #[test]
    fn all_sums_are_bounded() {
        let cost = |first_visit, parts, pictures| Cost { first_visit, parts, pictures };
        assert!(check(&cost(230_000, 192_000, 17_000)).is_ok());
        assert!(check(&cost(230_001, 0, 0)).is_err());
        assert!(check(&cost(0, 192_001, 0)).is_err());
        assert!(check(&cost(0, 0, 17_001)).is_err());
    }
}
