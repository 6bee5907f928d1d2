//! Lanes: one writer for each logical shard (R-OPEN-3). All opens and landings
//! of a shard's packets wait in its lane's bounded queue; the lane gives each
//! open the next share, commits many in one transaction under a compare-and-append
//! on the packet's row, and answers everyone only then. While one batch commits,
//! the next one gathers.

mod batch;
mod packet;
mod tries;
mod writer;

use super::Outstanding;
use crate::{
    bell::Bell,
    cache::{LocalTier, SharedWriter},
    control::{Control, Health},
    keys::seal::Sealer,
};
use hongbao_domain::{
    Refusal,
    board::{Place, Rung},
    runtime::{Clock, Tasks},
    store::orders::{ClaimRow, Landed, Landing, OrderStore},
};
use hongbao_shared::{ErrorCode, OrderNo, Shard, Site, UserId};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::{
    runtime::Handle,
    sync::{mpsc, oneshot},
};
use tokio_util::sync::CancellationToken;

const RETRY_WHEN_FULL: Duration = Duration::from_secs(1);
const RETRY_WHEN_DOWN: Duration = Duration::from_secs(1);

pub(in crate::packets) use packet::{load, since};

/// How much a lane takes.
#[derive(Clone, Copy, Debug)]
pub struct LaneSettings {
    /// How many may wait; one more is refused at once (R-OPEN-4).
    pub queue_max: usize,
    /// How many go into one transaction.
    pub batch_max: usize,
    /// How many open packets a lane keeps ready.
    pub packets_max: usize,
    /// How much later deferred credits are due (R-MONEY-2).
    pub credit_later: Duration,
}

/// What all lanes share.
#[derive(Clone, Debug)]
pub struct LaneParts {
    /// When shares are opened.
    pub clock: Arc<dyn Clock>,
    /// This node's memory, which lanes keep up to date.
    pub local: LocalTier,
    /// Writes to the tier that all nodes share.
    pub shared: Arc<SharedWriter>,
    /// Unseals the seeds of packets.
    pub sealer: Sealer,
    /// How credits are paid out.
    pub control: Arc<Control>,
    /// Which shards are up.
    pub health: Arc<Health>,
    /// The tickets that opens use up.
    pub outstanding: Outstanding,
    /// How much a lane takes.
    pub settings: LaneSettings,
}

/// The database behind a lane, and the bell of its outbox.
#[derive(Clone, Debug)]
pub struct LaneStore {
    /// Where the shard lives.
    pub store: Arc<dyn OrderStore>,
    /// Rung after commits.
    pub bell: Arc<Bell>,
}

type Reply<T> = oneshot::Sender<Result<T, Refusal>>;

/// What waits in a lane's queue.
#[derive(Debug)]
enum Op {
    Open { order_no: OrderNo, user: UserId, reply: Reply<ClaimRow> },
    Land { landing: Box<Landing>, reply: Reply<Landed> },
}

impl Op {
    fn order_no(&self) -> OrderNo {
        match self {
            Self::Open { order_no, .. } => *order_no,
            Self::Land { landing, .. } => landing.packet.order_no,
        }
    }

    /// Answers with a refusal. A client that has gone does not hear it, which is
    /// no fault.
    fn refuse(self, refusal: Refusal) {
        match self {
            Self::Open { reply, .. } => drop(reply.send(Err(refusal))),
            Self::Land { reply, .. } => drop(reply.send(Err(refusal))),
        }
    }
}

/// The lanes of all shards that this node reaches.
#[derive(Debug)]
pub struct Lanes {
    queues: BTreeMap<(Site, Shard), mpsc::Sender<Op>>,
    health: Arc<Health>,
    control: Arc<Control>,
}

impl Lanes {
    /// Starts a lane for each shard on `tasks`, run by `runtime`; they end, after
    /// their queues are empty, when `stop` is cancelled.
    pub fn start(
        stores: impl IntoIterator<Item = ((Site, Shard), LaneStore)>,
        parts: &LaneParts,
        tasks: &Tasks,
        runtime: &Handle,
        stop: &CancellationToken,
    ) -> Self {
        let queues = stores.into_iter().map(|(place, store)| {
            let (queue, ops) = mpsc::channel(parts.settings.queue_max);
            let lane = writer::Lane::new(store, parts.clone(), tasks.clone());
            tasks.spawn_on(lane.run(ops, stop.clone()), runtime);
            (place, queue)
        });
        Self {
            queues: queues.collect(),
            health: Arc::clone(&parts.health),
            control: Arc::clone(&parts.control),
        }
    }

    /// Opens the next share of a packet for `user`; durable when this answers.
    /// Repeating it gives the same share.
    pub async fn open(&self, order_no: OrderNo, user: UserId) -> Result<ClaimRow, Refusal> {
        self.ask(order_no, |reply| Op::Open { order_no, user, reply }).await
    }

    /// Brings a paid packet, or a tombstone, into its shard.
    pub async fn land(&self, landing: Landing) -> Result<Landed, Refusal> {
        let order_no = landing.packet.order_no;
        self.ask(order_no, |reply| Op::Land { landing: Box::new(landing), reply }).await
    }

    async fn ask<T>(
        &self,
        order_no: OrderNo,
        op: impl FnOnce(Reply<T>) -> Op,
    ) -> Result<T, Refusal> {
        let place = (order_no.site(), order_no.shard());
        let queue = self.queues.get(&place).ok_or(ErrorCode::PacketNotFound)?;
        // Whoever waited would wait for nothing (R-SITE-3).
        if !self.health.is_up(place) {
            return Err(lane_gone());
        }
        let (reply, answer) = oneshot::channel();
        queue.try_send(op(reply)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => {
                metrics::counter!("hongbao_lane_full_total").increment(1);
                let place = Place::Shard(order_no.site(), order_no.shard());
                self.control.board().enter(Rung::OpensLimited, place, "its queue is full");
                Refusal::new(ErrorCode::LaneFull).retry_after(RETRY_WHEN_FULL)
            }
            mpsc::error::TrySendError::Closed(_) => lane_gone(),
        })?;
        answer.await.unwrap_or_else(|_| Err(lane_gone()))
    }
}

/// The server is shutting down, or the shard is.
fn lane_gone() -> Refusal {
    Refusal::new(ErrorCode::ShardUnavailable).retry_after(RETRY_WHEN_DOWN)
}
