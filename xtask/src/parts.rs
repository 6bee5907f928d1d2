//! Which of the checks `cargo xtask test` runs: all, those that are named, or those that a change
//! touches.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};

use crate::workspace::Workspace;

/// The checks, by the names that `--only` takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Check {
    Format,
    Xtask,
    Lints,
    WasmLints,
    Web,
    Tests,
    Wasm,
    Js,
    Fuzz,
    Browser,
}

impl Check {
    const ALL: [(&str, Self); 10] = [
        ("format", Self::Format),
        ("xtask", Self::Xtask),
        ("lints", Self::Lints),
        ("wasm-lints", Self::WasmLints),
        ("web", Self::Web),
        ("tests", Self::Tests),
        ("wasm", Self::Wasm),
        ("js", Self::Js),
        ("fuzz", Self::Fuzz),
        ("browser", Self::Browser),
    ];

    /// Does it run tests, which chance can decide?
    pub(crate) fn tests(self) -> bool {
        matches!(self, Self::Tests | Self::Wasm | Self::Js | Self::Browser)
    }
}

/// What is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Parts {
    All,
    Some {
        checks: BTreeSet<Check>,
        /// Of the tests, those of these targets and packages; none for all.
        targets: BTreeSet<String>,
        packages: BTreeSet<String>,
    },
}

impl Parts {
    pub(crate) fn parse(workspace: &Workspace, arguments: &[String]) -> Result<Self> {
        let mut arguments = arguments.iter();
        let mut parts = Self::All;
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--only" => {
                    let name = arguments.next().context("--only wants the name of a part")?;
                    parts.add(workspace, name)?;
                }
                "--changed" => parts.add_changed(workspace)?,
                other => bail!(
                    "`cargo xtask test` takes --only PART, --changed and --times N, not `{other}`"
                ),
            }
        }
        Ok(parts)
    }

    pub(crate) fn has(&self, check: Check) -> bool {
        match self {
            // A build of everything once more, which would be half of the time that all else takes:
            // its own job of the workflow, and whoever asks for it.
            Self::All => check != Check::Fuzz,
            Self::Some { checks, .. } => checks.contains(&check),
        }
    }

    /// The arguments that choose among the tests of this machine; `None` for all of them.
    pub(crate) fn chosen(&self) -> Option<Vec<String>> {
        let Self::Some { targets, packages, .. } = self else { return None };
        if targets.is_empty() && packages.is_empty() {
            return None;
        }
        let tests = targets.iter().flat_map(|target| ["--test".to_owned(), target.clone()]);
        let mut chosen: Vec<String> = tests.collect();
        if !packages.is_empty() {
            chosen.extend(["--lib".to_owned(), "--bins".to_owned()]);
        }
        Some(chosen)
    }

    fn some(&mut self) -> (&mut BTreeSet<Check>, &mut BTreeSet<String>, &mut BTreeSet<String>) {
        if matches!(self, Self::All) {
            *self = Self::Some {
                checks: BTreeSet::new(),
                targets: BTreeSet::new(),
                packages: BTreeSet::new(),
            };
        }
        match self {
            Self::Some { checks, targets, packages } => (checks, targets, packages),
            Self::All => unreachable!("it was replaced above"),
        }
    }

    fn add(&mut self, workspace: &Workspace, name: &str) -> Result<()> {
        let (checks, targets, packages) = self.some();
        if let Some((_, check)) = Check::ALL.iter().find(|(known, _)| *known == name) {
            checks.insert(*check);
        } else if workspace.test_targets.iter().any(|(_, target)| target == name) {
            checks.insert(Check::Tests);
            targets.insert(name.to_owned());
        } else if let Some(package) = workspace.packages.iter().find(|one| one.name == name) {
            checks.insert(Check::Tests);
            packages.insert(package.name.clone());
            targets.extend(targets_of(workspace, &package.name));
        } else {
            let known: Vec<_> = Check::ALL.iter().map(|(known, _)| *known).collect();
            let tests: BTreeSet<_> =
                workspace.test_targets.iter().map(|(_, target)| target.as_str()).collect();
            bail!(
                "there is no part {name}: take one of {}, a test ({}), or a package",
                known.join(", "),
                Vec::from_iter(tests).join(", ")
            );
        }
        Ok(())
    }

    /// What differs from `main`, committed or not, and everything that is built on it.
    fn add_changed(&mut self, workspace: &Workspace) -> Result<()> {
        let base = git(workspace, &["merge-base", "HEAD", "main"])?;
        let mut files = git(workspace, &["diff", "--name-only", base.trim()])?;
        files.push_str(&git(workspace, &["ls-files", "--others", "--exclude-standard"])?);
        self.add_files(workspace, files.lines());
        Ok(())
    }

    fn add_files<'a>(&mut self, workspace: &Workspace, files: impl Iterator<Item = &'a str>) {
        let mut touched = BTreeSet::new();
        let mut docs = false;
        for file in files {
            match workspace
                .packages
                .iter()
                .filter(|one| one.holds(file))
                .max_by_key(|one| one.len())
            {
                Some(package) => drop(touched.insert(package.name.clone())),
                // The schemas are compiled in; whatever else is Cargo's concerns everybody.
                None if file.starts_with("migrations/") => {
                    touched.insert("hongbao-storage".to_owned());
                }
                None if Path::new(file).extension().is_some_and(|end| end == "md") => docs = true,
                None if file.starts_with("docs/") => docs = true,
                None if file.starts_with("fuzz/") => {
                    self.some().0.extend([Check::Fuzz, Check::Xtask]);
                }
                None => touched.extend(workspace.packages.iter().map(|one| one.name.clone())),
            }
        }
        let touched = workspace.built_on(touched);
        let (checks, targets, packages) = self.some();
        checks.insert(Check::Format);
        if docs {
            checks.extend([Check::Tests, Check::Js, Check::Xtask]);
            targets.insert("docs".to_owned());
        }
        for name in touched {
            match name.as_str() {
                "xtask" | "wasm-test-runner" => drop(checks.insert(Check::Xtask)),
                "hongbao-frontend" => {
                    checks.extend([Check::WasmLints, Check::Web, Check::Wasm, Check::Browser]);
                }
                "hongbao-js" => checks.extend([Check::WasmLints, Check::Js]),
                "hongbao-e2e" => checks.extend([Check::Lints, Check::Browser]),
                _ => {
                    checks.extend([Check::Lints, Check::Tests]);
                    targets.extend(targets_of(workspace, &name));
                    packages.insert(name);
                }
            }
        }
    }
}

fn targets_of<'a>(workspace: &'a Workspace, package: &'a str) -> impl Iterator<Item = String> + 'a {
    let own = workspace.test_targets.iter().filter(move |(of, _)| of == package);
    own.map(|(_, target)| target.clone())
}

fn git(workspace: &Workspace, arguments: &[&str]) -> Result<String> {
    let output = workspace.command("git").args(arguments).output().context("git is missing")?;
    ensure!(
        output.status.success(),
        "git {}: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).context("a file's name is not UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(arguments: &[&str]) -> Result<Parts> {
        let arguments: Vec<_> = arguments.iter().map(|one| (*one).to_owned()).collect();
        Parts::parse(&Workspace::find()?, &arguments)
    }

    fn changed(files: &[&str]) -> Parts {
        let mut parts = Parts::All;
        parts.add_files(&Workspace::find().unwrap(), files.iter().copied());
        parts
    }

    #[test]
    fn a_part_is_a_check_a_test_or_a_package() {
        assert_eq!(parts(&[]).unwrap(), Parts::All);
        assert!(Parts::All.has(Check::Browser) && !Parts::All.has(Check::Fuzz));
        assert!(parts(&["--only", "format"]).unwrap().has(Check::Format));
        let packets = parts(&["--only", "packets"]).unwrap();
        assert_eq!(packets.chosen().unwrap(), ["--test", "packets"]);
        assert!(!packets.has(Check::Browser));
        let simulation = parts(&["--only", "hongbao-simulation"]).unwrap().chosen().unwrap();
        assert!(simulation.contains(&"histories".to_owned()));
        assert!(parts(&["--only", "nothing"]).unwrap_err().to_string().contains("packets"));
    }

    #[test]
    fn a_change_concerns_what_is_built_on_it() {
        let engine = changed(&["backend/engine/src/packets/lane/writer.rs"]);
        let chosen = engine.chosen().unwrap();
        for test in ["packets", "histories", "short"] {
            assert!(chosen.contains(&test.to_owned()), "{test} in {chosen:?}");
        }
        // What a browser shows comes from the server.
        assert!(engine.has(Check::Lints) && engine.has(Check::Browser));
        assert!(!engine.has(Check::Fuzz) && !engine.has(Check::Wasm));
        let page = changed(&["frontend/src/pages/chat.rs"]);
        assert!(page.has(Check::Browser) && !page.has(Check::Tests) && !page.has(Check::Fuzz));
        assert_eq!(changed(&["docs/FAIRNESS.md"]).chosen().unwrap(), ["--test", "docs"]);
        let target = changed(&["fuzz/fuzz_targets/texts.rs"]);
        assert!(target.has(Check::Fuzz) && !target.has(Check::Tests));
        let shared = changed(&["shared/src/split.rs"]);
        assert!(shared.has(Check::Wasm) && shared.has(Check::Tests) && shared.has(Check::Js));
    }
}
