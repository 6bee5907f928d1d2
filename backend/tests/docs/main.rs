//! What the documents say about the program is what the program says.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which Clippy does not take for tests")]

use hongbao::{audit::Law, config};
use std::path::Path;

const BEGIN: &str =
    "<!-- settings: written by `HONGBAO_WRITE_DOCS=1 cargo test -p hongbao --test docs` -->\n";
const END: &str = "<!-- end of settings -->\n";

fn settings_table() -> String {
    let mut lines = vec![
        "| variable | in the file | default | what it does |".to_owned(),
        "|---|---|---|---|".to_owned(),
    ];
    lines.extend(config::reference().into_iter().map(|setting| {
        let config::Setting { variable, path, default, meaning } = setting;
        let default = if default.is_empty() { "–".to_owned() } else { format!("`{default}`") };
        format!("| `{variable}` | `{path}` | {default} | {meaning} |")
    }));
    lines.join("\n") + "\n"
}

#[test]
fn the_configuration_table_is_true() {
    is_true("README.md", BEGIN, END, &settings_table());
}

const LAWS_BEGIN: &str =
    "<!-- laws: written by `HONGBAO_WRITE_DOCS=1 cargo test -p hongbao --test docs` -->\n";
const LAWS_END: &str = "<!-- end of laws -->\n";

fn laws_table() -> String {
    let mut lines = vec!["| law | what holds | looked at |".to_owned(), "|---|---|---|".to_owned()];
    lines.extend(
        Law::ALL
            .iter()
            .map(|law| format!("| `{law}` | {} | {} |", law.meaning(), law.scope().name())),
    );
    lines.join("\n") + "\n"
}

/// R-MONEY-5: the laws that the audit checks, with their names.
#[test]
fn the_table_of_laws_is_true() {
    is_true("ARCHITECTURE.md", LAWS_BEGIN, LAWS_END, &laws_table());
}

fn is_true(name: &str, begin: &str, end: &str, expected: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
    let text = std::fs::read_to_string(&file).unwrap();
    let (before, rest) = text.split_once(begin).expect("the mark before the table");
    let (table, after) = rest.split_once(end).expect("the mark after the table");
    if std::env::var_os("HONGBAO_WRITE_DOCS").is_some() {
        std::fs::write(&file, format!("{before}{begin}{expected}{end}{after}")).unwrap();
        return;
    }
    assert_eq!(table, expected, "{name} is not what the program says");
}
