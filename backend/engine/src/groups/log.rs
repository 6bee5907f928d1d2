//! What has happened in a group since an entry of its log (R-WEB-1).

use super::{CardStates, Groups};
use anyhow::anyhow;
use hongbao_domain::{
    Refusal,
    crash::{self, Step},
    store::people::{Line, LinePost, StoredBody, StoredMessage},
};
use hongbao_shared::{
    ErrorCode, GroupId, MessageId, OrderNo, UserId,
    api::{groups::Message, live::PacketChange},
};
use std::collections::BTreeMap;

/// The most entries that one part of a log covers.
pub const LOG_PART_MAX: u32 = 500;

/// A part of a log as one reader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogPart {
    /// What happened, in order. Two events can stand at the same entry: whoever is cut
    /// off between them has to have both again.
    pub events: Vec<LogEvent>,
    /// The newest entry that the part covers, whether its reader may see it or not;
    /// what was asked for if there is nothing after it.
    pub up_to: MessageId,
    /// Does the log go on?
    pub more: bool,
}

/// Something that a reader of a log hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogEvent {
    /// An entry that they may see.
    Message(Message),
    /// A card has changed: the last time in this part at this entry, which they may or
    /// may not see.
    Packet {
        /// The entry.
        id: MessageId,
        /// How the card stands now.
        change: PacketChange,
    },
}

impl LogEvent {
    /// At which entry it stands.
    pub fn id(&self) -> MessageId {
        match self {
            Self::Message(message) => message.id,
            Self::Packet { id, .. } => *id,
        }
    }
}

impl Groups {
    /// Posts what became of a packet; again under the same key, nothing new.
    /// `group_not_found`, and `key_reused` for the same key with another content, both
    /// of which no retry mends.
    pub async fn post_line(&self, post: LinePost) -> Result<(), Refusal> {
        self.post_lines(vec![post]).await
    }

    /// Posts several in one transaction: all, or, with the first refusal, none.
    pub async fn post_lines(&self, posts: Vec<LinePost>) -> Result<(), Refusal> {
        let says_nothing =
            |line: &Line| matches!(line, Line::Opened { openers, .. } if openers.is_empty());
        if posts.iter().any(|post| says_nothing(&post.line)) {
            return Err(Refusal::internal(anyhow!("a line says that nobody opened a packet")));
        }
        if posts.is_empty() {
            return Ok(());
        }
        let groups: Vec<_> = posts.iter().map(|post| post.group_id).collect();
        crash::before(Step::ChatLines);
        let stored = self.store.post_lines(posts).await?;
        crash::after(Step::ChatLines);
        self.tell_newest(groups, &stored).await;
        Ok(())
    }

    /// Each group hears of its newest entry once.
    pub(super) async fn tell_newest(&self, groups: Vec<GroupId>, stored: &[StoredMessage]) {
        let newest: BTreeMap<_, _> =
            groups.into_iter().zip(stored.iter().map(|message| message.id)).collect();
        for (group, id) in newest {
            self.tell(group, id).await;
        }
    }

    /// What happened after an entry as `user` sees it, at most `limit` entries at a
    /// time. `group_not_found`.
    pub async fn log_after(
        &self,
        user: UserId,
        group: GroupId,
        after: MessageId,
        limit: u32,
        cards: &dyn CardStates,
    ) -> Result<LogPart, Refusal> {
        self.admit(group, user).await?;
        let limit = limit.clamp(1, LOG_PART_MAX);
        // One more than asked for tells whether the log goes on.
        let mut entries =
            self.store.messages_after(group, user, after, limit.saturating_add(1)).await?;
        let covered = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = entries.len() > covered;
        entries.truncate(covered);

        let mut changed: BTreeMap<OrderNo, MessageId> = BTreeMap::new();
        for entry in &entries {
            if let StoredBody::Line(line) = &entry.message.body {
                changed.insert(line.order_no(), entry.message.id);
            }
        }
        let seen = entries.iter().filter(|entry| entry.visible).map(|entry| &entry.message);
        let orders = changed.keys().copied().collect();
        let wardrobe = self.wardrobe(user, seen, orders, cards).await;

        let up_to = entries.last().map_or(after, |entry| entry.message.id);
        let mut events = Vec::with_capacity(entries.len());
        for entry in entries {
            let id = entry.message.id;
            let order_no = match &entry.message.body {
                StoredBody::Line(line) => Some(line.order_no()),
                _ => None,
            };
            if entry.visible {
                events.extend(wardrobe.dress(entry.message).map(LogEvent::Message));
            }
            if let Some(order_no) = order_no.filter(|order_no| changed.get(order_no) == Some(&id)) {
                events.push(LogEvent::Packet { id, change: wardrobe.change(order_no) });
            }
        }
        Ok(LogPart { events, up_to, more })
    }

    /// The newest entry of a group's log, whoever may see it; 0 before the first.
    /// `group_not_found` if there is no such group.
    pub async fn newest_id(&self, group: GroupId) -> Result<MessageId, Refusal> {
        let stored = self.store.group(group).await?;
        Ok(stored.ok_or(ErrorCode::GroupNotFound)?.newest_id)
    }
}
