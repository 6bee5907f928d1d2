use super::{folder::Folder, places::Places};
use crate::{
    audit::{Audited, Tiers},
    config::Config,
    control::{Board, Place},
    packets::seal::Sealer,
    runtime::Tasks,
    store::{
        cold::ColdStore,
        control::ControlStore,
        keys::KeyStore,
        ledger::{Account, LedgerStore},
        lists::ListStore,
        memory::{MemoryControl, MemoryKeys},
        orders::OrderStore,
        people::PeopleStore,
        sql::{
            Database, Schema, SqlCold, SqlControl, SqlKeys, SqlLedger, SqlLists, SqlOrders,
            SqlPeople,
        },
        tiered::TieredOrders,
    },
};
use anyhow::Context;
use futures::future::try_join_all;
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
    databases: Vec<(Database, Place)>,
}

impl Stores {
    /// Opens all databases and migrates what is old: where the fleet's topology says, or
    /// SQLite files in the data folder, which must be those that belong to it (R-STORE-6). In a
    /// new folder they are made.
    pub async fn open(config: &Config) -> anyhow::Result<Self> {
        Self::open_where(config, false).await
    }

    /// Likewise, and makes schemas on servers that are missing.
    pub async fn create(config: &Config) -> anyhow::Result<Self> {
        Self::open_where(config, true).await
    }

    async fn open_where(config: &Config, create: bool) -> anyhow::Result<Self> {
        let places = Places::of(config, create);
        if config.fleet.is_some() {
            return Self::open_at(places).await;
        }
        let folder = Folder::verify(config, &places).await?;
        let stores = Self::open_at(places).await?;
        folder.adopt().await?;
        Ok(stores)
    }

    async fn open_at(places: Places) -> anyhow::Result<Self> {
        let orders =
            try_join_all(places.orders.iter().map(async |(place, target)| {
                anyhow::Ok((*place, target.open(Schema::Orders).await?))
            }));
        let cold = try_join_all(
            places
                .cold
                .iter()
                .map(async |(site, target)| anyhow::Ok((*site, target.open(Schema::Cold).await?))),
        );
        let (orders, cold, ledger, people, lists, control) = tokio::try_join!(
            orders,
            cold,
            places.ledger.open(Schema::Ledger),
            places.people.open(Schema::People),
            places.lists.open(Schema::Lists),
            places.control.open(Schema::Control),
        )?;
        let once =
            [("ledger", &ledger), ("people", &people), ("lists", &lists), ("control", &control)];
        let once = once.map(|(name, database)| (database.clone(), Place::Database(name)));
        let mut databases = Vec::from(once);
        let of_shard = |((site, shard), database): &((Site, Shard), Database)| {
            (database.clone(), Place::Shard(*site, *shard))
        };
        databases.extend(orders.iter().map(of_shard));
        let of_cold = |(site, database): &(Site, Database)| (database.clone(), Place::Cold(*site));
        databases.extend(cold.iter().map(of_cold));
        let hot = orders
            .into_iter()
            .map(|(place, database)| {
                (place, Arc::new(SqlOrders::new(database)) as Arc<dyn OrderStore>)
            })
            .collect();
        let cold = cold
            .into_iter()
            .map(|(site, database)| (site, Arc::new(SqlCold::new(database)) as Arc<dyn ColdStore>))
            .collect();
        let keys = Arc::new(SqlKeys::new(ledger.clone()));
        let ledger = Arc::new(SqlLedger::new(ledger));
        let people = SqlPeople::new(people);
        people.fill_login_keys().await.context("cannot fill in login keys")?;
        let people = Arc::new(people);
        let lists = Arc::new(SqlLists::new(lists));
        let control = Arc::new(SqlControl::new(control));
        Ok(Self { control, keys, databases, ..Self::of(hot, cold, ledger, people, lists) })
    }

    /// Of databases that are open already, which stay open. The switches, and which keys
    /// have sealed, are forgotten with this value.
    pub fn of(
        hot: BTreeMap<(Site, Shard), Arc<dyn OrderStore>>,
        cold: BTreeMap<Site, Arc<dyn ColdStore>>,
        ledger: Arc<dyn LedgerStore>,
        people: Arc<dyn PeopleStore>,
        lists: Arc<dyn ListStore>,
    ) -> Self {
        let orders = hot.iter().filter_map(|((site, shard), hot)| {
            let cold = Arc::clone(cold.get(site)?);
            let tiered = TieredOrders::new(*site, *shard, Arc::clone(hot), cold);
            Some(((*site, *shard), Arc::new(tiered) as Arc<dyn OrderStore>))
        });
        let orders = orders.collect();
        let (control, keys) = (Arc::new(MemoryControl::default()), Arc::new(MemoryKeys::default()));
        Self { orders, hot, cold, ledger, people, lists, control, keys, databases: Vec::new() }
    }

    /// The sites that have any shard.
    pub fn sites(&self) -> Vec<Site> {
        let sites: BTreeSet<Site> = self.hot.keys().map(|(site, _)| *site).collect();
        sites.into_iter().collect()
    }

    /// With another database of lists.
    #[must_use]
    pub fn with_lists(self, lists: Arc<dyn ListStore>) -> Self {
        Self { lists, ..self }
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
            ..Audited::new(&self.orders, &*self.ledger, sealer)
        }
    }

    /// Does every database answer?
    pub async fn ping(&self) -> anyhow::Result<()> {
        for ((site, shard), store) in &self.orders {
            store.ping().await.with_context(|| format!("order shard {site}{shard}"))?;
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
