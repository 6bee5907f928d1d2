//! `cargo xtask bench …`: measurements need optimised binaries of both sides.

use std::process::ExitCode;

use anyhow::{Result, ensure};

use crate::workspace::Workspace;
use crate::{process, setup};

const MEASURES: [&str; 6] = ["audit", "contest", "midnight", "mover", "reconcile", "size"];

pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<ExitCode> {
    ensure!(
        arguments.first().is_some_and(|first| MEASURES.contains(&first.as_str())),
        "`cargo xtask bench` needs to know what to measure: one of {}",
        MEASURES.join(", ")
    );
    setup::for_building(workspace)?;
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
            .env("HONGBAO_BENCH_RESULTS", workspace.target_dir.join("bench-contest.json"))
            .args(arguments),
    )
}
