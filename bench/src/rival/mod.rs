//! What ours is measured against: other designs behind our own HTTP stack, middleware and
//! sessions, each a server process of its own. They look at no membership and no ticket, and
//! keep no second entry: what they save thereby is theirs.

mod bare;
mod insert;
mod redis_lua;
mod row_lock;

pub use bare::Arguments as BareArguments;
pub use bare::run as run_bare;

use anyhow::Result;
use hongbao::{
    cli::server,
    http::{self, Rival},
};
use hongbao_fleet::Redis;
use hongbao_shared::{Day, OrderNo, Shard, Site};
use std::{path::Path, process::ExitCode, sync::Arc};

/// Before the name of a file, where others have the address of a server.
pub const SQLITE: &str = "sqlite:";

/// What `hongbao-bench rival` takes.
// The server's arguments are a group of the same name.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct Arguments {
    #[command(flatten)]
    server: server::Arguments,
    /// The PostgreSQL or Redis server of a rival, or its SQLite file; without one there is the
    /// no-op alone.
    #[arg(long, value_name = "URL")]
    engine: Option<String>,
    /// Connections to it.
    #[arg(long, value_name = "N", default_value_t = 8)]
    pool: u32,
}

/// Serves as `hongbao server` does, with the no-op and a rival beside everything else.
pub fn run(arguments: Arguments) -> ExitCode {
    let Arguments { server, engine, pool } = arguments;
    hongbao::cli::exit(server::run_with(server, move |app, draining| {
        let rival = engine.map(|url| -> Arc<dyn Rival> {
            if url.starts_with("redis") {
                Arc::new(redis_lua::RedisLua::new(url, pool))
            } else if let Some(file) = url.strip_prefix(SQLITE) {
                Arc::new(insert::Insert::new(file.to_owned()))
            } else {
                Arc::new(row_lock::RowLock::new(url, pool))
            }
        });
        http::router_beside(app, draining, rival)
    }))
}

/// Proves that a row lock's tables hold every fen: gives how many claims they hold.
pub async fn prove_row_lock(url: &str) -> Result<u64> {
    row_lock::prove(url).await
}

/// The same of a Redis server's keys.
pub fn prove_redis_lua(server: &Redis) -> Result<u64> {
    redis_lua::prove(server)
}

/// How many rows a file of bare inserts holds.
pub async fn prove_insert(file: &Path) -> Result<u64> {
    insert::prove(file).await
}

/// A rival numbers packets one after the other.
fn number(sequence: u64) -> Option<OrderNo> {
    OrderNo::new(Site::S, Shard::new(0)?, Day::new(0)?, false, sequence)
}
