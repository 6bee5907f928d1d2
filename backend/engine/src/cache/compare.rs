use hongbao_domain::{
    cache::{CacheDown, SharedTier},
    store::{
        StoreError,
        orders::{ClaimRow, OrderStore, PacketRow},
    },
};
use hongbao_shared::{OrderNo, Shard, Site, UserId};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// Packets in one read.
const PACKETS_PAGE: u32 = 200;
/// Claims in one read.
const CLAIMS_PAGE: u32 = 1_000;
/// After each page others come first: nobody waits for this.
const REST: Duration = Duration::from_millis(50);

/// Compares the shared tier with the databases, which are right, and repairs what differs
/// (R-CACHE-2). What the tier has not is no difference: whoever misses it brings it.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// What is compared.
    pub shared: Arc<dyn SharedTier>,
    /// The hot tables of each shard.
    pub stores: BTreeMap<(Site, Shard), Arc<dyn OrderStore>>,
}

/// What a pass found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// Packets that the tier has.
    pub packets: u64,
    /// Of those, the ones of which it knew an older state; they were brought up to date.
    pub behind: u64,
    /// The ones about which it said what never was; they were replaced.
    pub wrong: u64,
    /// Shards whose pass ended early, because they or their cache did not answer.
    pub unfinished: u64,
}

/// Why a shard's pass ended early.
#[derive(Debug, thiserror::Error)]
enum Halt {
    #[error(transparent)]
    Cache(#[from] CacheDown),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How the tier stands to the database.
enum Verdict {
    Missing,
    Same,
    Behind,
    Wrong,
}

impl Comparison {
    /// Makes a pass every `interval`, until `stop`.
    pub async fn run(self, interval: Duration, stop: CancellationToken) {
        while stop.run_until_cancelled(tokio::time::sleep(interval)).await.is_some() {
            tokio::select! {
                biased;
                // It reads, and what it writes is a cache: nothing breaks in the middle.
                () = stop.cancelled() => return,
                compared = self.pass() => {
                    if compared.behind > 0 || compared.wrong > 0 {
                        tracing::warn!(?compared, "the shared cache differed from the databases");
                    } else {
                        tracing::debug!(?compared, "the shared cache was compared");
                    }
                }
            }
        }
    }

    /// Compares every packet in the hot tables.
    pub async fn pass(&self) -> Compared {
        let mut compared = Compared::default();
        for store in self.stores.values() {
            if let Err(error) = self.shard(&**store, &mut compared).await {
                tracing::debug!(%error, "the shared cache was not compared to the end");
                compared.unfinished += 1;
            }
        }
        let repaired = compared.behind + compared.wrong;
        metrics::counter!("hongbao_shared_cache_repaired_total").increment(repaired);
        compared
    }

    async fn shard(&self, store: &dyn OrderStore, compared: &mut Compared) -> Result<(), Halt> {
        for table in store.hot().days().await? {
            let mut after: Option<OrderNo> = None;
            loop {
                let page = store.packets_page(table.day, after, PACKETS_PAGE).await?;
                let Some(last) = page.last() else { break };
                after = Some(last.order_no);
                for packet in page {
                    self.packet(store, packet, compared).await?;
                }
                tokio::time::sleep(REST).await;
            }
        }
        Ok(())
    }

    async fn packet(
        &self,
        store: &dyn OrderStore,
        packet: PacketRow,
        compared: &mut Compared,
    ) -> Result<(), Halt> {
        let order_no = packet.order_no;
        let verdict = self.judge(store, packet).await?;
        match verdict {
            Verdict::Missing => return Ok(()),
            Verdict::Same => {}
            Verdict::Behind => compared.behind += 1,
            Verdict::Wrong => {
                compared.wrong += 1;
                tracing::warn!(%order_no, "the shared cache said what never was");
                self.shared.forget_packet(order_no).await?;
            }
        }
        compared.packets += 1;
        if !matches!(verdict, Verdict::Same)
            && let Some(packet) = store.packet(order_no).await?
        {
            let claims = all_claims(store, &packet).await?;
            self.shared.put_packet(&packet, &claims).await?;
        }
        Ok(())
    }

    async fn judge(&self, store: &dyn OrderStore, read: PacketRow) -> Result<Verdict, Halt> {
        let order_no = read.order_no;
        let Some(known) = self.shared.packet(order_no).await? else {
            return Ok(Verdict::Missing);
        };
        // The database comes first with every change, so what is read from it after the
        // cache is never older.
        let truth = if read == known { Some(read) } else { store.packet(order_no).await? };
        let Some(truth) = truth else { return Ok(Verdict::Missing) };
        let as_far = PacketRow { progress: truth.progress, ..known.clone() };
        if as_far != truth || known.progress.version() > truth.progress.version() {
            return Ok(Verdict::Wrong);
        }
        let behind = known.progress.version() < truth.progress.version();
        if !behind && known.progress != truth.progress {
            return Ok(Verdict::Wrong);
        }
        if !self.has_true_claims(store, &truth, known.progress.claimed).await? {
            return Ok(Verdict::Wrong);
        }
        Ok(if behind { Verdict::Behind } else { Verdict::Same })
    }

    /// Does the tier know just these claims: every one that `known` counts, as it is, and
    /// none that never was?
    async fn has_true_claims(
        &self,
        store: &dyn OrderStore,
        truth: &PacketRow,
        known: u32,
    ) -> Result<bool, Halt> {
        let order_no = truth.order_no;
        let mut next = 0;
        while next < truth.progress.claimed {
            let claims = store.claims(order_no, next, CLAIMS_PAGE).await?;
            let Some(last) = claims.last() else { break };
            next = last.seq.saturating_add(1);
            let users: Vec<UserId> = claims.iter().map(|claim| claim.user_id).collect();
            let kept = self.shared.claims_of(order_no, &users).await?;
            let is_true = |(claim, kept): (&ClaimRow, &Option<ClaimRow>)| match kept {
                Some(kept) => kept == claim,
                None => claim.seq >= known,
            };
            if !claims.iter().zip(&kept).all(is_true) {
                return Ok(false);
            }
        }
        let held = self.shared.put_packet(truth, &[]).await?;
        // More can have been made since; that many are there then.
        let made = if held > truth.progress.claimed {
            store.packet(order_no).await?.map_or(0, |packet| packet.progress.claimed)
        } else {
            truth.progress.claimed
        };
        Ok(held <= made)
    }
}

async fn all_claims(store: &dyn OrderStore, packet: &PacketRow) -> Result<Vec<ClaimRow>, Halt> {
    let mut claims: Vec<ClaimRow> = Vec::new();
    loop {
        let next = u32::try_from(claims.len()).unwrap_or(u32::MAX);
        if next >= packet.progress.claimed {
            return Ok(claims);
        }
        let left = packet.progress.claimed - next;
        let page = store.claims(packet.order_no, next, left.min(CLAIMS_PAGE)).await?;
        if page.is_empty() {
            return Err(StoreError::Corrupt(format!("{} lacks claims", packet.order_no)).into());
        }
        claims.extend(page);
    }
}
