//! New groups, groups as they stand, and as their members have them in their lists.

use super::{
    SqlPeople,
    holds::hold_user,
    language, language_column,
    log::{self, COLUMNS, JOIN_PACKET, may_see},
    members::{announce, count_group, insert_member},
    roles::{MEMBER, OWNER},
};
use crate::{Tx, row::Row, sql};
use async_trait::async_trait;
use hongbao_domain::store::{
    StoreError,
    people::{
        DemoGroupDraft, GroupDraft, GroupStore, JoinedGroup, LOG_SCAN_MAX, ListedGroup,
        PeopleError, StoredBody, StoredGroup, StoredMessage,
    },
};
use hongbao_shared::{GroupId, UserId, api::groups::UNREAD_MAX};

const FIRST_PLACE: i64 = 1;

/// What [`stored_group`] reads, of the group `g`.
const GROUP_COLUMNS: &str = "g.id, g.name, g.owner_id, g.created_at, g.member_count,
     g.demo_language, g.last_message_id";
const GROUP_COLUMNS_COUNT: usize = 7;

#[async_trait]
impl GroupStore for SqlPeople {
    async fn add_group(&self, group: GroupDraft) -> Result<StoredMessage, PeopleError> {
        self.write(group, |tx, group| Box::pin(insert(tx, group))).await
    }

    async fn add_demo_group(&self, group: DemoGroupDraft) -> Result<JoinedGroup, PeopleError> {
        self.write(group, |tx, group| Box::pin(insert_demo(tx, group))).await
    }

    async fn group(&self, id: GroupId) -> Result<Option<StoredGroup>, PeopleError> {
        let found = sql(format!("SELECT {GROUP_COLUMNS} FROM chat_groups g WHERE g.id = $1"))
            .bind(id.get())
            .first(&self.database, stored_group);
        Ok(found.await?)
    }

    async fn groups_of(&self, user: UserId, limit: u32) -> Result<Vec<ListedGroup>, PeopleError> {
        let dialect = self.database.dialect();
        // SQLite's planner would rather walk through the log itself.
        let said = dialect.pick("INDEXED BY messages_said", "");
        let may_see = may_see(dialect, "v", "$1");
        // Both looks into a log are bounded: at the newest entries, and at so many words
        // and packets after what has been read.
        let found = sql(format!(
            "SELECT {GROUP_COLUMNS}, mine.muted, mine.pinned,
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
             ORDER BY mine.pinned DESC, coalesce(m.at, g.created_at) DESC, g.id LIMIT $2"
        ))
        .bind(user.get())
        .bind(limit)
        .bind(LOG_SCAN_MAX)
        .all(&self.database, |row| {
            let unread: u32 = row.try_get(GROUP_COLUMNS_COUNT + 2)?;
            let newest: Option<i64> = row.try_get(GROUP_COLUMNS_COUNT + 3)?;
            Ok(ListedGroup {
                group: stored_group(row)?,
                muted: row.try_get(GROUP_COLUMNS_COUNT)?,
                pinned: row.try_get(GROUP_COLUMNS_COUNT + 1)?,
                unread: unread.min(UNREAD_MAX),
                last_message: newest
                    .map(|_| log::message(row, GROUP_COLUMNS_COUNT + 3))
                    .transpose()?
                    .filter(|message| message.is_for(user)),
            })
        });
        Ok(found.await?)
    }
}

async fn insert_demo(tx: &mut Tx<'_>, draft: &DemoGroupDraft) -> Result<JoinedGroup, StoreError> {
    let (group, owner) = (draft.group.id, draft.group.owner_id);
    hold_user(tx, owner).await?;
    let theirs: Option<GroupId> = sql("SELECT id FROM chat_groups WHERE demo_for = $1")
        .bind(owner.get())
        .scalar_optional(&mut *tx)
        .await?;
    if let Some(theirs) = theirs {
        return Ok(JoinedGroup { group_id: theirs, message: None });
    }
    let created = insert(tx, &draft.group).await?;
    let mut place = FIRST_PLACE;
    for member in &draft.members {
        place = place.saturating_add(1);
        // However many groups they are in: that is what they are for.
        count_group(tx, *member, u32::MAX).await?;
        insert_member(tx, group, *member, place, MEMBER, draft.group.at).await?;
    }
    sql("UPDATE chat_groups SET member_count = $2, last_place = $2,
                                demo_language = $3, demo_for = owner_id
         WHERE id = $1")
    .bind(group.get())
    .bind(place)
    .bind(language_column(draft.language))
    .execute(tx)
    .await?;
    Ok(JoinedGroup { group_id: group, message: Some(created) })
}

pub(super) async fn insert(
    tx: &mut Tx<'_>,
    draft: &GroupDraft,
) -> Result<StoredMessage, StoreError> {
    sql("INSERT INTO chat_groups (id, name, owner_id, member_count, last_place, created_at)
         VALUES ($1, $2, $3, 1, $4, $5)")
    .bind(draft.id.get())
    .bind(&draft.name)
    .bind(draft.owner_id.get())
    .bind(FIRST_PLACE)
    .bind(draft.at.millis())
    .execute(tx)
    .await?;
    count_group(tx, draft.owner_id, draft.groups_per_user_max).await?;
    insert_member(tx, draft.id, draft.owner_id, FIRST_PLACE, OWNER, draft.at).await?;
    announce(tx, draft.id, draft.owner_id, draft.at, StoredBody::Created).await
}

fn stored_group(row: &Row) -> Result<StoredGroup, StoreError> {
    let demo_language: Option<String> = row.try_get(5)?;
    Ok(StoredGroup {
        id: row.try_get(0)?,
        name: row.try_get(1)?,
        owner_id: row.try_get(2)?,
        created_at: row.try_get(3)?,
        member_count: row.try_get(4)?,
        demo_language: demo_language.as_deref().map(language),
        newest_id: row.try_get(6)?,
    })
}
