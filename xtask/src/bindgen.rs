//! From a crate of ours to a `.wasm` module with its JavaScript glue.

use std::path::{Path, PathBuf};
use std::{fs, mem};

use anyhow::{Context as _, Result, ensure};
use wasm_bindgen_cli_support::Bindgen;

use crate::chunks;
use crate::order::arrange;
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
    /// Classes that a dependency offers to JavaScript and that nobody makes. What is offered would
    /// otherwise be kept with all that it needs.
    pub(crate) unmade: &'a [&'a str],
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
    let (main, parts) = if module.in_parts {
        chunks::split(wasm, folder, &format!("./{}.js", module.name))?
    } else {
        (wasm.to_owned(), Vec::new())
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
        drop_unmade(output.wasm_mut(), module.unmade);
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
    let bound = folder.join(format!("{}_bg.wasm", module.name));
    if module.in_parts {
        slim(&bound, Gaps::AreZero)?;
    }
    if flavour == Flavour::Release {
        parts.iter().chain([&bound]).try_for_each(|module| arrange(module))?;
    }
    let glue = folder.join(module.name).with_extension("js");
    let script = fs::read_to_string(&glue)?;
    let mut script = with_short_names(script, &renamed)?;
    if flavour == Flavour::Release {
        for class in module.unmade {
            script = without_class(&script, class)?;
        }
    }
    Ok(fs::write(&glue, script)?)
}

/// Takes classes that nobody makes out of what the module offers, with all that only they need.
fn drop_unmade(module: &mut walrus::Module, classes: &[&str]) {
    let prefixes = classes.iter().map(|class| class.to_lowercase());
    let prefixes: Vec<_> =
        prefixes.flat_map(|name| [format!("{name}_"), format!("__wbg_{name}_")]).collect();
    let offered = module.exports.iter();
    let unused = offered.filter(|one| prefixes.iter().any(|prefix| one.name.starts_with(prefix)));
    for export in unused.map(walrus::Export::id).collect::<Vec<_>>() {
        module.exports.delete(export);
    }
    walrus::passes::gc::run(module);
}

/// The glue without one of its classes: its definition, and the lines below that go with it.
fn without_class(script: &str, class: &str) -> Result<String> {
    let mut slim = String::with_capacity(script.len());
    // The line with which what is cut ends.
    let mut until = None;
    for line in script.lines() {
        until = until.or_else(|| {
            let definition = line == format!("export class {class} {{");
            let of_it = line.starts_with(&format!("if (Symbol.dispose) {class}."));
            let registry = line.starts_with(&format!("const {class}Finalization = "));
            definition.then_some("}").or((of_it || registry).then_some(";"))
        });
        match until {
            None => {
                slim.push_str(line);
                slim.push('\n');
            }
            Some("}") if line == "}" => until = None,
            Some(";") if line.ends_with(';') => until = None,
            Some(_) => {}
        }
    }
    ensure!(slim.len() < script.len(), "the glue has no class {class}");
    ensure!(!slim.contains(class), "the glue makes a {class}");
    Ok(slim)
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
    use super::{with_short_names, without_class};

    #[test]
    fn the_glue_offers_what_the_module_asks_for() {
        let renamed = [("__wbg_get_0f".to_owned(), "i0".to_owned())];
        let script = "const a = {\n  __wbg_get_0f: f,\n};".to_owned();
        assert_eq!(with_short_names(script, &renamed).unwrap(), "const a = {\n  i0: f,\n};");
        let other = "const a = {\n  __wbg_set_0f: f,\n};".to_owned();
        assert!(with_short_names(other, &renamed).is_err());
    }

    #[test]
    fn a_class_that_nobody_makes_goes_with_its_lines() {
        let script = "export class A {\n  free() {\n  }\n}\n\
            if (Symbol.dispose) A.prototype.x = A.prototype.free;\n\
            export class B {\n}\n\
            const AFinalization = (typeof F === 'undefined')\n    ? { }\n    : new F(1);\n\
            start();\n";
        assert_eq!(without_class(script, "A").unwrap(), "export class B {\n}\nstart();\n");
        assert!(without_class(script, "C").is_err());
        let made = script.to_owned() + "A.__wrap(1);\n";
        assert!(without_class(&made, "A").is_err());
    }
}
