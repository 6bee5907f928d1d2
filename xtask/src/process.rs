//! Child processes: shown before they run, streamed while they run, named when they fail.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::counts::Counts;

pub(crate) fn run(command: &mut Command) -> Result<()> {
    show(command);
    let status = command.status().with_context(|| format!("could not start {}", name(command)))?;
    if status.success() {
        return Ok(());
    }
    bail!("`{}` failed ({status})", line(command));
}

/// Like [`run`], and adds up the test summaries that pass by; they count also when the command fails.
pub(crate) fn run_counting(command: &mut Command, counts: &mut Counts) -> Result<()> {
    show(command);
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("could not start {}", name(command)))?;
    if let Some(stdout) = child.stdout.take() {
        let mut out = std::io::stdout();
        for text in BufReader::new(stdout).split(b'\n') {
            let text = text?;
            counts.read_line(&String::from_utf8_lossy(&text));
            out.write_all(&text)?;
            out.write_all(b"\n")?;
            out.flush()?;
        }
    }
    let status = child.wait()?;
    if status.success() {
        return Ok(());
    }
    bail!("`{}` failed ({status})", line(command));
}

/// Whether the command can be started and succeeds; what it prints is dropped.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Hands this process over to the command. Ctrl-C and every other signal then reach it directly,
/// with no parent in between that could die first and leave it running in the background.
#[cfg(unix)]
pub(crate) fn become_command(command: &mut Command) -> Result<std::process::ExitCode> {
    use std::os::unix::process::CommandExt as _;

    show(command);
    let error = command.exec();
    Err(error).with_context(|| format!("could not start {}", name(command)))
}

#[cfg(not(unix))]
pub(crate) fn become_command(command: &mut Command) -> Result<std::process::ExitCode> {
    run(command).map(|()| std::process::ExitCode::SUCCESS)
}

fn show(command: &Command) {
    println!("$ {}", line(command));
}

fn line(command: &Command) -> String {
    let mut line = name(command);
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}

fn name(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned()
}
