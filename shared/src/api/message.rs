//! Reading a [`Message`].
//!
//! By hand, for what serde derives for a flattened, tagged enum reads everything into
//! a general form first: in the web app that took a tenth of the whole module.

use super::{
    accounts::Profile,
    groups::{Message, MessageBody, PacketCard},
};
use crate::{ids::MessageId, money::Fen, order_no::OrderNo, timestamp::Timestamp};
use serde::{Deserialize, Deserializer, de::Error};

/// The name of each kind of entry, as [`MessageBody`] writes it.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Tag {
    Text,
    Packet,
    Created,
    Joined,
    Left,
    Removed,
    Opened,
    Finished,
    Expired,
}

/// Every field that any entry has.
#[derive(Deserialize)]
struct Flat {
    id: MessageId,
    at: Timestamp,
    user: Profile,
    #[serde(rename = "type")]
    tag: Tag,
    text: Option<String>,
    packet: Option<PacketCard>,
    by: Option<Profile>,
    order_no: Option<OrderNo>,
    sender: Option<Profile>,
    others: Option<u32>,
    shares: Option<u32>,
    took_ms: Option<i64>,
    best_luck: Option<Profile>,
    refunded_fen: Option<Fen>,
}

impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let flat = Flat::deserialize(deserializer)?;
        let (id, at, user) = (flat.id, flat.at, flat.user.clone());
        let body = flat.body().map_err(D::Error::missing_field)?;
        Ok(Self { id, at, user, body })
    }
}

impl Flat {
    /// The entry, or the field that it lacks.
    fn body(self) -> Result<MessageBody, &'static str> {
        let order_no = self.order_no.ok_or("order_no");
        Ok(match self.tag {
            Tag::Text => MessageBody::Text { text: self.text.ok_or("text")? },
            Tag::Packet => MessageBody::Packet { packet: self.packet.ok_or("packet")? },
            Tag::Created => MessageBody::Created,
            Tag::Joined => MessageBody::Joined,
            Tag::Left => MessageBody::Left,
            Tag::Removed => MessageBody::Removed { by: self.by.ok_or("by")? },
            Tag::Opened => MessageBody::Opened {
                order_no: order_no?,
                sender: self.sender.ok_or("sender")?,
                others: self.others.ok_or("others")?,
            },
            Tag::Finished => MessageBody::Finished {
                order_no: order_no?,
                shares: self.shares.ok_or("shares")?,
                took_ms: self.took_ms.ok_or("took_ms")?,
                best_luck: self.best_luck,
            },
            Tag::Expired => MessageBody::Expired {
                order_no: order_no?,
                refunded_fen: self.refunded_fen.ok_or("refunded_fen")?,
            },
        })
    }
}
