use super::{Op, Reply, packet::LanePacket};
use crate::{
    control::CreditMode,
    packets::event::{ChatEvent, CreditEvent, Event, ListEvent},
};
use hongbao_domain::{
    planted::Bug,
    runtime::SKEW_MAX,
    store::{
        orders::{
            Announcement, Append, ClaimRow, Landed, Landing, LaneBatch, Progress, StoredState,
        },
        outbox::Due,
    },
};
use hongbao_shared::{ErrorCode, Fen, Kind, OrderNo, Timestamp, UserId};
use std::{
    collections::{BTreeMap, HashMap},
    ops::RangeInclusive,
    time::Duration,
};

/// What one transaction will do, and who waits for it.
#[derive(Debug)]
pub(super) struct Draft {
    now: Timestamp,
    pub(super) appends: BTreeMap<OrderNo, PendingAppend>,
    pub(super) landings: Vec<(Landing, Reply<Landed>)>,
}

/// New claims of one packet.
#[derive(Debug)]
pub(super) struct PendingAppend {
    believed: Progress,
    pub(super) claims: Vec<ClaimRow>,
    /// Who waits for each claim; a user who asks twice waits twice.
    pub(super) winners: Vec<Vec<Reply<ClaimRow>>>,
    /// Looked up, never iterated.
    by_user: HashMap<UserId, usize>,
    /// Can no longer win; they hear "finished" only once it is true.
    pub(super) losers: Vec<(UserId, Reply<ClaimRow>)>,
    pub(super) after: Progress,
}

impl Draft {
    pub(super) fn new(now: Timestamp) -> Self {
        Self { now, appends: BTreeMap::new(), landings: Vec::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.appends.is_empty() && self.landings.is_empty()
    }

    /// Gives `user` the next share, or lets them wait for who gets the last one.
    pub(super) fn open(&mut self, packet: &mut LanePacket, user: UserId, reply: Reply<ClaimRow>) {
        let facts = packet.entry.facts();
        let pending = self.appends.entry(facts.order_no).or_insert_with(|| {
            let believed = packet.entry.progress();
            PendingAppend {
                believed,
                claims: Vec::new(),
                winners: Vec::new(),
                by_user: HashMap::new(),
                losers: Vec::new(),
                after: believed,
            }
        });
        if let Some(waiting) =
            pending.by_user.get(&user).and_then(|at| pending.winners.get_mut(*at))
        {
            waiting.push(reply);
            return;
        }
        let shares = facts.shares;
        // A clock that was set back must not open a share before its packet came.
        let at = self.now.max(facts.landed_at);
        match packet.share(pending.claims.len()) {
            None => pending.losers.push((user, reply)),
            Some(amount_fen) => pending.win(user, amount_fen, shares, at, reply),
        }
    }

    /// What the store is asked to commit.
    /// Deferred credits are due `later`.
    pub(super) fn request(
        &self,
        kinds: &dyn Fn(OrderNo) -> Kind,
        mode: CreditMode,
        later: Duration,
    ) -> LaneBatch {
        let appends = self.appends.iter().map(|(order_no, pending)| Append {
            order_no: *order_no,
            believed: pending.believed.claimed,
            claims: pending.claims.clone(),
            after: pending.after,
            announcements: {
                let credits = pending.credits(*order_no, mode, later);
                pending.announcements(*order_no, kinds(*order_no), credits, self.now)
            },
        });
        LaneBatch {
            landings: self.landings.iter().map(|(landing, _)| landing.clone()).collect(),
            appends: appends.collect(),
            at: Some(self.now),
            within: Some(self.within()),
            ..LaneBatch::default()
        }
    }

    /// When the moments that it writes down are true: a packet's time runs from its landing.
    fn within(&self) -> RangeInclusive<Timestamp> {
        let landed = || self.landings.iter().map(|(landing, _)| landing.packet.landed_at);
        let (first, last) =
            (landed().fold(self.now, Timestamp::min), landed().fold(self.now, Timestamp::max));
        last.minus(SKEW_MAX)..=first.plus(SKEW_MAX)
    }

    /// Answers everyone who wins; for [`hongbao_domain::planted::Bug::ReplyBeforeCommit`] alone.
    pub(super) fn answer_early(&mut self) {
        for pending in self.appends.values_mut() {
            for (claim, replies) in pending.claims.iter().zip(&mut pending.winners) {
                for reply in replies.drain(..) {
                    drop(reply.send(Ok(*claim)));
                }
            }
        }
    }

    /// Everyone who waits, to be served again or refused.
    pub(super) fn into_ops(self) -> Vec<Op> {
        let landings = self
            .landings
            .into_iter()
            .map(|(landing, reply)| Op::Land { landing: Box::new(landing), reply });
        let opens = self.appends.into_iter().flat_map(|(no, pending)| pending.into_ops(no));
        landings.chain(opens).collect()
    }
}

impl PendingAppend {
    fn win(
        &mut self,
        user: UserId,
        amount_fen: Fen,
        shares: u32,
        at: Timestamp,
        reply: Reply<ClaimRow>,
    ) {
        self.by_user.insert(user, self.claims.len());
        self.claims.push(ClaimRow {
            seq: self.after.claimed,
            user_id: user,
            amount_fen,
            opened_at: at,
        });
        self.winners.push(vec![reply]);
        self.after.claimed += 1;
        self.after.claimed_fen = self
            .after
            .claimed_fen
            .checked_add(amount_fen)
            .expect("the shares of a packet add up to its total");
        if self.after.claimed == shares {
            self.after.state = StoredState::Finished;
            self.after.finished_at = Some(at);
        }
    }

    /// How the new claims come into wallets (R-MONEY-2): run by run of those that are due
    /// together.
    fn credits(&self, order_no: OrderNo, mode: CreditMode, later: Duration) -> Vec<Event> {
        let due = |claim: &ClaimRow| match mode {
            CreditMode::Split { large_share_fen } if claim.amount_fen >= large_share_fen => {
                Due::First
            }
            CreditMode::Queue | CreditMode::Split { .. } => Due::Next,
            CreditMode::Deferred if Bug::DeferredIsDue.is_planted() => Due::Next,
            CreditMode::Deferred => Due::After(later),
        };
        let runs = self.claims.chunk_by(|one, next| due(one) == due(next));
        let event = |run: &[ClaimRow]| {
            let (first, last) = (run.first()?, run.last()?);
            let count = last.seq.saturating_sub(first.seq).saturating_add(1);
            Some(Event::Credit(due(first), CreditEvent { order_no, from: first.seq, count }))
        };
        runs.filter_map(event).collect()
    }

    fn announcements(
        &self,
        order_no: OrderNo,
        kind: Kind,
        mut events: Vec<Event>,
        now: Timestamp,
    ) -> Vec<Announcement> {
        let from = self.believed.claimed;
        let count = self.after.claimed - from;
        events.push(Event::List(ListEvent::Received { order_no, from, count }));
        events.push(Event::chat(ChatEvent::Opened { order_no, from, count }));
        if self.after.state == StoredState::Finished {
            events.push(Event::chat(ChatEvent::Finished { order_no }));
            if kind == Kind::Lucky {
                events.push(Event::List(ListEvent::Finished { order_no, at: now }));
            }
        }
        events.iter().map(Event::announce).collect()
    }

    pub(super) fn into_ops(self, order_no: OrderNo) -> Vec<Op> {
        let mut ops = Vec::new();
        for (claim, replies) in self.claims.into_iter().zip(self.winners) {
            let user = claim.user_id;
            ops.extend(replies.into_iter().map(|reply| Op::Open { order_no, user, reply }));
        }
        ops.extend(self.losers.into_iter().map(|(user, reply)| Op::Open { order_no, user, reply }));
        ops
    }

    /// Answers everyone; the claims are durable.
    pub(super) fn answer(self) {
        for (claim, replies) in self.claims.into_iter().zip(self.winners) {
            for reply in replies {
                // A client that has gone finds its share when it asks again.
                drop(reply.send(Ok(claim)));
            }
        }
        for (_, reply) in self.losers {
            drop(reply.send(Err(ErrorCode::PacketFinished.into())));
        }
    }
}

impl Draft {
    /// When this batch is committed.
    pub(super) fn now(&self) -> Timestamp {
        self.now
    }
}
