use super::{
    LaneParts, LaneStore, Op, Reply,
    batch::Draft,
    packet::{LanePacket, catch_up, load, unreadable},
    tries::{Tries, down, refuse},
};
use crate::cache::PacketEntry;
use hongbao_domain::{
    Refusal, crash,
    planted::Bug,
    runtime::Tasks,
    store::{
        StoreError,
        orders::{ClaimRow, Landed, LaneBatch, LaneOutcome, Progress, StoredState},
        outbox::{Destination, Due},
    },
};
use hongbao_shared::{ErrorCode, Kind, OrderNo, Timestamp, UserId};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};
use tokio::{runtime::Handle, sync::mpsc};
use tokio_util::sync::CancellationToken;

/// The single writer of a shard.
#[derive(Debug)]
pub(super) struct Lane {
    place: LaneStore,
    parts: LaneParts,
    packets: BTreeMap<OrderNo, LanePacket>,
    batches: u64,
    /// Where those live who wait for answers. A batch's are sent from there, all at once: each that is
    /// sent from a lane's thread takes a lock that the requests' threads want as well.
    requests: Handle,
    /// What ends with the lanes, and not unnoticed.
    tasks: Tasks,
}

impl Lane {
    pub(super) fn new(place: LaneStore, parts: LaneParts, tasks: Tasks) -> Self {
        let requests = Handle::current();
        Self { place, parts, packets: BTreeMap::new(), batches: 0, requests, tasks }
    }

    /// Serves until `stop` is cancelled and the queue is empty.
    pub(super) async fn run(mut self, mut queue: mpsc::Receiver<Op>, stop: CancellationToken) {
        let mut ops = Vec::with_capacity(self.parts.settings.batch_max);
        let mut closing = false;
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled(), if !closing => {
                    queue.close();
                    closing = true;
                }
                taken = queue.recv_many(&mut ops, self.parts.settings.batch_max) => {
                    if taken == 0 {
                        return;
                    }
                    self.serve(std::mem::take(&mut ops)).await;
                }
            }
        }
    }

    /// Serves some ops to the end: each is answered when this returns.
    async fn serve(&mut self, ops: Vec<Op>) {
        let mut rounds = VecDeque::from([ops]);
        let mut tries = Tries::default();
        while let Some(ops) = rounds.pop_front() {
            tries.back_off(&ops).await;
            let mut draft = self.assemble(ops).await;
            if draft.is_empty() {
                continue;
            }
            let request = self.request(&draft);
            if Bug::ReplyBeforeCommit.is_planted() {
                draft.answer_early();
            }
            if Bug::CacheBeforeCommit.is_planted() {
                for (order_no, pending) in &draft.appends {
                    self.advance(*order_no, pending.after, &pending.claims);
                }
            }
            match self.commit(request.clone()).await {
                Ok(outcome) => {
                    let beaten = self.settle(draft, &request, outcome).await;
                    if Bug::LostRaceIsFault.is_planted() {
                        refuse(beaten, &Arc::new(StoreError::Corrupt("a lost race".to_owned())));
                        continue;
                    }
                    let why = StoreError::Unavailable("every attempt came second".into());
                    let again = tries.once_more(beaten, why);
                    if !again.is_empty() {
                        rounds.push_back(again);
                    }
                }
                Err(error)
                    if (error.is_final() && !Bug::BatchFailsAsOne.is_planted())
                        || matches!(error, StoreError::Unknown(_)) =>
                {
                    // Either it may have happened, or our picture of a packet is
                    // wrong, or the database's is: forget the pictures, and give each packet a
                    // transaction of its own, so that one spoils no other.
                    tracing::warn!(%error, "lane batch is tried again, packet by packet");
                    rounds.extend(self.split(tries.once_more(draft.into_ops(), error)));
                }
                Err(error) => refuse(draft.into_ops(), &Arc::new(error)),
            }
        }
        self.evict();
    }

    /// Answers what can be answered now, and drafts the rest.
    async fn assemble(&mut self, ops: Vec<Op>) -> Draft {
        self.batches += 1;
        let mut draft = Draft::new(self.parts.clock.now());
        for op in ops {
            match op {
                Op::Land { landing, reply } => draft.landings.push((*landing, reply)),
                Op::Open { order_no, user, reply } => {
                    self.open(&mut draft, order_no, user, reply).await;
                }
            }
        }
        draft
    }

    async fn open(
        &mut self,
        draft: &mut Draft,
        order_no: OrderNo,
        user: UserId,
        reply: Reply<ClaimRow>,
    ) {
        let now = draft.now();
        let refusal = match self.packet(order_no, now).await {
            Ok(Some(packet)) => {
                let facts = packet.entry.facts();
                if let Some(claim) = packet.entry.live(|live| live.claim_of(user))
                    && !Bug::OwnClaimForgotten.is_planted()
                {
                    return drop(reply.send(Ok(claim)));
                }
                if now >= facts.expires_at {
                    ErrorCode::PacketExpired.into()
                } else if facts.recipient_id.is_some_and(|recipient| recipient != user) {
                    ErrorCode::PacketNotForYou.into()
                } else {
                    return draft.open(packet, user, reply);
                }
            }
            found => {
                let refusal = found.err().unwrap_or_else(|| ErrorCode::PacketNotFound.into());
                match self.without_seed(order_no, user, now) {
                    // Who could not learn what other nodes gave knows of no end.
                    Some(Err(ended)) if refusal.code != ErrorCode::ShardUnavailable => ended,
                    None | Some(Err(_)) => refusal,
                    Some(Ok(claim)) => return drop(reply.send(Ok(claim))),
                }
            }
        };
        drop(reply.send(Err(refusal)));
    }

    /// What is known of a packet whose next share is not: a share of `user`, or that it is
    /// over. Neither needs the packet's seed, which may not open (R-MONEY-6).
    fn without_seed(
        &self,
        order_no: OrderNo,
        user: UserId,
        now: Timestamp,
    ) -> Option<Result<ClaimRow, Refusal>> {
        let entry = self.parts.local.get(order_no)?;
        if let Some(claim) = entry.live(|live| live.claim_of(user)) {
            return Some(Ok(claim));
        }
        let state = entry.progress().state;
        let is_over = !state.is_open() || now >= entry.facts().expires_at;
        is_over.then(|| Err(ended(state)))
    }

    /// The open packet of this number; `None` if there is none, or it has ended. Once its time
    /// is over nothing is appended any more, so that no lost race shows what other nodes have
    /// committed: then that is learnt, once in a batch, before anybody is refused (R-OPEN-2).
    async fn packet(
        &mut self,
        order_no: OrderNo,
        now: Timestamp,
    ) -> Result<Option<&mut LanePacket>, Refusal> {
        if !self.packets.contains_key(&order_no) {
            let entry = match self.parts.local.get(order_no) {
                Some(entry) => entry,
                None => match load(&*self.place.store, order_no).await {
                    Ok(None) => return Ok(None),
                    Ok(Some(entry)) => self.parts.local.keep(Arc::new(entry)),
                    Err(error) => return Err(down(&Arc::new(error))),
                },
            };
            if entry.progress().state != StoredState::Open {
                return Ok(None);
            }
            let packet = LanePacket::new(entry, &self.parts.sealer).map_err(unreadable)?;
            self.packets.insert(order_no, packet);
        }
        let used = self.batches;
        let late =
            |packet: &LanePacket| packet.used != used && now >= packet.entry.facts().expires_at;
        if self.packets.get(&order_no).is_some_and(late) {
            self.learn(order_no).await.map_err(|error| down(&Arc::new(error)))?;
        }
        let packet = self.packets.get_mut(&order_no);
        Ok(packet.map(|packet| packet.used_in(used)))
    }

    fn request(&self, draft: &Draft) -> LaneBatch {
        let kind = |order_no: OrderNo| {
            self.packets.get(&order_no).map_or(Kind::Equal, |packet| packet.entry.facts().kind)
        };
        let later = self.parts.settings.credit_later;
        draft.request(&kind, self.parts.control.credit_mode(), later)
    }

    async fn commit(&self, request: LaneBatch) -> Result<LaneOutcome, StoreError> {
        let steps = crash::of_lane(&request);
        let started = tokio::time::Instant::now();
        let appends = request.appends.len();
        crash::before_all(&steps);
        let mut outcome = self.place.store.commit(request).await;
        if outcome.is_ok() {
            crash::after_all(&steps);
        }
        if matches!(outcome, Err(StoreError::Unknown(_))) && Bug::UnknownIsSuccess.is_planted() {
            outcome = Ok(LaneOutcome { appends: vec![true; appends], ..LaneOutcome::default() });
        }
        metrics::histogram!("hongbao_lane_commit_seconds").record(started.elapsed());
        outcome
    }

    /// Takes over what held and answers; gives back what lost a race.
    async fn settle(&mut self, draft: Draft, request: &LaneBatch, outcome: LaneOutcome) -> Vec<Op> {
        let mut again = Vec::new();
        let told = told(request, &outcome);
        for ((landing, reply), landed) in draft.landings.into_iter().zip(outcome.landings) {
            if landed == Landed::New && landing.packet.progress.state == StoredState::Open {
                let entry = Arc::new(PacketEntry::new(landing.packet, &[]));
                let entry = self.parts.local.keep(entry);
                self.parts.shared.changed(&entry, 0);
            }
            drop(reply.send(Ok(landed)));
        }
        for ((order_no, pending), held) in draft.appends.into_iter().zip(outcome.appends) {
            if held || Bug::LostRaceIsWon.is_planted() {
                let shard = format!("{}{}", order_no.site(), order_no.shard());
                metrics::counter!("hongbao_claims_total", "shard" => shard)
                    .increment(u64::try_from(pending.claims.len()).unwrap_or_default());
                let from = self.advance(order_no, pending.after, &pending.claims);
                let outstanding = self.parts.outstanding.clone();
                let answering = async move {
                    outstanding.opened(order_no, pending.claims.iter().map(|claim| claim.user_id));
                    pending.answer();
                };
                self.tasks.spawn_on(answering, &self.requests);
                self.publish(order_no, from);
            } else {
                again.extend(pending.into_ops(order_no));
                self.lost_race(order_no).await;
            }
        }
        // Only now: whoever is told looks into this node's memory.
        for (destination, due) in told {
            self.place.bell.ring(destination, due);
        }
        again
    }

    /// Writes a commit into this node's memory; gives the first new claim.
    fn advance(&mut self, order_no: OrderNo, after: Progress, claims: &[ClaimRow]) -> u32 {
        let Some(packet) = self.packets.get_mut(&order_no) else { return 0 };
        packet.entry.advance(after, claims);
        packet.committed(u32::try_from(claims.len()).unwrap_or(u32::MAX));
        // The local tier may have dropped it, or found a copy of its own.
        self.parts.local.put_if_other(&packet.entry);
        claims.first().map_or(after.claimed, |claim| claim.seq)
    }

    /// Lets the shared tier know; a packet that has ended leaves the lane.
    fn publish(&mut self, order_no: OrderNo, from: u32) {
        let Some(packet) = self.packets.get(&order_no) else { return };
        self.parts.shared.changed(&packet.entry, from);
        if packet.entry.progress().state != StoredState::Open {
            self.packets.remove(&order_no);
        }
    }

    /// Another node changed the packet first: learn what it did.
    async fn lost_race(&mut self, order_no: OrderNo) {
        metrics::counter!("hongbao_lane_lost_races_total").increment(1);
        if let Err(error) = self.learn(order_no).await {
            tracing::warn!(%error, order_no = %order_no, "cannot catch up after a lost race");
            self.forget(order_no);
        }
    }

    /// What other nodes have committed; a packet that has ended leaves the lane.
    async fn learn(&mut self, order_no: OrderNo) -> Result<(), StoreError> {
        let Some(packet) = self.packets.get_mut(&order_no) else { return Ok(()) };
        let missed = catch_up(&*self.place.store, &packet.entry).await?;
        packet.committed(missed);
        self.parts.local.put_if_other(&packet.entry);
        if packet.entry.progress().state != StoredState::Open {
            self.packets.remove(&order_no);
        }
        Ok(())
    }

    fn split(&mut self, ops: Vec<Op>) -> Vec<Vec<Op>> {
        let mut rounds: BTreeMap<OrderNo, Vec<Op>> = BTreeMap::new();
        for op in ops {
            rounds.entry(op.order_no()).or_default().push(op);
        }
        for order_no in rounds.keys() {
            self.forget(*order_no);
        }
        if Bug::AttemptsPerBatch.is_planted() {
            let mut first: Vec<_> = rounds.into_values().collect();
            let second = first.split_off(first.len() / 2);
            return [first, second].map(|half| half.into_iter().flatten().collect()).into();
        }
        rounds.into_values().collect()
    }

    fn forget(&mut self, order_no: OrderNo) {
        self.packets.remove(&order_no);
        self.parts.local.forget(order_no);
    }

    /// Keeps the lane's memory bounded: the packets that were not used for longest
    /// go, half of them at once, so that this is rare.
    fn evict(&mut self) {
        if self.packets.len() <= self.parts.settings.packets_max {
            return;
        }
        let mut by_use: Vec<_> =
            self.packets.iter().map(|(order_no, packet)| (packet.used, *order_no)).collect();
        by_use.sort_unstable();
        for (_, order_no) in by_use.into_iter().take(self.packets.len() / 2) {
            self.packets.remove(&order_no);
        }
    }
}

/// Every destination that a commit told something, and when that is due.
fn told(request: &LaneBatch, outcome: &LaneOutcome) -> BTreeSet<(Destination, Due)> {
    let landed = outcome.landings.iter().map(|landed| *landed == Landed::New);
    let landings = request.landings.iter().map(|landing| &landing.announcements).zip(landed);
    let appends = request.appends.iter().map(|append| &append.announcements);
    landings
        .chain(appends.zip(outcome.appends.iter().copied()))
        .filter(|(_, held)| *held)
        .flat_map(|(announcements, _)| announcements)
        .map(|announcement| (announcement.destination, announcement.due))
        .collect()
}

/// What somebody hears who comes to a packet that has ended, or whose time is over.
fn ended(state: StoredState) -> Refusal {
    match state {
        StoredState::Open | StoredState::Expired => ErrorCode::PacketExpired.into(),
        StoredState::Finished | StoredState::GivenUp => ErrorCode::PacketFinished.into(),
    }
}
