//! The life of a packet, through the services, on real SQLite files.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which Clippy does not take for tests")]

#[path = "../common/mod.rs"]
mod common;

mod compared;
mod crediting;
mod cycle;
mod expiry;
mod leaving;
mod lists;
mod nodes;
mod numbering;
mod opening;
mod outages;
mod privacy;
mod races;
mod sending;
mod storm;
mod world;
