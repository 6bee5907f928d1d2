//! The log of a group: what is posted, and what stands there.

use super::PeopleError;
use async_trait::async_trait;
use hongbao_shared::{Fen, GroupId, Kind, MessageId, OrderNo, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use std::fmt;

/// How many entries one reading looks at in search of those that its reader may see.
pub const LOG_SCAN_MAX: u32 = 1000;

/// What a packet is dressed in; lives in the caches, with the message service
/// behind them (R-CACHE-3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dress {
    /// The sender's words; empty for the default greeting.
    pub greeting: String,
    /// One of the covers.
    pub cover: String,
}

/// Words to be posted.
#[derive(Clone, Debug)]
pub struct TextDraft {
    /// Where.
    pub group_id: GroupId,
    /// By whom, a member.
    pub sender_id: UserId,
    /// The words, cleaned.
    pub text: String,
    /// The sender's key for repeating the call.
    pub key: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// A packet to be posted. Its sender need not be a member any more: it is paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PacketPost {
    /// Which packet; posting it again posts nothing new.
    pub order_no: OrderNo,
    /// Where.
    pub group_id: GroupId,
    /// By whom.
    pub sender_id: UserId,
    /// How it is cut.
    pub kind: Kind,
    /// The sender's words; empty for the default greeting.
    pub greeting: String,
    /// Its cover.
    pub cover: String,
    /// For whom an exclusive packet is.
    pub recipient_id: Option<UserId>,
    /// When.
    pub at: Timestamp,
}

impl PacketPost {
    /// What stands in the log.
    pub fn body(&self) -> StoredBody {
        StoredBody::Packet(StoredPacket {
            order_no: self.order_no,
            kind: self.kind,
            dress: Dress { greeting: self.greeting.clone(), cover: self.cover.clone() },
            recipient_id: self.recipient_id,
        })
    }
}

/// A line to be posted about a packet. Nobody in it need be a member any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinePost {
    /// Where.
    pub group_id: GroupId,
    /// What makes posting it again post nothing new: 1 to 128 characters, unique in
    /// the group. Clients' keys are others, even where they look the same.
    pub key: String,
    /// When.
    pub at: Timestamp,
    /// What it says.
    pub line: Line,
}

/// What became of a packet (R-PEOPLE-2, R-MONEY-4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Line {
    /// Some opened it; seen by its sender and by them.
    Opened {
        /// Which packet.
        order_no: OrderNo,
        /// Who sent it.
        sender_id: UserId,
        /// Who opened it, at least one, in the order of opening.
        openers: Vec<UserId>,
    },
    /// All of its shares are taken; seen by everyone.
    Finished {
        /// Which packet.
        order_no: OrderNo,
        /// Who sent it.
        sender_id: UserId,
        /// How many shares it had.
        shares: u32,
        /// How long that took, in milliseconds.
        took_ms: i64,
        /// Who had the best luck, where there is such a thing (R-SPLIT-5).
        best_luck: Option<UserId>,
    },
    /// Its time is over; seen by its sender alone.
    Expired {
        /// Which packet.
        order_no: OrderNo,
        /// Who sent it.
        sender_id: UserId,
        /// What goes back.
        refunded_fen: Fen,
    },
}

impl Line {
    /// Which packet it is about.
    pub fn order_no(&self) -> OrderNo {
        match self {
            Self::Opened { order_no, .. }
            | Self::Finished { order_no, .. }
            | Self::Expired { order_no, .. } => *order_no,
        }
    }

    /// Who sent that packet.
    pub fn sender_id(&self) -> UserId {
        match self {
            Self::Opened { sender_id, .. }
            | Self::Finished { sender_id, .. }
            | Self::Expired { sender_id, .. } => *sender_id,
        }
    }
}

/// One entry of a group's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredMessage {
    /// Its place in the log, counted from 1 without gaps.
    pub id: MessageId,
    /// When it was posted.
    pub at: Timestamp,
    /// By whom, or about whom; of a line, who sent the packet.
    pub sender_id: UserId,
    /// What it is.
    pub body: StoredBody,
}

impl StoredMessage {
    /// The one rule of who may see an entry (R-PEOPLE-2): "opened" is for the packet's sender and
    /// the openers, "expired" for the sender, what cannot be read for nobody, everything else for
    /// everyone in the group.
    pub fn is_for(&self, reader: UserId) -> bool {
        match &self.body {
            StoredBody::Line(Line::Opened { openers, .. }) => {
                self.sender_id == reader || openers.contains(&reader)
            }
            StoredBody::Line(Line::Expired { .. }) => self.sender_id == reader,
            StoredBody::Unreadable => false,
            StoredBody::Text(_)
            | StoredBody::Packet(_)
            | StoredBody::Created
            | StoredBody::Joined
            | StoredBody::Left
            | StoredBody::Removed { .. }
            | StoredBody::Line(Line::Finished { .. }) => true,
        }
    }
}

/// What a message is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoredBody {
    /// Words.
    Text(String),
    /// A packet.
    Packet(StoredPacket),
    /// The sender made the group.
    Created,
    /// The sender joined the group.
    Joined,
    /// The sender left the group.
    Left,
    /// The sender was removed from the group.
    Removed {
        /// By whom.
        by: UserId,
    },
    /// Something became of a packet.
    Line(Line),
    /// What this version cannot read: a later one wrote it, or nobody did. It has its place in the
    /// log, and nobody sees it.
    Unreadable,
}

impl StoredBody {
    /// The packet, if it is one.
    pub fn packet(&self) -> Option<&StoredPacket> {
        match self {
            Self::Packet(packet) => Some(packet),
            _ => None,
        }
    }
}

/// What the log knows of a packet; nothing that changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPacket {
    /// Which packet.
    pub order_no: OrderNo,
    /// How it is cut.
    pub kind: Kind,
    /// The words and the cover.
    pub dress: Dress,
    /// For whom an exclusive packet is.
    pub recipient_id: Option<UserId>,
}

/// Some of the entries that one reader may see, the newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPage {
    /// The entries.
    pub messages: Vec<StoredMessage>,
    /// What comes before this entry is for the next page; `None` where the log begins.
    pub next_before: Option<MessageId>,
}

/// An entry of the log, and whether one reader may see it (R-PEOPLE-2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// The entry.
    pub message: StoredMessage,
    /// May the reader see it?
    pub visible: bool,
}

/// Writing the logs of groups.
#[async_trait]
pub trait PostStore: Send + Sync + fmt::Debug {
    /// Appends words to a log; with a key that was used before, the message of that
    /// time (R-PEOPLE-3). `GroupNotFound` unless the sender is a member, `KeyReused`.
    async fn post_text(&self, text: TextDraft) -> Result<StoredMessage, PeopleError>;

    /// Appends packets to logs, in this order and in one transaction, or finds them there.
    /// `GroupNotFound`, `KeyReused` if a number was posted with another content; then none of
    /// them is appended.
    async fn post_packets(
        &self,
        packets: Vec<PacketPost>,
    ) -> Result<Vec<StoredMessage>, PeopleError>;

    /// Appends lines about packets, in this order and in one transaction; for a key that
    /// was used before, the line of that time. `GroupNotFound` if there is no such group,
    /// `KeyReused`; then none of them is appended.
    async fn post_lines(&self, lines: Vec<LinePost>) -> Result<Vec<StoredMessage>, PeopleError>;
}

/// Reading them, each reader what they may see (R-PEOPLE-2).
#[async_trait]
pub trait LogStore: Send + Sync + fmt::Debug {
    /// The newest `limit` entries of a group that `reader` may see, before `before` if
    /// that is given. Looks at [`LOG_SCAN_MAX`] entries; a page where most of them are
    /// hidden is shorter, or empty, and goes on.
    async fn messages(
        &self,
        group: GroupId,
        reader: UserId,
        before: Option<MessageId>,
        limit: u32,
    ) -> Result<StoredPage, PeopleError>;

    /// The first `limit` entries of a group after `after`, the oldest first, also those
    /// that `reader` may not see.
    async fn messages_after(
        &self,
        group: GroupId,
        reader: UserId,
        after: MessageId,
        limit: u32,
    ) -> Result<Vec<LogEntry>, PeopleError>;

    /// What a posted packet wears.
    async fn packet_dress(&self, order_no: OrderNo) -> Result<Option<Dress>, PeopleError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R-PEOPLE-2: logs hold these for ever, and nodes of two versions read them.
    #[test]
    fn lines_are_what_they_were() {
        let pinned = concat!(
            r#"[{"type":"opened","order_no":"S00G0000000000J","sender_id":"1","openers":["2"]},"#,
            r#"{"type":"finished","order_no":"S00G0000000000J","sender_id":"1","shares":5,"#,
            r#""took_ms":900,"best_luck":"2"},"#,
            r#"{"type":"expired","order_no":"S00G0000000000J","sender_id":"1","#,
            r#""refunded_fen":100}]"#,
        );
        let lines: Vec<Line> = serde_json::from_str(pinned).unwrap();
        assert_eq!(serde_json::to_string(&lines).unwrap(), pinned);
    }
}
