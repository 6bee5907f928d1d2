use super::{entry::PacketEntry, keep_writing};
use hongbao_domain::cache::SharedTier;
use hongbao_shared::OrderNo;
use parking_lot::Mutex;
use std::{collections::BTreeMap, ops::Bound, sync::Arc};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Packets whose shared copy is behind. Beyond this the copy stays behind until
/// it is read again: the database is the truth.
const BEHIND_MAX: usize = 50_000;

/// Brings the shared tier up to date after commits, off the way of those who wait
/// for an answer: database, then local tier, then shared tier (R-CACHE-2). What
/// cannot be written stays queued and is tried again.
#[derive(Debug)]
pub struct SharedWriter {
    /// `None` where no other node reads what it would write.
    shared: Option<Arc<dyn SharedTier>>,
    behind: Mutex<BTreeMap<OrderNo, Behind>>,
    wake: Notify,
}

#[derive(Clone, Debug)]
struct Behind {
    entry: Arc<PacketEntry>,
    /// The first claim that the shared copy lacks.
    from: usize,
}

impl SharedWriter {
    /// Writes to `shared`; `None` for a node that is alone: its memory and its databases
    /// are all there is, and a second copy in the same memory would serve nobody.
    pub fn new(shared: Option<Arc<dyn SharedTier>>) -> Self {
        Self { shared, behind: Mutex::default(), wake: Notify::new() }
    }

    /// Notes that a packet has changed, from its claim number `from` on.
    pub fn changed(&self, entry: &Arc<PacketEntry>, from: u32) {
        if self.shared.is_none() {
            return;
        }
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        let mut behind = self.behind.lock();
        let full = behind.len() >= BEHIND_MAX;
        match behind.get_mut(&entry.facts().order_no) {
            Some(waiting) => {
                waiting.from = waiting.from.min(from);
                waiting.entry = Arc::clone(entry);
            }
            None if full => metrics::counter!("hongbao_shared_cache_dropped_total").increment(1),
            None => {
                behind.insert(entry.facts().order_no, Behind { entry: Arc::clone(entry), from });
            }
        }
        drop(behind);
        self.wake.notify_one();
    }

    /// Writes until `stop`.
    pub async fn run(&self, stop: CancellationToken) {
        keep_writing(&self.wake, stop, || self.round()).await;
    }

    /// Tries each packet that waits once, so that a site whose cache is down holds up no
    /// other; says whether nothing failed.
    ///
    /// In the order of numbers, each once: what changes again behind the one that is being
    /// written waits for the next round, so that a packet which changes without a pause
    /// keeps none of the others waiting.
    async fn round(&self) -> bool {
        let mut failed = Vec::new();
        let mut after = None;
        while let Some(next) = self.take(after) {
            after = Some(next.entry.facts().order_no);
            if let Err(error) = self.write(&next).await {
                tracing::debug!(%error, "shared cache is behind");
                metrics::counter!("hongbao_shared_cache_failed_writes_total").increment(1);
                failed.push(next);
            }
        }
        for next in &failed {
            self.changed(&next.entry, u32::try_from(next.from).unwrap_or(u32::MAX));
        }
        failed.is_empty()
    }

    fn take(&self, after: Option<OrderNo>) -> Option<Behind> {
        let mut behind = self.behind.lock();
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let next = *behind.range((from, Bound::Unbounded)).next()?.0;
        behind.remove(&next)
    }

    async fn write(&self, behind: &Behind) -> Result<(), hongbao_domain::cache::CacheDown> {
        let Some(shared) = &self.shared else { return Ok(()) };
        let mut packet = behind.entry.facts().clone();
        let new = behind.entry.live(|live| {
            packet.progress = live.progress();
            live.claims().get(behind.from..).unwrap_or_default().to_vec()
        });
        let held = shared.put_packet(&packet, &new).await?;
        // The tier has been wiped meanwhile, or took less than it was told to.
        if held < packet.progress.claimed && behind.from > 0 {
            let all = behind.entry.live(|live| live.claims().to_vec());
            shared.put_packet(&packet, &all).await?;
        }
        Ok(())
    }
}
