use crate::{program, watchdog::Watchdog};
use anyhow::{Context, Result, bail};
use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// A `hongbao server` of a fleet, as a process of its own.
#[derive(Debug)]
pub struct Node {
    binary: PathBuf,
    folder: PathBuf,
    config: PathBuf,
    home: char,
    port: u16,
    running: Option<(Child, Watchdog)>,
}

impl Node {
    /// Starts one and waits until it serves. `home` is the letter of its site.
    pub fn start(binary: &Path, config: &Path, home: char) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("hongbao-node-").tempdir()?.keep();
        let mut node = Self {
            binary: binary.to_owned(),
            folder,
            config: config.to_owned(),
            home,
            port: program::free_port()?,
            running: None,
        };
        node.run()?;
        Ok(node)
    }

    /// Starts it again on the same port, after it has ended.
    pub fn run(&mut self) -> Result<()> {
        let log = File::options().create(true).append(true).open(self.log())?;
        let mut child = Command::new(&self.binary)
            .args(["server", "--listen", &format!("127.0.0.1:{}", self.port), "--config"])
            .arg(&self.config)
            .arg("--data")
            .arg(&self.folder)
            .env("HONGBAO_SITES_HOME", self.home.to_string())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot run {}", self.binary.display()))?;
        let watchdog =
            Watchdog::new(&format!("kill -9 {}", child.id()), Path::new("/nonexistent"))?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        if !line.starts_with("Hongbao is at ") {
            child.wait()?;
            bail!("a node did not start: {}", std::fs::read_to_string(self.log())?);
        }
        self.running = Some((child, watchdog));
        Ok(())
    }

    /// Where it writes its log.
    pub fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The letter of its site.
    pub fn home(&self) -> char {
        self.home
    }

    /// Ends it without any warning.
    pub fn kill(&mut self) -> Result<()> {
        if let Some((mut child, _watchdog)) = self.running.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// Asks it to end, and waits until it has drained. Gives its exit code.
    pub fn stop(&mut self) -> Result<Option<i32>> {
        let Some((mut child, _watchdog)) = self.running.take() else { return Ok(None) };
        program::run(Command::new("kill").args(["-TERM", &child.id().to_string()]))?;
        Ok(child.wait()?.code())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ended = self.kill();
        let _removed = std::fs::remove_dir_all(&self.folder);
    }
}
