//! Writing the logs of groups.

use super::{
    GROUP_FOUND, SAME_CONTENT, SqlPeople, guard,
    holds::hold_groups,
    log::{self, kind},
    roles::is_member,
};
use crate::{Dialect, Tx, sql};
use async_trait::async_trait;
use hongbao_domain::store::{
    StoreError,
    people::{
        Dress, LinePost, PacketPost, PeopleError, PostStore, StoredBody, StoredMessage,
        StoredPacket, TextDraft,
    },
};
use hongbao_shared::{GroupId, Timestamp, UserId};
use std::collections::BTreeSet;

#[async_trait]
impl PostStore for SqlPeople {
    async fn post_text(&self, text: TextDraft) -> Result<StoredMessage, PeopleError> {
        self.write(text, |tx, text| Box::pin(post_text_in(tx, text))).await
    }

    async fn post_packet(&self, packet: PacketPost) -> Result<StoredMessage, PeopleError> {
        self.write(packet, |tx, packet| Box::pin(post_packet_in(tx, packet))).await
    }

    async fn post_lines(&self, lines: Vec<LinePost>) -> Result<Vec<StoredMessage>, PeopleError> {
        self.write(lines, |tx, lines| Box::pin(post_lines_in(tx, lines))).await
    }
}

async fn post_text_in(tx: &mut Tx<'_>, draft: &TextDraft) -> Result<StoredMessage, StoreError> {
    hold_groups(tx, [draft.group_id]).await?;
    if !is_member(&mut *tx, draft.group_id, draft.sender_id).await? {
        return Err(guard(GROUP_FOUND));
    }
    // Safe before the insert: this transaction holds the group, and the unique
    // constraint stands behind it.
    if let Some(key) = &draft.key
        && let Some(before) = log::by_key(tx, draft.group_id, draft.sender_id, key).await?
    {
        return match &before.body {
            StoredBody::Text(text) if *text == draft.text => Ok(before),
            _ => Err(guard(SAME_CONTENT)),
        };
    }
    let body = StoredBody::Text(draft.text.clone());
    let keys = Keys { of_sender: draft.key.as_deref(), of_line: None };
    append(tx, draft.group_id, draft.sender_id, draft.at, body, keys).await
}

async fn post_packet_in(tx: &mut Tx<'_>, post: &PacketPost) -> Result<StoredMessage, StoreError> {
    hold_groups(tx, [post.group_id]).await?;
    let body = StoredBody::Packet(StoredPacket {
        order_no: post.order_no,
        kind: post.kind,
        dress: Dress { greeting: post.greeting.clone(), cover: post.cover.clone() },
        recipient_id: post.recipient_id,
    });
    if let Some((group, before)) = log::by_order_no(tx, post.order_no).await? {
        let same =
            group == post.group_id && before.sender_id == post.sender_id && before.body == body;
        return if same { Ok(before) } else { Err(guard(SAME_CONTENT)) };
    }
    append(tx, post.group_id, post.sender_id, post.at, body, Keys::NONE).await
}

async fn post_lines_in(
    tx: &mut Tx<'_>,
    posts: &[LinePost],
) -> Result<Vec<StoredMessage>, StoreError> {
    let groups: BTreeSet<GroupId> = posts.iter().map(|post| post.group_id).collect();
    hold_groups(tx, groups).await?;
    let mut known = log::by_line_keys(tx, posts).await?;
    let mut stored = Vec::with_capacity(posts.len());
    for post in posts {
        let place = (post.group_id, post.key.clone());
        let body = StoredBody::Line(post.line.clone());
        if let Some(before) = known.get(&place) {
            if before.body != body {
                return Err(guard(SAME_CONTENT));
            }
            stored.push(before.clone());
            continue;
        }
        let keys = Keys { of_sender: None, of_line: Some(&post.key) };
        let sender_id = post.line.sender_id();
        let line = append(tx, post.group_id, sender_id, post.at, body, keys).await?;
        known.insert(place, line.clone());
        stored.push(line);
    }
    Ok(stored)
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

const TAKE_ID: &str = "UPDATE chat_groups SET last_message_id = last_message_id + 1 WHERE id = $1";

macro_rules! insert {
    ($from:literal) => {
        concat!(
            "INSERT INTO messages
                 (group_id, id, sender_id, kind, text, key, at, content, line_key)
             SELECT id, last_message_id, $2, $3, $4, $5, $6, $7, $8 FROM ",
            $from,
            " RETURNING id"
        )
    };
}

const INSERT_SQLITE: &str = insert!("chat_groups WHERE id = $1");
/// With [`TAKE_ID`] in it: others wait for the group meanwhile, so a round trip counts.
const INSERT_POSTGRES: &str = concat!(
    "WITH taken AS (UPDATE chat_groups SET last_message_id = last_message_id + 1
                    WHERE id = $1 RETURNING id, last_message_id) ",
    insert!("taken")
);

/// Takes the next id under the group's row and writes the entry.
pub(super) async fn append(
    tx: &mut Tx<'_>,
    group: GroupId,
    sender_id: UserId,
    at: Timestamp,
    body: StoredBody,
    keys: Keys<'_>,
) -> Result<StoredMessage, StoreError> {
    if tx.dialect() == Dialect::Sqlite {
        sql(TAKE_ID).bind(group.get()).execute(tx).await?;
    }
    let text = match &body {
        StoredBody::Text(text) => Some(text.as_str()),
        _ => None,
    };
    let id: i64 = sql(tx.dialect().pick(INSERT_SQLITE, INSERT_POSTGRES))
        .bind(group.get())
        .bind(sender_id.get())
        .bind(kind(&body))
        .bind(text)
        .bind(keys.of_sender)
        .bind(at.millis())
        .bind(log::content(&body))
        .bind(keys.of_line)
        .scalar_optional(&mut *tx)
        .await?
        .ok_or_else(|| guard(GROUP_FOUND))?;
    if let StoredBody::Packet(packet) = &body {
        insert_packet(tx, group, id, packet).await?;
    }
    Ok(StoredMessage { id: log::message_id(id)?, at, sender_id, body })
}

async fn insert_packet(
    tx: &mut Tx<'_>,
    group: GroupId,
    message_id: i64,
    packet: &StoredPacket,
) -> Result<(), StoreError> {
    sql("INSERT INTO packet_posts
             (order_no, group_id, message_id, kind, greeting, cover, recipient_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7)")
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
