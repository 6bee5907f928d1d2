//! The log of a group: its entries, and who may see what.

use super::{super::size, MemoryPeople, State, ensure};
use async_trait::async_trait;
use hongbao_domain::store::people::{
    Dress, LOG_SCAN_MAX, LogEntry, LogStore, PeopleError, StoredBody, StoredMessage, StoredPage,
};
use hongbao_shared::{GroupId, MessageId, OrderNo, Timestamp, UserId};
use std::collections::BTreeMap;

/// The entries of a group, in the order of their ids, which count from 1 without gaps.
#[derive(Clone, Default)]
pub(super) struct Log {
    entries: Vec<StoredMessage>,
    by_key: BTreeMap<(UserId, String), MessageId>,
    by_line_key: BTreeMap<String, MessageId>,
}

/// By what a message is posted once.
#[derive(Clone)]
pub(super) struct Keys {
    pub(super) of_sender: Option<String>,
    pub(super) of_line: Option<String>,
}

impl Keys {
    /// Whoever appends knows that it is not there yet.
    pub(super) const NONE: Self = Self { of_sender: None, of_line: None };
}

impl Log {
    /// 0 if the log is empty.
    pub(super) fn newest_id(&self) -> MessageId {
        id_of(self.entries.len())
    }

    pub(super) fn with_id(&self, id: MessageId) -> Option<&StoredMessage> {
        self.entries.get(usize::try_from(id.get()).ok()?.checked_sub(1)?)
    }

    pub(super) fn with_key(&self, sender: UserId, key: &str) -> Option<&StoredMessage> {
        self.with_id(*self.by_key.get(&(sender, key.to_owned()))?)
    }

    pub(super) fn with_line_key(&self, key: &str) -> Option<&StoredMessage> {
        self.with_id(*self.by_line_key.get(key)?)
    }

    /// Words and packets after this entry, the oldest first.
    pub(super) fn said_after(&self, id: i64) -> impl Iterator<Item = &StoredMessage> {
        let is_said = |message: &&StoredMessage| {
            matches!(message.body, StoredBody::Text(_) | StoredBody::Packet(_))
        };
        self.after(id).iter().filter(is_said)
    }

    /// The newest entry that a reader may see, within the newest `scan`.
    pub(super) fn newest_for(&self, reader: UserId, scan: u32) -> Option<&StoredMessage> {
        self.entries.iter().rev().take(size(scan)).find(|message| message.is_for(reader))
    }

    fn after(&self, id: i64) -> &[StoredMessage] {
        let id = usize::try_from(id).unwrap_or(usize::MAX);
        self.entries.get(id..).unwrap_or_default()
    }

    fn push(
        &mut self,
        at: Timestamp,
        sender_id: UserId,
        body: StoredBody,
        keys: Keys,
    ) -> StoredMessage {
        let id = id_of(self.entries.len().saturating_add(1));
        let message = StoredMessage { id, at, sender_id, body };
        self.entries.push(message.clone());
        if let Some(key) = keys.of_sender {
            self.by_key.insert((sender_id, key), id);
        }
        if let Some(key) = keys.of_line {
            self.by_line_key.insert(key, id);
        }
        message
    }
}

#[async_trait]
impl LogStore for MemoryPeople {
    async fn messages(
        &self,
        group: GroupId,
        reader: UserId,
        before: Option<MessageId>,
        limit: u32,
    ) -> Result<StoredPage, PeopleError> {
        let state = self.state.lock();
        let empty = Log::default();
        let log = state.groups.get(&group).map_or(&empty, |group| &group.log);
        let end = log.newest_id().get().saturating_add(1);
        let before = before.map_or(end, |before| before.get().min(end));
        let from = before.saturating_sub(LOG_SCAN_MAX.into()).max(1);
        // One more than asked for tells whether there is a next page.
        let mut messages: Vec<_> = (from..before)
            .rev()
            .filter_map(|id| log.with_id(MessageId::new(id)?))
            .filter(|message| message.is_for(reader))
            .take(size(limit).saturating_add(1))
            .cloned()
            .collect();
        let next_before = if messages.len() > size(limit) {
            messages.truncate(size(limit));
            messages.last().map(|oldest| oldest.id)
        } else {
            MessageId::new(from).filter(|from| from.get() > 1)
        };
        Ok(StoredPage { messages, next_before })
    }

    async fn messages_after(
        &self,
        group: GroupId,
        reader: UserId,
        after: MessageId,
        limit: u32,
    ) -> Result<Vec<LogEntry>, PeopleError> {
        Ok(self.state.lock().messages_after(group, reader, after, limit))
    }

    async fn packet_dress(&self, order_no: OrderNo) -> Result<Option<Dress>, PeopleError> {
        Ok(self.state.lock().packet_dress(order_no))
    }
}

impl State {
    /// Takes the next id of the group and writes the entry. Refuses before it changes
    /// anything.
    pub(super) fn append(
        &mut self,
        group: GroupId,
        sender_id: UserId,
        at: Timestamp,
        body: StoredBody,
        keys: Keys,
    ) -> Result<StoredMessage, PeopleError> {
        let sender = self.users.contains_key(&sender_id);
        let group = self.groups.get_mut(&group).ok_or(PeopleError::GroupNotFound)?;
        ensure(sender, "users_pkey")?;
        Ok(group.log.push(at, sender_id, body, keys))
    }

    pub(super) fn messages_after(
        &self,
        group: GroupId,
        reader: UserId,
        after: MessageId,
        limit: u32,
    ) -> Vec<LogEntry> {
        let Some(group) = self.groups.get(&group) else { return Vec::new() };
        let entries = group.log.after(after.get()).iter().take(size(limit));
        let entry = |message: &StoredMessage| LogEntry {
            visible: message.is_for(reader),
            message: message.clone(),
        };
        entries.map(entry).collect()
    }
}

fn id_of(count: usize) -> MessageId {
    let number = i64::try_from(count).unwrap_or(i64::MAX);
    MessageId::new(number).expect("a count is not negative")
}
