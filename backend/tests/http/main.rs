//! The REST contract over real HTTP.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/server.rs"]
mod server;

mod answers;
mod bad_addresses;
mod bad_input;
mod scene;
mod sessions;
