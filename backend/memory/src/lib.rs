//! The memory of one process in the place of databases, for simulations and tests: stores that
//! keep the same contracts and lose everything when they are dropped (a process that "restarts"
//! in a simulation keeps the store and drops the rest).
//!
//! Knows the domain alone. Must never know a database, a cache, or who uses it.

mod cold;
mod control;
mod keys;
mod ledger;
mod lists;
mod orders;
mod outbox;
mod packets;
mod people;

pub use cold::MemoryCold;
pub use control::MemoryControl;
pub use keys::MemoryKeys;
pub use ledger::MemoryLedger;
pub use lists::MemoryLists;
pub use orders::MemoryOrders;
pub use packets::MemoryPackets;
pub use people::MemoryPeople;

use hongbao_domain::store::StoreError;

/// A store can be put back to an earlier moment of its own.
macro_rules! impl_moments {
    ($store:ident $(, $outbox:ident)?) => {
        impl $store {
            /// All that it holds now, as a backup does.
            #[must_use]
            pub fn moment(&self) -> Self {
                let moment = Self::default();
                moment.go_back_to(self);
                moment
            }

            /// Holds what that moment held, and nothing else, as after a restore.
            pub fn go_back_to(&self, moment: &Self) {
                let state = moment.state.lock().clone();
                *self.state.lock() = state;
                $(self.$outbox.go_back_to(&moment.$outbox);)?
            }
        }
    };
}
use impl_moments;

fn refuse<T>(constraint: &str) -> Result<T, StoreError> {
    Err(StoreError::Constraint { name: constraint.to_owned() })
}

/// How many rows a page may have.
fn size(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}
