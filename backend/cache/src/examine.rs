//! What a Redis server says of itself, for whoever looks for what is wrong with it
//! (`hongbao doctor`). Nothing is written.

use anyhow::Context;
use deadpool_redis::redis::{self, AsyncConnectionConfig, Client, InfoDict};
use std::time::Duration;

/// Longer than a node waits: a machine that is busy is not what is wrong.
const PATIENCE: Duration = Duration::from_secs(5);

/// What was found.
#[derive(Clone, Debug)]
pub struct ExaminedCache {
    /// It follows another server, and takes no writes.
    pub is_replica: bool,
    /// It is a server of a cluster.
    pub is_of_cluster: bool,
    /// What it does when it is full: `noeviction`, or whatever lets something give way.
    pub maxmemory_policy: String,
    /// Bytes that it may take; 0 is as much as there is.
    pub maxmemory: u64,
    /// Bytes that it takes.
    pub used_memory: u64,
}

/// Asks the server at `address`. An error is one that does not answer, or refuses this user; it
/// does not show the address, which may hold a password.
pub async fn examine(address: &str) -> anyhow::Result<ExaminedCache> {
    let client = Client::open(address)?;
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(PATIENCE))
        .set_response_timeout(Some(PATIENCE));
    let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
    let info: InfoDict = redis::cmd("INFO").query_async(&mut connection).await?;
    let said = |key: &'static str| info.get::<String>(key).context(key);
    let number = |key: &'static str| info.get::<u64>(key).context(key);
    Ok(ExaminedCache {
        is_replica: said("role")? != "master",
        is_of_cluster: number("cluster_enabled")? == 1,
        maxmemory_policy: said("maxmemory_policy")?,
        maxmemory: number("maxmemory")?,
        used_memory: number("used_memory")?,
    })
}
