//! The real server on SQLite files ends without a goodbye: at every crash point, by
//! `kill -9` at any moment, in the middle of a thousand ends. Nothing that was answered is
//! lost, everything that was begun goes on, and every law holds.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which Clippy does not take for tests")]
#![expect(clippy::print_stdout, reason = "the seed, for whoever repeats a failure")]

#[path = "../common/mod.rs"]
mod common;
mod databases;
mod expiry;
mod facts;
#[path = "../common/fleet.rs"]
mod fleet;
mod kills;
mod past;
mod points;
mod pushes;
mod stage;
mod told;
mod traffic;
mod webhooks;

use hongbao_shared::Timestamp;
use std::time::SystemTime;

fn now() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "the child runs on the clock of the machine")]
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    Timestamp::from_millis(i64::try_from(now.as_millis()).unwrap())
}
