//! Dashboards and alerts ask for metrics that there are.

use std::{collections::BTreeSet, fs, path::Path};

fn read_all(folder: &Path, extension: &str, into: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_all(&path, extension, into);
        } else if path.extension().is_some_and(|one| one == extension) {
            into.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}

/// The names of metrics in a text.
fn names(text: &str) -> BTreeSet<&str> {
    let end = |rest: &str| rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let starts = text.match_indices("hongbao_").map(|(at, _)| &text[at..]);
    starts.map(|rest| &rest[..end(rest).unwrap_or(rest.len())]).collect()
}

/// A metric is somewhere in our code as a text of its own.
#[test]
fn dashboards_and_alerts_ask_for_what_is_measured() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut code = String::new();
    for layer in ["cache", "domain", "engine", "server", "storage"] {
        read_all(&root.join("backend").join(layer).join("src"), "rs", &mut code);
    }
    let mut seen = 0;
    for file in ["grafana/hongbao.json", "prometheus/alerts.yml"] {
        let text = fs::read_to_string(root.join("deploy").join(file)).unwrap();
        for name in names(&text) {
            let parts = ["_bucket", "_count", "_sum"];
            let metric = parts.iter().find_map(|part| name.strip_suffix(part)).unwrap_or(name);
            assert!(code.contains(&format!("\"{metric}\"")), "{file}: nothing measures {name}");
            seen += 1;
        }
    }
    assert!(seen > 20, "only {seen} names were found");
    let dashboard = fs::read_to_string(root.join("deploy/grafana/hongbao.json")).unwrap();
    serde_json::from_str::<serde_json::Value>(&dashboard).unwrap();
}
