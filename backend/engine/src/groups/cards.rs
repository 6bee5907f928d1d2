//! Messages as their readers see them: with names, pictures and packet states.

use super::Groups;
use async_trait::async_trait;
use hongbao_domain::store::people::{Line, StoredBody, StoredMessage};
use hongbao_shared::{
    OrderNo, UserId,
    api::{
        accounts::Profile,
        groups::{CardProgress, CardState, Message, MessageBody, PacketCard},
        live::PacketChange,
    },
};
use std::{collections::BTreeMap, fmt};

/// How a packet's card stands for its reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CardView {
    /// What the reader can expect from a tap.
    pub state: CardState,
    /// How far the packet is; `None` while that is not to be had.
    pub progress: Option<CardProgress>,
}

impl CardView {
    /// Of a packet about which nothing is to be had: the tap will tell.
    pub const UNKNOWN: Self = Self { state: CardState::Open, progress: None };
}

/// Knows the states of packets; `packets` does.
#[async_trait]
pub trait CardStates: Send + Sync + fmt::Debug {
    /// How the card of each of these packets stands for `reader`, in the same order.
    /// Never fails: a packet whose state is not to be had is [`CardView::UNKNOWN`].
    async fn card_views(&self, reader: UserId, orders: &[OrderNo]) -> Vec<CardView>;
}

/// What messages need to be shown to one reader.
pub(super) struct Wardrobe {
    reader: UserId,
    people: BTreeMap<UserId, Profile>,
    cards: BTreeMap<OrderNo, CardView>,
}

impl Groups {
    pub(super) async fn dress_messages(
        &self,
        reader: UserId,
        messages: Vec<StoredMessage>,
        cards: &dyn CardStates,
    ) -> Vec<Message> {
        let wardrobe = self.wardrobe(reader, messages.iter(), Vec::new(), cards).await;
        messages.into_iter().filter_map(|message| wardrobe.dress(message)).collect()
    }

    /// Everything for these messages and for the cards of `orders`, in two look-ups.
    pub(super) async fn wardrobe(
        &self,
        reader: UserId,
        messages: impl Iterator<Item = &StoredMessage>,
        mut orders: Vec<OrderNo>,
        cards: &dyn CardStates,
    ) -> Wardrobe {
        let mut people = Vec::new();
        for message in messages {
            people.extend(shown(message, reader));
            if let StoredBody::Packet(packet) = &message.body {
                orders.push(packet.order_no);
            }
        }
        people.sort_unstable();
        people.dedup();
        orders.sort_unstable();
        orders.dedup();
        let views =
            if orders.is_empty() { Vec::new() } else { cards.card_views(reader, &orders).await };
        let profiles = self.accounts.profiles(&people).await;
        Wardrobe {
            reader,
            people: people.into_iter().zip(profiles).collect(),
            cards: orders.into_iter().zip(views).collect(),
        }
    }
}

impl Wardrobe {
    /// The message as its reader sees it; `None` for one that nobody sees, or that the wardrobe was
    /// not made for.
    pub(super) fn dress(&self, message: StoredMessage) -> Option<Message> {
        let StoredMessage { id, at, sender_id, body } = message;
        let mut user = self.person(sender_id)?;
        let body = match body {
            StoredBody::Unreadable => return None,
            StoredBody::Text(text) => MessageBody::Text { text },
            StoredBody::Created => MessageBody::Created,
            StoredBody::Joined => MessageBody::Joined,
            StoredBody::Left => MessageBody::Left,
            StoredBody::Removed { by } => MessageBody::Removed { by: self.person(by)? },
            StoredBody::Packet(packet) => {
                let CardView { state, progress } = self.card(packet.order_no);
                MessageBody::Packet {
                    packet: PacketCard {
                        order_no: packet.order_no,
                        kind: packet.kind.into(),
                        greeting: packet.dress.greeting,
                        cover: packet.dress.cover,
                        recipient: packet.recipient_id.and_then(|id| self.person(id)),
                        state,
                        progress,
                    },
                }
            }
            StoredBody::Line(Line::Opened { order_no, openers, .. }) => {
                let (opener, others) = opener(sender_id, &openers, self.reader)?;
                let sender = std::mem::replace(&mut user, self.person(opener)?);
                MessageBody::Opened { order_no, sender, others }
            }
            StoredBody::Line(Line::Finished { order_no, shares, took_ms, best_luck, .. }) => {
                let best_luck = best_luck.and_then(|id| self.person(id));
                MessageBody::Finished { order_no, shares, took_ms, best_luck }
            }
            StoredBody::Line(Line::Expired { order_no, refunded_fen, .. }) => {
                MessageBody::Expired { order_no, refunded_fen }
            }
        };
        Some(Message { id, at, user, body })
    }

    /// How a packet's card stands now.
    pub(super) fn change(&self, order_no: OrderNo) -> PacketChange {
        let CardView { state, progress } = self.card(order_no);
        PacketChange { order_no, state, progress }
    }

    fn card(&self, order_no: OrderNo) -> CardView {
        self.cards.get(&order_no).copied().unwrap_or(CardView::UNKNOWN)
    }

    fn person(&self, id: UserId) -> Option<Profile> {
        self.people.get(&id).cloned()
    }
}

/// Whose names `reader` sees in a message.
fn shown(message: &StoredMessage, reader: UserId) -> impl Iterator<Item = UserId> {
    let sender = message.sender_id;
    let other = match &message.body {
        StoredBody::Packet(packet) => packet.recipient_id,
        StoredBody::Removed { by } => Some(*by),
        StoredBody::Line(Line::Opened { openers, .. }) => {
            opener(sender, openers, reader).map(|(opener, _)| opener)
        }
        StoredBody::Line(Line::Finished { best_luck, .. }) => *best_luck,
        StoredBody::Text(_)
        | StoredBody::Created
        | StoredBody::Joined
        | StoredBody::Left
        | StoredBody::Line(Line::Expired { .. })
        | StoredBody::Unreadable => None,
    };
    std::iter::once(sender).chain(other)
}

/// Whom `reader` sees as the opener, and how many more there are: the packet's sender
/// sees somebody else than themselves, if there is one, and the number of all others;
/// everyone else sees themselves alone (R-PEOPLE-2).
fn opener(sender: UserId, openers: &[UserId], reader: UserId) -> Option<(UserId, u32)> {
    if reader != sender {
        return openers.contains(&reader).then_some((reader, 0));
    }
    let first = openers.iter().find(|opener| **opener != sender).or(openers.first())?;
    let others = u32::try_from(openers.len().saturating_sub(1)).unwrap_or(u32::MAX);
    Some((*first, others))
}
