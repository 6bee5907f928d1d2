//! What people do, and what they are told.

use crate::{
    Dice,
    fault::WorldFault,
    people::People,
    witness::{KnownPacket, Promise},
    world::{Node, World},
};
use futures::future::join_all;
use hongbao::{
    Refusal, lists::ListPart, packets::Paid, runtime::Clock, store::orders::StoredState,
};
use hongbao_shared::{
    ErrorCode, Kind, OrderNo, UserId,
    api::{
        lists::{ListPage, ReceivedItem},
        packets::{
            GrabState, Grabbed, Opened, PacketDetails, PacketState, PayRequest, PreOrderRequest,
        },
        wallet::{TopUp, Wallet},
    },
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::time::sleep;

/// How often a call is tried again that was not answered.
const TRIES_MAX: u32 = 8;

/// Somebody's app.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) name: String,
    pub(crate) world: Arc<World>,
    pub(crate) people: Arc<People>,
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
            match self.dice.below(100) {
                0..20 => self.send().await,
                20..50 => self.open_one().await,
                50..70 => self.burst().await,
                70..80 => self.look().await,
                80..90 => self.wallet().await,
                _ => self.top_up().await,
            }
            sleep(Duration::from_millis(self.dice.range(1, 900))).await;
        }
    }

    /// Makes a call of a node, which may not live to answer it, and for which the client
    /// may not wait.
    async fn call<T>(
        &mut self,
        node: &Node,
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
        let answer = tokio::select! {
            biased;
            () = node.life.until_stopped() => Answer::None,
            answer = call => match answer {
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
        let (client, node) = (&self.name, &node.life.name);
        self.world.history.note(format_args!("{client} {node} {what} → {told}"));
        if let Answer::No(refusal) = &answer
            && refusal.code == ErrorCode::Internal
        {
            let cause = refusal.cause.as_ref().map(|cause| format!("{cause:#}"));
            let what = format!("{what}: {}", cause.unwrap_or_default());
            self.world.witness.note(Promise::NoFault, what);
        }
        answer
    }

    async fn pause(&mut self) {
        sleep(Duration::from_millis(self.dice.range(10, 2_500))).await;
    }

    fn draft(&mut self) -> (usize, UserId, PreOrderRequest) {
        let group = self.dice.index(self.people.groups.len());
        let party = &self.people.groups[group];
        let sender = *self.dice.pick(&party.members);
        let kind =
            *self.dice.pick(&[Kind::Lucky, Kind::Lucky, Kind::Lucky, Kind::Equal, Kind::Exclusive]);
        let shares = match kind {
            Kind::Exclusive => 1,
            _ => self.dice.range(1, party.members.len() as u64 + 2),
        };
        let fen_each = self.dice.range(1, 300);
        let total = match kind {
            Kind::Lucky => self.dice.range(shares, shares * fen_each),
            _ => shares * fen_each,
        };
        let others: Vec<_> = party.members.iter().filter(|member| **member != sender).collect();
        let recipient_id = (kind == Kind::Exclusive).then(|| **self.dice.pick(&others));
        let request = PreOrderRequest {
            group_id: party.id,
            kind,
            total_fen: i64::try_from(total).unwrap_or(i64::MAX),
            shares: i64::try_from(shares).unwrap_or(i64::MAX),
            greeting: self.dice.chance(500).then(|| format!("luck {total}")),
            cover: None,
            recipient_id,
        };
        (group, sender, request)
    }

    /// Sends a packet, if this client has the money.
    pub(crate) async fn send_one(&mut self) {
        self.send().await;
    }

    async fn send(&mut self) {
        let (group, sender, request) = self.draft();
        let node = self.world.any_node(&mut self.dice).await;
        let what =
            format!("pre-order {:?} {} / {}", request.kind, request.total_fen, request.shares);
        let made = node.app.packets.pre_order(sender, request);
        let Answer::Yes(made) =
            self.call(&node, what, made, |made| made.order_no.to_string()).await
        else {
            return;
        };
        self.world.witness.number(made.order_no, sender);
        if self.dice.chance(100) {
            return;
        }
        if self.dice.chance(200) {
            self.pause().await;
        }
        self.pay(group, sender, made.order_no).await;
    }

    async fn pay(&mut self, group: usize, sender: UserId, order_no: OrderNo) {
        let client_seed = self.dice.chance(700).then(|| format!("{:016x}", self.dice.bits()));
        for _ in 0..TRIES_MAX {
            let node = self.world.any_node(&mut self.dice).await;
            let request = PayRequest { client_seed: client_seed.clone() };
            let paid = node.app.packets.pay(sender, order_no, request);
            let show = |paid: &Paid| match paid {
                Paid::Landed(_) => "landed".to_owned(),
                Paid::Landing(_) => "landing".to_owned(),
            };
            match self.call(&node, format!("pay {order_no}"), paid, show).await {
                Answer::Yes(paid) => {
                    self.check_paid(order_no, &paid).await;
                    self.world.witness.meets(KnownPacket { order_no, group });
                    if self.dice.chance(850) {
                        return;
                    }
                }
                Answer::No(refusal) if is_final(refusal.code) => {
                    self.check_end(order_no, &node, refusal.code).await;
                    return;
                }
                Answer::No(_) | Answer::None => {}
            }
            self.pause().await;
        }
        // Nobody knows whether it was paid; if it was, it comes.
        self.world.witness.meets(KnownPacket { order_no, group });
    }

    async fn check_paid(&self, order_no: OrderNo, paid: &Paid) {
        let truth = &self.world.truth;
        let stored = truth.ledger.payment(order_no).await;
        if !matches!(stored, Ok(Some(_))) {
            let what = format!("{order_no} was paid, as its sender was told");
            self.world.witness.note(Promise::AnswerIsDurable, what);
        }
        if matches!(paid, Paid::Landed(_)) && self.state(order_no).await.is_none() {
            let what = format!("{order_no} has landed, as its sender was told");
            self.world.witness.note(Promise::AnswerIsDurable, what);
        }
        crate::laws::after_step(&self.world, Some(order_no)).await;
    }

    async fn state(&self, order_no: OrderNo) -> Option<StoredState> {
        let store = self.world.truth.orders.get(&(order_no.site(), order_no.shard()))?;
        Some(store.packet(order_no).await.ok()??.progress.state)
    }

    /// An end that somebody was told of must have come about.
    async fn check_end(&self, order_no: OrderNo, node: &Node, code: ErrorCode) {
        let wanted = match code {
            ErrorCode::PacketFinished => StoredState::Finished,
            ErrorCode::PacketExpired => StoredState::Expired,
            ErrorCode::PacketGivenUp => StoredState::GivenUp,
            _ => return,
        };
        let store = self.world.truth.orders.get(&(order_no.site(), order_no.shard()));
        let Some(store) = store else { return };
        let packet = store.packet(order_no).await.ok().flatten();
        let state = packet.as_ref().map(|packet| packet.progress.state);
        // Its time can be over before that has been committed (R-OPEN-1); a clock that
        // stepped back meanwhile is none of the answer's fault.
        let is_over = || {
            let latest = self.world.clocks().map(|clock| clock.now()).max();
            let latest = latest.max(Some(node.clock.now()));
            packet.as_ref().is_some_and(|packet| Some(packet.expires_at) <= latest)
        };
        let may_be_early = wanted == StoredState::Expired
            && (is_over()
                || self.world.chaos.coverage().world.contains_key(&WorldFault::ClockStep));
        if state != Some(wanted) && !may_be_early {
            let what = format!("{order_no} is {state:?}, and somebody heard {code:?}");
            self.world.witness.note(Promise::EndIsTrue, what);
        }
    }

    fn some_packet(&mut self) -> Option<KnownPacket> {
        let packets = self.world.witness.packets();
        // Mostly one of the newest.
        let newest = packets.len().saturating_sub(4);
        let from = if self.dice.chance(800) { newest } else { 0 };
        let packets = &packets[from..];
        (!packets.is_empty()).then(|| *self.dice.pick(packets))
    }

    async fn open_one(&mut self) {
        let Some(packet) = self.some_packet() else { return self.send().await };
        let member = *self.dice.pick(&self.people.groups[packet.group].members);
        self.open(packet.order_no, member).await;
    }

    /// Everybody at once.
    async fn burst(&mut self) {
        let Some(packet) = self.some_packet() else { return self.send().await };
        let members = self.people.groups[packet.group].members.clone();
        let openers = members.into_iter().enumerate().map(|(number, member)| {
            let mut opener = Self {
                name: format!("{}.{number}", self.name),
                world: Arc::clone(&self.world),
                people: Arc::clone(&self.people),
                calls: Arc::clone(&self.calls),
                dice: Dice::new(self.dice.bits(), "opener"),
            };
            async move { opener.open(packet.order_no, member).await }
        });
        join_all(openers).await;
    }

    async fn open(&mut self, order_no: OrderNo, user: UserId) {
        for _ in 0..TRIES_MAX {
            let node = self.world.any_node(&mut self.dice).await;
            let what = format!("grab {order_no} by {user}");
            let grabbed = node.app.packets.grab(user, order_no);
            let show = |grabbed: &Grabbed| format!("{:?}", grabbed.state);
            let grabbed = match self.call(&node, what, grabbed, show).await {
                Answer::Yes(grabbed) => grabbed,
                Answer::No(refusal) if is_final(refusal.code) => return,
                Answer::No(_) | Answer::None => {
                    self.pause().await;
                    continue;
                }
            };
            match grabbed.state {
                GrabState::Finished => {
                    return self.check_end(order_no, &node, ErrorCode::PacketFinished).await;
                }
                GrabState::Expired => {
                    return self.check_end(order_no, &node, ErrorCode::PacketExpired).await;
                }
                GrabState::NotForYou => return,
                GrabState::Opened => {
                    let mine = self.world.witness.share_of(order_no, user);
                    if mine.is_some_and(|(_, amount)| Some(amount) != grabbed.amount_fen) {
                        let what = format!("{order_no} gave {user} {mine:?}, then {grabbed:?}");
                        self.world.witness.note(Promise::AnswerStands, what);
                    }
                    return;
                }
                GrabState::CanOpen => {}
            }
            if self.dice.chance(100) {
                self.pause().await;
            }
            let ticket = grabbed.ticket.unwrap_or_default();
            let node = self.world.any_node(&mut self.dice).await;
            let opened = node.app.packets.open(user, order_no, &ticket);
            let show = |opened: &Opened| format!("#{} {}", opened.seq, opened.amount_fen.get());
            let what = format!("open {order_no} by {user}");
            match self.call(&node, what, opened, show).await {
                Answer::Yes(opened) => {
                    self.world.witness.share(order_no, user, opened.seq, opened.amount_fen);
                    self.check_opened(order_no, user, opened.seq).await;
                    if self.dice.chance(850) {
                        return;
                    }
                }
                Answer::No(refusal) if is_final(refusal.code) => {
                    self.check_end(order_no, &node, refusal.code).await;
                    return;
                }
                Answer::No(_) | Answer::None => {}
            }
            self.pause().await;
        }
    }

    async fn check_opened(&self, order_no: OrderNo, user: UserId, seq: u32) {
        let store = self.world.truth.orders.get(&(order_no.site(), order_no.shard()));
        let Some(store) = store else { return };
        let claim = store.claims(order_no, seq, 1).await.unwrap_or_default();
        if claim.first().is_none_or(|claim| (claim.seq, claim.user_id) != (seq, user)) {
            let what = format!("share {seq} of {order_no} is not {user}'s, who was told so");
            self.world.witness.note(Promise::AnswerIsDurable, what);
        }
        crate::laws::after_step(&self.world, Some(order_no)).await;
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
        let details = self.call(&node, format!("details {order_no}"), details, show).await;
        if let Answer::Yes(details) = details {
            for claim in details.claims.iter().flatten() {
                let told = self.world.witness.share_of(order_no, claim.user.id);
                if told.is_some_and(|told| told != (claim.seq, claim.amount_fen)) {
                    let what = format!("{order_no} told {told:?}, and shows {claim:?}");
                    self.world.witness.note(Promise::AnswerStands, what);
                }
            }
            match details.state {
                PacketState::Finished => {
                    self.check_end(order_no, &node, ErrorCode::PacketFinished).await;
                }
                PacketState::Expired => {
                    self.check_end(order_no, &node, ErrorCode::PacketExpired).await;
                }
                PacketState::Open => {}
            }
        }
        let list = node.app.lists.received(reader, ListPart::default(), &node.app.accounts);
        let show = |list: &ListPage<ReceivedItem>| list.items.len().to_string();
        drop(self.call(&node, format!("received by {reader}"), list, show).await);
    }

    async fn wallet(&mut self) {
        let user = *self.dice.pick(&self.people.users);
        let node = self.world.any_node(&mut self.dice).await;
        let wallet = node.app.ledger.wallet(user, &node.app.lists);
        let show = |wallet: &Wallet| wallet.balance_fen.get().to_string();
        drop(self.call(&node, format!("wallet of {user}"), wallet, show).await);
    }

    /// Brings demo money, sometimes twice under one key.
    async fn top_up(&mut self) {
        let user = *self.dice.pick(&self.people.users);
        let key = format!("key-{:08x}", self.dice.bits() >> 32);
        let amount = self.dice.range(1, 20_000);
        for _ in 0..TRIES_MAX {
            let node = self.world.any_node(&mut self.dice).await;
            let signed = i64::try_from(amount).unwrap_or(i64::MAX);
            let topped = node.app.ledger.top_up(user, signed, &key, &node.app.config.limits);
            let show = |done: &TopUp| done.balance_fen.get().to_string();
            let what = format!("top-up {amount} of {user}");
            if let Answer::Yes(done) = self.call(&node, what, topped, show).await {
                self.world.witness.top_up(user, &key, done.amount_fen, done.balance_fen);
                crate::laws::after_step(&self.world, None).await;
                if self.dice.chance(800) {
                    return;
                }
            }
            self.pause().await;
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
            | ErrorCode::TicketExpired
            | ErrorCode::PacketNotFound
    )
}
