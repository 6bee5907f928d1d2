//! All databases of a node, as the engine is given them.

use crate::{
    archive::tiered::TieredOrders,
    audit::{Audited, Tiers},
    keys::seal::Sealer,
};
use anyhow::Context;
use hongbao_domain::{
    board::{Board, Place},
    runtime::Tasks,
    store::{
        Database,
        cold::ColdStore,
        control::ControlStore,
        keys::KeyStore,
        ledger::{Account, LedgerStore},
        lists::ListStore,
        orders::OrderStore,
        people::PeopleStore,
    },
};
use hongbao_shared::{Shard, Site, UserId};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use tokio_util::sync::CancellationToken;

/// All databases of a node.
#[derive(Clone, Debug)]
pub struct Stores {
    /// The order shards of all sites, with what has moved to cold storage.
    pub orders: BTreeMap<(Site, Shard), Arc<dyn OrderStore>>,
    /// The hot tables of the same shards, alone.
    pub hot: BTreeMap<(Site, Shard), Arc<dyn OrderStore>>,
    /// Cold storage by site.
    pub cold: BTreeMap<Site, Arc<dyn ColdStore>>,
    /// Accounts and transfers.
    pub ledger: Arc<dyn LedgerStore>,
    /// People, sessions, groups, messages.
    pub people: Arc<dyn PeopleStore>,
    /// "Sent" and "received".
    pub lists: Arc<dyn ListStore>,
    /// The switches.
    pub control: Arc<dyn ControlStore>,
    /// Which keys have sealed; beside the ledger.
    pub keys: Arc<dyn KeyStore>,
    /// With their places.
    pub databases: Vec<(Arc<dyn Database>, Place)>,
}

impl Stores {
    /// Of these stores, whose databases stay open.
    pub fn of(
        hot: BTreeMap<(Site, Shard), Arc<dyn OrderStore>>,
        cold: BTreeMap<Site, Arc<dyn ColdStore>>,
        ledger: Arc<dyn LedgerStore>,
        people: Arc<dyn PeopleStore>,
        lists: Arc<dyn ListStore>,
        control: Arc<dyn ControlStore>,
        keys: Arc<dyn KeyStore>,
    ) -> Self {
        let orders = hot.iter().filter_map(|((site, shard), hot)| {
            let cold = Arc::clone(cold.get(site)?);
            let tiered = TieredOrders::new(*site, *shard, Arc::clone(hot), cold);
            Some(((*site, *shard), Arc::new(tiered) as Arc<dyn OrderStore>))
        });
        let orders = orders.collect();
        Self { orders, hot, cold, ledger, people, lists, control, keys, databases: Vec::new() }
    }

    /// The sites that have any shard.
    pub fn sites(&self) -> Vec<Site> {
        let sites: BTreeSet<Site> = self.hot.keys().map(|(site, _)| *site).collect();
        sites.into_iter().collect()
    }

    /// Takes over what an earlier process was delivering when it died.
    pub async fn reclaim(&self) -> anyhow::Result<()> {
        self.ledger.reclaim().await?;
        for store in self.orders.values() {
            store.reclaim().await?;
        }
        Ok(())
    }

    /// All that an audit looks at, beside a running server.
    pub fn audited<'a>(&'a self, sealer: &'a Sealer) -> Audited<'a> {
        Audited {
            lists: Some(&*self.lists),
            tiers: Some(Tiers { hot: &self.hot, cold: &self.cold }),
            journal: Some(&*self.people),
            ..Audited::new(&self.orders, &*self.ledger, sealer)
        }
    }

    /// Does every database answer?
    pub async fn ping(&self) -> anyhow::Result<()> {
        for ((site, shard), store) in &self.orders {
            store.hot().ping().await.with_context(|| format!("order shard {site}{shard}"))?;
        }
        self.ledger.account(Account::Issuer).await.context("ledger")?;
        let nobody = UserId::from_random(0);
        self.people.profiles(&[nobody]).await.context("people")?;
        self.lists.received_fen(nobody).await.context("lists")?;
        Ok(())
    }

    /// Shows on `board` from now on which databases are down (R-CTRL-4), but for those of
    /// shards, which are asked whether they are up.
    pub fn report_to(&self, board: &Arc<Board>) {
        for (database, place) in &self.databases {
            if !matches!(place, Place::Shard(..)) {
                database.report_to(board, *place);
            }
        }
    }

    /// The databases that take no writes, as far as the watches know (R-CTRL-5).
    pub fn refusing_writes(&self) -> impl Iterator<Item = Place> {
        let refusing = self.databases.iter().filter(|(database, _)| !database.takes_writes());
        refusing.map(|(_, place)| *place)
    }

    /// Watches whether each database takes writes, until `stop`.
    pub fn watch_writes(&self, board: &Arc<Board>, tasks: &Tasks, stop: &CancellationToken) {
        for (database, place) in self.databases.clone() {
            let (board, stop) = (Arc::clone(board), stop.clone());
            tasks.spawn(async move { database.watch_writes(&board, place, &stop).await });
        }
    }

    /// Closes all databases.
    pub async fn close(&self) {
        for (database, _) in &self.databases {
            database.close().await;
        }
    }
}
