use crate::clock::WorldTime;
use data_encoding::HEXLOWER;
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use std::{fmt, sync::Arc};

/// What happens in a run, line by line. Only its digest is kept, and the lines too where
/// somebody wants to read them.
#[derive(Debug)]
pub(crate) struct History {
    time: Arc<WorldTime>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    digest: Sha256,
    lines: Option<Vec<String>>,
}

impl History {
    pub(crate) fn new(time: Arc<WorldTime>, keep_lines: bool) -> Self {
        let state = State { digest: Sha256::new(), lines: keep_lines.then(Vec::new) };
        Self { time, state: Mutex::new(state) }
    }

    /// Notes that something happened now.
    pub(crate) fn note(&self, what: fmt::Arguments<'_>) {
        let line = format!("{:>9} {what}", self.time.elapsed_ms());
        let mut state = self.state.lock();
        state.digest.update(line.as_bytes());
        state.digest.update(b"\n");
        if let Some(lines) = &mut state.lines {
            lines.push(line);
        }
    }

    /// SHA-256 of all lines so far, each with its line feed, in hex.
    pub(crate) fn digest(&self) -> String {
        HEXLOWER.encode(&self.state.lock().digest.clone().finalize())
    }

    /// The lines, if they are kept.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.state.lock().lines.clone().unwrap_or_default()
    }
}
