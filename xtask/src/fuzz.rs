//! `cargo xtask fuzz`: inputs that nobody thought of, for everything that reads what others wrote.
//!
//! The targets lie in `fuzz/`, as cargo-fuzz has them. Without a sanitizer it works with the Rust that
//! everything else is built with: in code without `unsafe`, laws and panics are what is looked for.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail, ensure};

use crate::workspace::Workspace;
use crate::{process, setup};

/// What is spent on all targets together, unless somebody says more.
const MINUTES: u32 = 2;
/// `cargo xtask test --only fuzz` tries the same inputs on each machine, as far as it comes: what it
/// finds, it finds again.
const SEED: u32 = 20_260_217;
/// Longer ones find nothing that shorter ones don't, later.
const INPUT_BYTES_MAX: u32 = 4096;
/// One input that takes longer has found something.
const INPUT_SECONDS_MAX: u32 = 20;
const MEMORY_MIB_MAX: u32 = 4096;

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Options {
    minutes: u32,
    target: Option<String>,
    /// Of libFuzzer; without it, its own, which is another each time.
    seed: Option<u32>,
}

impl Default for Options {
    fn default() -> Self {
        Self { minutes: MINUTES, target: None, seed: None }
    }
}

impl Options {
    /// As a part of the checks, by name.
    pub(crate) fn of_test() -> Self {
        Self { seed: Some(SEED), ..Self::default() }
    }

    pub(crate) fn parse(arguments: &[String]) -> Result<Self> {
        let mut options = Self::default();
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--minutes" => {
                    let minutes = arguments.next().and_then(|minutes| minutes.parse().ok());
                    options.minutes = minutes
                        .filter(|minutes| *minutes > 0)
                        .context("--minutes wants a number, such as 60")?;
                }
                name if !name.starts_with('-') && options.target.is_none() => {
                    options.target = Some(name.to_owned());
                }
                other => {
                    bail!("`cargo xtask fuzz` takes --minutes N and a target, not `{other}`")
                }
            }
        }
        Ok(options)
    }
}

pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    all(workspace, options).map(|_| ExitCode::SUCCESS)
}

/// How many targets found nothing; an error at the first that has found something.
pub(crate) fn all(workspace: &Workspace, options: &Options) -> Result<u64> {
    let mut targets = targets(workspace)?;
    if let Some(one) = &options.target {
        ensure!(
            targets.contains(one),
            "there is no target {one}: take one of {}",
            targets.join(", ")
        );
        targets = vec![one.clone()];
    }
    let program = setup::for_fuzzing(workspace)?;
    let built = workspace.target_dir.join("fuzz");
    let fuzz = |what: &str| {
        let mut command = workspace.command(&program);
        command.args([what, "--fuzz-dir", "fuzz", "--sanitizer", "none", "--target-dir"]);
        command.arg(&built);
        command
    };
    process::run(&mut fuzz("build"))?;
    // Servers and files of the targets; a process that libFuzzer ends tidies nothing up.
    let scratch = built.join("scratch");
    if scratch.exists() {
        fs::remove_dir_all(&scratch)?;
    }
    let seconds = u64::from(options.minutes) * 60 / u64::try_from(targets.len())?;
    let mut passed = 0;
    for target in &targets {
        fs::create_dir_all(&scratch)?;
        // With a seed it begins with what the repository has, and not where the last run ended.
        let found = match options.seed {
            Some(_) => scratch.join("found"),
            None => built.join("corpus").join(target),
        };
        fs::create_dir_all(&found)?;
        let mut command = fuzz("run");
        // What it finds goes into the first folder.
        command.arg(target).arg(&found).arg(seeds(workspace, target)).env("TMPDIR", &scratch);
        command.arg("--").arg(format!("-max_total_time={seconds}"));
        command.arg(format!("-max_len={INPUT_BYTES_MAX}"));
        command.arg(format!("-timeout={INPUT_SECONDS_MAX}"));
        command.arg(format!("-rss_limit_mb={MEMORY_MIB_MAX}"));
        command.args(options.seed.map(|seed| format!("-seed={seed}")));
        let words = workspace.root.join("fuzz").join(format!("{target}.dict"));
        if words.is_file() {
            command.arg(format!("-dict={}", words.display()));
        }
        process::run(command.arg("-print_final_stats=1")).with_context(|| {
            let left = workspace.root.join("fuzz/artifacts").join(target);
            format!("an input that breaks {target} lies in {}", workspace.shown(&left))
        })?;
        fs::remove_dir_all(&scratch)?;
        passed += 1;
    }
    Ok(passed)
}

/// The names of all targets.
fn targets(workspace: &Workspace) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(workspace.root.join("fuzz/fuzz_targets"))? {
        let path = entry?.path();
        let name = path.file_stem().and_then(|name| name.to_str()).context("a target's name")?;
        names.push(name.to_owned());
    }
    names.sort();
    Ok(names)
}

/// What is kept of inputs, in the repository.
fn seeds(workspace: &Workspace, target: &str) -> PathBuf {
    workspace.root.join("fuzz/corpus").join(target)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Files that somebody can look through.
    const SEEDS_MAX: usize = 200;

    #[test]
    fn every_target_has_inputs_to_begin_with_and_not_many() {
        let workspace = Workspace::find().unwrap();
        let manifest = fs::read_to_string(workspace.root.join("fuzz/Cargo.toml")).unwrap();
        let targets = targets(&workspace).unwrap();
        assert!(targets.len() >= 4, "{targets:?}");
        for target in targets {
            assert!(manifest.contains(&format!("name = \"{target}\"")), "{target}");
            let count = fs::read_dir(seeds(&workspace, &target)).unwrap().count();
            assert!((5..=SEEDS_MAX).contains(&count), "{target} has {count}");
        }
    }

    /// What is tried is made of what is handed out.
    #[test]
    fn targets_are_built_of_the_same_crates() {
        let workspace = Workspace::find().unwrap();
        let locked = |file: &str| -> BTreeSet<String> {
            let text = fs::read_to_string(workspace.root.join(file)).unwrap();
            let packages = text.split("[[package]]").skip(1);
            packages.map(|one| one.lines().skip(1).take(2).collect::<Vec<_>>().join(" ")).collect()
        };
        let (ours, theirs) = (locked("Cargo.lock"), locked("fuzz/Cargo.lock"));
        let known = ["hongbao-fuzz", "libfuzzer-sys", "arbitrary", "jobserver"];
        let other = theirs.difference(&ours);
        let other =
            other.filter(|one| !known.iter().any(|name| one.contains(&format!("\"{name}\""))));
        let other: Vec<_> = other.collect();
        assert!(theirs.len() > 100 && other.is_empty(), "copy Cargo.lock there: {other:?}");
    }

    #[test]
    fn arguments_are_minutes_and_a_target() {
        let parse = |arguments: &[&str]| {
            Options::parse(&arguments.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(parse(&[]).unwrap(), Options::default());
        let some = parse(&["texts", "--minutes", "60"]).unwrap();
        assert_eq!(some, Options { minutes: 60, target: Some("texts".to_owned()), seed: None });
        for wrong in [&["--minutes"][..], &["--minutes", "0"], &["a", "b"], &["--fast"]] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
