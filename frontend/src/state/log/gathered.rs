//! One line for all who opened a packet, however many there are.
//!
//! The server tells a packet's sender of each opening (R-PEOPLE-2), and all of these entries
//! are kept. Drawn is the newest known one alone, for all of them: so a line that grows is at
//! the end like everything new, and reading what came earlier moves nothing.

use std::collections::BTreeMap;

use hongbao_shared::{
    OrderNo, UserId,
    api::groups::{Message, MessageBody},
};

/// What is known of the openings of packets.
#[derive(Debug, Default)]
pub(super) struct Gathered(BTreeMap<OrderNo, Openings>);

#[derive(Debug, Default)]
struct Openings {
    /// Who an entry names, and how many more it tells of, by its place in the log.
    entries: BTreeMap<i64, (UserId, u32)>,
    /// The packet's card is known. It comes before all that is told of the packet, so that
    /// nothing is missing.
    whole: bool,
}

impl Gathered {
    /// Notes an entry of the log.
    pub(super) fn add(&mut self, message: &Message) {
        match &message.body {
            MessageBody::Packet { packet } => {
                self.0.entry(packet.order_no).or_default().whole = true;
            }
            MessageBody::Opened { order_no, others, .. } => {
                let openings = self.0.entry(*order_no).or_default();
                openings.entries.insert(message.id.get(), (message.user.id, *others));
            }
            _ => {}
        }
    }

    /// Does a later entry stand for this one?
    pub(super) fn holds(&self, message: &Message) -> bool {
        let MessageBody::Opened { order_no, .. } = &message.body else { return false };
        let newest = self.0.get(order_no).and_then(|openings| openings.entries.keys().next_back());
        newest.is_some_and(|newest| *newest > message.id.get())
    }

    /// The entry as it is drawn: an opening tells of all; and who was the first of several,
    /// where that is known.
    pub(super) fn tell(&self, message: &Message) -> (Message, Option<UserId>) {
        let mut message = message.clone();
        let MessageBody::Opened { order_no, others, .. } = &mut message.body else {
            return (message, None);
        };
        let Some(openings) = self.0.get(order_no) else { return (message, None) };
        let people = openings.entries.values().map(|(_, others)| others.saturating_add(1));
        *others = people.fold(0, u32::saturating_add).saturating_sub(1);
        // Who is named among others need not have been before them.
        let alone = openings.entries.values().next().filter(|(_, others)| *others == 0);
        let first = alone.filter(|_| openings.whole && openings.entries.len() > 1);
        (message, first.map(|(user, _)| *user))
    }
}
