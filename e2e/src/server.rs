//! The server under test, as anybody starts it.

use crate::{paths, process::Process};
use anyhow::{Context as _, Result, ensure};
use hongbao_fleet::free_port;
use std::{
    process::Command,
    sync::{Mutex, PoisonError},
};
use tempfile::TempDir;

/// What the server says once it serves.
const GREETING: &str = "Hongbao is at ";

/// A server with an empty data folder and a free port.
#[derive(Debug)]
pub struct Server {
    url: String,
    settings: Mutex<Vec<(String, String)>>,
    process: Mutex<Option<Process>>,
    // Removed after the process is gone: fields are dropped in this order.
    data: TempDir,
}

impl Server {
    /// Starts one on embedded defaults but for these variables. All of a test's people
    /// share one address, so the limits per address that would meet them are off, as those per person; and
    /// nobody chats by themselves, nor has money at first, unless the test is about that.
    pub(crate) fn start(settings: &[(&str, &str)]) -> Result<Self> {
        let data = TempDir::new().context("a folder for the server's data")?;
        let mut all = vec![
            ("HONGBAO_ADDRESSES_GUESTS_PER_MINUTE".to_owned(), "0".to_owned()),
            ("HONGBAO_FLOW_PER_PERSON".to_owned(), "false".to_owned()),
            ("HONGBAO_LIMITS_DEMO".to_owned(), "false".to_owned()),
            ("HONGBAO_LIMITS_WELCOME_GRANT_FEN".to_owned(), "0".to_owned()),
        ];
        all.extend(settings.iter().map(|(name, value)| ((*name).into(), (*value).into())));
        let (process, url) = launch(&data, &all, &format!("127.0.0.1:{}", free_port()?))?;
        Ok(Self { url, settings: Mutex::new(all), process: Mutex::new(Some(process)), data })
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Kills it, as a power cut would.
    pub(crate) fn kill(&self) {
        drop(self.slot().take());
    }

    /// Starts it again where it was, on the data that it left.
    pub(crate) fn start_again(&self) -> Result<()> {
        let address = self.url.strip_prefix("http://").context("an address")?;
        let settings = self.settings.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (process, _) = launch(&self.data, &settings, address)?;
        *self.slot() = Some(process);
        Ok(())
    }

    /// Makes an administrator of somebody, as whoever holds the data does.
    pub(crate) fn grant_admin(&self, user: &str) -> Result<()> {
        let mut command = Command::new(paths::server_binary());
        command.args(["admin", "grant", user, "--data"]).arg(self.data.path());
        let answer = command.output().context("hongbao admin grant")?;
        ensure!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
        Ok(())
    }

    /// More variables for the next start; the last of a name counts.
    pub(crate) fn add_settings(&self, settings: &[(&str, &str)]) {
        let more = settings.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        self.settings.lock().unwrap_or_else(PoisonError::into_inner).extend(more);
    }

    /// What it has logged since it was started last.
    pub(crate) fn log(&self) -> String {
        self.slot().as_ref().map(Process::output).unwrap_or_default()
    }

    fn slot(&self) -> std::sync::MutexGuard<'_, Option<Process>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn launch(
    data: &TempDir,
    settings: &[(String, String)],
    address: &str,
) -> Result<(Process, String)> {
    let mut command = Command::new(paths::server_binary());
    command
        .args(["server", "--listen", address, "--data"])
        .arg(data.path())
        .envs(settings.iter().map(|(name, value)| (name, value)));
    Process::start(command, |line| {
        line.strip_prefix(GREETING).map(|url| url.trim().trim_end_matches('/').to_owned())
    })
}
