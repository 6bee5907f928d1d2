use deadpool_redis::{
    Runtime, Timeouts, cluster,
    redis::{
        AsyncConnectionConfig, Cmd, Pipeline, RedisFuture, RedisResult, Value, aio::ConnectionLike,
    },
};
use std::{fmt, time::Duration};

pub(super) const CONNECT_WITHIN: Duration = Duration::from_millis(300);
pub(super) const ANSWER_WITHIN: Duration = Duration::from_millis(500);
const CONNECTIONS_MAX: usize = 16;
/// Each of these holds a connection to every server of the cluster.
const CLUSTER_CONNECTIONS_MAX: usize = 8;

/// The connections to one site's cache.
pub(super) enum Pool {
    Standalone(deadpool_redis::Pool),
    Cluster(cluster::Pool),
}

/// One of them.
pub(super) enum Connection {
    Standalone(deadpool_redis::Connection),
    Cluster(cluster::Connection),
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pool")
    }
}

impl Pool {
    /// One address is a server of its own, several are those of a cluster. Connects to
    /// nothing yet.
    pub(super) fn new(addresses: &[String]) -> anyhow::Result<Self> {
        if let [address] = addresses {
            let config = AsyncConnectionConfig::new()
                .set_connection_timeout(Some(CONNECT_WITHIN))
                .set_response_timeout(Some(ANSWER_WITHIN));
            let manager = deadpool_redis::Manager::new_with_config(address.as_str(), config)?;
            let pool = deadpool_redis::Pool::builder(manager)
                .max_size(CONNECTIONS_MAX)
                .timeouts(timeouts())
                .runtime(Runtime::Tokio1);
            return Ok(Self::Standalone(pool.build()?));
        }
        let addresses = addresses.iter().map(String::as_str).collect();
        let pool = cluster::Pool::builder(cluster::Manager::new(addresses, false)?)
            .max_size(CLUSTER_CONNECTIONS_MAX)
            .timeouts(timeouts())
            .runtime(Runtime::Tokio1);
        Ok(Self::Cluster(pool.build()?))
    }

    pub(super) async fn get(&self) -> Result<Connection, String> {
        match self {
            Self::Standalone(pool) => {
                pool.get().await.map(Connection::Standalone).map_err(|error| error.to_string())
            }
            Self::Cluster(pool) => {
                pool.get().await.map(Connection::Cluster).map_err(|error| error.to_string())
            }
        }
    }

    /// Lets go of every connection that nobody uses: after a failure they may all lead to
    /// a server that answers pings and is not the primary any more.
    pub(super) fn forget_idle(&self) {
        match self {
            Self::Standalone(pool) => drop(pool.retain(|_, _| false)),
            Self::Cluster(pool) => drop(pool.retain(|_, _| false)),
        }
    }
}

impl Connection {
    /// Takes it out of its pool, so that nobody gets it again.
    pub(super) fn discard(self) {
        match self {
            Self::Standalone(connection) => drop(deadpool_redis::Connection::take(connection)),
            Self::Cluster(connection) => drop(cluster::Connection::take(connection)),
        }
    }
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::Standalone(connection) => connection.req_packed_command(cmd),
            Self::Cluster(connection) => connection.req_packed_command(cmd),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        cmd: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::Standalone(connection) => connection.req_packed_commands(cmd, offset, count),
            Self::Cluster(connection) => connection.req_packed_commands(cmd, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::Standalone(connection) => connection.get_db(),
            Self::Cluster(connection) => connection.get_db(),
        }
    }
}

fn timeouts() -> Timeouts {
    Timeouts {
        wait: Some(ANSWER_WITHIN),
        create: Some(CONNECT_WITHIN),
        recycle: Some(ANSWER_WITHIN),
    }
}

/// Checks an address without connecting.
pub(super) fn check(address: &str) -> RedisResult<()> {
    deadpool_redis::redis::Client::open(address).map(drop)
}
