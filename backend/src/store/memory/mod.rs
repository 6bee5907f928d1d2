//! Stores in this process's memory, for the simulation: they keep the same contracts as
//! databases and lose everything when they are dropped. A process that "restarts" in a
//! simulation keeps the store and drops the rest.

mod cold;
mod ledger;
mod orders;
mod outbox;

pub use cold::MemoryCold;
pub use ledger::MemoryLedger;
pub use orders::MemoryOrders;

use super::StoreError;

fn refuse<T>(constraint: &str) -> Result<T, StoreError> {
    Err(StoreError::Constraint { name: constraint.to_owned() })
}

/// How many rows a page may have.
fn size(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}
