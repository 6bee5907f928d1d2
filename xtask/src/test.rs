//! `cargo xtask test`: every check there is, the quick ones first.

use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::bindgen::Flavour;
use crate::counts::Counts;
use crate::workspace::{WASM_TARGET, Workspace};
use crate::{budget, js_package, process, setup, web};

/// The package whose tests drive a browser; they are the slowest and run last.
const BROWSER_TESTS: &str = "hongbao-e2e";

/// Never built for this machine, only for wasm32.
const WASM_ONLY: [&str; 2] = ["hongbao-frontend", "hongbao-js"];

type Step = (&'static str, fn(&Workspace, &mut Counts) -> Result<()>);

/// Stops at the first step that fails. The order is by price: what a slip of the pen breaks comes
/// before what takes minutes, and nothing is built a second time with other features or profiles.
const STEPS: [Step; 10] = [
    ("set-up", |workspace, _| setup::for_testing(workspace)),
    ("format", |workspace, _| {
        process::run(workspace.cargo().args(["fmt", "--all", "--check"]))
    }),
    ("lints, server side", |workspace, _| {
        process::run(&mut host_lints(workspace))
    }),
    ("lints, browser side", |workspace, _| {
        process::run(&mut wasm_lints(workspace))
    }),
    ("web app and its budget", web_app),
    ("build of the tests", |workspace, _| {
        // All targets together, so that the server that the browser tests start is built with the very
        // features its own tests have, and is therefore built once.
        process::run(workspace.cargo().args(["build", "--all-targets"]))
    }),
    ("tests", |workspace, counts| {
        process::run_counting(&mut host_tests(workspace), counts)?;
        process::run_counting(workspace.cargo().args(["test", "--doc"]), counts)
    }),
    ("tests in WASM", wasm_tests),
    ("JavaScript package and verifier", script_tests),
    ("browser tests", browser_tests),
];

/// The last line is always `N passed, N failed`.
pub(crate) fn run(workspace: &Workspace) -> Result<ExitCode> {
    let mut counts = Counts::default();
    let mut times = Vec::new();
    let mut outcome = Ok(());
    for (name, step) in STEPS {
        println!("\n=== {name}");
        let start = Instant::now();
        outcome = step(workspace, &mut counts);
        times.push((name, start.elapsed()));
        if let Err(error) = &outcome {
            println!("\nerror: {name}: {error:#}");
            break;
        }
    }
    println!();
    for (name, time) in &times {
        println!("{:>8} s  {name}", seconds(*time));
    }
    let total = times.iter().map(|(_, time)| *time).sum();
    println!("{:>8} s  in all\n", seconds(total));
    // A step can fail without any test having failed: then the step is what failed.
    if outcome.is_err() {
        counts.failed = counts.failed.max(1);
    }
    println!("{} passed, {} failed", counts.passed, counts.failed);
    Ok(if counts.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn seconds(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64())
}

fn host_lints(workspace: &Workspace) -> Command {
    let mut cargo = workspace.cargo();
    cargo.args(["clippy", "--workspace", "--all-targets"]);
    for package in WASM_ONLY {
        cargo.args(["--exclude", package]);
    }
    cargo.args(["--", "-D", "warnings"]);
    cargo
}

fn wasm_lints(workspace: &Workspace) -> Command {
    let mut cargo = workspace.cargo();
    cargo.args(["clippy", "--all-targets", "--target", WASM_TARGET]);
    for package in WASM_ONLY {
        cargo.args(["--package", package]);
    }
    cargo.args(["--", "-D", "warnings"]);
    cargo
}

fn web_app(workspace: &Workspace, _: &mut Counts) -> Result<()> {
    web::build(workspace, Flavour::Release)?;
    budget::check(budget::print(&workspace.dist())?)
}

/// All tests but the browser's. The packages are those of every plain `cargo test`, and the targets are
/// picked by name: naming packages instead would resolve other features and build the world again.
fn host_tests(workspace: &Workspace) -> Command {
    let mut cargo = workspace.cargo();
    cargo.args(["test", "--no-fail-fast", "--lib", "--bins"]);
    for (package, target) in &workspace.test_targets {
        if package != BROWSER_TESTS {
            cargo.args(["--test", target]);
        }
    }
    cargo
}

fn wasm_tests(workspace: &Workspace, counts: &mut Counts) -> Result<()> {
    process::run_counting(
        workspace.cargo().args([
            "test",
            "--package",
            "hongbao-shared",
            "--target",
            WASM_TARGET,
        ]),
        counts,
    )
}

fn script_tests(workspace: &Workspace, counts: &mut Counts) -> Result<()> {
    let package = workspace.target_dir.join("js").join(js_package::NAME);
    js_package::build(workspace, &package)?;
    process::run_counting(
        workspace
            .command("node")
            .env("HONGBAO_JS_PACKAGE", &package)
            .args(["--test", "--test-reporter=tap", "shared-js/test/"]),
        counts,
    )
}

fn browser_tests(workspace: &Workspace, counts: &mut Counts) -> Result<()> {
    let mut cargo = workspace.cargo();
    cargo
        .arg("test")
        .env("HONGBAO_BIN", workspace.binary("debug", "hongbao"));
    for (package, target) in &workspace.test_targets {
        if package == BROWSER_TESTS {
            cargo.args(["--test", target]);
        }
    }
    process::run_counting(&mut cargo, counts)
}
