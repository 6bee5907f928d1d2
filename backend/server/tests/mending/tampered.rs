//! Shards with which a test interferes, whatever they are otherwise asked.

use crate::world::{World, config_in};
use async_trait::async_trait;
use hongbao::node::{Outside, open_stores};
use hongbao_config::{Config, Weights};
use hongbao_domain::{
    runtime::SystemEntropy,
    store::{
        StoreError,
        orders::{ClaimRow, HotTables, LaneBatch, LaneOutcome, OrderStore, PacketRow},
        outbox::{HasOutbox, Outbox},
    },
};
use hongbao_engine::{keys::Keys, stores::Stores};
use hongbao_shared::{Day, OrderNo, Shard};
use std::{fmt, sync::Arc};
use tempfile::TempDir;

/// What becomes of a shard's calls; by default what the store makes of them.
#[async_trait]
pub(crate) trait Tamper: Send + Sync + fmt::Debug {
    async fn commit(
        &self,
        store: &dyn OrderStore,
        batch: LaneBatch,
    ) -> Result<LaneOutcome, StoreError> {
        store.commit(batch).await
    }

    async fn packet(
        &self,
        store: &dyn OrderStore,
        order_no: OrderNo,
    ) -> Result<Option<PacketRow>, StoreError> {
        store.packet(order_no).await
    }
}

#[derive(Debug)]
struct Tampered {
    store: Arc<dyn OrderStore>,
    tamper: Arc<dyn Tamper>,
}

#[async_trait]
impl OrderStore for Tampered {
    async fn commit(&self, batch: LaneBatch) -> Result<LaneOutcome, StoreError> {
        self.tamper.commit(&*self.store, batch).await
    }
    async fn packet(&self, order_no: OrderNo) -> Result<Option<PacketRow>, StoreError> {
        self.tamper.packet(&*self.store, order_no).await
    }
    async fn claims(
        &self,
        order_no: OrderNo,
        from_seq: u32,
        limit: u32,
    ) -> Result<Vec<ClaimRow>, StoreError> {
        self.store.claims(order_no, from_seq, limit).await
    }
    async fn packets_page(
        &self,
        day: Day,
        after: Option<OrderNo>,
        limit: u32,
    ) -> Result<Vec<PacketRow>, StoreError> {
        self.store.packets_page(day, after, limit).await
    }
    async fn claims_page(
        &self,
        day: Day,
        after: Option<(OrderNo, u32)>,
        limit: u32,
    ) -> Result<Vec<(OrderNo, ClaimRow)>, StoreError> {
        self.store.claims_page(day, after, limit).await
    }
    fn hot(&self) -> &dyn HotTables {
        self.store.hot()
    }
}

impl HasOutbox for Tampered {
    fn outbox(&self) -> &dyn Outbox {
        &*self.store
    }
}

/// A world of so many shards at one site, and the folder that it is in; `tamper` is asked of each
/// shard who interferes there.
pub(crate) async fn tampered_world(
    shards: u16,
    tamper: impl Fn(Shard) -> Arc<dyn Tamper>,
) -> (World, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config_in(folder.path());
    config.sites.shards = shards;
    Keys::obtain(&config, &SystemEntropy).unwrap();
    let stores = open_stores(&config).await.unwrap();
    let hot = stores.hot.iter().map(|(place, store)| {
        let store = Tampered { store: Arc::clone(store), tamper: tamper(place.1) };
        (*place, Arc::new(store) as Arc<dyn OrderStore>)
    });
    let (ledger, people, lists) = (stores.ledger, stores.people, stores.lists);
    let stores =
        Stores::of(hot.collect(), stores.cold, ledger, people, lists, stores.control, stores.keys);
    let outside = Outside { stores: Some(stores), ..Outside::default() };
    let change = |config: &mut Config| {
        config.storage.data = folder.path().into();
        config.sites.shards = shards;
        config.sites.weights = Weights::Home;
        config.landing.give_up_after_s = 600;
        config.reconcile.interval_s = 0;
    };
    (World::on(change, outside).await, folder)
}
