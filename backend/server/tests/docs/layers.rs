//! Which crate may import which, by Cargo's own word (R-STORE-3).

use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    process::Command,
};

/// Each crate of the backend with what it may import of the others, from the bottom up.
const LAYERS: &[(&str, &[&str])] = &[
    ("hongbao-shared", &[]),
    ("hongbao-domain", &["hongbao-shared"]),
    ("hongbao-config", &["hongbao-domain", "hongbao-shared"]),
    ("hongbao-memory", &["hongbao-domain", "hongbao-shared"]),
    ("hongbao-storage", &["hongbao-domain", "hongbao-shared"]),
    ("hongbao-cache", &["hongbao-domain", "hongbao-shared"]),
    ("hongbao-engine", &["hongbao-config", "hongbao-domain", "hongbao-shared"]),
    (
        "hongbao",
        &[
            "hongbao-cache",
            "hongbao-config",
            "hongbao-domain",
            "hongbao-engine",
            "hongbao-shared",
            "hongbao-storage",
        ],
    ),
];

/// What only one crate of the backend knows.
const KNOWN_BY_ONE: &[(&str, &str)] =
    &[("sqlx", "hongbao-storage"), ("deadpool-redis", "hongbao-cache"), ("axum", "hongbao")];

fn metadata(arguments: &[&str]) -> Value {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["metadata", "--format-version", "1", "--offline"]).args(arguments);
    let output = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo answers in JSON")
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Each package of the workspace with its folder.
pub(crate) fn folders() -> BTreeMap<String, PathBuf> {
    let metadata = metadata(&["--no-deps"]);
    let of_package = |package: &Value| {
        let manifest = PathBuf::from(text(package, "manifest_path"));
        (text(package, "name").to_owned(), manifest.with_file_name(""))
    };
    list(&metadata, "packages").iter().map(of_package).collect()
}

/// What each package of the workspace depends on by itself, but for tests and builds.
fn direct() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = metadata(&["--no-deps"]);
    let of_package = |package: &Value| {
        let normal = list(package, "dependencies").iter().filter(|one| one["kind"].is_null());
        let names = normal.map(|one| text(one, "name").to_owned()).collect();
        (text(package, "name").to_owned(), names)
    };
    list(&metadata, "packages").iter().map(of_package).collect()
}

/// Everything that is linked into a package, by name.
fn linked(package: &str) -> BTreeSet<String> {
    let metadata = metadata(&[]);
    let names: BTreeMap<&str, &str> = list(&metadata, "packages")
        .iter()
        .map(|one| (text(one, "id"), text(one, "name")))
        .collect();
    let nodes: BTreeMap<&str, &Value> =
        list(&metadata["resolve"], "nodes").iter().map(|node| (text(node, "id"), node)).collect();
    let first = names.iter().find(|(_, name)| **name == package).map(|(id, _)| *id);
    let mut waiting = Vec::from_iter(first);
    let mut seen = BTreeSet::new();
    while let Some(id) = waiting.pop() {
        if !seen.insert(id) {
            continue;
        }
        for dependency in list(nodes[id], "deps") {
            if list(dependency, "dep_kinds").iter().any(|kind| kind["kind"].is_null()) {
                waiting.push(text(dependency, "pkg"));
            }
        }
    }
    seen.into_iter().map(|id| names[id].to_owned()).collect()
}

#[test]
fn every_import_runs_down() {
    let direct = direct();
    for (package, allowed) in LAYERS {
        let ours = direct[*package].iter().filter(|name| name.starts_with("hongbao"));
        let ours: Vec<&str> = ours.map(String::as_str).collect();
        assert_eq!(&ours, allowed, "what {package} imports");
    }
    for (library, only) in KNOWN_BY_ONE {
        for (package, _) in LAYERS {
            let knows = direct[*package].contains(*library);
            assert_eq!(knows, package == only, "{package} and {library}");
        }
    }
}

/// A crate's first page says where it ends, for whoever is about to add to it.
#[test]
fn every_first_page_says_what_it_must_never_know() {
    for (package, folder) in folders() {
        if folder.parent().is_some_and(|parent| parent.ends_with("backend")) {
            let page = std::fs::read_to_string(folder.join("src/lib.rs")).expect("a first page");
            let page = page.lines().map_while(|line| line.strip_prefix("//!"));
            let page = page.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ");
            let page = page.to_lowercase();
            assert!(page.contains("must never"), "{package}");
        }
    }
}

/// Whole histories run on the engine alone.
#[test]
fn the_simulation_links_no_database_no_cache_and_no_web_server() {
    let linked = linked("hongbao-simulation");
    assert!(linked.contains("hongbao-engine"), "the list is complete");
    for (library, package) in KNOWN_BY_ONE {
        assert!(!linked.contains(*library), "{library}");
        assert!(!linked.contains(*package), "{package}");
    }
}

/// The picture in ARCHITECTURE: a line for each crate, those that import it above it.
pub(crate) fn picture() -> String {
    let direct = direct();
    let mut height: BTreeMap<&str, usize> = BTreeMap::new();
    for (package, _) in LAYERS {
        let below = direct[*package].iter().filter_map(|name| height.get(name.as_str()));
        height.insert(*package, below.max().map_or(0, |below| below + 1));
    }
    let mut lines = vec!["```text".to_owned()];
    let top = height.values().copied().max().unwrap_or_default();
    for level in (0..=top).rev() {
        for (package, _) in LAYERS.iter().filter(|(package, _)| height[package] == level) {
            let below = direct[*package].iter().filter(|name| height.contains_key(name.as_str()));
            let below = below.map(|name| short(name)).collect::<Vec<_>>().join(" · ");
            let arrow = if below.is_empty() { "" } else { "─▶ " };
            lines.push(
                format!("{level}  {:<8} {arrow}{below}", short(package)).trim_end().to_owned(),
            );
        }
    }
    lines.push("```".to_owned());
    lines.join("\n") + "\n"
}

fn short(package: &str) -> &str {
    package.strip_prefix("hongbao-").unwrap_or("server")
}
