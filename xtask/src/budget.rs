//! What a first visit costs.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Result, ensure};

use crate::site;

/// All that a first visit may fetch, compressed by brotli.
const FIRST_VISIT_MAX_BYTES: usize = 300_000;

/// Prints the table of all files and answers the size of the first visit in bytes.
///
/// Every file of the web app counts, whether or not the first page happens to ask for it: a file that
/// is exempt today is the one that grows tomorrow.
pub(crate) fn print(dist: &Path) -> Result<usize> {
    let files = site::read_folder(dist)?;
    println!("{:>9} {:>9} {:>9}  file", "bytes", "gzip", "brotli");
    let mut total = 0;
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
        total += brotli.unwrap_or(bytes.len());
    }
    println!("first visit: {total} of at most {FIRST_VISIT_MAX_BYTES} bytes");
    Ok(total)
}

pub(crate) fn check(total: usize) -> Result<()> {
    ensure!(
        total <= FIRST_VISIT_MAX_BYTES,
        "the first visit costs {total} bytes, {} more than the budget",
        total - FIRST_VISIT_MAX_BYTES
    );
    Ok(())
}

fn sibling(files: &BTreeMap<String, Vec<u8>>, path: &str, suffix: &str) -> Option<usize> {
    files.get(&format!("{path}.{suffix}")).map(Vec::len)
}

fn shown(size: Option<usize>) -> String {
    size.map_or_else(|| "-".to_owned(), |size| size.to_string())
}
