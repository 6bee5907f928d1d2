//! Migrations are never changed: a database that has applied one refuses another text.

use sha2::{Digest as _, Sha256};
use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path};

/// As `sha256sum` writes it and checks it.
const CHECKSUMS: &str = "CHECKSUMS";

fn checksums(folder: &Path, root: &Path, found: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            checksums(&path, root, found);
        } else if path.extension().is_some_and(|extension| extension == "sql") {
            let mut checksum = String::new();
            for byte in Sha256::digest(fs::read(&path).unwrap()) {
                write!(checksum, "{byte:02x}").unwrap();
            }
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            found.insert(name, checksum);
        }
    }
}

#[test]
fn migrations_are_never_changed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
    let mut found = BTreeMap::new();
    checksums(&root, &root, &mut found);
    assert!(!found.is_empty());
    let file = root.join(CHECKSUMS);
    let mut listed: BTreeMap<String, String> = fs::read_to_string(&file)
        .unwrap_or_default()
        .lines()
        .map(|line| line.split_once("  ").expect("a checksum, two spaces, a name"))
        .map(|(checksum, name)| (name.to_owned(), checksum.to_owned()))
        .collect();
    if std::env::var_os("HONGBAO_WRITE_DOCS").is_some() {
        // New ones only: what is changed fails still.
        for (name, checksum) in &found {
            listed.entry(name.clone()).or_insert_with(|| checksum.clone());
        }
        let lines: Vec<_> = listed.iter().map(|(name, sum)| format!("{sum}  {name}")).collect();
        fs::write(&file, lines.join("\n") + "\n").unwrap();
    }
    assert_eq!(found, listed, "a change of the schema is a new file, and a new line here");
}
