//! The server under test: a child process on data of its own, on a free port.

use crate::wire::Connection;
use anyhow::{Context, Result, ensure};
use std::{
    fmt,
    fs::{self, File},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, ChildStdout},
};

const START_MAX: Duration = Duration::from_secs(30);
/// Everything that was opened is credited before a server ends, however slow the disk.
const DRAIN_MAX_S: u64 = 300;

/// Which binary, and how it is set up.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The `hongbao` binary.
    pub binary: PathBuf,
    /// Variables on top of the defaults.
    pub variables: Vec<(&'static str, String)>,
    /// A configuration file.
    pub config: Option<PathBuf>,
    /// The subcommand that serves, and what else it takes.
    pub serve: Vec<String>,
}

impl Setup {
    /// A binary with its defaults.
    pub fn new(binary: PathBuf) -> Self {
        Self { binary, variables: Vec::new(), config: None, serve: vec!["server".to_owned()] }
    }

    /// Limits that let this many people open one packet of this many shares, and
    /// everything else as it is by default.
    pub fn sized(binary: PathBuf, people: usize, shares: usize, total_fen: u64) -> Self {
        let room = (people.max(shares) + 1).to_string();
        let cached = (2 * people).max(100_000).to_string();
        let variables = [
            ("HONGBAO_LIMITS_GROUP_MEMBERS_MAX", room.clone()),
            ("HONGBAO_LIMITS_MAX_SHARES", room),
            ("HONGBAO_LIMITS_MAX_TOTAL_FEN", total_fen.to_string()),
            ("HONGBAO_LIMITS_MAX_TOP_UP_FEN", (total_fen * 1_000).to_string()),
            // Everyone grabs before anyone opens.
            ("HONGBAO_LIMITS_TICKET_TTL_S", "3600".to_owned()),
            // One sender stands for many.
            ("HONGBAO_FLOW_PER_PERSON", "false".to_owned()),
            ("HONGBAO_CACHE_SESSIONS_MAX", cached.clone()),
            ("HONGBAO_CACHE_MEMBERSHIPS_MAX", cached),
            ("HONGBAO_SERVER_DRAIN_S", DRAIN_MAX_S.to_string()),
        ];
        Self { variables: variables.into(), ..Self::new(binary) }
    }

    /// With one more variable.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    pub(crate) fn command(&self, subcommand: &str, data: &Path) -> Command {
        let mut command = Command::new(&self.binary);
        command.arg(subcommand).arg("--data").arg(data).stdin(Stdio::null());
        if let Some(config) = &self.config {
            command.arg("--config").arg(config);
        }
        // What the caller's shell happens to set is not what is measured.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("HONGBAO_") {
                command.env_remove(name);
            }
        }
        command.envs(self.variables.iter().map(|(name, value)| (*name, value)));
        command
    }

    /// Starts a server on this data; its log goes into the data folder.
    pub async fn start(&self, data: &Path) -> Result<Server> {
        fs::create_dir_all(data)?;
        let (subcommand, more) = self.serve.split_first().context("nothing serves")?;
        let mut command = self.command(subcommand, data);
        command
            .args(more)
            .args(["--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(File::create(data.join("server.log"))?);
        let mut child = tokio::process::Command::from(command)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", self.binary.display()))?;
        let stdout = child.stdout.take().context("the server has no output")?;
        let mut stdout = BufReader::new(stdout);
        let mut line = String::new();
        tokio::time::timeout(START_MAX, stdout.read_line(&mut line))
            .await
            .context("the server does not start")??;
        let address = line
            .trim()
            .strip_prefix("Hongbao is at http://")
            .and_then(|address| address.parse().ok())
            .with_context(|| {
                let log = fs::read_to_string(data.join("server.log")).unwrap_or_default();
                format!("the server did not start: {line}{log}")
            })?;
        let process = child.id().context("the server has ended")?;
        let data = data.to_owned();
        Ok(Server { setup: self.clone(), data, address, process, child, _stdout: stdout })
    }
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    /// How it was set up.
    pub setup: Setup,
    /// Where its data is.
    pub data: PathBuf,
    /// Where it listens.
    pub address: SocketAddr,
    /// Its process.
    pub process: u32,
    child: Child,
    /// Kept open: a server whose output is closed may fail to write.
    _stdout: BufReader<ChildStdout>,
}

impl Server {
    /// One of its counters, summed over labels; zero if it has not counted yet.
    pub async fn counter(&self, name: &str) -> Result<f64> {
        let mut connection = Connection::open(self.address).await?;
        let answer = connection.call(&crate::wire::get("/metrics", None)).await?;
        ensure!(answer.status == 200, "no metrics");
        Ok(sum_of(&String::from_utf8_lossy(answer.body), name))
    }

    /// What its lanes have committed so far.
    pub async fn batches(&self) -> Result<Batches> {
        Ok(Batches {
            claims: self.counter("hongbao_claims_total").await?,
            commits: self.counter("hongbao_lane_commit_seconds_count").await?,
            seconds: self.counter("hongbao_lane_commit_seconds_sum").await?,
        })
    }

    /// Asks it to stop and waits until it has delivered everything.
    pub async fn stop(mut self) -> Result<()> {
        let asked = Command::new("kill").args(["-TERM", &self.process.to_string()]).status()?;
        ensure!(asked.success(), "the server cannot be stopped");
        let ended = tokio::time::timeout(Duration::from_secs(3 * DRAIN_MAX_S), self.child.wait());
        let ended = ended.await.context("the server does not stop")??;
        ensure!(ended.success(), "the server ended with {ended}");
        Ok(())
    }

    /// What proves from its data that not one fen is off, once it has stopped.
    pub fn audit(&self) -> Audit {
        let command = self.setup.command("audit", &self.data);
        Audit { command, log: self.data.join("server.log") }
    }
}

/// An audit to be.
#[derive(Debug)]
pub struct Audit {
    command: Command,
    log: PathBuf,
}

impl Audit {
    /// Fails if it finds anything.
    pub async fn run(self) -> Result<()> {
        let mut command = tokio::process::Command::from(self.command);
        let audit = command.arg("--at-rest").output().await?;
        ensure!(
            audit.status.success(),
            "the audit failed: {}{}\nthe server's log: {}",
            String::from_utf8_lossy(&audit.stdout),
            String::from_utf8_lossy(&audit.stderr),
            fs::read_to_string(self.log).unwrap_or_default(),
        );
        Ok(())
    }
}

/// Adds up the samples of one name in Prometheus' text format.
fn sum_of(metrics: &str, name: &str) -> f64 {
    metrics
        .lines()
        .filter_map(|line| line.strip_prefix(name))
        .filter(|rest| rest.starts_with([' ', '{']))
        .filter_map(|rest| rest.rsplit(' ').next()?.parse::<f64>().ok())
        .sum()
}

/// Commits of lanes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Batches {
    claims: f64,
    commits: f64,
    seconds: f64,
}

impl Batches {
    /// These as well.
    pub fn add(&mut self, more: Self) {
        self.claims += more.claims;
        self.commits += more.commits;
        self.seconds += more.seconds;
    }

    /// What came after an earlier look, if anything did.
    #[must_use]
    pub fn since(self, before: Self) -> Option<Self> {
        let commits = self.commits - before.commits;
        let since = Self {
            claims: self.claims - before.claims,
            commits,
            seconds: self.seconds - before.seconds,
        };
        (commits > 0.0).then_some(since)
    }
}

impl fmt::Display for Batches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (claims, ms) = (self.claims / self.commits, self.seconds * 1e3 / self.commits);
        write!(f, "{claims:.0} claims per commit, a commit takes {ms:.2} ms")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_summed_over_labels() {
        let text = "# TYPE a counter\na{x=\"1\"} 2\na{x=\"2\"} 3.5\na_more 100\nb 7\n";
        assert!((sum_of(text, "a") - 5.5).abs() < f64::EPSILON);
        assert!((sum_of(text, "b") - 7.0).abs() < f64::EPSILON);
        assert!(sum_of(text, "c").abs() < f64::EPSILON);
    }

    #[test]
    fn the_callers_settings_do_not_count() {
        let setup =
            Setup::sized("hongbao".into(), 10, 20, 100).with("HONGBAO_CREDIT_MODE", "queue");
        let command = setup.command("server", Path::new("d"));
        let value = |name: &str| {
            let found = command.get_envs().find(|(key, _)| *key == name);
            found.and_then(|(_, value)| value?.to_str())
        };
        assert_eq!(value("HONGBAO_LIMITS_MAX_SHARES"), Some("21"));
        assert_eq!(value("HONGBAO_CREDIT_MODE"), Some("queue"));
    }
}
