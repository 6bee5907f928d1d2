use hongbao_domain::store::{
    StoreError,
    orders::{ClaimRow, OrderStore, PacketRow},
};
use hongbao_shared::{Kind, OrderNo};
use std::collections::{BTreeMap, btree_map::Entry};

/// The packets of one round of a delivery, each read once: many events are of the same
/// few.
pub(crate) struct Known<'a> {
    store: &'a dyn OrderStore,
    packets: BTreeMap<OrderNo, PacketRow>,
    /// Claims that were read ahead, with the number of the first.
    claims: BTreeMap<OrderNo, (u32, Vec<ClaimRow>)>,
}

/// Claims of one packet that are read ahead.
const AHEAD_MAX: u32 = 10_000;

impl<'a> Known<'a> {
    pub(crate) fn new(store: &'a dyn OrderStore) -> Self {
        Self { store, packets: BTreeMap::new(), claims: BTreeMap::new() }
    }

    /// A packet as it stood when this round first asked for it.
    pub(crate) async fn packet(&mut self, order_no: OrderNo) -> Result<&PacketRow, StoreError> {
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

    /// Reads the claims of several events at once, given as packet, first claim and
    /// number: those of a hot packet follow each other.
    pub(crate) async fn expect_claims(
        &mut self,
        events: impl Iterator<Item = (OrderNo, u32, u32)>,
    ) -> Result<(), StoreError> {
        let mut ranges: BTreeMap<OrderNo, (u32, u32)> = BTreeMap::new();
        for (order_no, from, count) in events {
            let range = ranges.entry(order_no).or_insert((from, from));
            range.0 = range.0.min(from);
            range.1 = range.1.max(from.saturating_add(count));
        }
        for (order_no, (from, end)) in ranges {
            let count = end.saturating_sub(from);
            if count <= AHEAD_MAX {
                let claims = self.store.claims(order_no, from, count).await?;
                self.claims.insert(order_no, (from, claims));
            }
        }
        Ok(())
    }

    /// Some of a packet's claims.
    pub(crate) async fn claims(
        &self,
        order_no: OrderNo,
        from: u32,
        count: u32,
    ) -> Result<Vec<ClaimRow>, StoreError> {
        if let Some(claims) = self.ahead(order_no, from, count) {
            return Ok(claims.to_vec());
        }
        self.store.claims(order_no, from, count).await
    }

    fn ahead(&self, order_no: OrderNo, from: u32, count: u32) -> Option<&[ClaimRow]> {
        let (first, claims) = self.claims.get(&order_no)?;
        let start = usize::try_from(from.checked_sub(*first)?).ok()?;
        let end = start.checked_add(usize::try_from(count).ok()?)?;
        claims.get(start..end)
    }

    /// The best luck of a finished packet, where there is such a thing (R-SPLIT-5).
    pub(crate) async fn best_luck(
        &mut self,
        order_no: OrderNo,
    ) -> Result<Option<ClaimRow>, StoreError> {
        let packet = self.packet(order_no).await?;
        let packet = packet.clone();
        if packet.kind != Kind::Lucky {
            return Ok(None);
        }
        let claims = self.claims(order_no, 0, packet.shares).await?;
        packet.best_luck(&claims).map_err(|error| StoreError::Corrupt(error.to_string()))
    }
}
