//! The server as one process among others: what it writes to, what it finds in its folder, what
//! ends it.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which Clippy does not take for tests")]

mod clock;
#[path = "../common/mod.rs"]
mod common;
mod doctor;
mod doors;
mod folder;
#[cfg(unix)]
mod install;
mod logs;
mod nginx;
mod tasks;

use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{
    path::Path,
    process::{Child, Command, ExitStatus, Output},
    time::Duration,
};
use tokio::time::timeout;

/// How long to wait for what comes by itself.
const PATIENCE: Duration = Duration::from_mins(1);
const LOOK_EVERY: Duration = Duration::from_millis(20);

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Exit code 2 and exactly one line that says this.
fn refused(output: &Output, sentence: &str) {
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.starts_with("hongbao: ") && stderr.contains(sentence), "{stderr}");
}

/// Waits until it holds.
async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    for _ in 0..PATIENCE.as_millis() / LOOK_EVERY.as_millis() {
        if holds().await {
            return;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    panic!("never: {what}");
}

/// Waits until a process that should end by itself has ended.
async fn ended(child: &mut Child) -> ExitStatus {
    for _ in 0..PATIENCE.as_millis() / LOOK_EVERY.as_millis() {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    panic!("the process does not end");
}

/// What it said, and how it ended: one that should be refused, and serves instead, is ended.
async fn said(command: Command) -> Output {
    let output = tokio::process::Command::from(command).kill_on_drop(true).output();
    timeout(PATIENCE, output).await.expect("it does not end").unwrap()
}

/// Makes a database one that was never given an id, as those of versions before.
async fn forget_id(file: &Path) {
    let options = SqliteConnectOptions::new().filename(file);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::query("PRAGMA application_id = 0").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}
