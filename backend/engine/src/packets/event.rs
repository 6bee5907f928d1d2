//! What commits tell others: the payloads of the outbox.

use hongbao_domain::{
    record::Payment,
    store::{
        orders::{Announcement, ClaimRow, Ended},
        outbox::{Destination, Due},
        people::PacketPost,
    },
};
use hongbao_shared::{Fen, OrderNo, Timestamp, UserId};
use serde::{Deserialize, Serialize};

/// A paid packet is to land (the payload of the ledger's outbox).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LandEvent {
    /// Which packet.
    pub order_no: OrderNo,
}

/// Claims of one packet are to be credited. The claims themselves stand in the
/// shard; this says which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreditEvent {
    /// Which packet.
    pub order_no: OrderNo,
    /// The first claim.
    pub from: u32,
    /// How many.
    pub count: u32,
}

impl CreditEvent {
    /// Does it ask for this claim of its packet?
    pub fn names(&self, claim: &ClaimRow) -> bool {
        (self.from..self.end()).contains(&claim.seq)
    }

    /// The first claim after those.
    pub const fn end(&self) -> u32 {
        self.from.saturating_add(self.count)
    }

    /// The same for one claim alone.
    #[must_use]
    pub const fn single(self, seq: u32) -> Self {
        Self { from: seq, count: 1, ..self }
    }

    /// The same, claim by claim.
    pub fn singles(self) -> impl Iterator<Item = Self> {
        (self.from..self.end()).map(move |seq| self.single(seq))
    }
}

/// What is left of a packet goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundEvent {
    /// Which packet.
    pub order_no: OrderNo,
    /// To whom.
    pub sender_id: UserId,
    /// How much.
    pub amount_fen: Fen,
    /// With what was given up: its fee, which goes back in the same step (R-API-4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fee_fen: Option<Fen>,
}

/// What a group's chat hears of a packet. Who opened it, and what is left of it, stands
/// in the shard; this says where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ChatEvent {
    /// It has landed: its card.
    Post(PacketPost),
    /// Some opened it (R-PEOPLE-2).
    Opened {
        /// Which packet.
        order_no: OrderNo,
        /// The first claim.
        from: u32,
        /// How many.
        count: u32,
    },
    /// All shares are taken (R-PEOPLE-2).
    Finished {
        /// Which packet.
        order_no: OrderNo,
    },
    /// Its time is over, and something is left (R-MONEY-4).
    Expired {
        /// Which packet.
        order_no: OrderNo,
    },
}

impl ChatEvent {
    /// Which packet it is about.
    pub const fn order_no(&self) -> OrderNo {
        match self {
            Self::Post(PacketPost { order_no, .. })
            | Self::Opened { order_no, .. }
            | Self::Finished { order_no }
            | Self::Expired { order_no } => *order_no,
        }
    }
}

/// The lists "sent" and "received".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ListEvent {
    /// Somebody sent a packet.
    Sent {
        /// Which packet.
        order_no: OrderNo,
    },
    /// Shares were opened.
    Received {
        /// Of which packet.
        order_no: OrderNo,
        /// The first claim.
        from: u32,
        /// How many.
        count: u32,
    },
    /// All shares are taken: somebody had the best luck.
    Finished {
        /// Of which packet.
        order_no: OrderNo,
        /// When.
        at: Timestamp,
    },
}

impl ListEvent {
    /// Which packet it is about.
    pub const fn order_no(&self) -> OrderNo {
        match self {
            Self::Sent { order_no }
            | Self::Received { order_no, .. }
            | Self::Finished { order_no, .. } => *order_no,
        }
    }

    /// The same, share by share where it is about several.
    pub fn singles(self) -> Vec<Self> {
        match self {
            Self::Received { order_no, from, count } => (from..from.saturating_add(count))
                .map(|from| Self::Received { order_no, from, count: 1 })
                .collect(),
            Self::Sent { .. } | Self::Finished { .. } => vec![self],
        }
    }
}

/// Every event, with its destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// For the ledger, at this moment.
    Credit(Due, CreditEvent),
    /// For the refund queue.
    Refund(RefundEvent),
    /// For the group's chat.
    Chat(Box<ChatEvent>),
    /// For the lists.
    List(ListEvent),
}

impl Event {
    /// As it is stored with a commit.
    pub fn announce(&self) -> Announcement {
        let (destination, event) = match self {
            Self::Credit(_, event) => (Destination::Credit, serde_json::to_string(event)),
            Self::Refund(event) => (Destination::Refund, serde_json::to_string(event)),
            Self::Chat(event) => (Destination::Chat, serde_json::to_string(event)),
            Self::List(event) => (Destination::Lists, serde_json::to_string(event)),
        };
        let due = match self {
            Self::Credit(due, _) => *due,
            _ => Due::Next,
        };
        // Plain structs with string keys always serialize.
        Announcement { destination, due, event: event.expect("events serialize") }
    }

    /// The card of a packet that lands.
    pub(crate) fn card(payment: &Payment, at: Timestamp) -> Self {
        let record = &payment.record;
        Self::chat(ChatEvent::Post(PacketPost {
            order_no: record.order_no,
            group_id: record.group_id,
            sender_id: record.sender_id,
            kind: record.kind,
            greeting: record.greeting.clone(),
            cover: record.cover.clone(),
            recipient_id: record.recipient_id,
            at,
        }))
    }

    /// For the group's chat.
    pub(super) fn chat(event: ChatEvent) -> Self {
        Self::Chat(Box::new(event))
    }

    /// What goes back of a packet that is given up before it landed: all that it cost.
    pub(super) fn refund(payment: &Payment) -> Self {
        let record = &payment.record;
        Self::Refund(RefundEvent {
            order_no: record.order_no,
            sender_id: record.sender_id,
            amount_fen: record.total_fen,
            fee_fen: Some(record.fee_fen).filter(|fee| !fee.is_zero()),
        })
    }

    /// What the end of a packet's time tells: what is left goes back, and the sender is told
    /// of it (R-MONEY-4).
    pub fn of_end(ended: &Ended) -> Vec<Announcement> {
        let Ended { order_no, sender_id, rest_fen: amount_fen } = *ended;
        let refund = Self::Refund(RefundEvent { order_no, sender_id, amount_fen, fee_fen: None });
        vec![refund.announce(), Self::chat(ChatEvent::Expired { order_no }).announce()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hongbao_domain::book;
    use serde::de::DeserializeOwned;

    fn holds<T: Serialize + DeserializeOwned>(payload: &str) {
        let events: T = serde_json::from_str(payload).unwrap();
        assert_eq!(serde_json::to_string(&events).unwrap(), payload);
    }

    /// R-MONEY-6: nodes of two versions deliver from one outbox, and a later one what an earlier
    /// one left. An event that gets another form gets another destination or name.
    #[test]
    fn payloads_are_what_they_were() {
        let land = r#"{"order_no":"S00G0000000000J"}"#;
        holds::<LandEvent>(land);
        assert_eq!(book::land("S00G0000000000J".parse().unwrap()).payload, land);
        holds::<Vec<CreditEvent>>(r#"[{"order_no":"S00G0000000000J","from":0,"count":2}]"#);
        holds::<Vec<RefundEvent>>(
            r#"[{"order_no":"S00G0000000000J","sender_id":"1","amount_fen":100}]"#,
        );
        holds::<Vec<RefundEvent>>(
            r#"[{"order_no":"S00G0000000000J","sender_id":"1","amount_fen":100,"fee_fen":3}]"#,
        );
        holds::<Vec<ChatEvent>>(concat!(
            r#"[{"type":"post","order_no":"S00G0000000000J","group_id":"7","sender_id":"1","#,
            r#""kind":"lucky","greeting":"恭喜","cover":"red","recipient_id":null,"#,
            r#""at":"2026-02-16T12:00:00.000Z"},"#,
            r#"{"type":"opened","order_no":"S00G0000000000J","from":0,"count":2},"#,
            r#"{"type":"finished","order_no":"S00G0000000000J"},"#,
            r#"{"type":"expired","order_no":"S00G0000000000J"}]"#,
        ));
        holds::<Vec<ListEvent>>(concat!(
            r#"[{"type":"sent","order_no":"S00G0000000000J"},"#,
            r#"{"type":"received","order_no":"S00G0000000000J","from":0,"count":2},"#,
            r#"{"type":"finished","order_no":"S00G0000000000J","#,
            r#""at":"2026-02-16T12:00:00.000Z"}]"#,
        ));
        let stored = Destination::ALL.map(|to| (to.number(), to.as_str()));
        let pinned = [(1, "land"), (8, "credit"), (5, "refund"), (6, "chat"), (7, "lists")];
        assert_eq!(stored, pinned);
    }
}
