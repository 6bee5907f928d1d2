//! `cargo xtask fleet`: a whole fleet on this machine, for trying it.

use std::process::ExitCode;

use anyhow::Result;

use crate::bindgen::Flavour;
use crate::workspace::Workspace;
use crate::{process, setup, web};

const PACKAGE: &str = "hongbao-fleet";

pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<ExitCode> {
    setup::for_fleet(workspace)?;
    web::build(workspace, Flavour::Release)?;
    process::run(workspace.cargo().args([
        "build",
        "--release",
        "--package",
        "hongbao",
        "--package",
        PACKAGE,
    ]))?;
    process::become_command(
        workspace
            .command(workspace.binary("release", PACKAGE))
            .arg("--binary")
            .arg(workspace.binary("release", "hongbao"))
            .args(arguments),
    )
}
