//! What the documents say about the program is what the program says.

use hongbao::config;
use std::{fmt::Write, path::Path};

const BEGIN: &str =
    "<!-- settings: written by `HONGBAO_WRITE_DOCS=1 cargo test -p hongbao --test docs` -->\n";
const END: &str = "<!-- end of settings -->\n";

fn settings_table() -> String {
    let mut table =
        String::from("| variable | in the file | default | what it does |\n|---|---|---|---|\n");
    for setting in config::reference() {
        let default = match setting.default.as_str() {
            "" => "–".to_owned(),
            default => format!("`{default}`"),
        };
        let (variable, path, meaning) = (setting.variable, setting.path, setting.meaning);
        writeln!(table, "| `{variable}` | `{path}` | {default} | {meaning} |").unwrap();
    }
    table
}

#[test]
fn the_configuration_table_is_true() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let text = std::fs::read_to_string(&file).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("the mark before the table");
    let (table, after) = rest.split_once(END).expect("the mark after the table");
    let expected = settings_table();
    if std::env::var_os("HONGBAO_WRITE_DOCS").is_some() {
        std::fs::write(&file, format!("{before}{BEGIN}{expected}{END}{after}")).unwrap();
        return;
    }
    assert_eq!(table, expected, "README.md is not what the program says");
}
