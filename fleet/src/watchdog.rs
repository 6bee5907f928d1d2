//! Ends what was started, however this process ends.

use anyhow::{Context, Result};
use std::{
    path::Path,
    process::{Child, Command, Stdio},
};

/// A shell that waits for the end of this process, which it notices by its standard input,
/// and then stops a server and removes its folder.
#[derive(Debug)]
pub struct Watchdog(Child);

impl Watchdog {
    /// `stop` is what stops the server, `folder` what goes with it.
    pub fn new(stop: &str, folder: &Path) -> Result<Self> {
        let script = r#"trap '' INT TERM HUP; cat > /dev/null; eval "$1"; rm -rf "$2""#;
        let child = Command::new("sh")
            .args(["-c", script, "watchdog", stop])
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start a shell")?;
        Ok(Self(child))
    }
}

/// At once, and waits for it.
impl Drop for Watchdog {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        drop(self.0.wait());
    }
}
