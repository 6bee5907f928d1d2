//! `cargo xtask crash`: `kill -9` for as long as it is told.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::workspace::Workspace;
use crate::{process, setup};

/// The test that runs for as long as its variables say; ignored among the others.
const TEST: &str = "kills::kill_9_for_as_long_as_told";
const MINUTES: u64 = 10;

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Options {
    minutes: u64,
    seed: Option<u64>,
}

impl Options {
    pub(crate) fn parse(arguments: &[String]) -> Result<Self> {
        let mut options = Self { minutes: MINUTES, seed: None };
        let mut arguments = arguments.iter();
        while let Some(name) = arguments.next() {
            let mut number = || -> Result<u64> {
                let value = arguments.next().with_context(|| format!("{name} needs a number"))?;
                value.parse().with_context(|| format!("{name} needs a number, not `{value}`"))
            };
            match name.as_str() {
                "--minutes" => options.minutes = number()?,
                "--seed" => options.seed = Some(number()?),
                other => bail!("`cargo xtask crash` takes --minutes and --seed, not `{other}`"),
            }
        }
        Ok(options)
    }
}

pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    setup::for_building(workspace)?;
    let mut cargo = workspace.cargo();
    cargo
        .args(["test", "--package", "hongbao", "--test", "crash", "--"])
        .args(["--ignored", "--exact", TEST, "--nocapture"])
        .env("HONGBAO_CRASH_MINUTES", options.minutes.to_string());
    if let Some(seed) = options.seed {
        cargo.env("HONGBAO_CRASH_SEED", seed.to_string());
    }
    process::become_command(&mut cargo)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options> {
        Options::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn the_line_says_for_how_long() {
        let default = Options { minutes: MINUTES, seed: None };
        assert_eq!(parse("").unwrap(), default);
        assert_eq!(parse("--seed 7 --minutes 60").unwrap(), Options { minutes: 60, seed: Some(7) });
        for wrong in ["--minutes", "--minutes long", "--hours 1"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
