//! What the documents say about the program is what the program says.

use hongbao::config;
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
