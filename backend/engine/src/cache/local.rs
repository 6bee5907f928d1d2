use super::entry::PacketEntry;
use hongbao_shared::OrderNo;
use moka::sync::Cache;
use std::sync::Arc;

/// What a packet weighs beside its claims, in claims.
const ENTRY_WEIGHT: u32 = 8;

/// The packets in this node's memory, bounded by the claims they may come to hold.
#[derive(Clone, Debug)]
pub struct LocalTier {
    packets: Cache<OrderNo, Arc<PacketEntry>>,
}

impl LocalTier {
    /// Holds packets of up to `claims_max` shares in all; about 100 bytes each.
    pub fn new(claims_max: u64) -> Self {
        let weigh = |_: &OrderNo, entry: &Arc<PacketEntry>| {
            entry.facts().shares.saturating_add(ENTRY_WEIGHT)
        };
        Self { packets: Cache::builder().max_capacity(claims_max).weigher(weigh).build() }
    }

    /// The packet, if it is here.
    pub fn get(&self, order_no: OrderNo) -> Option<Arc<PacketEntry>> {
        self.packets.get(&order_no)
    }

    /// Keeps a packet that was just loaded; gives the one that is kept, which is
    /// another if one was there: its lane may know more.
    pub fn keep(&self, entry: Arc<PacketEntry>) -> Arc<PacketEntry> {
        self.packets.entry(entry.facts().order_no).or_insert(entry).into_value()
    }

    /// Keeps a packet in the place of an older one; gives the one that is kept.
    pub fn keep_newer(&self, entry: Arc<PacketEntry>) -> Arc<PacketEntry> {
        let version = entry.progress().version();
        let older = |kept: &Arc<PacketEntry>| kept.progress().version() < version;
        self.packets.entry(entry.facts().order_no).or_insert_with_if(|| entry, older).into_value()
    }

    /// Puts the lane's own entry in the place of any other, unless that is newer: a packet
    /// can have ended behind its lane's back (R-CACHE-2).
    pub fn put_if_other(&self, entry: &Arc<PacketEntry>) {
        let version = entry.progress().version();
        let other = |kept: &Arc<PacketEntry>| {
            !Arc::ptr_eq(kept, entry) && kept.progress().version() <= version
        };
        let order_no = entry.facts().order_no;
        if self.packets.get(&order_no).is_none_or(|kept| other(&kept)) {
            self.packets.entry(order_no).or_insert_with_if(|| Arc::clone(entry), other);
        }
    }

    /// Forgets a packet whose state is in doubt.
    pub fn forget(&self, order_no: OrderNo) {
        self.packets.invalidate(&order_no);
    }
}
