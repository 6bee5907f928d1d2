//! `cargo xtask dist`: what one hands to somebody else.

use std::fs;
use std::process::ExitCode;

use anyhow::{Context as _, Result};

use crate::bindgen::Flavour;
use crate::workspace::Workspace;
use crate::{budget, js_package, process, setup, web};

pub(crate) fn run(workspace: &Workspace) -> Result<ExitCode> {
    setup::for_building(workspace)?;
    web::build(workspace, Flavour::Release)?;
    budget::check(budget::print(&workspace.dist())?)?;
    // The release build embeds dist/, so the web app has to be there before.
    process::run(workspace.cargo().args(["build", "--release", "--package", "hongbao"]))?;

    let folder = workspace.target_dir.join("dist");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let built = workspace.binary("release", "hongbao");
    let binary = folder.join(built.file_name().context("the binary has no name")?);
    let bytes =
        fs::copy(&built, &binary).with_context(|| format!("could not copy {}", built.display()))?;
    for (name, text) in workspace.licenses()? {
        fs::write(folder.join(name), text)?;
    }
    let package = folder.join(js_package::NAME);
    js_package::build(workspace, &package)?;

    println!("hongbao {}", workspace.version);
    println!("  {bytes:>9} bytes  {}", workspace.shown(&binary));
    println!("  {:>9} bytes  {}/", js_package::size(&package)?, workspace.shown(&package));
    Ok(ExitCode::SUCCESS)
}
