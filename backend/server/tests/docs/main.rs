//! What the documents say about the program is what the program says.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which Clippy does not take for tests")]

mod calls;
mod circles;
mod deploy;
mod layers;
mod migrations;
mod watching;

use hongbao_config as config;
use hongbao_domain::{
    board::{End, Rung},
    crash,
};
use hongbao_engine::audit::Law;
use std::path::Path;

/// Stands before each table that a test writes, with the table's name in front.
const WRITTEN_BY: &str = "written by `HONGBAO_WRITE_DOCS=1 cargo test -p hongbao --test docs`";

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
    check("docs/LAWS.md", "laws", &laws_table());
}

fn crash_table() -> String {
    let mut lines = vec![
        "| point | what is on disk | what recovery does |".to_owned(),
        "|---|---|---|".to_owned(),
    ];
    lines.extend(crash::POINTS.iter().map(|point| {
        let crash::Point { name, on_disk, recovery, .. } = point;
        format!("| `{name}` | {on_disk} | {recovery} |")
    }));
    lines.join("\n") + "\n"
}

fn rungs_table() -> String {
    let mut lines =
        vec!["| `hongbao_degraded{name}` | means | ends |".to_owned(), "|---|---|---|".to_owned()];
    lines.extend(Rung::ALL.iter().map(|rung| {
        let ends = match rung.ends() {
            End::Found => "when it answers again",
            End::Quiet => "when it has not happened for half a minute",
            End::Switched => "by its switch",
            End::Restarted => "with the process",
        };
        format!("| `{}` | {} | {ends} |", rung.name(), rung.meaning())
    }));
    lines.join("\n") + "\n"
}

/// R-CTRL-4: what can be degraded.
#[test]
fn the_table_of_degradations_is_true() {
    check("docs/OPERATIONS.md", "degradations", &rungs_table());
}

/// The table of this name in a document is this one.
fn check(document: &str, name: &str, expected: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(document);
    let text = std::fs::read_to_string(&file).expect("the document");
    let (begin, end) =
        (format!("<!-- {name}: {WRITTEN_BY} -->\n"), format!("<!-- end of {name} -->\n"));
    let (before, rest) = text.split_once(&begin).expect("the mark before the table");
    let (table, after) = rest.split_once(&end).expect("the mark after the table");
    if std::env::var_os("HONGBAO_WRITE_DOCS").is_some() {
        std::fs::write(&file, format!("{before}{begin}{expected}{end}{after}"))
            .expect("the document");
        return;
    }
    assert_eq!(table, expected, "{document} is not what the program says");
}

#[test]
fn the_configuration_table_is_true() {
    check("docs/SETTINGS.md", "settings", &settings_table());
}

const METHODS: [&str; 5] = ["get", "put", "post", "delete", "patch"];

fn access_table() -> String {
    let document = hongbao::http::document();
    let roles = hongbao::http::ROLES;
    let mut lines = vec![
        format!("| call | {} |", roles.join(" | ")),
        format!("|---|{}", "---|".repeat(roles.len())),
    ];
    for (path, item) in document["paths"].as_object().expect("paths") {
        // The order of a JSON object's fields depends on what else the workspace builds.
        for (method, operation) in METHODS.iter().filter_map(|name| Some((name, item.get(name)?))) {
            let allowed = operation["x-allowed"].as_array().expect("who may");
            let cells = roles.map(|role| if allowed.contains(&role.into()) { "yes" } else { "–" });
            let path = path.trim_start_matches("/api/v1");
            lines.push(format!("| `{} {path}` | {} |", method.to_uppercase(), cells.join(" | ")));
        }
    }
    lines.join("\n") + "\n"
}

/// R-API-6: who may do what. That it is so is tried in `http/services.rs`.
#[test]
fn the_table_of_who_may_do_what_is_true() {
    check("docs/API.md", "who may", &access_table());
}

/// R-API-1, R-API-6: the OpenAPI document as a page.
#[test]
fn the_reference_of_calls_is_true() {
    check("docs/CALLS.md", "calls", &calls::reference());
}

#[test]
fn the_picture_of_the_layers_is_true() {
    check("ARCHITECTURE.md", "layers", &layers::picture());
}

#[test]
fn the_table_of_crash_points_is_true() {
    check("docs/CRASHES.md", "crash points", &crash_table());
}
