//! A whole fleet on this machine, for trying it; `cargo xtask fleet` builds what it needs.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool speaks to its terminal"
)]

use anyhow::{Context, Result, bail};
use hongbao_fleet::{Fleet, Plan};
use std::{env, io, path::PathBuf, process::ExitCode};

const USAGE: &str = "\
hongbao-fleet --binary FILE [--nodes SSN] [--shards 16] [--redis-cluster]

  --binary  the program `hongbao`
  --nodes   a node for each letter, of the site with that letter
  --shards  logical shards of each site
  --redis-cluster  three Redis servers for each site instead of one";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let mut binary = None;
    let mut plan = Plan { shards: 16, durable: true, ..Plan::default() };
    let mut arguments = env::args().skip(1);
    while let Some(name) = arguments.next() {
        let mut value = || arguments.next().with_context(|| format!("{name} needs a value"));
        match name.as_str() {
            "--binary" => binary = Some(PathBuf::from(value()?)),
            "--redis-cluster" => plan.cache_clusters = true,
            "--nodes" => plan.nodes = value()?.chars().collect(),
            "--shards" => plan.shards = value()?.parse().context("--shards needs a number")?,
            _ => bail!("{USAGE}"),
        }
    }
    let binary = binary.context(USAGE)?;
    println!("Starting databases, nodes and a proxy …");
    let fleet = Fleet::start(&binary, &plan)?;
    println!("The fleet is at {}", fleet.url());
    for node in &fleet.nodes {
        let (home, port, log) = (node.home(), node.port(), node.log());
        println!("  node of site {home}: http://127.0.0.1:{port}, log in {}", log.display());
    }
    println!("  configuration: {}", fleet.config().display());
    println!("Enter ends it.");
    io::stdin().read_line(&mut String::new())?;
    Ok(())
}
