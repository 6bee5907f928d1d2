//! The package `hongbao-shared` for plain JavaScript: the crate `hongbao-js` through wasm-bindgen, and
//! around it the hand-written files of `shared-js/package/`.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, ensure};

use crate::bindgen::{self, Flavour, Module};
use crate::counts::Counts;
use crate::workspace::Workspace;
use crate::{process, setup, site};

pub(crate) const NAME: &str = "hongbao-shared";

/// What stands for the workspace's version in `shared-js/package/package.json`.
const VERSION: &str = "\"version\": \"0.0.0\"";

const MODULE: Module<'static> = Module {
    package: "hongbao-js",
    artifact: "hongbao_js",
    name: "hongbao_shared",
    typescript: true,
    default_module_path: true,
    in_parts: false,
    unmade: &[],
};

/// `cargo xtask js`
pub(crate) fn command(workspace: &Workspace) -> Result<ExitCode> {
    setup::for_building(workspace)?;
    test(workspace, &mut Counts::default())?;
    Ok(ExitCode::SUCCESS)
}

/// Builds the package into `folder`, which is replaced.
pub(crate) fn build(workspace: &Workspace, folder: &Path) -> Result<()> {
    let bound = bindgen::build(workspace, &MODULE, Flavour::Release)?;
    let written = workspace.root.join("shared-js").join("package");
    let mut files = site::read_folder(&bound)?;
    files.extend(site::read_folder(&written)?);

    let manifest =
        files.get("package.json").context("shared-js/package/package.json is missing")?;
    let manifest = std::str::from_utf8(manifest).context("package.json is not UTF-8")?;
    ensure!(manifest.contains(VERSION), "package.json does not say {VERSION}");
    let manifest = manifest.replace(VERSION, &format!("\"version\": \"{}\"", workspace.version));
    files.insert("package.json".to_owned(), manifest.into_bytes());

    for (name, bytes) in workspace.licenses()? {
        files.insert(name, bytes);
    }

    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    for (path, bytes) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        fs::write(&path, bytes).with_context(|| format!("could not write {}", path.display()))?;
    }
    Ok(())
}

/// Builds the package and calls it from Node, under the name by which others will import it.
pub(crate) fn test(workspace: &Workspace, counts: &mut Counts) -> Result<()> {
    let package = workspace.target_dir.join("js").join(NAME);
    build(workspace, &package)?;
    let tests = site::read_folder(&workspace.root.join("shared-js").join("test"))?;
    // Each by its name: what Node makes of a folder differs between its versions.
    let tests = tests.keys().filter(|name| name.ends_with(".test.mjs"));
    process::run_counting(
        workspace
            .command("node")
            .env("HONGBAO_JS_PACKAGE", &package)
            .args(["--test", "--test-reporter=tap"])
            .args(tests.map(|name| format!("shared-js/test/{name}"))),
        counts,
    )
}

pub(crate) fn size(folder: &Path) -> Result<usize> {
    Ok(site::read_folder(folder)?.values().map(Vec::len).sum())
}
