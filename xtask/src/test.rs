//! `cargo xtask test`: every check there is, the quick ones first.

use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::bindgen::Flavour;
use crate::counts::Counts;
use crate::workspace::{WASM_TARGET, Workspace};
use crate::{budget, js_package, process, setup, web};

/// The package whose tests drive a browser; they are the slowest and run last.
const BROWSER_TESTS: &str = "hongbao-e2e";

/// Never built for this machine, only for wasm32.
const WASM_ONLY: [&str; 2] = ["hongbao-frontend", "hongbao-js"];

/// Tools for building: beside the server's packages they would get its features of what both use, and
/// the WASM toolchain would be built twice.
const TOOLS: [&str; 2] = ["xtask", "wasm-test-runner"];

type Step = (&'static str, fn(&Workspace, &mut Counts) -> Result<()>);

/// Stops at the first step that fails. The order is by price: what a slip of the pen breaks comes
/// before what takes minutes, and nothing is built a second time with other features or profiles.
const STEPS: [Step; 11] = [
    ("set-up", set_up),
    ("format", format),
    ("tests of xtask", xtask_tests),
    ("lints, server side", host_lints),
    ("lints, browser side", wasm_lints),
    ("web app and its budget", web_app),
    ("build of server and tests", host_build),
    ("tests", host_tests),
    ("tests in WASM", wasm_tests),
    ("JavaScript package and verifier", script_tests),
    ("browser tests", browser_tests),
];

/// The last line is always `N passed, N failed`.
pub(crate) fn run(workspace: &Workspace) -> ExitCode {
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
    if counts.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn seconds(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64())
}

fn set_up(workspace: &Workspace, _: &mut Counts) -> Result<()> {
    setup::for_testing(workspace)
}

fn format(workspace: &Workspace, _: &mut Counts) -> Result<()> {
    process::run(workspace.cargo().args(["fmt", "--all", "--check"]))
}

fn xtask_tests(workspace: &Workspace, counts: &mut Counts) -> Result<()> {
    process::run_counting(workspace.cargo().args(["test", "--package", "xtask"]), counts)
}

fn host_lints(workspace: &Workspace, _: &mut Counts) -> Result<()> {
    let mut cargo = workspace.cargo();
    cargo.args(["clippy", "--workspace", "--all-targets"]);
    exclude(&mut cargo, &WASM_ONLY);
    process::run(cargo.args(["--", "-D", "warnings"]))
}

fn wasm_lints(workspace: &Workspace, _: &mut Counts) -> Result<()> {
    let mut cargo = workspace.cargo();
    cargo.args(["clippy", "--all-targets", "--target", WASM_TARGET]);
    for package in WASM_ONLY {
        cargo.args(["--package", package]);
    }
    process::run(cargo.args(["--", "-D", "warnings"]))
}

fn web_app(workspace: &Workspace, _: &mut Counts) -> Result<()> {
    web::build(workspace, Flavour::Release)?;
    budget::check(budget::print(&workspace.dist())?)
}

/// The same packages in this and the two following steps, so that Cargo resolves the same features and
/// builds everything once: also the server that the browser tests start.
fn host_packages(workspace: &Workspace, subcommand: &str) -> Command {
    let mut cargo = workspace.cargo();
    cargo.args([subcommand, "--workspace"]);
    exclude(&mut cargo, &WASM_ONLY);
    exclude(&mut cargo, &TOOLS);
    cargo
}

fn exclude(cargo: &mut Command, packages: &[&str]) {
    for package in packages {
        cargo.args(["--exclude", package]);
    }
}

fn host_build(workspace: &Workspace, _: &mut Counts) -> Result<()> {
    process::run(host_packages(workspace, "build").arg("--all-targets"))
}

/// All tests but the browser's, which are left out by the names of their targets.
fn host_tests(workspace: &Workspace, counts: &mut Counts) -> Result<()> {
    let mut tests = host_packages(workspace, "test");
    tests.args(["--no-fail-fast", "--lib", "--bins"]);
    let others = workspace.test_targets.iter().filter(|(package, _)| package != BROWSER_TESTS);
    for (_, target) in others {
        tests.args(["--test", target]);
    }
    process::run_counting(&mut tests, counts)?;
    process::run_counting(host_packages(workspace, "test").arg("--doc"), counts)
}

fn wasm_tests(workspace: &Workspace, counts: &mut Counts) -> Result<()> {
    process::run_counting(
        workspace
            .cargo()
            .args(["test", "--package", "hongbao-shared", "--package", "hongbao-frontend"])
            .args(["--target", WASM_TARGET])
            // Seconds per test; the runner's own 20 are few for statistics on a busy machine.
            .env("WASM_BINDGEN_TEST_TIMEOUT", "300"),
        counts,
    )
}

fn script_tests(workspace: &Workspace, counts: &mut Counts) -> Result<()> {
    js_package::test(workspace, counts)?;
    // The verifier knows none of this repository's code: that both agree is the point.
    for arguments in
        [["--vectors", "docs/fairness-vectors.json"], ["--", "docs/fairness-example.json"]]
    {
        process::run(workspace.command("python3").arg("docs/verify.py").args(arguments))?;
        counts.passed += 1;
    }
    process::run(workspace.command("python3").arg("docs/test_verify.py"))?;
    counts.passed += 1;
    Ok(())
}

fn browser_tests(workspace: &Workspace, counts: &mut Counts) -> Result<()> {
    let mut tests = host_packages(workspace, "test");
    tests.env("HONGBAO_BIN", workspace.binary("debug", "hongbao"));
    let own = workspace.test_targets.iter().filter(|(package, _)| package == BROWSER_TESTS);
    let before = tests.get_args().count();
    for (_, target) in own {
        tests.args(["--test", target]);
    }
    // Without a target's name this command would run every other test again and call it done.
    ensure!(tests.get_args().count() > before, "{BROWSER_TESTS} has no test targets");
    process::run_counting(&mut tests, counts)
}
