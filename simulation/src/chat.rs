//! The chats of the groups at rest, read to their ends: each packet has one card, each claim
//! stands in exactly one "opened" line, each end in one line of its own, each person comes once,
//! and nothing else is told (R-PEOPLE-2).

use crate::{
    held, naive,
    people::{Party, People},
    witness::Promise,
    world::World,
};
use hongbao_domain::store::{
    orders::{ClaimRow, PacketRow, StoredState},
    people::{Line, StoredBody},
};
use hongbao_shared::{GroupId, MessageId, OrderNo, UserId};
use std::collections::BTreeMap;

/// What the chat is to say, and what it says; each as often as it is said.
type Said = BTreeMap<(GroupId, What), i64>;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Card {
        order_no: OrderNo,
        sender: UserId,
    },
    Opened {
        order_no: OrderNo,
        sender: UserId,
        by: UserId,
    },
    Finished {
        order_no: OrderNo,
        sender: UserId,
        shares: u32,
        best_luck: Option<UserId>,
    },
    Expired {
        order_no: OrderNo,
        sender: UserId,
        rest: u64,
    },
    Created {
        by: UserId,
    },
    Joined {
        by: UserId,
    },
    /// What nobody says in a run: words, and who leaves.
    Else {
        by: UserId,
        body: String,
    },
}

impl What {
    /// The packet that it is about.
    fn order_no(&self) -> Option<OrderNo> {
        match self {
            Self::Card { order_no, .. }
            | Self::Opened { order_no, .. }
            | Self::Finished { order_no, .. }
            | Self::Expired { order_no, .. } => Some(*order_no),
            Self::Created { .. } | Self::Joined { .. } | Self::Else { .. } => None,
        }
    }
}

/// Compares all chats with all packets; without those of before a restore, of which a chat may
/// know less, or more, than there is.
pub(crate) async fn is_true(world: &World, people: &People) {
    let mut said = Said::new();
    for (packet, claims) in held::packets_with_claims(world).await {
        for what in of_packet(&packet, &claims) {
            *said.entry((packet.group_id, what)).or_default() += 1;
        }
    }
    for (number, party) in people.groups.iter().enumerate() {
        for what in of_settling(people, number, party) {
            *said.entry((party.id, what)).or_default() += 1;
        }
        let nothing = MessageId::new(0).expect("0 stands before the first");
        let log = world.truth.people.messages_after(party.id, people.thief, nothing, u32::MAX);
        for entry in log.await.unwrap_or_default() {
            let sender = entry.message.sender_id;
            for what in of_entry(sender, entry.message.body) {
                *said.entry((party.id, what)).or_default() -= 1;
            }
        }
    }
    let is_older = |order_no| world.witness.is_older(order_no);
    said.retain(|(_, what), missing| *missing != 0 && !what.order_no().is_some_and(is_older));
    for ((group, what), missing) in said {
        let how = if missing > 0 { "is not told" } else { "is told once too often" };
        world.witness.note(Promise::ChatIsTrue, format!("{group}: {what:?} {how}"));
    }
}

/// Who made a group and who joined it, before anything happened.
fn of_settling(people: &People, number: usize, party: &Party) -> Vec<What> {
    let (maker, others) = party.members.split_first().expect("a group has somebody");
    let crowd = people.crowd.iter().filter(|_| number == 0);
    let joined = others.iter().chain([&people.thief]).chain(crowd);
    let joined = joined.map(|by| What::Joined { by: *by });
    [What::Created { by: *maker }].into_iter().chain(joined).collect()
}

fn of_packet(packet: &PacketRow, claims: &[ClaimRow]) -> Vec<What> {
    let (order_no, sender) = (packet.order_no, packet.sender_id);
    let mut said = vec![What::Card { order_no, sender }];
    said.extend(claims.iter().map(|claim| What::Opened { order_no, sender, by: claim.user_id }));
    let amounts: Vec<_> = claims.iter().map(|claim| claim.amount_fen.get()).collect();
    match packet.progress.state {
        StoredState::Finished => said.push(What::Finished {
            order_no,
            sender,
            shares: packet.shares,
            best_luck: naive::best_luck(packet.kind, &amounts).map(|seq| claims[seq].user_id),
        }),
        StoredState::Expired => {
            let rest = packet.total_fen.get().saturating_sub(amounts.iter().sum());
            said.push(What::Expired { order_no, sender, rest });
        }
        StoredState::Open | StoredState::GivenUp => {}
    }
    said
}

fn of_entry(sender: UserId, body: StoredBody) -> Vec<What> {
    match body {
        StoredBody::Packet(packet) => vec![What::Card { order_no: packet.order_no, sender }],
        StoredBody::Line(Line::Opened { order_no, sender_id: sender, openers }) => {
            let opened = |by| What::Opened { order_no, sender, by };
            openers.into_iter().map(opened).collect()
        }
        StoredBody::Line(Line::Finished { order_no, sender_id, shares, best_luck, .. }) => {
            vec![What::Finished { order_no, sender: sender_id, shares, best_luck }]
        }
        StoredBody::Line(Line::Expired { order_no, sender_id, refunded_fen }) => {
            vec![What::Expired { order_no, sender: sender_id, rest: refunded_fen.get() }]
        }
        StoredBody::Created => vec![What::Created { by: sender }],
        StoredBody::Joined => vec![What::Joined { by: sender }],
        body @ (StoredBody::Text(_)
        | StoredBody::Left
        | StoredBody::Removed { .. }
        | StoredBody::Unreadable) => {
            vec![What::Else { by: sender, body: format!("{body:?}") }]
        }
    }
}
