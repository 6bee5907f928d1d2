//! The ledger on real SQLite files: the contract that every ledger store keeps, random
//! histories, and the lane in front of it (R-MONEY-1, R-SEND-2, R-SEND-4).

#![expect(clippy::unwrap_used, reason = "helpers of tests, which Clippy does not take for tests")]

#[macro_use]
#[path = "../contract/ledger.rs"]
mod contract;
mod batches;
mod faulty;
mod history;
mod lane;
mod memory;
mod reports;
mod sqlite;
