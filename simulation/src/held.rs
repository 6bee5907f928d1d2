//! What the databases hold, whichever node asks.

use crate::world::World;
use hongbao_domain::store::orders::{ClaimRow, PacketRow};
use hongbao_shared::{OrderNo, order_no::DAYS};

/// Every packet there is, wherever it lies.
pub(crate) async fn packets(world: &World) -> Vec<PacketRow> {
    let mut packets = Vec::new();
    for store in world.truth.orders.values() {
        for day in (0..DAYS).filter_map(hongbao_shared::Day::new) {
            packets.extend(store.packets_page(day, None, u32::MAX).await.unwrap_or_default());
        }
    }
    packets
}

/// One packet, or its tombstone.
pub(crate) async fn packet(world: &World, order_no: OrderNo) -> Option<PacketRow> {
    let store = world.truth.orders.get(&(order_no.site(), order_no.shard()))?;
    store.packet(order_no).await.ok().flatten()
}

/// Every packet with all of its claims.
pub(crate) async fn packets_with_claims(world: &World) -> Vec<(PacketRow, Vec<ClaimRow>)> {
    let mut all = Vec::new();
    for packet in packets(world).await {
        let order_no = packet.order_no;
        let store = world.truth.orders.get(&(order_no.site(), order_no.shard()));
        let claims = match store {
            Some(store) => store.claims(order_no, 0, u32::MAX).await.unwrap_or_default(),
            None => Vec::new(),
        };
        all.push((packet, claims));
    }
    all
}
