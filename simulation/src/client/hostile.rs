//! What nobody may do: open with a ticket that is another packet's, another person's, too
//! old, or none; pay for somebody else; change a seed that was paid with; do anything
//! from outside of a group. All of it is refused, and changes nothing.

use super::{Answer, Client};
use crate::{
    trouble::Needs,
    witness::{KnownPacket, Promise},
    world::Node,
};
use hongbao_domain::{
    runtime::{Clock as _, SKEW_MAX},
    store::ledger::{Account, AccountState},
};
use hongbao_shared::{
    ErrorCode, OrderNo, Timestamp, UserId,
    api::packets::{GrabState, Grabbed, Opened, PacketDetails, PayRequest, PreOrderRequest},
};
use std::time::Duration;
use tokio::time::sleep;

impl Client {
    /// Tries one of those things, with a packet that may be open.
    pub(super) async fn attack(&mut self) {
        let Some(packet) = self.some_packet() else { return self.send().await };
        match self.dice.below(7) {
            0 => self.open_with(packet, self.people.thief, "").await,
            1 => self.open_with(packet, self.people.thief, "never-a-ticket").await,
            2 => self.with_another_packets_ticket(packet).await,
            3 => self.with_another_persons_ticket(packet).await,
            4 => self.with_an_old_ticket(packet).await,
            5 => self.look_from_outside(packet).await,
            _ => self.without_money().await,
        }
        self.nothing_came_of_it(packet.order_no).await;
    }

    /// Somebody else pays, before its sender does.
    pub(super) async fn pay_for_another(&mut self, order_no: OrderNo) {
        let payer = self.a_stranger();
        let node = self.world.any_node(&mut self.dice).await;
        let paid = node.app.packets.pay(payer, order_no, PayRequest::default());
        let what = format!("pay {order_no} for its sender, by {payer}");
        let answer = self
            .call(&node, Needs::Payment(order_no), what.clone(), paid, |_| "paid".to_owned())
            .await;
        // As for a number that nobody has.
        self.must_refuse(what, &answer, &[ErrorCode::PreOrderExpired]);
        self.is_unpaid(order_no).await;
    }

    /// The sender pays again, with another seed.
    pub(super) async fn pay_with_another_seed(&mut self, sender: UserId, order_no: OrderNo) {
        let node = self.world.any_node(&mut self.dice).await;
        let request = PayRequest { client_seed: Some("00ff".to_owned()) };
        let paid = node.app.packets.pay(sender, order_no, request);
        let what = format!("pay {order_no} with another seed");
        let answer = self
            .call(&node, Needs::Payment(order_no), what.clone(), paid, |_| "paid".to_owned())
            .await;
        self.must_refuse(what, &answer, &[ErrorCode::ClientSeedDiffers]);
        let stored = self.world.truth.ledger.payment(order_no).await.ok().flatten();
        let chosen = self.world.witness.chosen(order_no);
        if stored.is_none_or(|payment| payment.client_seed != chosen) {
            let what = format!("{order_no} has lost the seed that it was paid with");
            self.world.witness.note(Promise::HostileIsRefused, what);
        }
    }

    fn a_stranger(&mut self) -> UserId {
        *self.dice.pick(&[self.people.thief, self.people.outsider])
    }

    async fn open_with(&mut self, packet: KnownPacket, user: UserId, ticket: &str) {
        let order_no = packet.order_no;
        let node = self.world.any_node(&mut self.dice).await;
        self.open_at(&node, order_no, user, ticket, ErrorCode::TicketInvalid).await;
    }

    async fn open_at(
        &mut self,
        node: &Node,
        order_no: OrderNo,
        user: UserId,
        ticket: &str,
        hears: ErrorCode,
    ) {
        let opened = node.app.packets.open(user, order_no, ticket);
        let what = format!("open {order_no} by {user}, who must not");
        let show = |opened: &Opened| format!("#{} {}", opened.seq, opened.amount_fen.get());
        let answer = self.call(node, Needs::Packet(order_no), what.clone(), opened, show).await;
        self.must_refuse(what, &answer, &[hears]);
    }

    /// A ticket, and from when on it is too old for every node.
    async fn ticket(&mut self, order_no: OrderNo, user: UserId) -> Option<(String, Timestamp)> {
        let node = self.world.any_node(&mut self.dice).await;
        let grabbed = node.app.packets.grab(user, order_no);
        let show = |grabbed: &Grabbed| format!("{:?}", grabbed.state);
        let what = format!("grab {order_no} by {user}, to cheat");
        let Answer::Yes(grabbed) =
            self.call(&node, Needs::Packet(order_no), what, grabbed, show).await
        else {
            return None;
        };
        let ttl_s = self.world.plan.config.limits.ticket_ttl_s.into();
        let too_old = self.world.time.now().plus_seconds(ttl_s).plus(SKEW_MAX);
        let ticket = grabbed.ticket.filter(|_| grabbed.state == GrabState::CanOpen);
        ticket.map(|ticket| (ticket, too_old))
    }

    async fn with_another_packets_ticket(&mut self, packet: KnownPacket) {
        let Some(other) = self.some_packet().filter(|other| other.order_no != packet.order_no)
        else {
            return;
        };
        if let Some((ticket, _)) = self.ticket(other.order_no, self.people.thief).await {
            self.open_with(packet, self.people.thief, &ticket).await;
        }
    }

    async fn with_another_persons_ticket(&mut self, packet: KnownPacket) {
        let victim = *self.dice.pick(&self.people.groups[packet.group].members);
        if let Some((ticket, _)) = self.ticket(packet.order_no, victim).await {
            let who = self.a_stranger();
            self.open_with(packet, who, &ticket).await;
        }
    }

    async fn with_an_old_ticket(&mut self, packet: KnownPacket) {
        const WAITS_MAX_MS: i64 = 40_000;
        let thief = self.people.thief;
        let Some((ticket, too_old)) = self.ticket(packet.order_no, thief).await else { return };
        let wait = too_old.millis_since(self.world.time.now()).clamp(0, WAITS_MAX_MS);
        sleep(Duration::from_millis(wait.unsigned_abs())).await;
        let node = self.world.any_node(&mut self.dice).await;
        // Where there is no clock but the machine's, nobody knows how old it is.
        if self.world.time.now() >= too_old && !self.world.plan.own_clock {
            let hears = ErrorCode::TicketExpired;
            self.open_at(&node, packet.order_no, thief, &ticket, hears).await;
        }
    }

    async fn look_from_outside(&mut self, packet: KnownPacket) {
        let KnownPacket { order_no, group } = packet;
        let outsider = self.people.outsider;
        let node = self.world.any_node(&mut self.dice).await;
        let what = format!("grab {order_no} from outside");
        let grabbed = node.app.packets.grab(outsider, order_no);
        let answer = self
            .call(&node, Needs::Packet(order_no), what.clone(), grabbed, |it| {
                format!("{:?}", it.state)
            })
            .await;
        // As if there were no such packet (R-OPEN-1).
        self.must_refuse(what, &answer, &[ErrorCode::PacketNotFound]);
        let what = format!("details {order_no} from outside");
        let details = node.app.packets.details(outsider, order_no);
        let show = |details: &PacketDetails| format!("{:?}", details.state);
        let answer = self.call(&node, Needs::Packet(order_no), what.clone(), details, show).await;
        self.must_refuse(what, &answer, &[ErrorCode::PacketNotFound]);
        let (_, _, request) = self.draft();
        let request = PreOrderRequest { group_id: self.people.groups[group].id, ..request };
        let what = "pre-order from outside".to_owned();
        let made = node.app.packets.pre_order(outsider, request);
        let answer = self
            .call(&node, Needs::Number, what.clone(), made, |made| made.order_no.to_string())
            .await;
        self.must_refuse(what, &answer, &[ErrorCode::GroupNotFound]);
    }

    /// Sends a packet, and has nothing to pay it with.
    async fn without_money(&mut self) {
        let (_, _, request) = self.draft();
        let thief = self.people.thief;
        let node = self.world.any_node(&mut self.dice).await;
        let what = "pre-order of a thief".to_owned();
        let Some(made) = self.pre_order(&node, thief, request, what).await else { return };
        let order_no = made.order_no;
        let paid = node.app.packets.pay(thief, order_no, PayRequest::default());
        let what = format!("pay {} without money", made.order_no);
        let answer = self
            .call(&node, Needs::Payment(order_no), what.clone(), paid, |_| "paid".to_owned())
            .await;
        // A cache that was emptied has forgotten it.
        let codes = [ErrorCode::InsufficientBalance, ErrorCode::PreOrderExpired];
        self.must_refuse(what, &answer, &codes);
        self.is_unpaid(made.order_no).await;
    }

    /// Refused, by one of these codes, which tell nothing that is not theirs to know; where
    /// something is broken, or switched off, it may be that which is said (`service`).
    fn must_refuse<T>(&self, what: String, answer: &Answer<T>, codes: &[ErrorCode]) {
        let what = match answer {
            Answer::Yes(_) => what,
            Answer::No(refusal) => {
                let code = refusal.code;
                if codes.contains(&code) || matches!(code.status(), 500 | 503) {
                    return;
                }
                format!("{what}: {}, not {codes:?}", code.as_str())
            }
            Answer::None => return,
        };
        self.world.witness.note(Promise::HostileIsRefused, what);
    }

    async fn is_unpaid(&self, order_no: OrderNo) {
        if !matches!(self.world.truth.ledger.payment(order_no).await, Ok(None)) {
            let what = format!("{order_no} is paid, and its sender did not pay it");
            self.world.witness.note(Promise::HostileIsRefused, what);
        }
    }

    /// Neither of the two has a share of this packet, or a fen.
    async fn nothing_came_of_it(&self, order_no: OrderNo) {
        for user in [self.people.thief, self.people.outsider] {
            let held = self.world.truth.ledger.account(Account::Wallet(user)).await;
            if !held.is_ok_and(|held| held == AccountState::default()) {
                let what = format!("{user} has money");
                self.world.witness.note(Promise::HostileIsRefused, what);
            }
        }
        let store = self.world.truth.orders.get(&(order_no.site(), order_no.shard()));
        let Some(store) = store else { return };
        let claims = store.claims(order_no, 0, u32::MAX).await.unwrap_or_default();
        if claims.iter().any(|claim| self.people.is_hostile(claim.user_id)) {
            let what = format!("{order_no} gave a share to somebody who may have none");
            self.world.witness.note(Promise::HostileIsRefused, what);
        }
    }
}
