//! Groups as they stand, and as their members have them in their lists.

use super::{
    group_id, language,
    log::{self, COLUMNS, JOIN_PACKET, may_see},
    user_id,
};
use crate::{Database, row::Row, sql};
use hongbao_domain::store::{
    StoreError,
    people::{LOG_SCAN_MAX, ListedGroup, Place, StoredGroup},
};
use hongbao_shared::{GroupId, MessageId, Timestamp, UserId, api::groups::UNREAD_MAX};

/// What [`stored_group`] reads, of the group `g`.
const GROUP_COLUMNS: &str = "g.id, g.name, g.owner_id, g.created_at, g.member_count,
     g.demo_language, g.last_message_id";
const GROUP_COLUMNS_COUNT: usize = 7;

pub(super) async fn group(
    database: &Database,
    id: GroupId,
) -> Result<Option<StoredGroup>, StoreError> {
    let row = sql(format!("SELECT {GROUP_COLUMNS} FROM chat_groups g WHERE g.id = $1"))
        .bind(id.get())
        .fetch_optional(database)
        .await?;
    row.map(|row| stored_group(&row)).transpose()
}

pub(super) async fn place(
    database: &Database,
    group: GroupId,
    user: UserId,
) -> Result<Option<Place>, StoreError> {
    let row = sql("SELECT muted, read_up_to FROM members WHERE group_id = $1 AND user_id = $2")
        .bind(group.get())
        .bind(user.get())
        .fetch_optional(database)
        .await?;
    row.map(|row| {
        let read_up_to = MessageId::new(row.try_get(1)?).filter(|id| id.get() > 0);
        Ok(Place { muted: row.try_get(0)?, read_up_to })
    })
    .transpose()
}

pub(super) async fn groups_of(
    database: &Database,
    user: UserId,
    limit: u32,
) -> Result<Vec<ListedGroup>, StoreError> {
    let dialect = database.dialect();
    // SQLite's planner would rather walk through the log itself.
    let said = dialect.pick("INDEXED BY messages_said", "");
    let may_see = may_see(dialect, "v", "$1");
    // Both looks into a log are bounded: at the newest entries, and at so many words
    // and packets after what has been read.
    sql(format!(
        "SELECT {GROUP_COLUMNS}, mine.muted,
                (SELECT count(*) FROM
                     (SELECT u.sender_id FROM messages u {said}
                      WHERE u.group_id = g.id AND u.id > mine.read_up_to AND u.kind <= 2
                      ORDER BY u.id LIMIT $3) AS news
                 WHERE news.sender_id <> $1),
                {COLUMNS}
         FROM members mine
         JOIN chat_groups g ON g.id = mine.group_id
         LEFT JOIN messages m ON m.group_id = g.id AND m.id =
             (SELECT v.id FROM messages v
              WHERE v.group_id = g.id AND v.id > g.last_message_id - $3 AND {may_see}
              ORDER BY v.id DESC LIMIT 1)
         {JOIN_PACKET}
         WHERE mine.user_id = $1
         ORDER BY coalesce(m.at, g.created_at) DESC, g.id LIMIT $2"
    ))
    .bind(user.get())
    .bind(limit)
    .bind(LOG_SCAN_MAX)
    .fetch_all(database)
    .await?
    .iter()
    .map(|row| {
        let unread: u32 = row.try_get(GROUP_COLUMNS_COUNT + 1)?;
        let newest: Option<i64> = row.try_get(GROUP_COLUMNS_COUNT + 2)?;
        Ok(ListedGroup {
            group: stored_group(row)?,
            muted: row.try_get(GROUP_COLUMNS_COUNT)?,
            unread: unread.min(UNREAD_MAX),
            last_message: newest.map(|_| log::message(row, GROUP_COLUMNS_COUNT + 2)).transpose()?,
        })
    })
    .collect()
}

fn stored_group(row: &Row) -> Result<StoredGroup, StoreError> {
    let demo_language: Option<String> = row.try_get(5)?;
    let newest: i64 = row.try_get(6)?;
    Ok(StoredGroup {
        id: group_id(row.try_get(0)?)?,
        name: row.try_get(1)?,
        owner_id: user_id(row.try_get(2)?)?,
        created_at: Timestamp::from_millis(row.try_get(3)?),
        member_count: row.try_get(4)?,
        demo_language: demo_language.as_deref().map(language).transpose()?,
        newest_id: MessageId::new(newest)
            .ok_or_else(|| StoreError::Corrupt(format!("{newest} is not a message id")))?,
    })
}
