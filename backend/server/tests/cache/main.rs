//! The shared tier (R-CACHE, R-ORDER-2, R-CTRL-2): one set of laws for memory, a Redis
//! server and a Redis cluster, and what only servers can do to it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../common/mod.rs"]
mod common;

mod laws;
mod news;
mod notes;
mod outages;
mod sample;
mod tiers;
mod writer;
