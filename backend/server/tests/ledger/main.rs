//! The ledger in memory, on real SQLite files and on a real PostgreSQL server: the contract
//! that every ledger store keeps, random histories, and the lane in front of it (R-MONEY-1,
//! R-SEND-2, R-SEND-4).

#![expect(clippy::unwrap_used, reason = "helpers of tests, which Clippy does not take for tests")]

#[macro_use]
#[path = "../contract/ledger.rs"]
mod contract;
#[macro_use]
#[path = "../contract/ledger_at_once.rs"]
mod at_once;
mod batches;
mod constraints;
mod faulty;
mod history;
mod in_postgres;
mod lane;
mod memory;
#[path = "../common/postgres.rs"]
mod postgres;
mod reports;
mod sqlite;
mod turns;
