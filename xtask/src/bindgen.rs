//! From a crate of ours to a `.wasm` module with its JavaScript glue.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use wasm_bindgen_cli_support::Bindgen;

use crate::process;
use crate::workspace::{WASM_TARGET, Workspace};

/// How much time to spend on a small module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flavour {
    /// What is shipped and tested.
    Release,
    /// Rebuilt within seconds after an edit, several times as large.
    Dev,
}

impl Flavour {
    fn profile(self) -> &'static str {
        match self {
            Self::Release => "wasm-release",
            Self::Dev => "wasm-dev",
        }
    }
}

/// What to build and how to call the result.
pub(crate) struct Module<'a> {
    pub(crate) package: &'a str,
    /// The file that Cargo makes, without `.wasm`: a binary keeps its hyphens, a library does not.
    pub(crate) artifact: &'a str,
    /// `<name>.js` and `<name>_bg.wasm` come out.
    pub(crate) name: &'a str,
    pub(crate) typescript: bool,
    /// Whether the glue may look for the module beside itself, under its unhashed name.
    pub(crate) default_module_path: bool,
}

/// Builds the package and answers the folder that holds the glue, the module and the snippets.
pub(crate) fn build(
    workspace: &Workspace,
    module: &Module<'_>,
    flavour: Flavour,
) -> Result<PathBuf> {
    let profile = flavour.profile();
    process::run(workspace.cargo().args([
        "build",
        "--package",
        module.package,
        "--target",
        WASM_TARGET,
        "--profile",
        profile,
    ]))?;
    let wasm = workspace
        .target_dir
        .join(WASM_TARGET)
        .join(profile)
        .join(module.artifact)
        .with_extension("wasm");
    let folder = workspace.target_dir.join("bindgen").join(module.package);
    bind(&wasm, &folder, module, flavour)
        .with_context(|| format!("could not make the JavaScript glue of {}", module.package))?;
    Ok(folder)
}

/// Runs wasm-bindgen in this process: the library and the `wasm-bindgen` that the crate was compiled
/// with must agree to the patch version, and one `Cargo.lock` sees to that.
fn bind(wasm: &Path, folder: &Path, module: &Module<'_>, flavour: Flavour) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    Bindgen::new()
        .input_path(wasm)
        .out_name(module.name)
        .web(true)?
        .typescript(module.typescript)
        .omit_default_module_path(!module.default_module_path)
        .remove_name_section(flavour == Flavour::Release)
        .remove_producers_section(flavour == Flavour::Release)
        .generate(folder)
}
