use hongbao_domain::store::orders::{ClaimRow, PacketRow};
use hongbao_shared::{OrderNo, UserId};
use parking_lot::Mutex;
use std::collections::HashMap;

/// The packets of a shared tier (`hongbao_domain::cache::SharedTier`), which never gives way.
#[derive(Debug, Default)]
pub struct MemoryPackets {
    packets: Mutex<HashMap<OrderNo, Held>>,
}

#[derive(Debug)]
struct Held {
    packet: PacketRow,
    claims: HashMap<UserId, ClaimRow>,
}

impl Held {
    fn claimed(&self) -> u32 {
        u32::try_from(self.claims.len()).unwrap_or(u32::MAX)
    }
}

impl MemoryPackets {
    /// Keeps a packet unless a newer state is there, and claims of it; gives how many are held.
    pub fn put(&self, packet: &PacketRow, new: &[ClaimRow]) -> u32 {
        let mut packets = self.packets.lock();
        let held = packets
            .entry(packet.order_no)
            .or_insert_with(|| Held { packet: packet.clone(), claims: HashMap::new() });
        held.claims.extend(new.iter().map(|claim| (claim.user_id, *claim)));
        if packet.progress.version() > held.packet.progress.version() {
            held.packet.progress = packet.progress;
        }
        held.claimed()
    }

    /// A packet, if all claims up to it are here as well.
    pub fn get(&self, order_no: OrderNo) -> Option<PacketRow> {
        let packets = self.packets.lock();
        let held = packets.get(&order_no)?;
        (held.claimed() >= held.packet.progress.claimed).then(|| held.packet.clone())
    }

    /// A user's share of a packet.
    pub fn claim_of(&self, order_no: OrderNo, user: UserId) -> Option<ClaimRow> {
        self.packets.lock().get(&order_no)?.claims.get(&user).copied()
    }

    /// Forgets a packet.
    pub fn forget(&self, order_no: OrderNo) {
        self.packets.lock().remove(&order_no);
    }
}
