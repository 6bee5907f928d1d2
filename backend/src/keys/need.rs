//! What still needs a key: a look at everything that is stored.

use super::KeyId;
use crate::{
    packets::seal::Sealer,
    store::{
        StoreError,
        cold::{ColdPlace, ColdStore},
        ledger::LedgerStore,
        orders::{OrderStore, PacketRow, StoredState},
    },
};
use hongbao_shared::{Day, OrderNo, Shard, Site, order_no::DAYS};
use std::{collections::BTreeMap, sync::Arc};

/// How many rows one read brings.
const PAGE: u32 = 1_000;

/// What of the stored data a key has sealed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Need {
    /// Packets that can be opened now.
    pub open: u64,
    /// Packets that are over: their seeds are the proof that their details show.
    pub over: u64,
    /// Payments; every packet has one, also before it has landed.
    pub payments: u64,
}

/// Looks through every shard, hot and cold, and through all payments.
pub async fn needed(
    id: KeyId,
    sealer: &Sealer,
    hot: &BTreeMap<(Site, Shard), Arc<dyn OrderStore>>,
    cold: &BTreeMap<Site, Arc<dyn ColdStore>>,
    ledger: &dyn LedgerStore,
) -> Result<Need, StoreError> {
    let mut need = Need::default();
    for ((site, shard), store) in hot {
        for day in (0..DAYS).filter_map(Day::new) {
            let (site, shard) = (*site, *shard);
            let mut after = None;
            loop {
                let page = store.packets_page(day, after, PAGE).await?;
                after = need.count(id, sealer, &page);
                if after.is_none() {
                    break;
                }
            }
            let Some(cold) = cold.get(&site) else { continue };
            let place = ColdPlace { site, shard, day };
            let mut after = None;
            loop {
                let page = cold.packets_page(place, after, PAGE).await?;
                after = need.count(id, sealer, &page);
                if after.is_none() {
                    break;
                }
            }
        }
    }
    let mut after = None;
    loop {
        let page = ledger.payments_page(after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(need) };
        after = Some(last.record.order_no);
        let paid = page.iter().map(|paid| (paid.record.order_no, &paid.record.sealed_server_seed));
        let by_it = paid.filter(|(order_no, sealed)| sealer.key_of(*order_no, sealed) == Some(id));
        need.payments += u64::try_from(by_it.count()).unwrap_or(u64::MAX);
    }
}

impl Need {
    /// Does nothing need it?
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Counts a page; the number after which the next begins.
    fn count(&mut self, id: KeyId, sealer: &Sealer, page: &[PacketRow]) -> Option<OrderNo> {
        for packet in page {
            if sealer.key_of(packet.order_no, &packet.sealed_server_seed) == Some(id) {
                match packet.progress.state {
                    StoredState::Open => self.open += 1,
                    _ => self.over += 1,
                }
            }
        }
        page.last().map(|packet| packet.order_no)
    }
}
