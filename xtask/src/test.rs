//! `cargo xtask test`: every check there is, the quick ones first.

use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use crate::bindgen::Flavour;
use crate::counts::Counts;
use crate::parts::{Check, Parts};
use crate::workspace::{WASM_TARGET, Workspace};
use crate::{budget, fuzz, js_package, process, setup, web};

/// The package whose tests drive a browser; they are the slowest and run last.
const BROWSER_TESTS: &str = "hongbao-e2e";

/// Never built for this machine, only for wasm32.
const WASM_ONLY: [&str; 2] = ["hongbao-frontend", "hongbao-js"];

/// Tools for building: beside the server's packages they would get its features of what both use, and
/// the WASM toolchain would be built twice.
const TOOLS: [&str; 2] = ["xtask", "wasm-test-runner"];

type Run = fn(&Workspace, &Parts, &mut Counts) -> Result<()>;

/// What it is called, what it belongs to (`None` for what everything needs), and what it does.
type Step = (&'static str, Option<Check>, Run);

/// Stops at the first step that fails. The order is by price: what a slip of the pen breaks comes
/// before what takes minutes, and nothing is built a second time with other features or profiles.
const STEPS: [Step; 12] = [
    ("set-up", None, set_up),
    ("format", Some(Check::Format), format),
    ("tests of xtask", Some(Check::Xtask), xtask_tests),
    ("lints, server side", Some(Check::Lints), host_lints),
    ("lints, browser side", Some(Check::WasmLints), wasm_lints),
    ("web app and its budget", Some(Check::Web), web_app),
    ("build of server and tests", None, host_build),
    ("tests", Some(Check::Tests), host_tests),
    ("tests in WASM", Some(Check::Wasm), wasm_tests),
    ("JavaScript package and verifier", Some(Check::Js), script_tests),
    ("fuzz targets", Some(Check::Fuzz), fuzz_targets),
    ("browser tests", Some(Check::Browser), browser_tests),
];

/// How often tests are to run (`--times N`; once), and the arguments that are left.
pub(crate) fn times(arguments: &[String]) -> Result<(u32, Vec<String>)> {
    let mut rest = arguments.to_vec();
    let Some(at) = rest.iter().position(|argument| argument == "--times") else {
        return Ok((1, rest));
    };
    let times = rest.get(at + 1).and_then(|times| times.parse().ok()).filter(|times| *times > 0);
    let times = times.context("--times wants a number, such as 20")?;
    rest.drain(at..at + 2);
    Ok((times, rest))
}

/// Runs what belongs to `parts`, tests so many times. The last line is always `N passed, N failed`.
pub(crate) fn run(workspace: &Workspace, parts: &Parts, times: u32) -> ExitCode {
    let mut counts = Counts::default();
    let mut took = Vec::new();
    let mut outcome = Ok(());
    for (name, check, step) in STEPS {
        if check.is_some_and(|check| !parts.has(check)) {
            continue;
        }
        println!("\n=== {name}");
        let start = Instant::now();
        let repeats = if check.is_some_and(Check::tests) { times } else { 1 };
        // One that fails is tried as often as the others: how often it does is to be known.
        for _ in 0..repeats {
            outcome = outcome.and(step(workspace, parts, &mut counts));
        }
        took.push((name, start.elapsed()));
        if let Err(error) = &outcome {
            println!("\nerror: {name}: {error:#}");
            break;
        }
    }
    println!();
    for (name, time) in &took {
        println!("{:>8} s  {name}", seconds(*time));
    }
    let total = took.iter().map(|(_, time)| *time).sum();
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

fn set_up(workspace: &Workspace, _: &Parts, _: &mut Counts) -> Result<()> {
    setup::for_testing(workspace)
}

fn format(workspace: &Workspace, _: &Parts, _: &mut Counts) -> Result<()> {
    process::run(workspace.cargo().args(["fmt", "--all", "--check"]))
}

fn xtask_tests(workspace: &Workspace, _: &Parts, counts: &mut Counts) -> Result<()> {
    process::run_counting(workspace.cargo().args(["test", "--package", "xtask"]), counts)
}

fn host_lints(workspace: &Workspace, _: &Parts, _: &mut Counts) -> Result<()> {
    let mut cargo = workspace.cargo();
    cargo.args(["clippy", "--workspace", "--all-targets"]);
    exclude(&mut cargo, &WASM_ONLY);
    process::run(cargo.args(["--", "-D", "warnings"]))
}

fn wasm_lints(workspace: &Workspace, _: &Parts, _: &mut Counts) -> Result<()> {
    let mut cargo = workspace.cargo();
    cargo.args(["clippy", "--all-targets", "--target", WASM_TARGET]);
    for package in WASM_ONLY {
        cargo.args(["--package", package]);
    }
    process::run(cargo.args(["--", "-D", "warnings"]))
}

fn web_app(workspace: &Workspace, _: &Parts, _: &mut Counts) -> Result<()> {
    web::build(workspace, Flavour::Release)?;
    budget::check(&budget::print(&workspace.dist())?)
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

fn host_build(workspace: &Workspace, parts: &Parts, _: &mut Counts) -> Result<()> {
    let mut build = host_packages(workspace, "build");
    // A few tests build what they need by themselves; the browser's need the server.
    if parts.has(Check::Tests) && parts.chosen().is_none() {
        process::run(build.arg("--all-targets"))
    } else if parts.has(Check::Browser) {
        process::run(build.args(["--bin", "hongbao"]))
    } else {
        Ok(())
    }
}

/// All tests but the browser's, which are left out by the names of their targets.
fn host_tests(workspace: &Workspace, parts: &Parts, counts: &mut Counts) -> Result<()> {
    let mut tests = host_packages(workspace, "test");
    tests.arg("--no-fail-fast");
    if let Some(chosen) = parts.chosen() {
        return process::run_counting(tests.args(chosen), counts);
    }
    tests.args(["--lib", "--bins"]);
    let others = workspace.test_targets.iter().filter(|(package, _)| package != BROWSER_TESTS);
    for (_, target) in others {
        tests.args(["--test", target]);
    }
    process::run_counting(&mut tests, counts)?;
    process::run_counting(host_packages(workspace, "test").arg("--doc"), counts)
}

fn wasm_tests(workspace: &Workspace, _: &Parts, counts: &mut Counts) -> Result<()> {
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

fn script_tests(workspace: &Workspace, _: &Parts, counts: &mut Counts) -> Result<()> {
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

fn fuzz_targets(workspace: &Workspace, _: &Parts, counts: &mut Counts) -> Result<()> {
    counts.passed += fuzz::all(workspace, &fuzz::Options::of_test())?;
    Ok(())
}

fn browser_tests(workspace: &Workspace, _: &Parts, counts: &mut Counts) -> Result<()> {
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

#[cfg(test)]
mod tests {
    use super::times;

    #[test]
    fn tests_can_run_many_times() {
        let parse = |arguments: &[&str]| {
            let arguments: Vec<_> = arguments.iter().map(|one| (*one).to_owned()).collect();
            times(&arguments)
        };
        assert_eq!(parse(&["--only", "packets"]).unwrap().0, 1);
        let (times, rest) = parse(&["--only", "packets", "--times", "20", "--changed"]).unwrap();
        assert_eq!((times, rest.join(" ").as_str()), (20, "--only packets --changed"));
        for wrong in [&["--times"][..], &["--times", "0"], &["--times", "many"]] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
