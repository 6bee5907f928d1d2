//! Where things are, and how Cargo is called.

use std::collections::BTreeSet;
use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

pub(crate) const WASM_TARGET: &str = "wasm32-unknown-unknown";

pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    /// Absolute. May lie anywhere: CI keeps it outside of the checkout.
    pub(crate) target_dir: PathBuf,
    pub(crate) version: String,
    /// All integration tests of the workspace, as (package, target).
    pub(crate) test_targets: Vec<(String, String)>,
    pub(crate) packages: Vec<Package>,
}

/// Whose tests run the binary of which package, without depending on it.
const RUN: [(&str, &str); 2] = [("hongbao-e2e", "hongbao"), ("hongbao-rogue", "hongbao")];

/// A package of the workspace.
pub(crate) struct Package {
    pub(crate) name: String,
    /// Its folder below the root, with a slash behind.
    folder: String,
    /// What it depends on, tests and what they run included, by name.
    depends_on: Vec<String>,
}

impl Package {
    /// Is this one of its files, or of a package below it?
    pub(crate) fn holds(&self, file: &str) -> bool {
        file.starts_with(&self.folder)
    }

    /// How deep it lies: of two that hold a file, it belongs to the deeper.
    pub(crate) fn len(&self) -> usize {
        self.folder.len()
    }

    fn from_metadata(package: &serde_json::Value, root: &Path) -> Option<Self> {
        let manifest = Path::new(package["manifest_path"].as_str()?);
        let folder = manifest.parent()?.strip_prefix(root).ok()?;
        let name = package["name"].as_str()?;
        let dependencies = package["dependencies"].as_array()?.iter();
        let dependencies = dependencies.filter_map(|one| one["name"].as_str());
        let runs = RUN.iter().filter(|(who, _)| *who == name).map(|(_, what)| *what);
        Some(Self {
            name: name.to_owned(),
            folder: format!("{}/", folder.to_str()?),
            depends_on: dependencies.chain(runs).map(str::to_owned).collect(),
        })
    }
}

impl Workspace {
    /// Asks Cargo, which alone knows what configuration and environment make of the target folder.
    pub(crate) fn find() -> Result<Self> {
        let output = Command::new(cargo_program())
            .args(["metadata", "--format-version", "1", "--no-deps"])
            .stderr(Stdio::inherit())
            .output()
            .context("could not start cargo")?;
        anyhow::ensure!(output.status.success(), "cargo could not read the workspace");
        let metadata: serde_json::Value =
            serde_json::from_slice(&output.stdout).context("cargo metadata is not JSON")?;
        Self::from_metadata(&metadata).context("cargo metadata lacks what xtask needs")
    }

    fn from_metadata(metadata: &serde_json::Value) -> Option<Self> {
        let packages = metadata["packages"].as_array()?;
        let mut test_targets = Vec::new();
        for package in packages {
            for target in package["targets"].as_array()? {
                if target["kind"].as_array()?.iter().any(|kind| kind == "test") {
                    test_targets
                        .push((package["name"].as_str()?.into(), target["name"].as_str()?.into()));
                }
            }
        }
        let own = packages.iter().find(|package| package["name"] == env!("CARGO_PKG_NAME"))?;
        let root = Path::new(metadata["workspace_root"].as_str()?);
        let packages = packages.iter().map(|package| Package::from_metadata(package, root));
        Some(Self {
            packages: packages.collect::<Option<_>>()?,
            root: metadata["workspace_root"].as_str()?.into(),
            target_dir: metadata["target_directory"].as_str()?.into(),
            version: own["version"].as_str()?.to_owned(),
            test_targets,
        })
    }

    /// These packages, and all that depend on them.
    pub(crate) fn built_on(&self, mut names: BTreeSet<String>) -> BTreeSet<String> {
        loop {
            let before = names.len();
            let above = self
                .packages
                .iter()
                .filter(|one| one.depends_on.iter().any(|dependency| names.contains(dependency)));
            let above: Vec<_> = above.map(|one| one.name.clone()).collect();
            names.extend(above);
            if names.len() == before {
                return names;
            }
        }
    }

    /// Cargo in the root of the workspace, building into the same target folder as this process.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = self.command(cargo_program());
        command.env("CARGO_TARGET_DIR", &self.target_dir);
        command
    }

    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root).stdin(Stdio::null());
        // Also of others: they may call Cargo.
        forget_this_package(&mut command);
        command
    }

    pub(crate) fn dist(&self) -> PathBuf {
        self.root.join("dist")
    }

    /// A binary that Cargo built for this machine; `profile` is the folder name, `debug` or `release`.
    pub(crate) fn binary(&self, profile: &str, name: &str) -> PathBuf {
        self.target_dir.join(profile).join(format!("{name}{}", env::consts::EXE_SUFFIX))
    }

    /// The licence texts, which go along with everything that is handed out.
    pub(crate) fn licenses(&self) -> Result<Vec<(String, Vec<u8>)>> {
        let mut texts = Vec::new();
        for entry in std::fs::read_dir(&self.root)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with("LICENSE") {
                texts.push((name, std::fs::read(entry.path())?));
            }
        }
        texts.sort();
        Ok(texts)
    }

    /// `path` as a reader wants to see it.
    pub(crate) fn shown<'a>(&self, path: &'a Path) -> std::path::Display<'a> {
        path.strip_prefix(&self.root).unwrap_or(path).display()
    }
}

/// Takes away what Cargo says to this process about its own package. Build scripts that look at such
/// variables (ring's does) would otherwise run again whenever somebody has called Cargo by hand in
/// between, or from another checkout; and minutes of what is built on them with them.
fn forget_this_package(command: &mut Command) {
    for (name, _) in env::vars_os() {
        let about_it = |name: &str| {
            name == "OUT_DIR"
                || name.starts_with("CARGO_PKG_")
                || name.starts_with("CARGO_MANIFEST_")
        };
        if name.to_str().is_some_and(about_it) {
            command.env_remove(name);
        }
    }
}

fn cargo_program() -> std::ffi::OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

#[cfg(test)]
mod tests {
    use std::env;
    use std::process::Command;

    #[test]
    fn cargo_is_told_nothing_of_this_package() {
        let mut command = Command::new("cargo");
        super::forget_this_package(&mut command);
        for told in ["CARGO_PKG_NAME", "CARGO_MANIFEST_DIR"] {
            assert!(env::var_os(told).is_some(), "{told}");
            assert!(
                command.get_envs().any(|(name, value)| name == told && value.is_none()),
                "{told}"
            );
        }
    }
}
