//! Grab, then open.

use super::{Answer, Client, TRIES_MAX, is_final};
use crate::{Dice, trouble::Needs, witness::Promise};
use futures::future::join_all;
use hongbao_shared::{
    ErrorCode, OrderNo, UserId,
    api::packets::{GrabState, Grabbed, Opened},
};
use std::sync::Arc;

impl Client {
    pub(super) async fn open_one(&mut self) {
        let Some(packet) = self.some_packet() else { return self.send().await };
        let member = *self.dice.pick(&self.people.groups[packet.group].members);
        self.open(packet.order_no, member).await;
    }

    /// Everybody at once.
    pub(super) async fn burst(&mut self) {
        let Some(packet) = self.some_packet() else { return self.send().await };
        let members = self.people.groups[packet.group].members.clone();
        let mut packets = vec![packet.order_no];
        if self.dice.chance(400) {
            // And not the same one, so that there is more than one packet in a batch.
            let known = self.world.witness.packets();
            let own = known.iter().rev().filter(|known| known.group == packet.group);
            packets.extend(own.map(|known| known.order_no).take(3));
        }
        self.all_open(&packets, members).await;
    }

    /// All of these people at once, each one of these packets.
    pub(crate) async fn all_open(&mut self, packets: &[OrderNo], members: Vec<UserId>) {
        let openers = members.into_iter().enumerate().map(|(number, member)| {
            let order_no = packets[number % packets.len()];
            let mut opener = Self {
                name: format!("{}.{number}", self.name),
                world: Arc::clone(&self.world),
                people: Arc::clone(&self.people),
                in_crowd: self.in_crowd,
                calls: Arc::clone(&self.calls),
                dice: Dice::new(self.dice.bits(), "opener"),
            };
            async move { opener.open(order_no, member).await }
        });
        join_all(openers).await;
    }

    async fn open(&mut self, order_no: OrderNo, user: UserId) {
        for _ in 0..TRIES_MAX {
            let node = self.world.any_node(&mut self.dice).await;
            let what = format!("grab {order_no} by {user}");
            let grabbed = node.app.packets.grab(user, order_no);
            let show = |grabbed: &Grabbed| format!("{:?}", grabbed.state);
            let grabbed = match self.call(&node, Needs::Share(order_no), what, grabbed, show).await
            {
                Answer::Yes(grabbed) => grabbed,
                Answer::No(refusal) if is_final(refusal.code) => return,
                Answer::No(_) | Answer::None => {
                    self.pause().await;
                    continue;
                }
            };
            match grabbed.state {
                GrabState::Finished => {
                    return self.check_end(order_no, ErrorCode::PacketFinished).await;
                }
                GrabState::Expired => {
                    return self.check_end(order_no, ErrorCode::PacketExpired).await;
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
            match self.call(&node, Needs::Share(order_no), what, opened, show).await {
                Answer::Yes(opened) => {
                    self.world.witness.share(order_no, user, opened.seq, opened.amount_fen);
                    self.check_opened(order_no, user, opened.seq).await;
                    if self.dice.chance(850) {
                        return;
                    }
                }
                Answer::No(refusal) if is_final(refusal.code) => {
                    if refusal.code == ErrorCode::TicketInvalid {
                        let what =
                            format!("{} refuses {user} a ticket for {order_no}", node.life.name);
                        self.world.witness.note(Promise::Service, what);
                    }
                    self.check_end(order_no, refusal.code).await;
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
        if !self.in_crowd {
            crate::laws::after_step(&self.world, Some(order_no)).await;
        }
    }
}
