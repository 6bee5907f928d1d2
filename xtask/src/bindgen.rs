//! From a crate of ours to a `.wasm` module with its JavaScript glue.

use std::path::{Path, PathBuf};
use std::{fs, mem};

use anyhow::{Context as _, Result, ensure};
use wasm_bindgen_cli_support::Bindgen;

use crate::chunks;
use crate::process;
use crate::segments::{Gaps, slim};
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
    /// Whether it has parts that browsers fetch when they are needed.
    pub(crate) in_parts: bool,
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
    let mut flags = Vec::new();
    if flavour == Flavour::Release {
        flags.extend(flags_for_shipping()?);
    }
    if module.in_parts {
        flags.extend(chunks::flags());
    }
    cargo
        .arg("--config")
        .arg(format!("target.{WASM_TARGET}.rustflags={}", serde_json::to_string(&flags)?));
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

/// What the shipped module is compiled with on top of `.cargo/config.toml`, as flags of the compiler.
///
/// Panic messages name source files, and those of dependencies by their full path on the machine that
/// built them. Cut off, the module is smaller, the same wherever it is built, and tells nothing of
/// anybody's home folder. SHA-256 as a loop is a few kilobytes smaller than unrolled, and quick enough
/// for the few hashes of a proof.
fn flags_for_shipping() -> Result<Vec<String>> {
    let home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(std::env::home_dir()?.join(".cargo")))
        .context("there is no home folder")?;
    let mut flags = vec!["--cfg=sha2_backend_soft=\"compact\"".to_owned()];
    for entry in fs::read_dir(home.join("registry").join("src")).into_iter().flatten() {
        flags.push(format!("--remap-path-prefix={}=", entry?.path().display()));
    }
    flags.sort();
    Ok(flags)
}

/// Runs wasm-bindgen in this process: the library and the `wasm-bindgen` that the crate was compiled
/// with must agree to the patch version, and one `Cargo.lock` sees to that.
fn bind(wasm: &Path, folder: &Path, module: &Module<'_>, flavour: Flavour) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    let main = if module.in_parts {
        chunks::split(wasm, folder, &format!("./{}.js", module.name))?
    } else {
        wasm.to_owned()
    };
    let mut output = Bindgen::new()
        .input_path(main)
        .keep_lld_exports(module.in_parts)
        .out_name(module.name)
        .web(true)?
        .typescript(module.typescript)
        .omit_default_module_path(!module.default_module_path)
        .remove_name_section(flavour == Flavour::Release)
        .remove_producers_section(flavour == Flavour::Release)
        .generate_output()?;
    let mut renamed = Vec::new();
    if flavour == Flavour::Release {
        // The loaders of parts are a module of their own, which names what it offers.
        for (number, import) in output.wasm_mut().imports.iter_mut().enumerate() {
            if import.module == chunks::LOADERS {
                continue;
            }
            let short = format!("i{number}");
            renamed.push((mem::replace(&mut import.name, short.clone()), short));
        }
    }
    output.emit(folder)?;
    if module.in_parts {
        slim(&folder.join(format!("{}_bg.wasm", module.name)), Gaps::AreZero)?;
    }
    let glue = folder.join(module.name).with_extension("js");
    let script = fs::read_to_string(&glue)?;
    Ok(fs::write(&glue, with_short_names(script, &renamed)?)?)
}

/// The glue with the names that the module knows now. wasm-bindgen's own end in a hash, which
/// nothing compresses, and stand in both files: a hundred and sixty of them are kilobytes.
fn with_short_names(mut script: String, renamed: &[(String, String)]) -> Result<String> {
    for (long, short) in renamed {
        let entry = format!(" {long}: ");
        ensure!(script.matches(&entry).count() == 1, "the glue does not offer {long} once");
        script = script.replace(&entry, &format!(" {short}: "));
    }
    Ok(script)
}

#[cfg(test)]
mod tests {
    use super::with_short_names;

    #[test]
    fn the_glue_offers_what_the_module_asks_for() {
        let renamed = [("__wbg_get_0f".to_owned(), "i0".to_owned())];
        let script = "const a = {\n  __wbg_get_0f: f,\n};".to_owned();
        assert_eq!(with_short_names(script, &renamed).unwrap(), "const a = {\n  i0: f,\n};");
        let other = "const a = {\n  __wbg_set_0f: f,\n};".to_owned();
        assert!(with_short_names(other, &renamed).is_err());
    }
}
