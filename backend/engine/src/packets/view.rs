//! Finding a packet: local tier, shared tier, database behind a limiter (R-CACHE-1).

use super::lane;
use crate::{
    cache::{LocalTier, PacketEntry, SharedWriter},
    control::{Control, Lookups},
};
use hongbao_domain::{
    Refusal,
    board::{Place, Rung},
    cache::{CacheDown, SharedTier},
    runtime::Clock,
    store::orders::{ClaimRow, OrderStore, PacketRow, Progress},
};
use hongbao_shared::{ErrorCode, OrderNo, Shard, Site, UserId};
use std::{collections::BTreeMap, sync::Arc};

/// Who else can change packets behind the back of this node's memory.
#[derive(Clone, Debug)]
pub enum Peers {
    /// Nobody: what this node remembers, and its databases, is all there is.
    None,
    /// Other nodes, which tell this tier; and what it lacks it is told by this writer.
    InTier(Arc<dyn SharedTier>, Arc<SharedWriter>),
    /// Other nodes, which tell only the databases.
    InDatabases,
}

/// Finds packets, wherever they are known.
#[derive(Debug)]
pub struct Finder {
    local: LocalTier,
    shards: BTreeMap<(Site, Shard), OneShard>,
    control: Arc<Control>,
    peers: Peers,
    clock: Arc<dyn Clock>,
}

/// One that does not answer keeps no turn from those who look at another.
#[derive(Debug)]
struct OneShard {
    store: Arc<dyn OrderStore>,
    lookups: Lookups,
}

/// What a grab needs to know, from whichever tier knows it.
#[derive(Debug)]
pub(super) struct Glimpse {
    /// Key fields and progress.
    pub(super) packet: PacketRow,
    /// The share of the user who asks.
    pub(super) mine: Option<ClaimRow>,
}

impl Finder {
    /// Looks into `local`, then the tier that `peers` share, then the database of the shard,
    /// with as many look-ups at a shard at once as `control` says.
    pub fn new(
        local: LocalTier,
        stores: BTreeMap<(Site, Shard), Arc<dyn OrderStore>>,
        control: Arc<Control>,
        peers: Peers,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let shard = |(place, store): ((Site, Shard), _)| {
            let lookups = Lookups::new(Arc::clone(&control), Place::Shard(place.0, place.1));
            (place, OneShard { store, lookups })
        };
        let shards = stores.into_iter().map(shard).collect();
        Self { local, shards, control, peers, clock }
    }

    /// The store of a packet's shard.
    pub fn store(&self, order_no: OrderNo) -> Result<&dyn OrderStore, Refusal> {
        Ok(&*self.shard(order_no)?.store)
    }

    fn shard(&self, order_no: OrderNo) -> Result<&OneShard, ErrorCode> {
        let shard = self.shards.get(&(order_no.site(), order_no.shard()));
        shard.ok_or(ErrorCode::PacketNotFound)
    }

    /// What a grab by `user` needs; caches first.
    pub(super) async fn glimpse(
        &self,
        order_no: OrderNo,
        user: UserId,
    ) -> Result<Glimpse, Refusal> {
        let known = self.local.get(order_no);
        let cached = match &known {
            Some(entry) if self.may_answer(entry) => Some(Glimpse::of(entry, user)),
            _ => self.shared_glimpse(order_no, user, known.as_deref()).await,
        };
        // A cache that did not hear the end would say that the packet has expired, also of one
        // whose last share was taken before its time was over.
        let last_known = match cached {
            Some(glimpse) if !self.may_have_ended(&glimpse.packet, glimpse.packet.progress) => {
                return Ok(glimpse);
            }
            cached => cached,
        };
        let read = match known {
            Some(entry) => Ok(self.catch_up(entry).await),
            None => self.load(order_no).await,
        };
        match (read, last_known) {
            (Ok(entry), _) => Ok(Glimpse::of(&entry, user)),
            (Err(_), Some(glimpse)) => Ok(glimpse),
            (Err(refusal), None) => Err(refusal),
        }
    }

    /// What the shared tier knows, unless this node knows more.
    async fn shared_glimpse(
        &self,
        order_no: OrderNo,
        user: UserId,
        known: Option<&PacketEntry>,
    ) -> Option<Glimpse> {
        let Peers::InTier(shared, _) = &self.peers else { return None };
        let glimpse = async {
            let Some(packet) = shared.packet(order_no).await? else { return Ok(None) };
            if let Some(known) = known
                && packet.progress.version() <= known.progress().version()
            {
                known.confirm();
                return Ok(Some(Glimpse::of(known, user)));
            }
            let mine = shared.claim_of(order_no, user).await?;
            Ok::<_, CacheDown>(Some(Glimpse { packet, mine }))
        };
        glimpse.await.unwrap_or_else(|error| {
            let place = Place::Site(order_no.site());
            self.control.board().enter(Rung::GrabsWithoutCache, place, error);
            None
        })
    }

    /// The whole packet with all of its claims.
    pub(super) async fn entry(&self, order_no: OrderNo) -> Result<Arc<PacketEntry>, Refusal> {
        let Some(entry) = self.local.get(order_no) else { return self.load(order_no).await };
        // It ends behind the back of everyone who remembers it as open.
        let may_have_ended = self.may_have_ended(entry.facts(), entry.progress());
        if self.may_answer(&entry) && !may_have_ended {
            return Ok(entry);
        }
        if let Peers::InTier(shared, _) = &self.peers
            && !may_have_ended
            && let Ok(Some(packet)) = shared.packet(order_no).await
            && packet.progress.version() <= entry.progress().version()
        {
            entry.confirm();
            return Ok(entry);
        }
        Ok(self.catch_up(entry).await)
    }

    /// Is it open as far as is known, although its time is over?
    fn may_have_ended(&self, facts: &PacketRow, progress: Progress) -> bool {
        progress.state.is_open() && self.clock.now() >= facts.expires_at
    }

    /// May this node's memory answer, without anybody else being asked (R-CACHE-1)?
    fn may_answer(&self, entry: &PacketEntry) -> bool {
        matches!(self.peers, Peers::None) || entry.is_current()
    }

    /// What has been committed by now. Where the database does not tell, the last known value
    /// stands in for it: each was a committed fact, and no cache decides money.
    async fn catch_up(&self, known: Arc<PacketEntry>) -> Arc<PacketEntry> {
        match self.newest(&known).await {
            Ok(entry) => entry,
            Err(refusal) => {
                tracing::debug!(?refusal, "the last known value answers");
                known
            }
        }
    }

    async fn newest(&self, known: &PacketEntry) -> Result<Arc<PacketEntry>, Refusal> {
        let order_no = known.facts().order_no;
        let OneShard { store, lookups } = self.shard(order_no)?;
        let _turn = lookups.turn().await?;
        // Somebody may have brought it while we waited.
        let brought = |entry: &Arc<PacketEntry>| {
            entry.is_current() && !self.may_have_ended(entry.facts(), entry.progress())
        };
        if let Some(entry) = self.local.get(order_no).filter(brought) {
            return Ok(entry);
        }
        metrics::counter!("hongbao_packet_catch_ups_total").increment(1);
        let (progress, missed) = lane::since(&**store, known).await?;
        let entry = self.local.keep_newer(Arc::new(known.caught_up(progress, &missed)));
        entry.confirm();
        self.tell(&entry);
        Ok(entry)
    }

    async fn load(&self, order_no: OrderNo) -> Result<Arc<PacketEntry>, Refusal> {
        let OneShard { store, lookups } = self.shard(order_no)?;
        let _turn = lookups.turn().await?;
        // Somebody may have brought it while we waited.
        if let Some(entry) = self.local.get(order_no) {
            return Ok(entry);
        }
        metrics::counter!("hongbao_packet_loads_total").increment(1);
        let entry = lane::load(&**store, order_no).await.map_err(|error| {
            let mut refusal = Refusal::from(error);
            if refusal.code == ErrorCode::Unavailable {
                refusal.code = ErrorCode::ShardUnavailable;
            }
            refusal
        })?;
        let entry = self.local.keep(Arc::new(entry.ok_or(ErrorCode::PacketNotFound)?));
        self.tell(&entry);
        Ok(entry)
    }

    /// Brings the shared tier what it did not have when it was asked.
    fn tell(&self, entry: &Arc<PacketEntry>) {
        if let Peers::InTier(_, writer) = &self.peers {
            writer.changed(entry, 0);
        }
    }
}

impl Glimpse {
    fn of(entry: &PacketEntry, user: UserId) -> Self {
        let mut packet = entry.facts().clone();
        let mine = entry.live(|live| {
            packet.progress = live.progress();
            live.claim_of(user)
        });
        Self { packet, mine }
    }
}
