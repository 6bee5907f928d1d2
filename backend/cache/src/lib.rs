//! The shared tier of a fleet: a Redis server or cluster at each site (R-CACHE-1). A
//! packet's keys are in the cache of its own site, and all of them in one slot. The only crate
//! that knows Redis; it must never know a database, or decide anything about money.

mod circuit;
mod codec;
mod examine;
mod news;
mod pool;
mod scripts;
mod site;

#[cfg(fuzzing)]
pub use codec::fuzzed;
pub use examine::{ExaminedCache, examine};

use anyhow::Context;
use async_trait::async_trait;
use deadpool_redis::redis::{self, AsyncCommands};
use hongbao_domain::{
    board::Board,
    cache::{CacheDown, NewsStream, Note, Noted, SendCache, SharedTier},
    record::PreOrderRecord,
    store::{
        orders::{ClaimRow, PacketRow},
        people::Dress,
    },
};
use hongbao_shared::{OrderNo, Site, Timestamp, UserId};
use pool::Pool;
use scripts::Scripts;
use site::SiteCache;
use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

/// How long a packet stays after its time: as long as people look at what they got.
const PACKET_STAYS: Duration = Duration::from_hours(3 * 24);
/// How long something noted of a person stays: as long as it may tell of the past where
/// nobody could say that it had changed.
const NOTE_STAYS_S: i64 = 120;
/// Claims in one call, so that none takes long.
const CLAIMS_PER_CALL: usize = 1_000;

/// Where the caches are, and how long packets live.
#[derive(Clone)]
pub struct RedisSettings {
    /// For each site one address, or several of a cluster. They may hold passwords.
    pub sites: BTreeMap<Site, Vec<String>>,
    /// How long a packet is open at most.
    pub packet_lifetime: Duration,
}

/// Addresses may hold passwords, so none is shown.
impl fmt::Debug for RedisSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedisSettings")
    }
}

/// The shared tier in Redis.
pub struct RedisTier {
    sites: BTreeMap<Site, SiteCache>,
    addresses: BTreeMap<Site, Vec<String>>,
    scripts: Scripts,
    /// In seconds, for packets and what they are dressed in.
    keep_s: u64,
}

impl fmt::Debug for RedisTier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedisTier")
    }
}

impl RedisTier {
    /// Connects to nothing yet; an error is an address that cannot be understood.
    pub fn new(settings: &RedisSettings) -> anyhow::Result<Self> {
        let mut sites = BTreeMap::new();
        for (site, addresses) in &settings.sites {
            for address in addresses {
                // The address itself may hold a password, so the error does not show it.
                pool::check(address)
                    .with_context(|| format!("fleet.sites.{site}.cache is no Redis address"))?;
            }
            let pool = Pool::new(addresses)
                .with_context(|| format!("fleet.sites.{site}.cache cannot be used"))?;
            sites.insert(*site, SiteCache::new(*site, pool));
        }
        let keep_s = (settings.packet_lifetime + PACKET_STAYS).as_secs();
        Ok(Self { sites, addresses: settings.sites.clone(), scripts: Scripts::new(), keep_s })
    }

    fn at(&self, site: Site) -> Result<&SiteCache, CacheDown> {
        self.sites.get(&site).ok_or_else(|| CacheDown(format!("site {site} has no cache")))
    }

    fn of(&self, order_no: OrderNo) -> Result<&SiteCache, CacheDown> {
        self.at(order_no.site())
    }

    async fn set(
        &self,
        key: String,
        order_no: OrderNo,
        value: String,
        keep: Duration,
    ) -> Result<(), CacheDown> {
        let keep_ms = u64::try_from(keep.as_millis()).unwrap_or(u64::MAX).max(1);
        self.of(order_no)?.call(async |redis| redis.pset_ex(key, value, keep_ms).await).await
    }
}

#[async_trait]
impl SendCache for RedisTier {
    async fn next_sequence(&self, site: Site) -> Result<Option<u64>, CacheDown> {
        let mut next = self.scripts.next.prepare_invoke();
        next.key(codec::block_key(site));
        self.at(site)?.call(async |redis| next.invoke_async(redis).await).await
    }

    async fn install_block(&self, site: Site, start: u64, length: u64) -> Result<(), CacheDown> {
        let mut install = self.scripts.install.prepare_invoke();
        install.key(codec::block_key(site)).arg(start).arg(start.saturating_add(length));
        self.at(site)?.call(async |redis| install.invoke_async(redis).await).await
    }

    async fn put_pre_order(&self, record: &PreOrderRecord) -> Result<(), CacheDown> {
        let life = record.expires_at.millis().saturating_sub(record.created_at.millis());
        let life = Duration::from_millis(u64::try_from(life).unwrap_or_default());
        let key = codec::pre_order_key(record.order_no);
        self.set(key, record.order_no, codec::text(record), life).await
    }

    async fn pre_order(
        &self,
        order_no: OrderNo,
        now: Timestamp,
    ) -> Result<Option<PreOrderRecord>, CacheDown> {
        let key = codec::pre_order_key(order_no);
        let found = self.of(order_no)?.read(async |redis| redis.get(key).await).await;
        let found: Option<Vec<u8>> = found?;
        let record = found.and_then(|bytes| codec::read::<PreOrderRecord>(&bytes));
        Ok(record.filter(|record| now < record.expires_at))
    }

    async fn put_dress(&self, order_no: OrderNo, dress: &Dress) -> Result<(), CacheDown> {
        let keep = Duration::from_secs(self.keep_s);
        self.set(codec::key("dress", order_no), order_no, codec::dress_to_text(dress), keep).await
    }

    async fn dress(&self, order_no: OrderNo) -> Result<Option<Dress>, CacheDown> {
        let key = codec::key("dress", order_no);
        let found: Option<Vec<u8>> =
            self.of(order_no)?.call(async |redis| redis.get(key).await).await?;
        Ok(found.and_then(|bytes| codec::dress_from(&bytes)))
    }
}

#[async_trait]
impl SharedTier for RedisTier {
    async fn put_packet(&self, packet: &PacketRow, new: &[ClaimRow]) -> Result<u32, CacheDown> {
        let cache = self.of(packet.order_no)?;
        // The row comes with the last claims, so that it never tells of claims that are to come.
        let mut rest = new;
        loop {
            let (now, later) = rest.split_at(rest.len().min(CLAIMS_PER_CALL));
            let mut put = self.scripts.put_packet.prepare_invoke();
            put.key(codec::key("packet", packet.order_no));
            if later.is_empty() {
                put.arg(codec::version(packet.progress)).arg(codec::packet_to_text(packet));
            } else {
                put.arg("").arg("");
            }
            put.arg(self.keep_s);
            for claim in now {
                put.arg(codec::field(claim.user_id)).arg(codec::claim_to_text(claim));
            }
            let held: u32 = cache.call(async |redis| put.invoke_async(redis).await).await?;
            if later.is_empty() {
                return Ok(held);
            }
            rest = later;
        }
    }

    async fn packet(&self, order_no: OrderNo) -> Result<Option<PacketRow>, CacheDown> {
        let key = codec::key("packet", order_no);
        let mut look = redis::pipe();
        look.hget(&key, "r").hlen(&key);
        let (row, fields): (Option<Vec<u8>>, u32) =
            self.of(order_no)?.call(async |redis| look.query_async(redis).await).await?;
        let packet = row.and_then(|bytes| codec::packet_from(&bytes));
        // Without all of its claims it would tell people that they had opened nothing.
        Ok(packet.filter(|packet| fields.saturating_sub(2) >= packet.progress.claimed))
    }

    async fn claim_of(
        &self,
        order_no: OrderNo,
        user: UserId,
    ) -> Result<Option<ClaimRow>, CacheDown> {
        let key = codec::key("packet", order_no);
        let field = codec::field(user);
        let found: Option<Vec<u8>> =
            self.of(order_no)?.call(async |redis| redis.hget(key, field).await).await?;
        Ok(found.and_then(|bytes| codec::claim_from(user, &bytes)))
    }

    async fn claims_of(
        &self,
        order_no: OrderNo,
        users: &[UserId],
    ) -> Result<Vec<Option<ClaimRow>>, CacheDown> {
        if users.is_empty() {
            return Ok(Vec::new());
        }
        let mut look = redis::cmd("HMGET");
        look.arg(codec::key("packet", order_no));
        look.arg(users.iter().map(|user| codec::field(*user)).collect::<Vec<_>>());
        let found: Vec<Option<Vec<u8>>> =
            self.of(order_no)?.call(async |redis| look.query_async(redis).await).await?;
        let claim = |(user, bytes): (&UserId, Option<Vec<u8>>)| {
            bytes.and_then(|bytes| codec::claim_from(*user, &bytes))
        };
        Ok(users.iter().zip(found).map(claim).collect())
    }

    async fn forget_packet(&self, order_no: OrderNo) -> Result<(), CacheDown> {
        let key = codec::key("packet", order_no);
        self.of(order_no)?.call(async |redis| redis.del(key).await).await
    }

    async fn note(&self, site: Site, note: Note, user: UserId) -> Result<Noted, CacheDown> {
        let mut look = redis::cmd("HMGET");
        look.arg(codec::notes_key(user)).arg(codec::era_field(note)).arg(codec::note_field(note));
        let (era, text): (Option<u64>, Option<Vec<u8>>) =
            self.at(site)?.call(async |redis| look.query_async(redis).await).await?;
        let era = era.unwrap_or_default();
        Ok(Noted { era, text: text.and_then(|text| codec::note_from(&text, era)) })
    }

    async fn put_note(
        &self,
        site: Site,
        note: Note,
        user: UserId,
        era: u64,
        text: &str,
    ) -> Result<(), CacheDown> {
        let key = codec::notes_key(user);
        let mut put = redis::pipe();
        put.hset(&key, codec::note_field(note), codec::note_to_text(text, era)).ignore();
        put.expire(&key, NOTE_STAYS_S).ignore();
        self.at(site)?.call(async |redis| put.query_async(redis).await).await
    }

    async fn outdate_note(&self, site: Site, note: Note, user: UserId) -> Result<(), CacheDown> {
        let Some(cache) = self.sites.get(&site) else { return Ok(()) };
        let key = codec::notes_key(user);
        let mut outdate = redis::pipe();
        outdate.hincr(&key, codec::era_field(note), 1).ignore();
        outdate.expire(&key, NOTE_STAYS_S).ignore();
        cache.call(async |redis| outdate.query_async(redis).await).await
    }

    async fn publish(&self, site: Site, bulletin: &str) -> Result<(), CacheDown> {
        let Some(cache) = self.sites.get(&site) else { return Ok(()) };
        cache.call(async |redis| redis.publish(news::CHANNEL, bulletin).await).await
    }

    async fn subscribe(&self, site: Site) -> Result<Option<NewsStream>, CacheDown> {
        let addresses = self.addresses.get(&site);
        let addresses = addresses.ok_or_else(|| CacheDown(format!("site {site} has no cache")))?;
        news::subscribe(addresses).await.map(Some)
    }

    fn report_to(&self, board: &Arc<Board>) {
        self.sites.values().for_each(|cache| cache.report_to(board));
    }

    async fn look(&self) {
        futures::future::join_all(self.sites.values().map(async |cache| {
            let ping = cache.call(async |redis| redis::cmd("PING").query_async::<()>(redis).await);
            if let Err(error) = ping.await {
                tracing::debug!(%error, "shared cache does not answer");
            }
        }))
        .await;
    }
}
