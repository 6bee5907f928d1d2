//! Opens the databases of a node.

use super::{
    folder::{Folder, Lock, prepare},
    places::{Places, Purpose},
};
use anyhow::Context;
use futures::future::try_join_all;
use hongbao_config::Config;
use hongbao_domain::{
    board::Place,
    store::{self, cold::ColdStore, orders::OrderStore},
};
use hongbao_engine::stores::Stores;
use hongbao_shared::{Shard, Site};
use hongbao_storage::{
    Database, Schema, SqlCold, SqlControl, SqlKeys, SqlLedger, SqlLists, SqlOrders, SqlPeople,
};
use std::sync::Arc;

/// Opens all databases and migrates what is old: where the fleet's topology says, or
/// SQLite files in the data folder, which must be those that belong to it (R-STORE-6). In a
/// new folder they are made.
pub async fn open_stores(config: &Config) -> anyhow::Result<Stores> {
    open_where(config, false).await
}

/// Likewise, and makes schemas on servers that are missing.
pub async fn create_stores(config: &Config) -> anyhow::Result<Stores> {
    open_where(config, true).await
}

async fn open_where(config: &Config, create: bool) -> anyhow::Result<Stores> {
    let places = Places::of(config, create);
    if config.fleet.is_some() {
        return open_at(&places, Purpose::Work).await;
    }
    prepare(config)?;
    let folder = Folder::verify(config, &places).await?;
    let stores = open_at(&places, Purpose::Work).await?;
    folder.adopt().await?;
    Ok(stores)
}

/// Opens all databases for whoever only reads: nothing is made, migrated or changed in a data
/// folder, so that it may be another's, full or read only. There it is kept from servers as long
/// as the lock is held, if there is one.
pub async fn open_stores_to_read(config: &Config) -> anyhow::Result<(Stores, Option<Lock>)> {
    let mut places = Places::of(config, false);
    if config.fleet.is_some() {
        return Ok((open_at(&places, Purpose::Work).await?, None));
    }
    Folder::verify(config, &places).await?;
    // Shards that no server has made yet hold nothing.
    places.orders.retain(|_, place| place.is_there());
    match open_at(&places, Purpose::Reading { unused: false }).await {
        Ok(stores) => Ok((stores, None)),
        Err(error) => {
            let Some(lock) = Lock::share(config) else { return Err(error) };
            let stores = open_at(&places, Purpose::Reading { unused: true }).await?;
            Ok((stores, Some(lock)))
        }
    }
}

async fn open_at(places: &Places, purpose: Purpose) -> anyhow::Result<Stores> {
    let orders = try_join_all(places.orders.iter().map(async |(place, target)| {
        anyhow::Ok((*place, target.open(Schema::Orders, purpose).await?))
    }));
    let cold = try_join_all(places.cold.iter().map(async |(site, target)| {
        anyhow::Ok((*site, target.open(Schema::Cold, purpose).await?))
    }));
    let (orders, cold, ledger, people, lists, control) = tokio::try_join!(
        orders,
        cold,
        places.ledger.open(Schema::Ledger, purpose),
        places.people.open(Schema::People, purpose),
        places.lists.open(Schema::Lists, purpose),
        places.control.open(Schema::Control, purpose),
    )?;
    let once = [("ledger", &ledger), ("people", &people), ("lists", &lists), ("control", &control)];
    let once = once.map(|(name, database)| (shared(database), Place::Database(name)));
    let mut databases = Vec::from(once);
    let of_shard = |((site, shard), database): &((Site, Shard), Database)| {
        (shared(database), Place::Shard(*site, *shard))
    };
    databases.extend(orders.iter().map(of_shard));
    let of_cold = |(site, database): &(Site, Database)| (shared(database), Place::Cold(*site));
    databases.extend(cold.iter().map(of_cold));
    let hot = orders
        .into_iter()
        .map(|(place, database)| (place, Arc::new(SqlOrders::new(database)) as Arc<dyn OrderStore>))
        .collect();
    let cold = cold
        .into_iter()
        .map(|(site, database)| (site, Arc::new(SqlCold::new(database)) as Arc<dyn ColdStore>))
        .collect();
    let keys = Arc::new(SqlKeys::new(ledger.clone()));
    let ledger = Arc::new(SqlLedger::new(ledger));
    let people = SqlPeople::new(people);
    if let Purpose::Work = purpose {
        people.fill_login_keys().await.context("cannot fill in login keys")?;
    }
    let people = Arc::new(people);
    let lists = Arc::new(SqlLists::new(lists));
    let control = Arc::new(SqlControl::new(control));
    Ok(Stores { databases, ..Stores::of(hot, cold, ledger, people, lists, control, keys) })
}

fn shared(database: &Database) -> Arc<dyn store::Database> {
    Arc::new(database.clone())
}
