//! New groups.

use super::{
    super::sqlite::File as Database,
    group_id, language_column,
    members::{MEMBER, OWNER, announce, count_group, insert_member},
};
use crate::store::{
    StoreError,
    people::{DemoGroupDraft, GroupDraft, JoinedGroup, StoredBody, StoredMessage},
};
use sqlx::SqliteConnection;

const FIRST_PLACE: i64 = 1;

pub(super) async fn add(
    database: &Database,
    draft: GroupDraft,
) -> Result<StoredMessage, StoreError> {
    database.write(move |tx| Box::pin(async move { insert(tx, &draft).await })).await
}

pub(super) async fn add_demo(
    database: &Database,
    draft: DemoGroupDraft,
) -> Result<JoinedGroup, StoreError> {
    database
        .write(move |tx| {
            Box::pin(async move {
                let group = draft.group.id;
                let theirs: Option<i64> =
                    sqlx::query_scalar("SELECT id FROM chat_groups WHERE demo_for = ?1")
                        .bind(draft.group.owner_id.get())
                        .fetch_optional(&mut *tx)
                        .await?;
                if let Some(theirs) = theirs {
                    return Ok(JoinedGroup { group_id: group_id(theirs)?, message: None });
                }
                let created = insert(tx, &draft.group).await?;
                let mut place = FIRST_PLACE;
                for member in &draft.members {
                    place = place.saturating_add(1);
                    // However many groups they are in: that is what they are for.
                    count_group(tx, *member, u32::MAX).await?;
                    insert_member(tx, group, *member, place, MEMBER, draft.group.at).await?;
                }
                sqlx::query(
                    "UPDATE chat_groups SET member_count = ?2, last_place = ?2,
                                            demo_language = ?3, demo_for = owner_id
                     WHERE id = ?1",
                )
                .bind(group.get())
                .bind(place)
                .bind(language_column(draft.language))
                .execute(tx)
                .await?;
                Ok(JoinedGroup { group_id: group, message: Some(created) })
            })
        })
        .await
}

async fn insert(
    tx: &mut SqliteConnection,
    draft: &GroupDraft,
) -> Result<StoredMessage, StoreError> {
    sqlx::query(
        "INSERT INTO chat_groups (id, name, owner_id, member_count, last_place, created_at)
         VALUES (?1, ?2, ?3, 1, ?4, ?5)",
    )
    .bind(draft.id.get())
    .bind(&draft.name)
    .bind(draft.owner_id.get())
    .bind(FIRST_PLACE)
    .bind(draft.at.millis())
    .execute(&mut *tx)
    .await?;
    count_group(tx, draft.owner_id, draft.groups_per_user_max).await?;
    insert_member(tx, draft.id, draft.owner_id, FIRST_PLACE, OWNER, draft.at).await?;
    announce(tx, draft.id, draft.owner_id, draft.at, StoredBody::Created).await
}
