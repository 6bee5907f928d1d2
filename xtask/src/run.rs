//! `cargo xtask run`: from a fresh clone to a served app.

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::bindgen::Flavour;
use crate::workspace::Workspace;
use crate::{process, setup, web};

pub(crate) struct Options {
    release: bool,
    flavour: Flavour,
    server_arguments: Vec<String>,
}

impl Options {
    pub(crate) fn parse(arguments: &[String]) -> Result<Self> {
        let mut options =
            Self { release: false, flavour: Flavour::Release, server_arguments: Vec::new() };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            match argument.as_str() {
                "--release" => options.release = true,
                "--dev" => options.flavour = Flavour::Dev,
                "--" => options.server_arguments.extend(rest.by_ref().cloned()),
                other => bail!(
                    "`cargo xtask run` knows no `{other}`; arguments for the server go after `--`"
                ),
            }
        }
        Ok(options)
    }
}

pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    setup::for_building(workspace)?;
    web::build(workspace, options.flavour)?;
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--package", "hongbao", "--bin", "hongbao"]);
    if options.release {
        cargo.arg("--release");
    }
    process::run(&mut cargo)?;
    let profile = if options.release { "release" } else { "debug" };
    process::become_command(
        workspace
            .command(workspace.binary(profile, "hongbao"))
            .arg("server")
            .args(&options.server_arguments),
    )
}

#[cfg(test)]
mod tests {
    use super::Options;
    use crate::bindgen::Flavour;

    fn parse(line: &str) -> anyhow::Result<Options> {
        Options::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn what_follows_the_dashes_is_for_the_server() {
        let options = parse("--release -- --listen 127.0.0.1:9000 --release").unwrap();
        assert!(options.release);
        assert_eq!(options.flavour, Flavour::Release);
        assert_eq!(options.server_arguments, ["--listen", "127.0.0.1:9000", "--release"]);
        assert!(parse("").unwrap().server_arguments.is_empty());
    }

    #[test]
    fn server_arguments_without_dashes_are_refused() {
        assert!(parse("--listen 127.0.0.1:9000").is_err());
    }
}
