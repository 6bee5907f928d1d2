//! The tiers that the laws are for, and servers for them.

use crate::{
    common::{ManualClock, fragile::Fragile},
    laws, sample,
};
use hongbao_cache::{RedisSettings, RedisTier};
use hongbao_domain::{
    board::Board,
    cache::{SendCache, SharedTier},
    record::PreOrderRecord,
};
use hongbao_engine::cache::InProcess;
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
    Watched {
        tier: {
            let tier = RedisTier::new(&settings).unwrap();
            tier.report_to(&board);
            tier
        },
        board,
    }
}

/// Two nodes on one server.
pub(crate) fn two_nodes(server: &Redis) -> [Arc<dyn SharedTier>; 2] {
    [Arc::new(tier(&[server.url()])), Arc::new(tier(&[server.url()]))]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn in_process() {
    let cache: Arc<dyn SendCache> = Arc::new(InProcess::new(100));
    laws::hold_of_sending([Arc::clone(&cache), cache]).await;
}

/// What simulations and other tests share.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn in_memory() {
    let tier: Arc<dyn SharedTier> = Arc::new(Fragile::new());
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

/// What is kept until it is paid is not kept in a cache that forgets: full, the tier says so,
/// and drops nothing that is alive (R-CTRL-6).
#[tokio::test]
async fn no_live_pre_order_gives_way() {
    let tier = InProcess::new(10);
    let mut kept = Vec::new();
    for _ in 0..10 {
        let record = sample::pre_order(sample::order_no());
        tier.put_pre_order(&record).await.unwrap();
        kept.push(record);
    }
    let late = sample::pre_order(sample::order_no());
    assert!(tier.put_pre_order(&late).await.is_err(), "full");
    // The same again takes no more room.
    tier.put_pre_order(&kept[0]).await.unwrap();
    for record in &kept {
        let found = tier.pre_order(record.order_no, sample::now()).await.unwrap();
        assert_eq!(found.as_ref(), Some(record));
    }
    let after = sample::now().plus_seconds(900);
    let late = PreOrderRecord { created_at: after, expires_at: after.plus_seconds(900), ..late };
    tier.put_pre_order(&late).await.unwrap();
    assert_eq!(tier.pre_order(late.order_no, after).await.unwrap(), Some(late));
}
