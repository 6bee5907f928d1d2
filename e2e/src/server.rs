//! The server under test, as anybody starts it.

use crate::{paths, process::Process};
use anyhow::{Context as _, Result};
use std::process::Command;
use tempfile::TempDir;

/// What the server says once it serves.
const GREETING: &str = "Hongbao is at ";

/// A server with an empty data folder and a free port.
#[derive(Debug)]
pub struct Server {
    url: String,
    process: Process,
    // Removed after the process is gone: fields are dropped in this order.
    _data: TempDir,
}

impl Server {
    /// Starts one on embedded defaults. All of a test's people share one address, so the
    /// limits per address that would meet them are off.
    pub(crate) fn start() -> Result<Self> {
        let data = TempDir::new().context("a folder for the server's data")?;
        let mut command = Command::new(paths::server_binary());
        command
            .args(["server", "--listen", "127.0.0.1:0", "--data"])
            .arg(data.path())
            .env("HONGBAO_ADDRESSES_GUESTS_PER_MINUTE", "0");
        let (process, url) = Process::start(command, |line| {
            line.strip_prefix(GREETING).map(|url| url.trim().trim_end_matches('/').to_owned())
        })?;
        Ok(Self { url, process, _data: data })
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        self.process.output()
    }
}
