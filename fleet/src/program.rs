//! Finding and running programs.

use anyhow::{Context, Result, bail};
use std::{
    env, fs,
    hash::{BuildHasher as _, Hasher as _, RandomState},
    net::{Ipv4Addr, TcpListener, TcpStream},
    ops::Range,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

/// Where Debian keeps the programs of each version of PostgreSQL.
const POSTGRES: &str = "/usr/lib/postgresql";

/// A program of PostgreSQL, of the newest version there is.
pub(crate) fn of_postgres(name: &str) -> Result<PathBuf> {
    let version = |folder: &Path| {
        folder.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok()).unwrap_or_default()
    };
    let mut folders: Vec<PathBuf> = fs::read_dir(POSTGRES)
        .map(|entries| entries.filter_map(|entry| Some(entry.ok()?.path())).collect())
        .unwrap_or_default();
    folders.sort_by_key(|folder| std::cmp::Reverse(version(folder)));
    let found = folders.into_iter().map(|folder| folder.join("bin").join(name));
    found.chain(on_path(name)).find(|file| file.is_file()).with_context(|| {
        format!("{name} is missing: install PostgreSQL (on Debian `apt-get install postgresql`)")
    })
}

/// A program that Debian puts on the path.
pub(crate) fn of_redis() -> Result<PathBuf> {
    on_path("redis-server").into_iter().find(|file| file.is_file()).context(
        "redis-server is missing: install Redis (on Debian `apt-get install redis-server`)",
    )
}

fn on_path(name: &str) -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).map(|folder| folder.join(name)).collect()
}

/// Runs a program to its end; what it said is in the error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    output(command).map(drop)
}

/// The same; gives what it printed.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| format!("cannot run {name}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{name} failed ({}): {}", output.status, said.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// A port that is free now, and stays so while what listens on it is down: it is none of those
/// that the system gives to connections, which are taken again before a server is back.
pub fn free_port() -> Result<u16> {
    const ATTEMPTS: usize = 1_000;
    for _ in 0..ATTEMPTS {
        let port = PORTS.start + random() % (PORTS.end - PORTS.start);
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no port of {PORTS:?} is free")
}

/// Below those that Linux (from 32768), macOS and Windows (from 49152) give to connections.
const PORTS: Range<u16> = 10_000..32_000;

/// Of every process another, so that tests side by side do not draw the same.
fn random() -> u16 {
    u16::try_from(RandomState::new().build_hasher().finish() >> 48).unwrap_or_default()
}

/// Waits until something listens on a port of this machine.
pub(crate) fn until_it_listens(port: u16) -> Result<()> {
    const ATTEMPTS: u32 = 6_000;
    const PAUSE: Duration = Duration::from_millis(10);
    for _ in 0..ATTEMPTS {
        if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(());
        }
        std::thread::sleep(PAUSE);
    }
    bail!("nothing listens on port {port}")
}
