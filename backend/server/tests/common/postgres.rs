//! A PostgreSQL server for all tests of a binary, and a schema of its own for each.

#![allow(dead_code, reason = "every test binary uses another part of it")]

use hongbao_fleet::{Postgres, Proxy};
use hongbao_storage::{Database, Link, Schema};
use std::sync::{
    LazyLock,
    atomic::{AtomicU32, Ordering},
};

/// Nothing here survives the machine, so that nothing needs to reach the disk.
static SERVER: LazyLock<Postgres> = LazyLock::new(|| {
    let settings = [("fsync", "off"), ("full_page_writes", "off"), ("max_connections", "300")];
    Postgres::start(&settings).unwrap()
});

/// A fresh schema on the server, as a store's database.
pub(crate) async fn database(schema: Schema) -> Database {
    Database::open_link(&link(), schema).await.unwrap()
}

/// A fresh schema on the server, and the way to it, which may be long.
pub(crate) fn far() -> (Link, Proxy) {
    let proxy = Proxy::start(SERVER.port()).unwrap();
    (Link { url: SERVER.url_through(proxy.port()), ..link() }, proxy)
}

/// A fresh schema on the server.
pub(crate) fn link() -> Link {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let namespace = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
    Link { url: SERVER.url(), namespace, connections_max: 4, create: true }
}
