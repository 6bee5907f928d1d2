//! `cargo xtask rogue`: the program as it ships, tried from outside.

use std::process::ExitCode;

use anyhow::Result;

use crate::bindgen::Flavour;
use crate::workspace::Workspace;
use crate::{process, setup, web};

const PACKAGE: &str = "hongbao-rogue";
const DEBUG: &str = "--debug";

pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<ExitCode> {
    setup::for_building(workspace)?;
    let debug = arguments.iter().any(|argument| argument == DEBUG);
    let mut build = workspace.cargo();
    build.args(["build", "--package", "hongbao", "--package", PACKAGE]);
    let profile = if debug {
        "debug"
    } else {
        // As `cargo xtask dist` builds it: with the web app inside.
        web::build(workspace, Flavour::Release)?;
        build.arg("--release");
        "release"
    };
    process::run(&mut build)?;
    process::become_command(
        workspace
            .command(workspace.binary(profile, PACKAGE))
            .arg("--binary")
            .arg(workspace.binary(profile, "hongbao"))
            .arg("--history")
            .arg(workspace.target_dir.join("rogue-history.txt"))
            .args(arguments.iter().filter(|argument| *argument != DEBUG)),
    )
}
