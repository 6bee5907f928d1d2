//! `cargo xtask bench …`: measurements need optimised binaries of both sides.

use std::process::ExitCode;

use anyhow::{Result, ensure};

use crate::bindgen::Flavour;
use crate::workspace::Workspace;
use crate::{process, setup, web};

const MEASURES: [&str; 7] = ["audit", "contest", "midnight", "mover", "reconcile", "size", WEB];
/// Looks at the web app as well, which the server has inside.
const WEB: &str = "web";

pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<ExitCode> {
    ensure!(
        arguments.first().is_some_and(|first| MEASURES.contains(&first.as_str())),
        "`cargo xtask bench` needs to know what to measure: one of {}",
        MEASURES.join(", ")
    );
    if arguments.first().is_some_and(|first| first == WEB) {
        setup::for_looking(workspace)?;
        web::build(workspace, Flavour::Release)?;
    } else {
        setup::for_building(workspace)?;
    }
    // One build for both: two would compile what they share twice wherever their features differ.
    process::run(workspace.cargo().args([
        "build",
        "--release",
        "--package",
        "hongbao",
        "--package",
        "hongbao-bench",
    ]))?;
    process::become_command(
        workspace
            .command(workspace.binary("release", "hongbao-bench"))
            .env("HONGBAO_BIN", workspace.binary("release", "hongbao"))
            .env("HONGBAO_LIGHTHOUSE", workspace.target_dir.join(setup::LIGHTHOUSE))
            .env("HONGBAO_BENCH_RESULTS", workspace.target_dir.join("bench-contest.json"))
            .args(arguments),
    )
}
