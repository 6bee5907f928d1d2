//! Reading the logs of groups: who may see what, and what stands in a row.

use super::SqlPeople;
use crate::{Dialect, Tx, row::Row, sql, statement::any};
use async_trait::async_trait;
use hongbao_domain::store::{
    StoreError,
    people::{
        Dress, LOG_SCAN_MAX, Line, LinePost, LogEntry, LogStore, PacketPost, PeopleError,
        StoredBody, StoredMessage, StoredPacket, StoredPage,
    },
};
use hongbao_shared::{GroupId, MessageId, OrderNo, UserId};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::collections::BTreeMap;

// As stored; never renumbered. The statements below and the schema know them too.
/// Of no entry: nobody writes what cannot be read.
const UNREADABLE: i64 = 0;
const TEXT: i64 = 1;
const PACKET: i64 = 2;
const JOINED: i64 = 3;
const CREATED: i64 = 4;
const LEFT: i64 = 5;
const REMOVED: i64 = 6;
const OPENED: i64 = 7;
const FINISHED: i64 = 8;
const EXPIRED: i64 = 9;

/// What [`message`] reads, of the message `m` and its packet `p`.
pub(super) const COLUMNS: &str = "m.id, m.at, m.sender_id, m.kind, m.text, m.content,
     p.order_no, p.kind, p.greeting, p.cover, p.recipient_id";

pub(super) const JOIN_PACKET: &str =
    "LEFT JOIN packet_posts p ON p.group_id = m.group_id AND p.message_id = m.id";

/// [`StoredMessage::is_for`] in SQL, which looks through more entries than are worth reading.
/// `message` is an alias, `reader` a parameter.
pub(super) fn may_see(dialect: Dialect, message: &str, reader: &str) -> String {
    let is_opener = match dialect {
        Dialect::Sqlite => format!(
            "EXISTS (SELECT 1 FROM json_each({message}.content, '$.openers')
                     WHERE value = CAST({reader} AS TEXT))"
        ),
        Dialect::Postgres => {
            format!("((CAST({message}.content AS jsonb) -> 'openers') ? CAST({reader} AS TEXT))")
        }
    };
    format!(
        "({message}.kind NOT IN ({OPENED}, {EXPIRED}) OR {message}.sender_id = {reader}
          OR ({message}.kind = {OPENED} AND {is_opener}))"
    )
}

/// What [`StoredBody::Removed`] keeps.
#[derive(Serialize, Deserialize)]
struct Removed {
    by: UserId,
}

pub(super) fn kind(body: &StoredBody) -> i64 {
    match body {
        StoredBody::Text(_) => TEXT,
        StoredBody::Packet(_) => PACKET,
        StoredBody::Joined => JOINED,
        StoredBody::Created => CREATED,
        StoredBody::Left => LEFT,
        StoredBody::Removed { .. } => REMOVED,
        StoredBody::Line(Line::Opened { .. }) => OPENED,
        StoredBody::Line(Line::Finished { .. }) => FINISHED,
        StoredBody::Line(Line::Expired { .. }) => EXPIRED,
        StoredBody::Unreadable => UNREADABLE,
    }
}

/// What the column of that name holds.
pub(super) fn content(body: &StoredBody) -> Option<String> {
    let json = match body {
        StoredBody::Removed { by } => serde_json::to_string(&Removed { by: *by }),
        StoredBody::Line(line) => serde_json::to_string(line),
        StoredBody::Text(_)
        | StoredBody::Packet(_)
        | StoredBody::Created
        | StoredBody::Joined
        | StoredBody::Left
        | StoredBody::Unreadable => return None,
    };
    // Plain structs with string keys always serialize.
    Some(json.expect("lines serialize"))
}

#[async_trait]
impl LogStore for SqlPeople {
    async fn messages(
        &self,
        group: GroupId,
        reader: UserId,
        before: Option<MessageId>,
        limit: u32,
    ) -> Result<StoredPage, PeopleError> {
        let newest: Option<i64> = sql("SELECT last_message_id FROM chat_groups WHERE id = $1")
            .bind(group.get())
            .scalar_optional(&self.database)
            .await?;
        let end = newest.unwrap_or(0).saturating_add(1);
        let before = before.map_or(end, |before| before.get().min(end));
        // Ids have no gaps, so the bound on ids bounds the entries that are looked at.
        let from = before.saturating_sub(LOG_SCAN_MAX.into()).max(1);
        let may_see = may_see(self.database.dialect(), "m", "$4");
        // One more than asked for tells whether there is a next page.
        let mut messages: Vec<_> = sql(format!(
            "SELECT {COLUMNS} FROM messages m {JOIN_PACKET}
             WHERE m.group_id = $1 AND m.id >= $2 AND m.id < $3 AND {may_see}
             ORDER BY m.id DESC LIMIT $5"
        ))
        .bind(group.get())
        .bind(from)
        .bind(before)
        .bind(reader.get())
        .bind(i64::from(limit).saturating_add(1))
        .all(&self.database, |row| message(row, 0))
        .await?;
        let shown = usize::try_from(limit).unwrap_or(usize::MAX);
        let next_before = if messages.len() > shown {
            messages.truncate(shown);
            messages.last().map(|oldest| oldest.id)
        } else {
            MessageId::new(from).filter(|from| from.get() > 1)
        };
        messages.retain(|message| message.is_for(reader));
        Ok(StoredPage { messages, next_before })
    }

    async fn messages_after(
        &self,
        group: GroupId,
        reader: UserId,
        after: MessageId,
        limit: u32,
    ) -> Result<Vec<LogEntry>, PeopleError> {
        let found = sql(format!(
            "SELECT {COLUMNS} FROM messages m {JOIN_PACKET}
             WHERE m.group_id = $1 AND m.id > $2 ORDER BY m.id LIMIT $3"
        ))
        .bind(group.get())
        .bind(after.get())
        .bind(limit)
        .all(&self.database, |row| {
            let message = message(row, 0)?;
            Ok(LogEntry { visible: message.is_for(reader), message })
        });
        Ok(found.await?)
    }

    async fn packet_dress(&self, order_no: OrderNo) -> Result<Option<Dress>, PeopleError> {
        let found = sql("SELECT greeting, cover FROM packet_posts WHERE order_no = $1")
            .bind(order_no.to_bits())
            .first(&self.database, |row| {
                Ok(Dress { greeting: row.try_get(0)?, cover: row.try_get(1)? })
            });
        Ok(found.await?)
    }
}

pub(super) async fn by_key(
    tx: &mut Tx<'_>,
    group: GroupId,
    sender: UserId,
    key: &str,
) -> Result<Option<StoredMessage>, StoreError> {
    sql(format!(
        "SELECT {COLUMNS} FROM messages m {JOIN_PACKET}
         WHERE m.group_id = $1 AND m.sender_id = $2 AND m.key = $3"
    ))
    .bind(group.get())
    .bind(sender.get())
    .bind(key)
    .first(tx, |row| message(row, 0))
    .await
}

/// Lines that are there, by their groups and keys: at least those that are to be posted.
pub(super) async fn by_line_keys(
    tx: &mut Tx<'_>,
    posts: &[LinePost],
) -> Result<BTreeMap<(GroupId, String), (GroupId, StoredMessage)>, StoreError> {
    let (any_group, any_key) = (any(tx.dialect(), "$1"), any(tx.dialect(), "$2"));
    sql(format!(
        "SELECT m.group_id, m.line_key, {COLUMNS} FROM messages m {JOIN_PACKET}
         WHERE m.group_id {any_group} AND m.line_key {any_key}"
    ))
    .bind(posts.iter().map(|post| post.group_id.get()).collect::<Vec<i64>>())
    .bind(posts.iter().map(|post| post.key.clone()).collect::<Vec<String>>())
    .all(tx, |row| {
        let group: GroupId = row.try_get(0)?;
        Ok(((group, row.try_get(1)?), (group, message(row, 2)?)))
    })
    .await
}

/// Which of these packets are there, and in which groups.
pub(super) async fn by_order_nos(
    tx: &mut Tx<'_>,
    posts: &[PacketPost],
) -> Result<BTreeMap<OrderNo, (GroupId, StoredMessage)>, StoreError> {
    let any = any(tx.dialect(), "$1");
    sql(format!(
        "SELECT p.order_no, m.group_id, {COLUMNS} FROM packet_posts p
         JOIN messages m ON m.group_id = p.group_id AND m.id = p.message_id
         WHERE p.order_no {any}"
    ))
    .bind(posts.iter().map(|post| post.order_no.to_bits()).collect::<Vec<i64>>())
    .all(tx, |row| Ok((row.try_get(0)?, (row.try_get(1)?, message(row, 2)?))))
    .await
}

/// From the columns of [`COLUMNS`], which begin at `first`.
pub(super) fn message(row: &Row, first: usize) -> Result<StoredMessage, StoreError> {
    let id = message_id(row.try_get(first)?)?;
    // One entry that this version does not know must not take away the log, and everybody's list
    // of groups with it.
    let body = body(row, first).unwrap_or_else(|error| {
        tracing::debug!(message = %id, %error, "an entry of a log cannot be read");
        StoredBody::Unreadable
    });
    Ok(StoredMessage { id, at: row.try_get(first + 1)?, sender_id: row.try_get(first + 2)?, body })
}

fn body(row: &Row, first: usize) -> Result<StoredBody, StoreError> {
    let kind: i64 = row.try_get(first + 3)?;
    Ok(match kind {
        TEXT => StoredBody::Text(row.try_get(first + 4)?),
        PACKET => StoredBody::Packet(packet(row, first + 6)?),
        JOINED => StoredBody::Joined,
        CREATED => StoredBody::Created,
        LEFT => StoredBody::Left,
        REMOVED => StoredBody::Removed { by: json::<Removed>(row, first + 5)?.by },
        OPENED | FINISHED | EXPIRED => StoredBody::Line(json(row, first + 5)?),
        other => return Err(StoreError::Corrupt(format!("{other} is not a kind of message"))),
    })
}

fn json<T: DeserializeOwned>(row: &Row, at: usize) -> Result<T, StoreError> {
    let content: String = row.try_get(at)?;
    serde_json::from_str(&content)
        .map_err(|error| StoreError::Corrupt(format!("not the content of a line: {error}")))
}

fn packet(row: &Row, first: usize) -> Result<StoredPacket, StoreError> {
    Ok(StoredPacket {
        order_no: row.try_get(first)?,
        kind: row.try_get(first + 1)?,
        dress: Dress { greeting: row.try_get(first + 2)?, cover: row.try_get(first + 3)? },
        recipient_id: row.try_get(first + 4)?,
    })
}

pub(super) fn message_id(column: i64) -> Result<MessageId, StoreError> {
    MessageId::new(column)
        .filter(|id| id.get() >= 1)
        .ok_or_else(|| StoreError::Corrupt(format!("{column} is not a message id")))
}
