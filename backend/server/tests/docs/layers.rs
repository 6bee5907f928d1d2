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

/// What Cargo says of the workspace. Offline: it has been built, and what a platform that is not
/// this one would link was never downloaded.
fn cargo(arguments: &[&str]) -> String {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(arguments).arg("--offline");
    let output = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("cargo writes UTF-8")
}

fn metadata() -> Value {
    let text = cargo(&["metadata", "--format-version", "1", "--no-deps"]);
    serde_json::from_str(&text).expect("cargo answers in JSON")
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Each package of the workspace with its folder.
pub(crate) fn folders() -> BTreeMap<String, PathBuf> {
    let metadata = metadata();
    let of_package = |package: &Value| {
        let manifest = PathBuf::from(text(package, "manifest_path"));
        (text(package, "name").to_owned(), manifest.with_file_name(""))
    };
    list(&metadata, "packages").iter().map(of_package).collect()
}

/// What each package of the workspace depends on by itself, but for tests and builds.
fn direct() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = metadata();
    let of_package = |package: &Value| {
        let normal = list(package, "dependencies").iter().filter(|one| one["kind"].is_null());
        let names = normal.map(|one| text(one, "name").to_owned()).collect();
        (text(package, "name").to_owned(), names)
    };
    list(&metadata, "packages").iter().map(of_package).collect()
}

/// Everything that is linked into a package on this platform, by name.
fn linked(package: &str) -> BTreeSet<String> {
    let tree = cargo(&["tree", "--package", package, "--edges", "normal", "--prefix", "none"]);
    tree.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
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
