//! Streams of live events over HTTP (R-WEB-1): nothing missed, nothing doubled, and
//! nobody hears what is not for them (R-PEOPLE-2).

#![expect(clippy::unwrap_used, reason = "helpers of tests, which Clippy does not take for tests")]

#[path = "../common/mod.rs"]
mod common;

mod ends;
mod events;
mod lines;
mod places;
mod storm;
