//! Cold storage in memory.

use super::{StoreError, impl_moments, orders::sum_of, refuse, size};
use async_trait::async_trait;
use hongbao_domain::store::{
    cold::{ColdPlace, ColdStore},
    orders::{ClaimRow, DaySum, PacketRow, StoredState, moments_of},
};
use hongbao_shared::OrderNo;
use parking_lot::Mutex;
use std::collections::BTreeMap;

/// The cold database of a site.
#[derive(Debug, Default)]
pub struct MemoryCold {
    state: Mutex<State>,
}

#[derive(Clone, Debug, Default)]
struct State {
    packets: BTreeMap<OrderNo, PacketRow>,
    claims: BTreeMap<(OrderNo, u32), ClaimRow>,
}

impl_moments!(MemoryCold);

#[async_trait]
impl ColdStore for MemoryCold {
    async fn keep(
        &self,
        packets: Vec<PacketRow>,
        claims: Vec<(OrderNo, ClaimRow)>,
    ) -> Result<(), StoreError> {
        let mut state = self.state.lock();
        for packet in &packets {
            if state.packets.get(&packet.order_no).is_some_and(|kept| kept != packet) {
                return refuse("packets_pkey");
            }
            if packet.progress.state == StoredState::Open {
                return refuse("packets_state");
            }
        }
        for (order_no, claim) in &claims {
            if state.claims.get(&(*order_no, claim.seq)).is_some_and(|kept| kept != claim) {
                return refuse("claims_pkey");
            }
        }
        state.packets.extend(packets.into_iter().map(|packet| (packet.order_no, packet)));
        state.claims.extend(claims.into_iter().map(|(no, claim)| ((no, claim.seq), claim)));
        Ok(())
    }

    async fn packet(&self, order_no: OrderNo) -> Result<Option<PacketRow>, StoreError> {
        Ok(self.state.lock().packets.get(&order_no).cloned())
    }

    async fn claims(
        &self,
        order_no: OrderNo,
        from_seq: u32,
        limit: u32,
    ) -> Result<Vec<ClaimRow>, StoreError> {
        let state = self.state.lock();
        let claims = state.claims.range((order_no, from_seq)..=(order_no, u32::MAX));
        Ok(claims.map(|(_, claim)| *claim).take(size(limit)).collect())
    }

    async fn packets_page(
        &self,
        place: ColdPlace,
        after: Option<OrderNo>,
        limit: u32,
    ) -> Result<Vec<PacketRow>, StoreError> {
        let (first, last) = place.range();
        let state = self.state.lock();
        let rows = state.packets.range(first..=last).map(|(_, row)| row);
        let rows = rows.filter(|row| after.is_none_or(|after| row.order_no > after));
        Ok(rows.take(size(limit)).cloned().collect())
    }

    async fn claims_page(
        &self,
        place: ColdPlace,
        after: Option<(OrderNo, u32)>,
        limit: u32,
    ) -> Result<Vec<(OrderNo, ClaimRow)>, StoreError> {
        let (first, last) = place.range();
        let state = self.state.lock();
        let rows = state.claims.range((first, 0)..=(last, u32::MAX));
        let rows = rows.filter(|(key, _)| after.is_none_or(|after| **key > after));
        Ok(rows.map(|((order_no, _), claim)| (*order_no, *claim)).take(size(limit)).collect())
    }

    async fn day_sum(&self, place: ColdPlace, epoch_day: i64) -> Result<DaySum, StoreError> {
        let ((first, last), (from, to)) = (place.range(), moments_of(epoch_day));
        let state = self.state.lock();
        let rows = state.packets.range(first..=last).map(|(_, row)| row);
        let rows = rows.filter(|row| row.created_at >= from && row.created_at < to);
        Ok(sum_of(rows, &state.claims))
    }
}
