use crate::{
    audit::{Audited, Tiers},
    config::Config,
    crash::{self, Step},
    packets::seal::Sealer,
    store::{
        cold::ColdStore,
        ledger::{Account, LedgerStore},
        lists::ListStore,
        orders::OrderStore,
        people::PeopleStore,
        sql::{Database, Schema, SqlCold, SqlLedger, SqlLists, SqlOrders, SqlPeople},
        tiered::TieredOrders,
    },
};
use anyhow::Context;
use futures::future::try_join_all;
use hongbao_shared::{Shard, Site, UserId};
use std::{collections::BTreeMap, path::Path, sync::Arc};

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
    files: Vec<Database>,
}

impl Stores {
    /// Opens the SQLite files under the data folder, creating and migrating what is
    /// missing or old.
    pub async fn open(config: &Config) -> anyhow::Result<Self> {
        let folder = config.storage.data.join("db");
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        let places: Vec<_> = Site::ALL
            .into_iter()
            .flat_map(|site| (0..config.sites.shards).map(move |shard| (site, shard)))
            .filter_map(|(site, shard)| Some((site, Shard::new(shard)?)))
            .collect();
        let orders = try_join_all(places.into_iter().map(async |(site, shard)| {
            let name = format!("orders-{site}-{shard}.sqlite");
            let database = open(&folder, &name, Schema::Orders).await?;
            anyhow::Ok(((site, shard), database))
        }));
        let cold = try_join_all(Site::ALL.into_iter().map(async |site| {
            let database = open(&folder, &format!("cold-{site}.sqlite"), Schema::Cold).await?;
            anyhow::Ok((site, database))
        }));
        let (orders, cold, ledger, people, lists) = tokio::try_join!(
            orders,
            cold,
            open(&folder, "ledger.sqlite", Schema::Ledger),
            open(&folder, "people.sqlite", Schema::People),
            open(&folder, "lists.sqlite", Schema::Lists),
        )?;
        let mut files = vec![ledger.clone(), people.clone(), lists.clone()];
        files.extend(orders.iter().map(|(_, database)| database.clone()));
        files.extend(cold.iter().map(|(_, database)| database.clone()));
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
        let ledger = Arc::new(SqlLedger::new(ledger));
        let people = Arc::new(SqlPeople::new(people));
        let lists = Arc::new(SqlLists::new(lists));
        Ok(Self { files, ..Self::of(hot, cold, ledger, people, lists) })
    }

    /// Of databases that are open already, which stay open.
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
        Self { orders: orders.collect(), hot, cold, ledger, people, lists, files: Vec::new() }
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

    /// Closes all files.
    pub async fn close(&self) {
        for file in &self.files {
            file.close().await;
        }
    }
}

async fn open(folder: &Path, name: &str, schema: Schema) -> anyhow::Result<Database> {
    let file = folder.join(name);
    crash::before(Step::MigrateDatabase);
    let opened = Database::open_file(&file, schema).await;
    let database = opened.with_context(|| format!("cannot open {}", file.display()))?;
    crash::after(Step::MigrateDatabase);
    Ok(database)
}
