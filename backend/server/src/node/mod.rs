//! What a node of this configuration needs, and the application started on it: the lock of
//! its data folder, keys, databases, caches.

pub mod backup;
mod barrier;
mod descriptors;
pub mod doctor;
mod folder;
mod places;
mod stores;

pub use descriptors::divide;
pub use folder::{Lock, reconciled, refuse_for_another};
pub use stores::{create_stores, open_stores, open_stores_to_read};

use crate::{courier::HttpCourier, telemetry};
use hongbao_cache::{RedisSettings, RedisTier};
use hongbao_config::{Config, ConfigError, FleetSite};
use hongbao_domain::{
    cache::SharedTier,
    runtime::{Clock, Entropy, SystemClock, SystemEntropy},
};
use hongbao_engine::{
    app::{self, App, NotWhole},
    courier::Courier,
    keys::{Keys, KeysFolder, lacks},
    stores::Stores,
};
use std::{collections::BTreeMap, path::Path, sync::Arc};
use tokio::runtime::Handle;

/// What the application is built on; tests bring their own.
#[derive(Clone, Debug)]
pub struct Outside {
    /// Tells the time of records.
    pub clock: Arc<dyn Clock>,
    /// Gives secret random bytes.
    pub entropy: Arc<dyn Entropy>,
    /// The cache tier that this node shares with others; `None` takes that of the fleet, or
    /// this process's memory.
    pub shared: Option<Arc<dyn SharedTier>>,
    /// The databases; `None` takes files in the data folder.
    pub stores: Option<Stores>,
    /// Where the lanes run; `None` takes the runtime that starts the application.
    pub lanes: Option<Handle>,
}

impl Default for Outside {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
            shared: None,
            stores: None,
            lanes: None,
        }
    }
}

/// Opens the databases (which migrates them) and starts the application on them.
pub async fn start(config: Config) -> anyhow::Result<App> {
    start_on(config, Outside::default()).await
}

/// As [`start`], on the caller's clock, randomness, shared cache and stores.
pub async fn start_on(config: Config, outside: Outside) -> anyhow::Result<App> {
    // Before anything happens that is counted: the first round of the mover, deliveries.
    telemetry::metrics();
    let Outside { clock, entropy, shared, stores, lanes } = outside;
    let data = config.storage.data.clone();
    let lock = if stores.is_none() { Lock::take(&config, "server")? } else { None };
    let keys = keys(&config, &*entropy).await?;
    let stores = match stores {
        Some(stores) => stores,
        None => open_stores(&config).await?,
    };
    let shared = match shared {
        Some(shared) => Some(shared),
        None => cache_of_fleet(&config)?,
    };
    // Who has no lock works on databases that are open already, or on a fleet's.
    let restored = lock.is_some() && folder::is_restored(&config)?;
    #[cfg(unix)]
    let served = lock.is_some().then(|| data.clone());
    let gone = lock.as_ref().map(|lock| lock.until_gone(data.clone())).transpose()?;
    let lock = lock.map(|lock| Box::new(lock) as _);
    let courier = HttpCourier::new(config.webhooks.allow_private);
    let courier: Option<Arc<dyn Courier>> = Some(Arc::new(courier));
    // Whoever sets a push service says where it stands.
    let push_courier: Option<Arc<dyn Courier>> = Some(Arc::new(HttpCourier::new(true)));
    let outside = app::Outside {
        clock,
        entropy,
        keys,
        shared,
        courier,
        push_courier,
        stores,
        lanes,
        lock,
        restored,
    };
    let app = App::start(config, outside).await.map_err(|error| match error.downcast() {
        Ok(unfit) => does_not_fit(&data, unfit).into(),
        Err(error) => error,
    })?;
    if restored {
        reconciled(&app.config)?;
    }
    let clock = Arc::clone(&app.clock);
    app.beside(|stop| telemetry::upkeep(clock, stop));
    #[cfg(unix)]
    if let Some(data) = served {
        app.beside(|stop| barrier::asked::serve(data, stop));
    }
    if let Some(gone) = gone {
        let fallen = app.fallen().clone();
        app.beside(|stop| async move {
            if stop.run_until_cancelled(gone).await.is_some() {
                let data = data.display();
                tracing::error!(%data, "the data folder was moved or removed: this node has to end");
                fallen.end("the data folder is not where it was");
            }
        });
    }
    Ok(app)
}

fn does_not_fit(data: &Path, unfit: NotWhole) -> ConfigError {
    ConfigError(format!(
        "what was restored into {} does not fit together: {unfit}. `hongbao reconcile` says which, \
         docs/OPERATIONS.md what to do; once that has read everything, the server starts",
        data.display(),
    ))
}

/// The keys; where there are none, the refusal says which ones the data needs.
async fn keys(config: &Config, entropy: &dyn Entropy) -> Result<Keys, ConfigError> {
    match Keys::obtain(config, entropy) {
        Ok(keys) => Ok(keys),
        Err(error) => Err(lost(config, error).await),
    }
}

/// What to tell whoever starts a server without a key that there must have been, with
/// the ids that its data names.
async fn lost(config: &Config, error: ConfigError) -> ConfigError {
    let Ok((stores, _lock)) = open_stores_to_read(config).await else { return error };
    let known = stores.keys.known().await.unwrap_or_default();
    stores.close().await;
    let folder = KeysFolder::of(config);
    let Ok(there) = folder.ids() else { return error };
    let ids: Vec<_> = known.iter().map(|known| known.id).filter(|id| !there.contains(id)).collect();
    if ids.is_empty() { error } else { lacks(&ids, &folder.to_string()) }
}

/// The caches of the fleet, if it has any.
fn cache_of_fleet(config: &Config) -> anyhow::Result<Option<Arc<dyn SharedTier>>> {
    let Some(fleet) = &config.fleet else { return Ok(None) };
    let addresses = |site: &FleetSite| {
        site.cache.iter().map(|address| address.secret().to_owned()).collect::<Vec<_>>()
    };
    let sites = fleet.sites.iter().map(|(site, of)| (*site, addresses(of)));
    let sites: BTreeMap<_, _> = sites.filter(|(_, addresses)| !addresses.is_empty()).collect();
    if sites.is_empty() {
        return Ok(None);
    }
    let packet_lifetime = config.packet_lifetime();
    let tier = RedisTier::new(&RedisSettings { sites, packet_lifetime })?;
    Ok(Some(Arc::new(tier)))
}
