//! Messages as their readers see them: with names, pictures and packet states.

use super::Groups;
use crate::store::people::{StoredBody, StoredMessage};
use async_trait::async_trait;
use hongbao_shared::{
    OrderNo, UserId,
    api::{
        accounts::Profile,
        groups::{CardState, Message, MessageBody, PacketCard},
    },
};
use std::fmt;

/// Knows the states of packets; `packets` does.
#[async_trait]
pub trait CardStates: Send + Sync + fmt::Debug {
    /// What `reader` can expect from a tap on each of these packets, in the same
    /// order. Never fails: a packet whose state is not to be had counts as open, and
    /// the tap will tell.
    async fn card_states(&self, reader: UserId, orders: &[OrderNo]) -> Vec<CardState>;
}

impl Groups {
    pub(super) async fn dress_messages(
        &self,
        reader: UserId,
        messages: Vec<StoredMessage>,
        cards: &dyn CardStates,
    ) -> Vec<Message> {
        let mut people = Vec::with_capacity(messages.len());
        let mut orders = Vec::new();
        for message in &messages {
            people.push(message.sender_id);
            if let StoredBody::Packet(packet) = &message.body {
                people.extend(packet.recipient_id);
                orders.push(packet.order_no);
            }
        }
        let states =
            if orders.is_empty() { Vec::new() } else { cards.card_states(reader, &orders).await };
        // Both in the order of the loop above.
        let mut states = states.into_iter();
        let mut profiles = self.accounts.profiles(&people).await.into_iter();
        messages
            .into_iter()
            .map_while(|message| {
                let user = profiles.next()?;
                let body = body(message.body, &mut profiles, &mut states);
                Some(Message { id: message.id, at: message.at, user, body })
            })
            .collect()
    }
}

fn body(
    body: StoredBody,
    profiles: &mut impl Iterator<Item = Profile>,
    states: &mut impl Iterator<Item = CardState>,
) -> MessageBody {
    match body {
        StoredBody::Text(text) => MessageBody::Text { text },
        StoredBody::Joined => MessageBody::Joined,
        StoredBody::Packet(packet) => MessageBody::Packet {
            packet: PacketCard {
                order_no: packet.order_no,
                kind: packet.kind,
                greeting: packet.dress.greeting,
                cover: packet.dress.cover,
                recipient: packet.recipient_id.and_then(|_| profiles.next()),
                state: states.next().unwrap_or(CardState::Open),
                progress: None,
            },
        },
    }
}
