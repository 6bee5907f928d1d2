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
        LinePost, PacketPost, PeopleError, PostStore, StoredBody, StoredMessage, StoredPacket,
        TextDraft,
    },
};
use hongbao_shared::{GroupId, Timestamp, UserId};
use std::collections::{BTreeMap, BTreeSet};

#[async_trait]
impl PostStore for SqlPeople {
    async fn post_text(&self, text: TextDraft) -> Result<StoredMessage, PeopleError> {
        self.write(text, |tx, text| Box::pin(post_text_in(tx, text))).await
    }

    async fn post_packets(
        &self,
        packets: Vec<PacketPost>,
    ) -> Result<Vec<StoredMessage>, PeopleError> {
        self.write(packets, |tx, packets| Box::pin(post_packets_in(tx, packets))).await
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

async fn post_packets_in(
    tx: &mut Tx<'_>,
    posts: &[PacketPost],
) -> Result<Vec<StoredMessage>, StoreError> {
    let groups: BTreeSet<GroupId> = posts.iter().map(|post| post.group_id).collect();
    hold_groups(tx, groups).await?;
    let known = log::by_order_nos(tx, posts).await?;
    let entries = posts.iter().map(|post| {
        let entry = Entry {
            group: post.group_id,
            sender_id: post.sender_id,
            at: post.at,
            body: post.body(),
            line_key: None,
        };
        (post.order_no, entry)
    });
    append_once(tx, entries.collect(), known).await
}

async fn post_lines_in(
    tx: &mut Tx<'_>,
    posts: &[LinePost],
) -> Result<Vec<StoredMessage>, StoreError> {
    let groups: BTreeSet<GroupId> = posts.iter().map(|post| post.group_id).collect();
    hold_groups(tx, groups).await?;
    let known = log::by_line_keys(tx, posts).await?;
    let entries = posts.iter().map(|post| {
        let entry = Entry {
            group: post.group_id,
            sender_id: post.line.sender_id(),
            at: post.at,
            body: StoredBody::Line(post.line.clone()),
            line_key: Some(&post.key),
        };
        ((post.group_id, post.key.clone()), entry)
    });
    append_once(tx, entries.collect(), known).await
}

/// An entry that is to be appended.
struct Entry<'a> {
    group: GroupId,
    sender_id: UserId,
    at: Timestamp,
    body: StoredBody,
    line_key: Option<&'a str>,
}

/// Appends, in their order, entries of which none is there yet under its key `K`: `known` are
/// those that are, with their groups. The same again is the entry of before, another is refused.
/// To be called with the groups held: then nobody appends them beside this.
async fn append_once<K: Ord>(
    tx: &mut Tx<'_>,
    entries: Vec<(K, Entry<'_>)>,
    known: BTreeMap<K, (GroupId, StoredMessage)>,
) -> Result<Vec<StoredMessage>, StoreError> {
    let mut new: Vec<Entry<'_>> = Vec::new();
    let mut places = BTreeMap::new();
    let mut found = Vec::with_capacity(entries.len());
    for (key, entry) in entries {
        let is_same = |group: GroupId, sender: UserId, body: &StoredBody| {
            group == entry.group && sender == entry.sender_id && *body == entry.body
        };
        let place = if let Some((group, before)) = known.get(&key) {
            is_same(*group, before.sender_id, &before.body).then(|| Err(before.clone()))
        } else if let Some(place) = places.get(&key) {
            let earlier: &Entry<'_> = &new[*place];
            is_same(earlier.group, earlier.sender_id, &earlier.body).then_some(Ok(*place))
        } else {
            let place = new.len();
            places.insert(key, place);
            new.push(entry);
            Some(Ok(place))
        };
        let Some(place) = place else {
            // Whatever refuses those before it goes first, as it does one by one.
            append_all(tx, new).await?;
            return Err(guard(SAME_CONTENT));
        };
        found.push(place);
    }
    let appended = append_all(tx, new).await?;
    Ok(found
        .into_iter()
        .map(|place| place.map_or_else(|old| old, |at| appended[at].clone()))
        .collect())
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

/// Takes the next ids of each group under its row and writes all entries, in one round trip:
/// others wait for the groups meanwhile.
///
/// - `$1` to `$6`: a row for each entry: its group, sender, kind, moment, content and key, of
///   which the last two may be empty;
/// - `$7` to `$11`: of a packet its number, kind, greeting, cover and recipient; of any other
///   entry the number is -1, and so is the recipient of what is for nobody alone.
///
/// Nothing from the first entry on whose group does not exist: it is what is refused, and not
/// what stands behind it.
const APPEND_ALL: &str = "WITH entry AS (
         SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[],
                              $6::text[], $7::bigint[], $8::bigint[], $9::text[], $10::text[],
                              $11::bigint[])
             WITH ORDINALITY AS entry (group_id, sender_id, kind, at, content, line_key, order_no,
                                       packet_kind, greeting, cover, recipient_id, place)
     ), taken AS (
         UPDATE chat_groups SET last_message_id = last_message_id + new.count
         FROM (SELECT group_id, count(*) AS count FROM entry GROUP BY group_id) AS new
         WHERE id = new.group_id
         RETURNING id, last_message_id - new.count AS before
     ), numbered AS (
         SELECT entry.*,
                taken.before + row_number() OVER (PARTITION BY group_id ORDER BY place) AS id
         FROM entry JOIN taken ON taken.id = group_id
         WHERE place < coalesce((SELECT min(place) FROM entry
                                 WHERE group_id NOT IN (SELECT id FROM taken)), place + 1)
     ), written AS (
         INSERT INTO messages (group_id, id, sender_id, kind, at, content, line_key)
         SELECT group_id, id, sender_id, kind, at, nullif(content, ''), nullif(line_key, '')
         FROM numbered ORDER BY place
     ), posted AS (
         INSERT INTO packet_posts
             (order_no, group_id, message_id, kind, greeting, cover, recipient_id)
         SELECT order_no, group_id, id, packet_kind, greeting, cover, nullif(recipient_id, -1)
         FROM numbered WHERE order_no <> -1
     )
     SELECT id FROM numbered ORDER BY place";

/// Appends entries in their order, none of which is there yet.
async fn append_all(
    tx: &mut Tx<'_>,
    entries: Vec<Entry<'_>>,
) -> Result<Vec<StoredMessage>, StoreError> {
    let mut stored = Vec::with_capacity(entries.len());
    if tx.dialect() == Dialect::Sqlite {
        // Without round trips nothing is gained by one statement.
        for Entry { group, sender_id, at, body, line_key } in entries {
            let keys = Keys { of_sender: None, of_line: line_key };
            stored.push(append(tx, group, sender_id, at, body, keys).await?);
        }
        return Ok(stored);
    }
    if entries.is_empty() {
        return Ok(stored);
    }
    let ints = |of: &dyn Fn(&Entry<'_>) -> i64| entries.iter().map(of).collect::<Vec<i64>>();
    let texts = |of: &dyn Fn(&Entry<'_>) -> Option<String>| {
        entries.iter().map(|entry| of(entry).unwrap_or_default()).collect::<Vec<String>>()
    };
    let number = |of: fn(&StoredPacket) -> i64| ints(&|entry| entry.body.packet().map_or(-1, of));
    let words =
        |of: fn(&StoredPacket) -> &String| texts(&|entry| entry.body.packet().map(of).cloned());
    let ids: Vec<i64> = sql(APPEND_ALL)
        .bind(ints(&|entry| entry.group.get()))
        .bind(ints(&|entry| entry.sender_id.get()))
        .bind(ints(&|entry| kind(&entry.body)))
        .bind(ints(&|entry| entry.at.millis()))
        .bind(texts(&|entry| log::content(&entry.body)))
        .bind(texts(&|entry| entry.line_key.map(str::to_owned)))
        .bind(number(|packet| packet.order_no.to_bits()))
        .bind(number(|packet| packet.kind.byte().into()))
        .bind(words(|packet| &packet.dress.greeting))
        .bind(words(|packet| &packet.dress.cover))
        .bind(number(|packet| packet.recipient_id.map_or(-1, UserId::get)))
        .scalars(&mut *tx)
        .await?;
    if ids.len() != entries.len() {
        return Err(guard(GROUP_FOUND));
    }
    for (Entry { sender_id, at, body, .. }, id) in entries.into_iter().zip(ids) {
        stored.push(StoredMessage { id: log::message_id(id)?, at, sender_id, body });
    }
    Ok(stored)
}

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
