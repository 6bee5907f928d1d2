//! What else works for a server: databases and caches of its own.

use anyhow::{Context, Result};
use hongbao_fleet::{Nginx, Postgres, Redis, Routing};
use std::net::SocketAddr;

/// Nothing here stops for a checkpoint within a run; everything else about durability is as it
/// comes, so that an answered commit is on disk.
const POSTGRES: [(&str, &str); 6] = [
    ("max_connections", "200"),
    ("shared_buffers", "256MB"),
    ("max_wal_size", "8GB"),
    ("checkpoint_timeout", "1h"),
    ("fsync", "on"),
    ("synchronous_commit", "on"),
];
/// The usual compromise: a journal that is written to disk once a second.
const REDIS: [(&str, &str); 2] = [("appendonly", "yes"), ("appendfsync", "everysec")];

/// Private servers, gone when dropped.
#[derive(Debug, Default)]
pub struct Engines {
    /// What leads to several nodes.
    pub nginx: Option<Nginx>,
    /// A standby of the database, which goes before it.
    pub standby: Option<Postgres>,
    /// A database server.
    pub postgres: Option<Postgres>,
    /// A cache.
    pub redis: Option<Redis>,
}

impl Engines {
    /// A durable database server.
    pub fn postgres() -> Result<Self> {
        Ok(Self { postgres: Some(Postgres::start(&POSTGRES)?), ..Self::default() })
    }

    /// A Redis server with a journal.
    pub fn redis() -> Result<Self> {
        Ok(Self { redis: Some(Redis::start(&REDIS)?), ..Self::default() })
    }

    /// A durable database server, and a cache that keeps nothing on disk.
    pub fn both() -> Result<Self> {
        Ok(Self { redis: Some(Redis::start(&[])?), ..Self::postgres()? })
    }

    /// From now on a commit is answered when a standby has it, too.
    pub fn follow(&mut self) -> Result<()> {
        self.standby = Some(self.postgres.as_ref().context("no database")?.standby()?);
        Ok(())
    }

    /// Leads to nodes of one site that listen on these ports; gives where.
    pub fn lead_to(&mut self, ports: impl Iterator<Item = u16>) -> Result<SocketAddr> {
        let nginx = Nginx::lead_to(ports.map(|port| ('S', port)), Routing::Sticky)?;
        let address = SocketAddr::from(([127, 0, 0, 1], nginx.port()));
        self.nginx = Some(nginx);
        Ok(address)
    }

    /// Where the database is.
    pub fn database(&self) -> Result<String> {
        Ok(self.postgres.as_ref().context("no database")?.url())
    }

    /// Where the cache is.
    pub fn cache(&self) -> Result<String> {
        Ok(self.redis.as_ref().context("no cache")?.url())
    }

    /// The first process of each, by what it is.
    pub fn processes(&self) -> Result<Vec<(&'static str, u32)>> {
        let mut processes = Vec::new();
        for (name, server) in [("postgres", &self.postgres), ("standby", &self.standby)] {
            if let Some(server) = server {
                processes.push((name, server.process()?));
            }
        }
        if let Some(server) = &self.nginx {
            processes.push(("nginx", server.id()));
        }
        if let Some(server) = &self.redis {
            processes.push(("redis", server.id()?));
        }
        Ok(processes)
    }
}
