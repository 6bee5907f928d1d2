//! What each member keeps for themself: how far they have read, and silence.

use super::{super::sqlite::File as Database, GROUP_FOUND, guard, members::is_member_in};
use crate::store::StoreError;
use hongbao_shared::{GroupId, MessageId, UserId};
use sqlx::SqliteConnection;

/// False if the member is not there, or has read that far.
pub(super) async fn read(
    tx: &mut SqliteConnection,
    group: GroupId,
    user: UserId,
    up_to: MessageId,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE members SET read_up_to = ?3
         WHERE group_id = ?1 AND user_id = ?2 AND read_up_to < ?3",
    )
    .bind(group.get())
    .bind(user.get())
    .bind(up_to.get())
    .execute(tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn set_read(
    database: &Database,
    group: GroupId,
    user: UserId,
    up_to: MessageId,
) -> Result<(), StoreError> {
    database
        .write(move |tx| {
            Box::pin(async move {
                let newest: Option<i64> =
                    sqlx::query_scalar("SELECT last_message_id FROM chat_groups WHERE id = ?1")
                        .bind(group.get())
                        .fetch_optional(&mut *tx)
                        .await?;
                let up_to = newest.and_then(MessageId::new).map(|newest| up_to.min(newest));
                let up_to = up_to.ok_or_else(|| guard(GROUP_FOUND))?;
                if read(tx, group, user, up_to).await? || is_member_in(tx, group, user).await? {
                    Ok(())
                } else {
                    Err(guard(GROUP_FOUND))
                }
            })
        })
        .await
}

pub(super) async fn set_muted(
    database: &Database,
    group: GroupId,
    user: UserId,
    muted: bool,
) -> Result<(), StoreError> {
    database
        .write(move |tx| {
            Box::pin(async move {
                let done = sqlx::query(
                    "UPDATE members SET muted = ?3 WHERE group_id = ?1 AND user_id = ?2",
                )
                .bind(group.get())
                .bind(user.get())
                .bind(muted)
                .execute(tx)
                .await?;
                if done.rows_affected() == 1 { Ok(()) } else { Err(guard(GROUP_FOUND)) }
            })
        })
        .await
}
