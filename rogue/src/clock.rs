//! The wall clock of the server, which can be set by way of libfaketime.

use anyhow::Result;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Where Debian keeps it.
const LIBRARY: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

/// A file that says how far the server's clock is off.
#[derive(Debug)]
pub(crate) struct Clock(PathBuf);

impl Clock {
    /// `None` without libfaketime.
    pub(crate) fn new(folder: &Path, node: usize) -> Result<Option<Self>> {
        if !Path::new(LIBRARY).is_file() {
            return Ok(None);
        }
        let clock = Self(folder.join(format!("clock-{node}")));
        clock.set(0)?;
        Ok(Some(clock))
    }

    /// What the server has to be started with. Monotonic time stays what it is: a clock
    /// that steps does not move a machine's uptime.
    pub(crate) fn settings(&self) -> Vec<(String, String)> {
        let file = self.0.display().to_string();
        [
            ("LD_PRELOAD", LIBRARY),
            ("FAKETIME_TIMESTAMP_FILE", &file),
            ("FAKETIME_CACHE_DURATION", "1"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    /// So many seconds ahead; negative is behind.
    pub(crate) fn set(&self, ahead_s: i64) -> Result<()> {
        // Replaced as a whole: the server may read it at any moment.
        let draft = self.0.with_extension("draft");
        fs::write(&draft, format!("{ahead_s:+}\n"))?;
        Ok(fs::rename(draft, &self.0)?)
    }
}
