//! Numbers against the durable marks that they were granted from (R-ORDER-2).

use super::Audited;
use crate::packets::LEASE;
use hongbao_domain::store::{StoreError, marks::Mark};
use hongbao_shared::{OrderNo, Site};
use std::collections::BTreeMap;

/// The first sequences that a site has not granted yet.
#[derive(Clone, Copy, Debug)]
struct Ends {
    shared: u64,
    local: u64,
}

/// What all sites have granted.
#[derive(Clone, Debug, Default)]
pub(super) struct Granted(BTreeMap<Site, Ends>);

impl Granted {
    pub(super) async fn read(audited: &Audited<'_>) -> Result<Self, StoreError> {
        let mut ends = BTreeMap::new();
        for (site, _) in audited.orders.keys() {
            if ends.contains_key(site) {
                continue;
            }
            let shared = audited.ledger.mark(Mark::Sequence(*site)).await?;
            let leases = audited.ledger.mark(Mark::LocalLease(*site)).await?;
            ends.insert(*site, Ends { shared, local: leases.saturating_mul(LEASE) });
        }
        Ok(Self(ends))
    }

    /// The same as [`Self::end`], for one number alone.
    pub(super) async fn end_of(
        audited: &Audited<'_>,
        order_no: OrderNo,
    ) -> Result<Option<u64>, StoreError> {
        let site = order_no.site();
        if !audited.orders.keys().any(|(known, _)| *known == site) {
            return Ok(None);
        }
        Ok(Some(if order_no.is_local() {
            audited.ledger.mark(Mark::LocalLease(site)).await?.saturating_mul(LEASE)
        } else {
            audited.ledger.mark(Mark::Sequence(site)).await?
        }))
    }

    /// The first sequence that was not granted yet to numbers like this one; `None` for a
    /// site that is not there.
    pub(super) fn end(&self, order_no: OrderNo) -> Option<u64> {
        let ends = self.0.get(&order_no.site())?;
        Some(if order_no.is_local() { ends.local } else { ends.shared })
    }
}
