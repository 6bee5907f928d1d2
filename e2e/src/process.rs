//! Child processes that never outlive their test.

use anyhow::{Context as _, Result, bail};
use std::{
    io::{BufRead as _, BufReader, Read},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::Duration,
};

const START_TIMEOUT: Duration = Duration::from_mins(1);

/// A running child. Dropped, also by a panic, it is killed by its handle.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    output: Arc<Mutex<String>>,
}

impl Process {
    /// Starts `command` and waits until `read` makes something of a line of its output.
    pub(crate) fn start<T: Send + 'static>(
        mut command: Command,
        read: impl Fn(&str) -> Option<T> + Send + 'static,
    ) -> Result<(Self, T)> {
        let program = command.get_program().to_owned();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("could not start {}", program.display()))?;
        let output = Arc::default();
        let (found, finding) = mpsc::channel();
        let stdout = child.stdout.take().context("stdout is piped")?;
        let stderr = child.stderr.take().context("stderr is piped")?;
        // Read to the end, or the child would stand still once the pipe is full.
        follow(stdout, Arc::clone(&output), move |line| {
            if let Some(value) = read(line) {
                // Nobody listens any more after the first.
                found.send(value).ok();
            }
        });
        follow(stderr, Arc::clone(&output), |_| {});
        let process = Self { child, output };
        match finding.recv_timeout(START_TIMEOUT) {
            Ok(value) => Ok((process, value)),
            Err(_) => bail!("{} did not start:\n{}", program.display(), process.output()),
        }
    }

    /// Everything that it has said so far.
    pub(crate) fn output(&self) -> String {
        self.output.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Fails only if it has ended already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn follow(
    pipe: impl Read + Send + 'static,
    output: Arc<Mutex<String>>,
    mut each: impl FnMut(&str) + Send + 'static,
) {
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            each(&line);
            let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
            output.push_str(&line);
            output.push('\n');
        }
    });
}
