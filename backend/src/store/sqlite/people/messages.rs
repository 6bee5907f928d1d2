//! The message logs of groups.

use super::{super::Database, GROUP_FOUND, SAME_CONTENT, groups, guard, user_id};
use crate::store::{
    StoreError,
    people::{Dress, PacketPost, StoredBody, StoredMessage, StoredPacket, TextDraft},
};
use hongbao_shared::{GroupId, Kind, MessageId, OrderNo, Timestamp, UserId};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

// As stored; never renumbered.
const TEXT: i64 = 1;
const PACKET: i64 = 2;
const JOINED: i64 = 3;

pub(super) async fn post_text(
    database: &Database,
    draft: TextDraft,
) -> Result<StoredMessage, StoreError> {
    database
        .write(move |tx| {
            Box::pin(async move {
                if !groups::is_member_in(tx, draft.group_id, draft.sender_id).await? {
                    return Err(guard(GROUP_FOUND));
                }
                // Safe before the insert: this transaction holds the write lock, and
                // the unique constraint stands behind it.
                if let Some(key) = &draft.key
                    && let Some(before) = by_key(tx, draft.group_id, draft.sender_id, key).await?
                {
                    return match &before.body {
                        StoredBody::Text(text) if *text == draft.text => Ok(before),
                        _ => Err(guard(SAME_CONTENT)),
                    };
                }
                append(tx, draft.group_id, draft.sender_id, draft.at, Line::Text(draft)).await
            })
        })
        .await
}

pub(super) async fn post_packet(
    database: &Database,
    post: PacketPost,
) -> Result<StoredMessage, StoreError> {
    database
        .write(move |tx| {
            Box::pin(async move {
                if let Some((group, before)) = by_order_no(tx, post.order_no).await? {
                    let same = group == post.group_id.get()
                        && before.sender_id == post.sender_id
                        && before.body == packet_body(&post);
                    return if same { Ok(before) } else { Err(guard(SAME_CONTENT)) };
                }
                append(tx, post.group_id, post.sender_id, post.at, Line::Packet(post)).await
            })
        })
        .await
}

/// The line that says that somebody joined.
pub(super) async fn append_joined(
    tx: &mut SqliteConnection,
    group: GroupId,
    user: UserId,
    at: Timestamp,
) -> Result<StoredMessage, StoreError> {
    append(tx, group, user, at, Line::Joined).await
}

enum Line {
    Text(TextDraft),
    Packet(PacketPost),
    Joined,
}

/// Takes the next id under the group's row and writes the line.
async fn append(
    tx: &mut SqliteConnection,
    group: GroupId,
    sender_id: UserId,
    at: Timestamp,
    line: Line,
) -> Result<StoredMessage, StoreError> {
    let id: i64 = sqlx::query_scalar(
        "UPDATE chat_groups SET last_message_id = last_message_id + 1
         WHERE id = ?1 RETURNING last_message_id",
    )
    .bind(group.get())
    .fetch_optional(&mut *tx)
    .await?
    .ok_or_else(|| guard(GROUP_FOUND))?;
    let (kind, text, key) = match &line {
        Line::Text(draft) => (TEXT, Some(draft.text.as_str()), draft.key.as_deref()),
        Line::Packet(_) => (PACKET, None, None),
        Line::Joined => (JOINED, None, None),
    };
    sqlx::query(
        "INSERT INTO messages (group_id, id, sender_id, kind, text, key, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )
    .bind(group.get())
    .bind(id)
    .bind(sender_id.get())
    .bind(kind)
    .bind(text)
    .bind(key)
    .bind(at.millis())
    .execute(&mut *tx)
    .await?;
    let body = match line {
        Line::Text(draft) => StoredBody::Text(draft.text),
        Line::Joined => StoredBody::Joined,
        Line::Packet(post) => {
            insert_packet(tx, &post, id).await?;
            packet_body(&post)
        }
    };
    Ok(StoredMessage { id: message_id(id)?, at, sender_id, body })
}

async fn insert_packet(
    tx: &mut SqliteConnection,
    post: &PacketPost,
    message_id: i64,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO packet_posts
             (order_no, group_id, message_id, kind, greeting, cover, recipient_id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )
    .bind(post.order_no.to_bits())
    .bind(post.group_id.get())
    .bind(message_id)
    .bind(post.kind.byte())
    .bind(&post.greeting)
    .bind(&post.cover)
    .bind(post.recipient_id.map(UserId::get))
    .execute(tx)
    .await?;
    Ok(())
}

fn packet_body(post: &PacketPost) -> StoredBody {
    StoredBody::Packet(StoredPacket {
        order_no: post.order_no,
        kind: post.kind,
        dress: Dress { greeting: post.greeting.clone(), cover: post.cover.clone() },
        recipient_id: post.recipient_id,
    })
}

async fn by_key(
    tx: &mut SqliteConnection,
    group: GroupId,
    sender: UserId,
    key: &str,
) -> Result<Option<StoredMessage>, StoreError> {
    let row = sqlx::query(
        "SELECT m.id, m.at, m.sender_id, m.kind, m.text,
                p.order_no, p.kind, p.greeting, p.cover, p.recipient_id
         FROM messages m
         LEFT JOIN packet_posts p ON p.group_id = m.group_id AND p.message_id = m.id
         WHERE m.group_id = ?1 AND m.sender_id = ?2 AND m.key = ?3",
    )
    .bind(group.get())
    .bind(sender.get())
    .bind(key)
    .fetch_optional(tx)
    .await?;
    row.map(|row| message(&row, 0)).transpose()
}

async fn by_order_no(
    tx: &mut SqliteConnection,
    order_no: OrderNo,
) -> Result<Option<(i64, StoredMessage)>, StoreError> {
    let row = sqlx::query(
        "SELECT m.group_id, m.id, m.at, m.sender_id, m.kind, m.text,
                p.order_no, p.kind, p.greeting, p.cover, p.recipient_id
         FROM packet_posts p
         JOIN messages m ON m.group_id = p.group_id AND m.id = p.message_id
         WHERE p.order_no = ?1",
    )
    .bind(order_no.to_bits())
    .fetch_optional(tx)
    .await?;
    row.map(|row| Ok((row.try_get(0)?, message(&row, 1)?))).transpose()
}

pub(super) async fn page(
    database: &Database,
    group: GroupId,
    before: Option<MessageId>,
    limit: u32,
) -> Result<Vec<StoredMessage>, StoreError> {
    sqlx::query(
        "SELECT m.id, m.at, m.sender_id, m.kind, m.text,
                p.order_no, p.kind, p.greeting, p.cover, p.recipient_id
         FROM messages m
         LEFT JOIN packet_posts p ON p.group_id = m.group_id AND p.message_id = m.id
         WHERE m.group_id = ?1 AND m.id < ?2
         ORDER BY m.id DESC LIMIT ?3",
    )
    .bind(group.get())
    .bind(before.map_or(i64::MAX, MessageId::get))
    .bind(limit)
    .fetch_all(database.readers())
    .await?
    .iter()
    .map(|row| message(row, 0))
    .collect()
}

pub(super) async fn packet_dress(
    database: &Database,
    order_no: OrderNo,
) -> Result<Option<Dress>, StoreError> {
    let row = sqlx::query("SELECT greeting, cover FROM packet_posts WHERE order_no = ?1")
        .bind(order_no.to_bits())
        .fetch_optional(database.readers())
        .await?;
    row.map(|row| Ok(Dress { greeting: row.try_get(0)?, cover: row.try_get(1)? })).transpose()
}

/// From the ten columns that begin at `first`: id, at, sender, kind and text of the
/// message; number, kind, greeting, cover and recipient of its packet.
pub(super) fn message(row: &SqliteRow, first: usize) -> Result<StoredMessage, StoreError> {
    let body = match row.try_get(first + 3)? {
        TEXT => StoredBody::Text(row.try_get(first + 4)?),
        PACKET => StoredBody::Packet(packet(row, first + 5)?),
        JOINED => StoredBody::Joined,
        other => return Err(StoreError::Corrupt(format!("{other} is not a kind of message"))),
    };
    Ok(StoredMessage {
        id: message_id(row.try_get(first)?)?,
        at: Timestamp::from_millis(row.try_get(first + 1)?),
        sender_id: user_id(row.try_get(first + 2)?)?,
        body,
    })
}

fn packet(row: &SqliteRow, first: usize) -> Result<StoredPacket, StoreError> {
    let order_no = OrderNo::from_bits(row.try_get(first)?)
        .map_err(|error| StoreError::Corrupt(error.to_string()))?;
    let kind: u8 = row.try_get(first + 1)?;
    let recipient: Option<i64> = row.try_get(first + 4)?;
    Ok(StoredPacket {
        order_no,
        kind: Kind::from_byte(kind)
            .ok_or_else(|| StoreError::Corrupt(format!("{kind} is not a kind of packet")))?,
        dress: Dress { greeting: row.try_get(first + 2)?, cover: row.try_get(first + 3)? },
        recipient_id: recipient.map(user_id).transpose()?,
    })
}

fn message_id(column: i64) -> Result<MessageId, StoreError> {
    MessageId::new(column)
        .filter(|id| id.get() >= 1)
        .ok_or_else(|| StoreError::Corrupt(format!("{column} is not a message id")))
}
