//! The REST contract over real HTTP.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which Clippy does not take for tests")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/postgres.rs"]
mod postgres;

mod access;
mod answers;
mod bad_addresses;
mod bad_input;
mod bot;
mod cors;
mod demo;
mod document;
mod heads;
mod journal;
mod keys;
mod limits;
mod membership;
mod people;
mod pushes;
mod quick_start;
mod scene;
mod secrecy;
mod services;
mod sessions;
mod texts;
mod treasury;
mod webhooks;
