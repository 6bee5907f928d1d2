//! Writing the logs of groups.

use super::{
    super::sqlite::File as Database,
    GROUP_FOUND, SAME_CONTENT, guard,
    log::{self, kind},
    members,
};
use crate::store::{
    StoreError,
    people::{Dress, LinePost, PacketPost, StoredBody, StoredMessage, StoredPacket, TextDraft},
};
use hongbao_shared::{GroupId, Timestamp, UserId};
use sqlx::SqliteConnection;

pub(super) async fn post_text(
    database: &Database,
    draft: TextDraft,
) -> Result<StoredMessage, StoreError> {
    database
        .write(move |tx| {
            Box::pin(async move {
                if !members::is_member_in(tx, draft.group_id, draft.sender_id).await? {
                    return Err(guard(GROUP_FOUND));
                }
                // Safe before the insert: this transaction holds the write lock, and
                // the unique constraint stands behind it.
                if let Some(key) = &draft.key
                    && let Some(before) =
                        log::by_key(tx, draft.group_id, draft.sender_id, key).await?
                {
                    return match &before.body {
                        StoredBody::Text(text) if *text == draft.text => Ok(before),
                        _ => Err(guard(SAME_CONTENT)),
                    };
                }
                let body = StoredBody::Text(draft.text);
                let keys = Keys { of_sender: draft.key.as_deref(), of_line: None };
                append(tx, draft.group_id, draft.sender_id, draft.at, body, keys).await
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
                let body = StoredBody::Packet(StoredPacket {
                    order_no: post.order_no,
                    kind: post.kind,
                    dress: Dress { greeting: post.greeting, cover: post.cover },
                    recipient_id: post.recipient_id,
                });
                if let Some((group, before)) = log::by_order_no(tx, post.order_no).await? {
                    let same = group == post.group_id
                        && before.sender_id == post.sender_id
                        && before.body == body;
                    return if same { Ok(before) } else { Err(guard(SAME_CONTENT)) };
                }
                append(tx, post.group_id, post.sender_id, post.at, body, Keys::NONE).await
            })
        })
        .await
}

pub(super) async fn post_lines(
    database: &Database,
    posts: Vec<LinePost>,
) -> Result<Vec<StoredMessage>, StoreError> {
    database
        .write(move |tx| {
            Box::pin(async move {
                let mut stored = Vec::with_capacity(posts.len());
                for post in posts {
                    stored.push(post_line(tx, post).await?);
                }
                Ok(stored)
            })
        })
        .await
}

async fn post_line(tx: &mut SqliteConnection, post: LinePost) -> Result<StoredMessage, StoreError> {
    let sender_id = post.line.sender_id();
    let body = StoredBody::Line(post.line);
    if let Some(before) = log::by_line_key(tx, post.group_id, &post.key).await? {
        return if before.body == body { Ok(before) } else { Err(guard(SAME_CONTENT)) };
    }
    let keys = Keys { of_sender: None, of_line: Some(&post.key) };
    append(tx, post.group_id, sender_id, post.at, body, keys).await
}

/// By what a message is posted once.
#[derive(Clone, Copy)]
pub(super) struct Keys<'a> {
    of_sender: Option<&'a str>,
    of_line: Option<&'a str>,
}

impl Keys<'_> {
    /// Whoever appends knows that it is not there yet.
    pub(super) const NONE: Self = Self { of_sender: None, of_line: None };
}

/// Takes the next id under the group's row and writes the entry.
pub(super) async fn append(
    tx: &mut SqliteConnection,
    group: GroupId,
    sender_id: UserId,
    at: Timestamp,
    body: StoredBody,
    keys: Keys<'_>,
) -> Result<StoredMessage, StoreError> {
    let id: i64 = sqlx::query_scalar(
        "UPDATE chat_groups SET last_message_id = last_message_id + 1
         WHERE id = ?1 RETURNING last_message_id",
    )
    .bind(group.get())
    .fetch_optional(&mut *tx)
    .await?
    .ok_or_else(|| guard(GROUP_FOUND))?;
    let text = match &body {
        StoredBody::Text(text) => Some(text.as_str()),
        _ => None,
    };
    sqlx::query(
        "INSERT INTO messages (group_id, id, sender_id, kind, text, key, at, content, line_key)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )
    .bind(group.get())
    .bind(id)
    .bind(sender_id.get())
    .bind(kind(&body))
    .bind(text)
    .bind(keys.of_sender)
    .bind(at.millis())
    .bind(log::content(&body))
    .bind(keys.of_line)
    .execute(&mut *tx)
    .await?;
    if let StoredBody::Packet(packet) = &body {
        insert_packet(tx, group, id, packet).await?;
    }
    Ok(StoredMessage { id: log::message_id(id)?, at, sender_id, body })
}

async fn insert_packet(
    tx: &mut SqliteConnection,
    group: GroupId,
    message_id: i64,
    packet: &StoredPacket,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO packet_posts
             (order_no, group_id, message_id, kind, greeting, cover, recipient_id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )
    .bind(packet.order_no.to_bits())
    .bind(group.get())
    .bind(message_id)
    .bind(packet.kind.byte())
    .bind(&packet.dress.greeting)
    .bind(&packet.dress.cover)
    .bind(packet.recipient_id.map(UserId::get))
    .execute(tx)
    .await?;
    Ok(())
}
