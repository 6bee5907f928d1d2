//! Compensation and reconciliation (R-MONEY-3, R-SEND-2, R-LIST-1), on real SQLite files.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which Clippy does not take for tests")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../packets/world.rs"]
#[allow(dead_code, reason = "every test binary uses another part of it")]
mod world;

mod again;
mod attempts;
mod backup;
mod beside;
mod clocks;
mod commands;
mod days;
mod ends;
mod files;
mod giving_up;
mod later;
mod letters;
mod lost;
mod lost_replies;
mod moments;
mod moving;
mod planted;
#[path = "../common/postgres.rs"]
mod postgres;
mod stalled;
mod tampered;
