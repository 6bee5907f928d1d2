use async_trait::async_trait;
use hongbao_domain::{
    cache::{CacheDown, SendCache},
    crash,
    record::PreOrderRecord,
    store::people::Dress,
};
use hongbao_shared::{OrderNo, Site, Timestamp};
use moka::sync::Cache;
use parking_lot::Mutex;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

const DRESSES_MAX: u64 = 100_000;

/// What sending keeps, of a node that is alone: plain memory, gone with the process.
#[derive(Debug)]
pub struct InProcess {
    /// The rest of the granted block of each site: `[next, end)`.
    blocks: Mutex<BTreeMap<Site, (u64, u64)>>,
    pre_orders: Mutex<PreOrders>,
    pre_orders_max: usize,
    dresses: Cache<OrderNo, Arc<Dress>>,
}

/// Pre-orders until they expire. No cache: somebody is about to pay each of them, and one
/// that gave way to another's would be money that cannot be sent (R-CTRL-6).
#[derive(Debug, Default)]
struct PreOrders {
    records: HashMap<OrderNo, Arc<PreOrderRecord>>,
    ends: BTreeSet<(Timestamp, OrderNo)>,
}

impl PreOrders {
    /// Keeps it unless there is no room among those that are alive; says whether it did.
    fn put(&mut self, record: &PreOrderRecord, max: usize) -> bool {
        let now = record.created_at;
        while let Some((end, order_no)) = self.ends.first().copied().filter(|(end, _)| *end <= now)
        {
            self.ends.remove(&(end, order_no));
            self.records.remove(&order_no);
        }
        if self.records.len() >= max && !self.records.contains_key(&record.order_no) {
            return false;
        }
        if let Some(before) = self.records.insert(record.order_no, Arc::new(record.clone())) {
            self.ends.remove(&(before.expires_at, before.order_no));
        }
        self.ends.insert((record.expires_at, record.order_no));
        true
    }
}

impl InProcess {
    /// Holds so many pre-orders; whoever brings one more keeps it in the database (R-SEND-4).
    pub fn new(pre_orders_max: u32) -> Self {
        Self {
            blocks: Mutex::default(),
            pre_orders: Mutex::default(),
            pre_orders_max: usize::try_from(pre_orders_max).unwrap_or(usize::MAX),
            dresses: Cache::builder().max_capacity(DRESSES_MAX).build(),
        }
    }

    /// Memory is always there, unless a test takes it away.
    fn up() -> Result<(), CacheDown> {
        if crash::is_cache_down() {
            return Err(CacheDown("taken down by a test".to_owned()));
        }
        Ok(())
    }
}

#[async_trait]
impl SendCache for InProcess {
    async fn next_sequence(&self, site: Site) -> Result<Option<u64>, CacheDown> {
        Self::up()?;
        let mut blocks = self.blocks.lock();
        Ok(blocks.get_mut(&site).filter(|(next, end)| next < end).map(|(next, _)| {
            let sequence = *next;
            *next += 1;
            sequence
        }))
    }

    async fn install_block(&self, site: Site, start: u64, length: u64) -> Result<(), CacheDown> {
        Self::up()?;
        let mut blocks = self.blocks.lock();
        let block = blocks.entry(site).or_insert((0, 0));
        if block.0 >= block.1 {
            *block = (start, start.saturating_add(length));
        }
        Ok(())
    }

    async fn put_pre_order(&self, record: &PreOrderRecord) -> Result<(), CacheDown> {
        Self::up()?;
        if self.pre_orders.lock().put(record, self.pre_orders_max) {
            return Ok(());
        }
        Err(CacheDown("it holds as many pre-orders as it may".to_owned()))
    }

    async fn pre_order(
        &self,
        order_no: OrderNo,
        now: Timestamp,
    ) -> Result<Option<PreOrderRecord>, CacheDown> {
        Self::up()?;
        let record = self.pre_orders.lock().records.get(&order_no).cloned();
        Ok(record.filter(|record| record.is_alive(now)).map(|record| (*record).clone()))
    }

    async fn put_dress(&self, order_no: OrderNo, dress: &Dress) -> Result<(), CacheDown> {
        Self::up()?;
        self.dresses.insert(order_no, Arc::new(dress.clone()));
        Ok(())
    }

    async fn dress(&self, order_no: OrderNo) -> Result<Option<Dress>, CacheDown> {
        Self::up()?;
        Ok(self.dresses.get(&order_no).map(|dress| (*dress).clone()))
    }
}
