//! Variables that nothing reads (R-CTRL-7): a setting that is misspelt must not be taken for
//! one that is in force.

use super::{ConfigError, section::PREFIX};
use std::collections::BTreeSet;

/// Said to commands.
const FILE: &str = "HONGBAO_CONFIG";
/// What the tests and tools of this repository are told, which run servers with all of their own
/// variables; offered to nobody.
const OTHERS: &[&str] = &[
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
/// A name is near if it takes no more than one slip in so many symbols to write it so.
const SYMBOLS_PER_SLIP: usize = 4;
/// How many names are offered at most.
const OFFERED_MAX: usize = 3;

/// Refuses the first of the variables `set` that begins like ours and is not among those that
/// were `read`, with the names that may have been meant.
pub fn refuse_unread(
    set: impl IntoIterator<Item = String>,
    mut read: BTreeSet<String>,
) -> Result<(), ConfigError> {
    read.insert(FILE.to_owned());
    let set: BTreeSet<_> = set.into_iter().filter(|name| name.starts_with(PREFIX)).collect();
    let is_other = |name: &&String| {
        OTHERS.contains(&name.as_str()) || OF_SERVICES.iter().any(|begin| name.starts_with(begin))
    };
    match set.difference(&read).find(|name| !is_other(name)) {
        None => Ok(()),
        Some(name) => Err(ConfigError(sentence(name, &read))),
    }
}

fn sentence(name: &str, known: &BTreeSet<String>) -> String {
    let own = name.strip_prefix(PREFIX).unwrap_or(name);
    let distance_max = (own.chars().count() / SYMBOLS_PER_SLIP).max(1);
    let near = known.iter().map(|known| (distance(name, known), known));
    let nearest = near.clone().map(|(distance, _)| distance).min().unwrap_or_default();
    let mut offered: Vec<_> = near
        // One that was not written to its end, or what is written most like it.
        .filter(|(distance, known)| {
            *distance == nearest && nearest <= distance_max
                || !own.is_empty() && known.starts_with(&format!("{name}_"))
        })
        .collect();
    offered.sort();
    offered.truncate(OFFERED_MAX);
    let offered: Vec<_> = offered.into_iter().map(|(_, known)| known.as_str()).collect();
    if offered.is_empty() {
        return format!("nothing reads {name}: docs/SETTINGS.md lists all settings");
    }
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
