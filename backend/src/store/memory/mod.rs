//! Stores in this process's memory, for the simulation: they keep the same contracts as
//! databases and lose everything when they are dropped. A process that "restarts" in a
//! simulation keeps the store and drops the rest.

mod cold;
mod control;
mod keys;
mod ledger;
mod lists;
mod orders;
mod outbox;
mod people;

pub use cold::MemoryCold;
pub use control::MemoryControl;
pub use keys::MemoryKeys;
pub use ledger::MemoryLedger;
pub use lists::MemoryLists;
pub use orders::MemoryOrders;
pub use people::MemoryPeople;

use super::StoreError;

fn refuse<T>(constraint: &str) -> Result<T, StoreError> {
    Err(StoreError::Constraint { name: constraint.to_owned() })
}

/// How many rows a page may have.
fn size(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}
