//! The life of a packet, through the services, on real SQLite files.

#[path = "../common/mod.rs"]
mod common;

mod expiry;
mod numbering;
mod opening;
mod outages;
mod privacy;
mod races;
mod sending;
mod storm;
mod world;
