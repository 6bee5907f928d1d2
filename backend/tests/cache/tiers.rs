//! The tiers that the laws are for, and servers for them.

use crate::{common::ManualClock, laws};
use hongbao::{
    cache::{InProcess, RedisSettings, RedisTier, SharedTier},
    control::Board,
};
use hongbao_fleet::{Redis, RedisCluster};
use hongbao_shared::Site;
use std::{collections::BTreeMap, ops::Deref, sync::Arc, time::Duration};

/// A tier, and what it shows of itself.
pub(crate) struct Watched {
    tier: RedisTier,
    pub(crate) board: Arc<Board>,
}

impl Deref for Watched {
    type Target = RedisTier;

    fn deref(&self) -> &RedisTier {
        &self.tier
    }
}

pub(crate) fn tier(addresses: &[String]) -> RedisTier {
    watched(addresses).tier
}

pub(crate) fn watched(addresses: &[String]) -> Watched {
    let sites = BTreeMap::from([(Site::S, addresses.to_vec())]);
    let settings = RedisSettings { sites, packet_lifetime: Duration::from_hours(24) };
    let clock = Arc::new(ManualClock::at("2026-02-16T12:00:00.000Z"));
    let board = Arc::new(Board::new(clock));
    Watched { tier: RedisTier::new(&settings, &board).unwrap(), board }
}

/// Two nodes on one server.
pub(crate) fn two_nodes(server: &Redis) -> [Arc<dyn SharedTier>; 2] {
    [Arc::new(tier(&[server.url()])), Arc::new(tier(&[server.url()]))]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn in_process() {
    let tier: Arc<dyn SharedTier> = Arc::new(InProcess::new(1_000_000));
    laws::hold([Arc::clone(&tier), tier]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn in_one_redis_server() {
    let server = Redis::start(&[]).unwrap();
    laws::hold(two_nodes(&server)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn in_a_redis_cluster() {
    let cluster = RedisCluster::start().unwrap();
    let node = || Arc::new(tier(&cluster.urls())) as Arc<dyn SharedTier>;
    laws::hold([node(), node()]).await;
}
