//! What people do, and what they are told.

mod ends;
mod hostile;
mod money;
mod open;
mod send;

use crate::{
    Dice,
    fault::WorldFault,
    gate::as_call,
    naive,
    people::People,
    trouble::Needs,
    witness::{KnownPacket, Promise},
    world::{Node, World},
};
use hongbao_domain::Refusal;
use hongbao_engine::lists::ListPart;
use hongbao_shared::{
    ErrorCode, OrderNo,
    api::{
        lists::{ListPage, ReceivedItem},
        packets::{Fairness, PacketDetails, PacketState},
    },
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::time::{Instant, sleep};

/// How often a call is tried again that was not answered.
const TRIES_MAX: u32 = 8;

/// Somebody's app.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) name: String,
    pub(crate) world: Arc<World>,
    pub(crate) people: Arc<People>,
    /// Is this one of hundreds, after whom nobody checks everything?
    pub(crate) in_crowd: bool,
    /// Calls that have been made, by all clients.
    pub(crate) calls: Arc<AtomicU64>,
    pub(crate) dice: Dice,
}

/// How a call ended.
enum Answer<T> {
    Yes(T),
    No(Refusal),
    /// The process stopped, or the client went away.
    None,
}

impl Client {
    /// Goes on until all clients together have made their calls.
    pub(crate) async fn live(mut self) {
        while self.calls.load(Ordering::Relaxed) < self.world.plan.operations
            && self.world.witness.is_content()
        {
            self.act().await;
        }
    }

    /// Does one thing, and waits a moment.
    pub(crate) async fn act(&mut self) {
        match self.dice.below(100) {
            0..20 => self.send().await,
            20..50 => self.open_one().await,
            50..70 => self.burst().await,
            70..78 => self.look().await,
            78..84 => self.attack().await,
            84..90 => self.wallet().await,
            _ => self.top_up().await,
        }
        sleep(Duration::from_millis(self.dice.range(1, 900))).await;
    }

    /// Makes a call of a node, which may not live to answer it, and for which the client
    /// may not wait.
    async fn call<T>(
        &mut self,
        node: &Node,
        needs: Needs,
        what: String,
        call: impl Future<Output = Result<T, Refusal>>,
        show: impl FnOnce(&T) -> String,
    ) -> Answer<T> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let leaves = self.world.chaos.strikes(150);
        let patience = if leaves {
            self.world.chaos.befell(WorldFault::ClientGone);
            self.dice.range(0, 300)
        } else {
            self.dice.range(5_000, 30_000)
        };
        let began = Instant::now();
        let answer = tokio::select! {
            biased;
            () = node.life.until_stopped() => Answer::None,
            answer = as_call(call) => match answer {
                Ok(answer) => Answer::Yes(answer),
                Err(refusal) => Answer::No(refusal),
            },
            () = sleep(Duration::from_millis(patience)) => Answer::None,
        };
        let told = match &answer {
            Answer::Yes(answer) => show(answer),
            Answer::No(refusal) => refusal.code.as_str().to_owned(),
            Answer::None => "…".to_owned(),
        };
        let (client, life) = (&self.name, &node.life);
        self.world.history.note(format_args!("{client} {} {what} → {told}", life.name));
        if let Answer::No(refusal) = &answer
            && !life.troubles.excuse(refusal.code, needs, began)
        {
            let is_fault = refusal.code == ErrorCode::Internal;
            let promise = if is_fault { Promise::NoFault } else { Promise::Service };
            let cause = refusal.cause.as_ref().map(|cause| format!("{cause:#}"));
            let code = refusal.code.as_str();
            let what = format!("{what} by {}: {code}, {}", life.name, cause.unwrap_or_default());
            self.world.witness.note(promise, what);
        }
        answer
    }

    /// Lets a moment pass.
    async fn pause(&mut self) {
        sleep(Duration::from_millis(self.dice.range(10, 2_500))).await;
    }

    fn some_packet(&mut self) -> Option<KnownPacket> {
        let packets = self.world.witness.packets();
        // Mostly one of the newest.
        let newest = packets.len().saturating_sub(4);
        let from = if self.dice.chance(800) { newest } else { 0 };
        let packets = &packets[from..];
        (!packets.is_empty()).then(|| *self.dice.pick(packets))
    }

    /// Looks at a packet's details, and at a list.
    async fn look(&mut self) {
        let Some(packet) = self.some_packet() else { return self.send().await };
        let order_no = packet.order_no;
        let reader = *self.dice.pick(&self.people.groups[packet.group].members);
        let node = self.world.any_node(&mut self.dice).await;
        let details = node.app.packets.details(reader, order_no);
        let show = |details: &PacketDetails| {
            format!("{:?} {} of {}", details.state, details.claimed, details.shares)
        };
        let details = self
            .call(&node, Needs::Packet(order_no), format!("details {order_no}"), details, show)
            .await;
        if let Answer::Yes(details) = details {
            for claim in details.claims.iter().flatten() {
                let told = self.world.witness.share_of(order_no, claim.user.id);
                if told.is_some_and(|told| told != (claim.seq, claim.amount_fen)) {
                    let what = format!("{order_no} told {told:?}, and shows {claim:?}");
                    self.world.witness.note(Promise::AnswerStands, what);
                }
            }
            self.check_proof(order_no, &details.fairness);
            match details.state {
                PacketState::Finished => {
                    self.check_end(order_no, ErrorCode::PacketFinished).await;
                }
                PacketState::Expired => {
                    self.check_end(order_no, ErrorCode::PacketExpired).await;
                }
                PacketState::Open => {}
            }
        }
        let list = node.app.lists.received(reader, ListPart::default(), &node.app.accounts);
        let show = |list: &ListPage<ReceivedItem>| list.items.len().to_string();
        drop(self.call(&node, Needs::List, format!("received by {reader}"), list, show).await);
    }

    /// What is shown for proof is what the sender was told and chose.
    fn check_proof(&self, order_no: OrderNo, shown: &Fairness) {
        let witness = &self.world.witness;
        let (bound, chosen) = (witness.committed(order_no), witness.chosen(order_no));
        let seed = shown.server_seed.as_ref().map(|seed| naive::commitment(seed.bytes()));
        let is_bound = |to: &str| bound.is_some_and(|bound| bound.to_hex() == to);
        if !is_bound(&shown.commitment.to_hex())
            || seed.is_some_and(|seed| !is_bound(&seed))
            || shown.client_seed.bytes() != chosen
        {
            let what =
                format!("{order_no} is bound to {bound:?} and {chosen:?}, and shows {shown:?}");
            witness.note(Promise::AnswerStands, what);
        }
    }
}

/// Does trying again not help?
fn is_final(code: ErrorCode) -> bool {
    !matches!(
        code,
        ErrorCode::Unavailable
            | ErrorCode::ShardUnavailable
            | ErrorCode::LaneFull
            | ErrorCode::RateLimited
            | ErrorCode::PacketBusy
            | ErrorCode::Internal
            | ErrorCode::TicketExpired
            | ErrorCode::PacketNotFound
    )
}
