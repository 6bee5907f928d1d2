//! Marks that only ever rise: from which numbers were granted (R-ORDER-2). They live with
//! the ledger, the database that is restored to the latest moment (R-ORDER-3): a shard that
//! is restored to an earlier one has no number given again.

use hongbao_shared::Site;
use std::fmt;

/// A mark; everything below it has been granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// Sequences granted to the shared cache of a site.
    Sequence(Site),
    /// Leases of the local generators of a site.
    LocalLease(Site),
}

/// As stored: `sequence-S`, `local-lease-N`.
impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sequence(site) => write!(f, "sequence-{site}"),
            Self::LocalLease(site) => write!(f, "local-lease-{site}"),
        }
    }
}
