//! Pre-order, then pay.

use super::{Answer, Client, TRIES_MAX, is_final};
use crate::{
    naive,
    trouble::Needs,
    witness::{KnownPacket, Promise},
    world::Node,
};
use hongbao_domain::runtime::{Clock as _, SKEW_MAX};
use hongbao_engine::packets::Paid;
use hongbao_shared::{
    Kind, OrderNo, Timestamp, UserId,
    api::packets::{PayRequest, PreOrder, PreOrderRequest},
};
use std::{sync::Arc, time::Duration};
use tokio::time::sleep;

/// How long a client waits to be too late.
const WAITS_MAX_MS: u64 = 150_000;

impl Client {
    pub(super) fn draft(&mut self) -> (usize, UserId, PreOrderRequest) {
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

    /// Sends a packet with so many shares to the first group; `None` if it does not come to it.
    pub(crate) async fn send_to_many(&mut self, shares: u64) -> Option<OrderNo> {
        let sender = *self.dice.pick(&self.people.groups[0].members);
        let total = self.dice.range(shares, 3 * shares);
        let fee = naive::fee(total, self.world.plan.config.treasury.fee_bp);
        self.bring(sender, None, "for-many", total + fee).await;
        let request = PreOrderRequest {
            group_id: self.people.groups[0].id,
            kind: Kind::Lucky,
            total_fen: i64::try_from(total).unwrap_or(i64::MAX),
            shares: i64::try_from(shares).unwrap_or(i64::MAX),
            greeting: None,
            cover: None,
            recipient_id: None,
        };
        let node = self.world.any_node(&mut self.dice).await;
        let what = format!("pre-order for {shares}");
        let made = self.pre_order(&node, sender, request, what).await?;
        self.pay(0, sender, made.order_no).await;
        Some(made.order_no)
    }

    pub(super) async fn send(&mut self) {
        let (group, sender, request) = self.draft();
        let node = self.world.any_node(&mut self.dice).await;
        let what =
            format!("pre-order {:?} {} / {}", request.kind, request.total_fen, request.shares);
        let Some(made) = self.pre_order(&node, sender, request, what).await else { return };
        if self.dice.chance(150) {
            self.pay_for_another(made.order_no).await;
        }
        if self.dice.chance(100) {
            return;
        }
        if self.dice.chance(100) {
            self.wait_until_it_is_too_late(made.expires_at).await;
        }
        if self.dice.chance(200) {
            self.pause().await;
        }
        self.pay(group, sender, made.order_no).await;
    }

    /// A number, and until when it can be paid: by the world's clock, whatever the node's own
    /// shows (R-SEND-1, R-CTRL-5).
    pub(super) async fn pre_order(
        &mut self,
        node: &Node,
        sender: UserId,
        request: PreOrderRequest,
        what: String,
    ) -> Option<PreOrder> {
        let (world, began) = (Arc::clone(&self.world), self.world.time.now());
        let total = u64::try_from(request.total_fen).unwrap_or_default();
        let made = node.app.packets.pre_order(sender, request);
        let show = |made: &PreOrder| made.order_no.to_string();
        let answer = self.call(node, Needs::Number, what, made, show).await;
        let Answer::Yes(made) = answer else { return None };
        world.witness.number(made.order_no, sender, made.commitment);
        let fee = naive::fee(total, world.plan.config.treasury.fee_bp);
        if made.fee_fen.get() != fee {
            let what = format!(
                "{} of {total} costs {fee}, and its sender was told {made:?}",
                made.order_no
            );
            world.witness.note(Promise::TwiceTheSame, what);
        }
        let ttl_s = world.plan.config.limits.preorder_ttl_s.into();
        let (until, answered) = (made.expires_at, world.time.now());
        let is_true = until >= began.plus_seconds(ttl_s).minus(SKEW_MAX)
            && until <= answered.plus_seconds(ttl_s).plus(SKEW_MAX);
        // Where there is no clock but the machine's, nobody knows what time it was.
        if !is_true && !world.plan.own_clock {
            let what = format!(
                "{} was made between {began:?} and {answered:?}, and can be paid until {until:?}",
                made.order_no
            );
            world.witness.note(Promise::TrueTime, what);
        }
        Some(made)
    }

    /// Pays later than anybody may, where that is not long to wait for.
    async fn wait_until_it_is_too_late(&mut self, expires_at: Timestamp) {
        let left_ms = expires_at.plus(SKEW_MAX).millis_since(self.world.time.now());
        let later_ms = self.dice.range(100, 10_000);
        let left_ms = u64::try_from(left_ms).unwrap_or_default();
        if left_ms <= WAITS_MAX_MS {
            sleep(Duration::from_millis(left_ms + later_ms)).await;
        }
    }

    async fn pay(&mut self, group: usize, sender: UserId, order_no: OrderNo) {
        let client_seed = self.dice.chance(700).then(|| format!("{:016x}", self.dice.bits()));
        self.world.witness.chose(order_no, client_seed.as_deref().unwrap_or_default());
        for _ in 0..TRIES_MAX {
            let node = self.world.any_node(&mut self.dice).await;
            let request = PayRequest { client_seed: client_seed.clone() };
            let paid = node.app.packets.pay(sender, order_no, request);
            let show = |paid: &Paid| match paid {
                Paid::Landed(_) => "landed".to_owned(),
                Paid::Landing(_) => "landing".to_owned(),
            };
            match self
                .call(&node, Needs::Payment(order_no), format!("pay {order_no}"), paid, show)
                .await
            {
                Answer::Yes(paid) => {
                    self.check_paid(order_no, &paid).await;
                    self.world.witness.meets(KnownPacket { order_no, group });
                    if self.dice.chance(150) {
                        self.pay_with_another_seed(sender, order_no).await;
                    }
                    if self.dice.chance(850) {
                        return;
                    }
                }
                Answer::No(refusal) if is_final(refusal.code) => {
                    self.check_end(order_no, refusal.code).await;
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
}
