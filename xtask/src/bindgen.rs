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
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--package", module.package]);
    cargo.args(["--target", WASM_TARGET, "--profile", profile]);
    if flavour == Flavour::Release {
        cargo.arg("--config").arg(flags_for_shipping()?);
    }
    process::run(&mut cargo)?;
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

/// What the shipped module is compiled with on top of `.cargo/config.toml`, as Cargo configuration.
///
/// Panic messages name source files, and those of dependencies by their full path on the machine that
/// built them. Cut off, the module is smaller, the same wherever it is built, and tells nothing of
/// anybody's home folder. SHA-256 as a loop is a few kilobytes smaller than unrolled, and quick enough
/// for the few hashes of a proof.
fn flags_for_shipping() -> Result<String> {
    let home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(std::env::home_dir()?.join(".cargo")))
        .context("there is no home folder")?;
    let mut flags = vec!["--cfg=sha2_backend_soft=\"compact\"".to_owned()];
    for entry in fs::read_dir(home.join("registry").join("src")).into_iter().flatten() {
        flags.push(format!("--remap-path-prefix={}=", entry?.path().display()));
    }
    flags.sort();
    Ok(format!("target.{WASM_TARGET}.rustflags={}", serde_json::to_string(&flags)?))
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
