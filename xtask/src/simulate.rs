//! `cargo xtask simulate`: histories under faults, from seeds; optimised, because many are
//! better than few.

use std::process::ExitCode;

use anyhow::Result;

use crate::workspace::Workspace;
use crate::{process, setup};

const PACKAGE: &str = "hongbao-simulation";

pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<ExitCode> {
    setup::for_building(workspace)?;
    process::run(workspace.cargo().args(["build", "--release", "--package", PACKAGE]))?;
    process::become_command(workspace.command(workspace.binary("release", PACKAGE)).args(arguments))
}
