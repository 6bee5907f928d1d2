//! Order numbers for new packets (R-ORDER-2).

use crate::control::{Control, Health};
use hongbao_domain::{
    Refusal,
    board::{Place, Rung},
    cache::SendCache,
    crash::{self, Step},
    planted::Bug,
    runtime::{Entropy, Zone},
    store::{StoreError, ledger::LedgerStore, marks::Mark},
};
use hongbao_shared::{ErrorCode, OrderNo, Shard, Site, Timestamp, order_no::SEQUENCE_END};
use parking_lot::Mutex;
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// How many sequences a site's mark grants the shared cache at once. A restart or
/// a wiped cache wastes at most this many of 35 trillion.
const BLOCK: u64 = 1 << 20;
/// How many numbers one lease of the local generator holds.
pub(crate) const LEASE: u64 = 1 << 24;
/// Another node can use a fresh block up between its grant and our next number.
const BLOCK_ATTEMPTS_MAX: u32 = 4;

/// What a ledger that was restored skips at least, and by chance up to twice of: more than a
/// thousand blocks and leases, far more than can have been granted since the moment that it was
/// restored to. There is room for a thousand restores without a day between them.
const SKIPPED_SEQUENCES: u64 = BLOCK << 10;
const SKIPPED_LEASES: u64 = 1 << 10;
/// As many numbers a second, for a hundred years, belong to the time that goes by. A site that
/// gives fewer is never ahead of its clock for long, so that a restore that goes on from the
/// clock goes on above whatever an earlier one has given.
const SEQUENCES_PER_S: u64 = 1 << 13;
/// When that time begins: 2026-01-01, before the first number.
const BEGINNING: Timestamp = Timestamp::from_millis(1_767_225_600_000);

const RETRY_WHEN_DOWN: Duration = Duration::from_secs(1);

/// A site as the numbering knows it.
#[derive(Debug)]
pub struct NumberedSite {
    /// Its logical shards.
    pub shards: Vec<Shard>,
    /// Holds its marks.
    pub marks: Arc<dyn LedgerStore>,
    /// Where its granted block is used up.
    pub cache: Arc<dyn SendCache>,
    lease: Mutex<Lease>,
}

/// What is left of the local generator's leases.
#[derive(Debug, Default)]
struct Lease {
    next: u64,
    end: u64,
    /// A whole lease in reserve, so that the generator takes over at once even if
    /// the database is down as well.
    reserve: Option<u64>,
}

impl NumberedSite {
    /// A site with these logical shards.
    pub fn new(shards: Vec<Shard>, marks: Arc<dyn LedgerStore>, cache: Arc<dyn SendCache>) -> Self {
        Self { shards, marks, cache, lease: Mutex::default() }
    }

    /// The first number of a block that is the shared cache's from now on.
    async fn raise_block(&self, place: Site) -> Result<u64, StoreError> {
        crash::before(Step::NumberBlock);
        let by = if Bug::BlockWithoutMark.is_planted() { 0 } else { BLOCK };
        let start = self.marks.raise(Mark::Sequence(place), by).await?;
        crash::after(Step::NumberBlock);
        Ok(start)
    }

    /// A lease that is the local generator's from now on.
    async fn raise_lease(&self, place: Site) -> Result<u64, StoreError> {
        crash::before(Step::NumberLease);
        let lease = self.marks.raise(Mark::LocalLease(place), 1).await?;
        crash::after(Step::NumberLease);
        Ok(lease)
    }
}

/// Gives every new packet its number: a sequence from the shared cache within
/// durably granted blocks, or from the local generator when the cache is down.
#[derive(Debug)]
pub struct Numbering {
    home: Site,
    sites: BTreeMap<Site, NumberedSite>,
    zone: Zone,
    control: Arc<Control>,
    health: Arc<Health>,
    entropy: Arc<dyn Entropy>,
}

impl Numbering {
    /// Numbers packets for `sites`; new packets go to `home` unless weights say
    /// otherwise.
    pub fn new(
        home: Site,
        sites: BTreeMap<Site, NumberedSite>,
        zone: Zone,
        control: Arc<Control>,
        health: Arc<Health>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self { home, sites, zone, control, health, entropy }
    }

    /// A number that was never given before, for a packet made at `now`: in a shard that
    /// answers, of the site that its turn it is, or of another if that one is down
    /// (R-SITE-3).
    pub async fn next(&self, now: Timestamp) -> Result<OrderNo, Refusal> {
        let mut up = BTreeMap::new();
        for (place, site) in &self.sites {
            let shards = self.health.up_among(*place, &site.shards);
            if !shards.is_empty() {
                up.insert(*place, shards);
            }
        }
        let sites =
            self.control.sites(self.home, self.entropy.bits(), &up.keys().copied().collect());
        let mut refusal = Refusal::new(ErrorCode::ShardUnavailable).retry_after(RETRY_WHEN_DOWN);
        for place in sites {
            let (Some(site), Some(shards)) = (self.sites.get(&place), up.get(&place)) else {
                continue;
            };
            match self.next_of(place, site, shards, now).await {
                Ok(order_no) => return Ok(order_no),
                Err(error) => refusal = error,
            }
        }
        Err(refusal)
    }

    async fn next_of(
        &self,
        place: Site,
        site: &NumberedSite,
        shards: &[Shard],
        now: Timestamp,
    ) -> Result<OrderNo, Refusal> {
        let counted = self.counted_by_cache(place, site).await;
        let (local, sequence) = if let Some(sequence) = counted {
            (false, sequence)
        } else {
            let why = "the shared cache gives none";
            self.control.board().enter(Rung::LocalNumbers, Place::Site(place), why);
            (true, self.counted_by_lease(place, site).await?)
        };
        let shard =
            shards.get(spread(sequence, shards.len())).ok_or(ErrorCode::ShardUnavailable)?;
        OrderNo::new(place, *shard, self.zone.day(now), local, sequence)
            .ok_or_else(|| Refusal::internal(anyhow::anyhow!("sequence {sequence} is too large")))
    }

    /// Leases ahead, so that the local generator can start at any moment.
    pub async fn prepare(&self) {
        for (place, site) in &self.sites {
            let missing = site.lease.lock().reserve.is_none();
            if missing && let Ok(lease) = site.raise_lease(*place).await {
                site.lease.lock().reserve = Some(lease);
            }
        }
    }

    async fn counted_by_cache(&self, place: Site, site: &NumberedSite) -> Option<u64> {
        for _ in 0..BLOCK_ATTEMPTS_MAX {
            match site.cache.next_sequence(place).await {
                Ok(Some(sequence)) => return Some(sequence),
                Ok(None) => {
                    let start = site.raise_block(place).await.ok()?;
                    site.cache.install_block(place, start, BLOCK).await.ok()?;
                }
                Err(error) => {
                    tracing::debug!(%error, "numbered by the local generator");
                    return None;
                }
            }
        }
        None
    }

    async fn counted_by_lease(&self, place: Site, site: &NumberedSite) -> Result<u64, Refusal> {
        metrics::counter!("hongbao_local_numbers_total").increment(1);
        if let Some(sequence) = site.lease.lock().take() {
            return Ok(sequence);
        }
        let lease = site.raise_lease(place).await?;
        let mut held = site.lease.lock();
        held.reserve.get_or_insert(lease);
        held.take()
            .ok_or_else(|| Refusal::new(ErrorCode::Unavailable).retry_after(Duration::from_secs(1)))
    }
}

impl Lease {
    fn take(&mut self) -> Option<u64> {
        if self.next >= self.end {
            let start = self.reserve.take()?.checked_mul(LEASE)?;
            (self.next, self.end) = (start, start.checked_add(LEASE)?);
        }
        let sequence = self.next;
        self.next += 1;
        (sequence < SEQUENCE_END).then_some(sequence)
    }
}

/// Has these sites go on far above every number that they may have given since the moment
/// that the ledger was restored to (R-ORDER-2, R-STORE-6), be it as itself or as what an
/// earlier restore of the same has become, of which nothing here knows: the clock is above
/// that after some days, and before then chance keeps them apart.
///
/// An error for a store that fails, and once there are no numbers left.
pub async fn skip_numbers(
    ledger: &dyn LedgerStore,
    sites: impl IntoIterator<Item = Site>,
    now: Timestamp,
    entropy: &dyn Entropy,
) -> anyhow::Result<()> {
    let millis = u64::try_from(now.millis_since(BEGINNING)).unwrap_or_default();
    let by_clock = (millis / 1_000).saturating_mul(SEQUENCES_PER_S);
    for site in sites {
        for (mark, by_clock, skipped, end) in [
            (Mark::Sequence(site), by_clock, SKIPPED_SEQUENCES, SEQUENCE_END),
            (Mark::LocalLease(site), by_clock / LEASE, SKIPPED_LEASES, SEQUENCE_END / LEASE),
        ] {
            let at = ledger.mark(mark).await?;
            let least = at.saturating_add(skipped).max(by_clock);
            let mut to = least.saturating_add(entropy.bits() % skipped);
            if Bug::NumbersAgain.is_planted() {
                to = at;
            }
            anyhow::ensure!(to < end, "no order numbers are left to go on with: {mark} is at {at}");
            ledger.raise(mark, to.saturating_sub(at)).await?;
        }
    }
    Ok(())
}

/// Spreads sequences over shards without a pattern that senders could ride.
fn spread(sequence: u64, shards: usize) -> usize {
    // The finalizer of splitmix64: every bit of the sequence moves every bit.
    let mut mixed = sequence.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    let shards = u64::try_from(shards).unwrap_or(u64::MAX).max(1);
    usize::try_from(mixed % shards).unwrap_or_default()
}
