//! What docs/SCALE.md quotes is what `hongbao-bench midnight` prints.

use std::{path::Path, process::Command};

const BEGIN: &str = "<!-- midnight: begin -->\n";
const END: &str = "<!-- midnight: end -->";

#[test]
fn the_night_in_the_document_is_the_one_that_is_simulated() {
    let output = Command::new(env!("CARGO_BIN_EXE_hongbao-bench"))
        .arg("midnight")
        .output()
        .expect("a simulation that can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).expect("text");
    let (inputs, table) = said.split_once('\n').expect("inputs and a table");
    let expected = format!("{inputs}:\n\n{table}");

    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/SCALE.md");
    let text = std::fs::read_to_string(&file).expect("the document");
    let (before, rest) = text.split_once(BEGIN).expect("where it begins");
    let (quoted, after) = rest.split_once(END).expect("where it ends");
    if std::env::var_os("HONGBAO_WRITE_DOCS").is_some() {
        let text = format!("{before}{BEGIN}{expected}{END}{after}");
        std::fs::write(file, text).expect("a document that can be written");
    } else {
        assert_eq!(quoted, expected, "HONGBAO_WRITE_DOCS=1 writes it anew");
    }
}
