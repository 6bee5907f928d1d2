use crate::store::{
    StoreError,
    orders::{ClaimRow, OrderStore, PacketRow},
};
use hongbao_shared::{Kind, OrderNo, split};
use std::collections::{BTreeMap, btree_map::Entry};

/// The packets of one round of a delivery, each read once: many events are of the same
/// few.
pub(super) struct Known<'a> {
    store: &'a dyn OrderStore,
    packets: BTreeMap<OrderNo, PacketRow>,
}

impl<'a> Known<'a> {
    pub(super) fn new(store: &'a dyn OrderStore) -> Self {
        Self { store, packets: BTreeMap::new() }
    }

    /// A packet as it stood when this round first asked for it.
    pub(super) async fn packet(&mut self, order_no: OrderNo) -> Result<&PacketRow, StoreError> {
        match self.packets.entry(order_no) {
            Entry::Occupied(packet) => Ok(packet.into_mut()),
            Entry::Vacant(place) => {
                let packet = self.store.packet(order_no).await?.ok_or_else(|| {
                    StoreError::Corrupt(format!("{order_no} is not in its shard"))
                })?;
                Ok(place.insert(packet))
            }
        }
    }

    /// Some of a packet's claims.
    pub(super) async fn claims(
        &self,
        order_no: OrderNo,
        from: u32,
        count: u32,
    ) -> Result<Vec<ClaimRow>, StoreError> {
        self.store.claims(order_no, from, count).await
    }

    /// The best luck of a finished packet, where there is such a thing (R-SPLIT-5).
    pub(super) async fn best_luck(
        &mut self,
        order_no: OrderNo,
    ) -> Result<Option<ClaimRow>, StoreError> {
        let packet = self.packet(order_no).await?;
        let terms = packet.terms().map_err(|error| StoreError::Corrupt(error.to_string()))?;
        let shares = packet.shares;
        if terms.kind() != Kind::Lucky {
            return Ok(None);
        }
        let claims = self.claims(order_no, 0, shares).await?;
        let amounts: Vec<_> = claims.iter().map(|claim| claim.amount_fen).collect();
        Ok(split::best_luck(&terms, &amounts).and_then(|seq| claims.get(seq).copied()))
    }
}
