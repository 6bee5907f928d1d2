//! `cargo xtask …`: everything that is done to this repository beyond `cargo build`.
//!
//! It is Rust in the workspace rather than scripts or installed tools, so that a fresh clone needs
//! nothing but Rust, and `Cargo.lock` pins what builds the web app as it pins what the app is made of.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool speaks to its terminal"
)]

mod bench;
mod bindgen;
mod book;
mod budget;
mod chunks;
mod counts;
mod crash;
mod dist;
mod fleet;
mod fuzz;
mod html;
mod js_package;
mod order;
mod parts;
mod process;
mod rogue;
mod run;
mod sbom;
mod segments;
mod setup;
mod simulate;
mod site;
mod styles;
mod test;
#[cfg(test)]
mod test_folder;
mod web;
#[cfg(test)]
mod words;
mod workspace;

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::workspace::Workspace;

const USAGE: &str = "\
cargo xtask run [--release] [--dev] [-- SERVER ARGUMENTS]
                        build everything and serve it on http://127.0.0.1:8080
                        (--release: optimised server; --dev: web app unoptimised, quick to rebuild)
cargo xtask web [--dev] build the web app into dist/ and print its sizes
cargo xtask js          build the JavaScript package and call it from Node
cargo xtask test [--only PART]... [--changed] [--times N]
                        all set-up, then every check and test; or those of a part (a check, a
                        test, a package), or those that what differs from main touches
                        (--times: the tests again and again, to find those that flicker)
cargo xtask dist [--static]
                        the single binary, an archive to install from, a list of what is inside (CycloneDX) and the
                        JavaScript package,
                        in <target>/dist/ (--static: needs nothing of the Linux that it runs on)
cargo xtask book        docs/ as a site that can be searched, in <target>/book/
cargo xtask fuzz [--minutes N] [TARGET]
                        inputs that nobody thought of for what reads requests, settings, texts and
                        what is stored (docs/FUZZING.md)
cargo xtask fleet [--nodes SSN] [--shards N] [--redis-cluster]
                        databases, nodes and a proxy of two sites on this machine, until Enter
cargo xtask simulate [--seed S] [--runs N] [ARGUMENTS]
                        whole histories under faults, each from its seed (--help)
cargo xtask bench contest [ARGUMENTS]
                        measure opens of one hot packet: Hongbao, other designs, and a no-op
cargo xtask bench size [ARGUMENTS]
                        measure a packet of very many shares against packets of a hundred
cargo xtask bench audit [ARGUMENTS]
                        measure an audit of a data folder that is filled for it
cargo xtask bench reconcile [ARGUMENTS]
                        measure reconciliation of a long history, once and from then on
cargo xtask bench mover [ARGUMENTS]
                        measure how quickly days move to a cold database that is far away
cargo xtask crash [--minutes N] [--seed S]
                        kill -9 a loaded server again and again, and check that nothing is lost
cargo xtask rogue [--minutes N] [--seed S] [--debug] [ARGUMENTS]
                        the program from outside: clients with their own books, while it is killed,
                        stalled, filled up and misled (docs/ROGUE.md; --help)";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<ExitCode> {
    let Some((command, rest)) = arguments.split_first() else {
        println!("{USAGE}");
        return Ok(ExitCode::SUCCESS);
    };
    let workspace = Workspace::find()?;
    match command.as_str() {
        "run" => run::run(&workspace, &run::Options::parse(rest)?),
        "web" => web::command(&workspace, rest),
        "js" => nothing_after("js", rest).and_then(|()| js_package::command(&workspace)),
        "test" => {
            let (times, rest) = test::times(rest)?;
            Ok(test::run(&workspace, &parts::Parts::parse(&workspace, &rest)?, times))
        }
        "dist" => dist::run(&workspace, dist::Options::parse(rest)?),
        "fuzz" => fuzz::run(&workspace, &fuzz::Options::parse(rest)?),
        "book" => nothing_after("book", rest).and_then(|()| book::run(&workspace)),
        "simulate" => simulate::run(&workspace, rest),
        "fleet" => fleet::run(&workspace, rest),
        "rogue" => rogue::run(&workspace, rest),
        "bench" => bench::run(&workspace, rest),
        "crash" => crash::run(&workspace, &crash::Options::parse(rest)?),
        "help" | "-h" | "--help" => {
            println!("{USAGE}");
            Ok(ExitCode::SUCCESS)
        }
        other => {
            bail!("there is no `cargo xtask {other}`; without a command it prints what there is")
        }
    }
}

fn nothing_after(command: &str, rest: &[String]) -> Result<()> {
    match rest.first() {
        None => Ok(()),
        Some(extra) => bail!("`cargo xtask {command}` takes no arguments, but there is `{extra}`"),
    }
}
