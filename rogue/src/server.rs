//! The program under test as a process, and what can be done to one from outside.

use crate::{dice::Dice, world::World};
use anyhow::{Context as _, Result, bail};
use hongbao_fleet::{Watchdog, free_port};
use std::{
    ffi::OsString,
    fs::File,
    os::{fd::OwnedFd, unix::net::UnixStream},
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    task::JoinHandle,
    time::timeout,
};

/// What it says once it serves.
const GREETING: &str = "Hongbao is at ";
/// Far beyond what a start takes on a busy machine.
const START_WITHIN: Duration = Duration::from_mins(1);
/// Draining takes 10 s at most by default; the rest is a busy machine's.
const END_WITHIN: Duration = Duration::from_secs(40);
/// A program that refuses to start does so at once.
const REFUSE_WITHIN: Duration = Duration::from_secs(20);
/// An audit or a backup of what a run makes takes seconds.
const ENDS_WITHIN: Duration = Duration::from_mins(5);

/// A `hongbao server`, running or not, always at the same address.
#[derive(Debug)]
pub(crate) struct Server {
    binary: PathBuf,
    node: usize,
    /// Which data it serves, as its arguments say.
    on: Vec<OsString>,
    address: String,
    settings: Vec<(String, String)>,
    world: Arc<World>,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    /// Reads its log; with it ends the other side of its standard error.
    log: Option<JoinHandle<()>>,
    _watchdog: Watchdog,
}

/// Where its log goes.
#[derive(Clone, Debug)]
pub(crate) enum Log {
    /// To us.
    Here,
    /// Appended to a file.
    File(PathBuf),
}

impl Server {
    pub(crate) fn new(
        binary: &Path,
        node: usize,
        on: Vec<OsString>,
        settings: Vec<(String, String)>,
        world: Arc<World>,
    ) -> Result<Self> {
        Ok(Self {
            binary: binary.to_owned(),
            node,
            on,
            address: format!("127.0.0.1:{}", free_port()?),
            settings,
            world,
            running: None,
        })
    }

    fn command(&self, subcommand: &str) -> Command {
        self.command_on(subcommand, &self.on)
    }

    fn command_on(&self, subcommand: &str, on: &[OsString]) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .args(subcommand.split(' '))
            .args(on)
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    /// Starts it; does not wait until it serves.
    fn spawn(&mut self, log: &Log) -> Result<()> {
        let mut command = self.command("server");
        command.args(["--listen", &self.address]).stdout(Stdio::piped());
        let reader = match log {
            Log::Here => {
                let (ours, its) = UnixStream::pair()?;
                command.stderr(Stdio::from(OwnedFd::from(its)));
                ours.set_nonblocking(true)?;
                Some(tokio::net::UnixStream::from_std(ours)?)
            }
            Log::File(path) => {
                command.stderr(File::options().create(true).append(true).open(path)?);
                None
            }
        };
        let child = command.spawn().with_context(|| format!("run {}", self.binary.display()))?;
        let id = child.id().context("a process that was just started has an id")?;
        let watchdog = Watchdog::new(&format!("kill -9 {id}"), Path::new("/nonexistent"))?;
        let (world, node) = (Arc::clone(&self.world), self.node);
        let log = reader.map(|stream| {
            tokio::spawn(async move {
                let mut lines = BufReader::new(stream).lines();
                while let Ok(Some(line)) = lines.next_line().await {
                    let faulty = line.contains("ERROR") || line.contains("panicked");
                    world.count(if faulty { "errors logged" } else { "lines logged" });
                    world.note(&format!("log of {node}: {line}"));
                }
            })
        });
        self.running = Some(Running { child, log, _watchdog: watchdog });
        Ok(())
    }

    /// Starts it and waits until it serves.
    pub(crate) async fn start(&mut self, log: &Log) -> Result<()> {
        self.spawn(log)?;
        let running = self.running.as_mut().context("it was just started")?;
        let stdout = running.child.stdout.take().context("stdout is piped")?;
        let mut lines = BufReader::new(stdout).lines();
        let said = timeout(START_WITHIN, lines.next_line()).await;
        let Ok(Ok(Some(line))) = said else {
            let status = self.kill().await?;
            bail!("the server did not start ({status})");
        };
        let url = line.strip_prefix(GREETING).context("another greeting")?.trim();
        self.world.set_url(self.node, url);
        url.trim_start_matches("http://").clone_into(&mut self.address);
        Ok(())
    }

    /// Starts it and kills it so long after.
    pub(crate) async fn start_and_kill(&mut self, after: Duration) -> Result<()> {
        self.spawn(&Log::Here)?;
        tokio::time::sleep(after).await;
        self.kill().await.map(drop)
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.running.as_mut().and_then(|running| running.child.try_wait().ok().flatten())
    }

    /// `kill -9`.
    pub(crate) async fn kill(&mut self) -> Result<ExitStatus> {
        let mut running = self.running.take().context("nothing to kill")?;
        // Fails only if it has ended already.
        running.child.start_kill().ok();
        Ok(running.child.wait().await?)
    }

    /// SIGTERM, and waits for the end; a process that does not end is killed.
    pub(crate) async fn terminate(&mut self) -> Result<ExitStatus> {
        self.signal("TERM").await?;
        let running = self.running.as_mut().context("nothing to end")?;
        if let Ok(status) = timeout(END_WITHIN, running.child.wait()).await {
            self.running = None;
            return Ok(status?);
        }
        self.world.violation("SIGTERM did not end it in time");
        self.kill().await
    }

    pub(crate) async fn signal(&self, name: &str) -> Result<()> {
        let id = self.running.as_ref().and_then(|running| running.child.id());
        let id = id.context("nothing to signal")?;
        Command::new("kill").args([&format!("-{name}"), &id.to_string()]).status().await?;
        Ok(())
    }

    /// Nobody reads its log any more.
    pub(crate) fn close_log(&mut self) {
        if let Some(log) = self.running.as_mut().and_then(|running| running.log.take()) {
            log.abort();
        }
    }

    /// Starts a second one on the same data, which has to refuse. What is wrong, if
    /// something is.
    pub(crate) async fn second(&self) -> Result<Option<String>> {
        let mut command = self.command("server");
        command.args(["--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn()?;
        Ok(match timeout(REFUSE_WITHIN, child.wait_with_output()).await {
            // Dropped, it is killed.
            Err(_) => Some("a second server runs on the same data".to_owned()),
            Ok(output) => {
                let output = output?;
                let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
                self.world.note(&format!("second server: {}, {said}", output.status));
                let refused = output.status.code().is_some_and(|code| code != 0);
                let why = "a second server ended without a refusal and a reason";
                (!refused || said.is_empty() || said.contains("panicked"))
                    .then(|| format!("{why}: {}, {said}", output.status))
            }
        })
    }

    /// `hongbao audit`; what it found, if something.
    pub(crate) async fn audit(&self, at_rest: bool) -> Result<Option<String>> {
        let mut command = self.command("audit");
        if at_rest {
            command.arg("--at-rest");
        }
        self.to_its_end(command).await
    }

    /// `hongbao backup`, restored somewhere else, where the audit has to be clean as well.
    /// What is wrong, if something is.
    pub(crate) async fn backup(&self) -> Result<Option<String>> {
        let folder = tempfile::Builder::new().prefix("hongbao-rogue-backup-").tempdir()?;
        let backup = folder.path().join("backup");
        if let Some(finding) = self.back_up(&backup).await? {
            return Ok(Some(finding));
        }
        self.restore(&backup, &folder.path().join("restored")).await
    }

    /// `hongbao backup` with its keys. What is wrong, if something is.
    pub(crate) async fn back_up(&self, backup: &Path) -> Result<Option<String>> {
        let mut command = self.command("backup");
        command.arg("--with-keys").arg(backup);
        self.to_its_end(command).await
    }

    /// Restores a backup into a folder, where the audit has to be clean.
    pub(crate) async fn restore(&self, backup: &Path, folder: &Path) -> Result<Option<String>> {
        let on = on_folder(folder);
        let mut command = self.command_on("restore", &on);
        command.arg(backup);
        if let Some(finding) = self.to_its_end(command).await? {
            return Ok(Some(finding));
        }
        let finding = self.to_its_end(self.command_on("audit", &on)).await?;
        Ok(finding.map(|finding| format!("of what was restored: {finding}")))
    }

    /// From its next start on it serves this folder. The one that it served.
    pub(crate) fn move_to(&mut self, folder: &Path) -> PathBuf {
        let before = std::mem::replace(&mut self.on, on_folder(folder));
        before.last().map(PathBuf::from).unwrap_or_default()
    }

    /// `hongbao keys …`. What is wrong, if something is.
    pub(crate) async fn keys(&self, what: &str, id: Option<&str>) -> Result<Option<String>> {
        let mut command = self.command(&format!("keys {what}"));
        command.args(id);
        self.to_its_end(command).await
    }

    /// Runs a command that has to succeed. What it said, if it does not.
    async fn to_its_end(&self, mut command: Command) -> Result<Option<String>> {
        let what = format!("{:?}", command.as_std().get_args().collect::<Vec<_>>());
        let output = timeout(ENDS_WITHIN, command.output()).await.context("its end")??;
        let said = String::from_utf8_lossy(&output.stdout);
        let complaint = String::from_utf8_lossy(&output.stderr);
        self.world.note(&format!("{what}: {}, {said}", output.status));
        Ok((!output.status.success())
            .then(|| format!("{what}: {}: {said} {complaint}", output.status)))
    }

    /// When the process is killed in its first moments.
    pub(crate) fn early_moment(dice: &mut Dice) -> Duration {
        dice.millis(0, 600)
    }
}

/// The arguments of a server on SQLite.
pub(crate) fn on_folder(folder: &Path) -> Vec<OsString> {
    vec!["--data".into(), folder.into()]
}
