//! The contract of order stores, on every implementation there is.

#[path = "../contract/orders.rs"]
mod contract;

mod sqlite;
