//! Variables that nothing reads (R-CTRL-7): a setting that is misspelt must not be taken for
//! one that is in force.

use super::{ConfigError, section::PREFIX};
use std::collections::BTreeSet;

/// What is no setting: said to commands, or to the tests and tools of this repository, which
/// run servers with all of their own variables.
const OTHERS: &[&str] = &[
    "HONGBAO_CONFIG",
    "HONGBAO_BIN",
    "HONGBAO_CRASH_MINUTES",
    "HONGBAO_CRASH_POINT",
    "HONGBAO_CRASH_SEED",
    "HONGBAO_JS_PACKAGE",
    "HONGBAO_SCREENSHOTS",
    "HONGBAO_WRITE_DOCS",
    "HONGBAO_WRITE_VECTORS",
];
/// What Kubernetes tells every pod beside a service that is called `hongbao`.
const OF_SERVICES: &[&str] = &["HONGBAO_SERVICE_", "HONGBAO_PORT"];
/// How many names are offered at most.
const OFFERED_MAX: usize = 3;

/// Refuses the first of the variables `set` that begins like ours and is not among those that
/// were `read`, with the names that may have been meant.
pub fn refuse_unread(
    set: impl IntoIterator<Item = String>,
    mut read: BTreeSet<String>,
) -> Result<(), ConfigError> {
    read.extend(OTHERS.iter().map(|name| (*name).to_owned()));
    let set: BTreeSet<_> = set.into_iter().filter(|name| name.starts_with(PREFIX)).collect();
    let is_of_service = |name: &&String| OF_SERVICES.iter().any(|begin| name.starts_with(begin));
    match set.difference(&read).find(|name| !is_of_service(name)) {
        None => Ok(()),
        Some(name) => Err(ConfigError(sentence(name, &read))),
    }
}

fn sentence(name: &str, known: &BTreeSet<String>) -> String {
    let near = known.iter().map(|known| (distance(name, known), known));
    let nearest = near.clone().map(|(distance, _)| distance).min().unwrap_or_default();
    let mut offered: Vec<_> = near
        // One that was not written to its end, or what is written most like it.
        .filter(|(distance, known)| *distance == nearest || known.starts_with(name))
        .collect();
    offered.sort();
    offered.truncate(OFFERED_MAX);
    let offered: Vec<_> = offered.into_iter().map(|(_, known)| known.as_str()).collect();
    format!("nothing reads {name}: did you mean {}?", offered.join(" or "))
}

/// How many symbols have to be put in, left out or changed to make one of the other
/// (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut above_left = row.first().copied().unwrap_or_default();
        let mut left = i.saturating_add(1);
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (b, cell) in to.iter().zip(row.iter_mut().skip(1)) {
            let changed = above_left.saturating_add(usize::from(a != *b));
            above_left = *cell;
            left = changed.min(cell.saturating_add(1)).min(left.saturating_add(1));
            *cell = left;
        }
    }
    row.last().copied().unwrap_or_default()
}
