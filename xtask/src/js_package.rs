//! The package `hongbao-shared` for plain JavaScript: the crate `hongbao-js` through wasm-bindgen, and
//! around it the hand-written files of `shared-js/package/`.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use crate::bindgen::{self, Flavour, Module};
use crate::site;
use crate::workspace::Workspace;

pub(crate) const NAME: &str = "hongbao-shared";

/// What stands for the workspace's version in `shared-js/package/package.json`.
const VERSION: &str = "\"version\": \"0.0.0\"";

const MODULE: Module<'static> = Module {
    package: "hongbao-js",
    artifact: "hongbao_js",
    name: "hongbao_shared",
    typescript: true,
    default_module_path: true,
};

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

pub(crate) fn size(folder: &Path) -> Result<usize> {
    Ok(site::read_folder(folder)?.values().map(Vec::len).sum())
}
