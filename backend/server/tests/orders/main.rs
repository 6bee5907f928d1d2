//! The contract of order stores, on every implementation there is.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which Clippy does not take for tests")]

#[macro_use]
#[path = "../contract/orders.rs"]
mod contract;

mod cold;
mod in_postgres;
mod memory;
#[path = "../common/postgres.rs"]
mod postgres;
mod sqlite;
mod tiered;
mod upgrade;
mod versions;
