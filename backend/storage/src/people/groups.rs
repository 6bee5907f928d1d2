//! New groups.

use super::{
    group_id,
    holds::hold_user,
    language_column,
    members::{MEMBER, OWNER, announce, count_group, insert_member},
};
use crate::{Database, Tx, sql};
use hongbao_domain::store::{
    StoreError,
    people::{DemoGroupDraft, GroupDraft, JoinedGroup, StoredBody, StoredMessage},
};
use std::sync::Arc;

const FIRST_PLACE: i64 = 1;

pub(super) async fn add(
    database: &Database,
    draft: GroupDraft,
) -> Result<StoredMessage, StoreError> {
    let draft = Arc::new(draft);
    database
        .write_by_row(move |mut tx| {
            let draft = Arc::clone(&draft);
            Box::pin(async move { insert(&mut tx, &draft).await })
        })
        .await
}

pub(super) async fn add_demo(
    database: &Database,
    draft: DemoGroupDraft,
) -> Result<JoinedGroup, StoreError> {
    let draft = Arc::new(draft);
    database
        .write_by_row(move |mut tx| {
            let draft = Arc::clone(&draft);
            Box::pin(async move { insert_demo(&mut tx, &draft).await })
        })
        .await
}

async fn insert_demo(tx: &mut Tx<'_>, draft: &DemoGroupDraft) -> Result<JoinedGroup, StoreError> {
    let (group, owner) = (draft.group.id, draft.group.owner_id);
    hold_user(tx, owner).await?;
    let theirs: Option<i64> = sql("SELECT id FROM chat_groups WHERE demo_for = $1")
        .bind(owner.get())
        .scalar_optional(&mut *tx)
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

async fn insert(tx: &mut Tx<'_>, draft: &GroupDraft) -> Result<StoredMessage, StoreError> {
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
