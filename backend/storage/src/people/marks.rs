//! What each member keeps for themself: how far they have read, and silence.

use super::{GROUP_FOUND, guard, members::is_member};
use crate::{Database, Tx, sql};
use hongbao_domain::store::StoreError;
use hongbao_shared::{GroupId, MessageId, UserId};

/// False if the member is not there, or has read that far.
pub(super) async fn read(
    tx: &mut Tx<'_>,
    group: GroupId,
    user: UserId,
    up_to: MessageId,
) -> Result<bool, StoreError> {
    let changed = sql("UPDATE members SET read_up_to = $3
         WHERE group_id = $1 AND user_id = $2 AND read_up_to < $3")
    .bind(group.get())
    .bind(user.get())
    .bind(up_to.get())
    .execute(tx)
    .await?;
    Ok(changed == 1)
}

pub(super) async fn set_read(
    database: &Database,
    group: GroupId,
    user: UserId,
    up_to: MessageId,
) -> Result<(), StoreError> {
    database
        .write_by_row(move |mut tx| {
            Box::pin(async move {
                // Logs only grow, so this bound holds however old it is.
                let newest: Option<i64> =
                    sql("SELECT last_message_id FROM chat_groups WHERE id = $1")
                        .bind(group.get())
                        .scalar_optional(&mut tx)
                        .await?;
                let up_to = newest.and_then(MessageId::new).map(|newest| up_to.min(newest));
                let up_to = up_to.ok_or_else(|| guard(GROUP_FOUND))?;
                if read(&mut tx, group, user, up_to).await?
                    || is_member(&mut tx, group, user).await?
                {
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
    let changed = database
        .write_at_once(move |mut tx| {
            Box::pin(async move {
                sql("UPDATE members SET muted = $3 WHERE group_id = $1 AND user_id = $2")
                    .bind(group.get())
                    .bind(user.get())
                    .bind(muted)
                    .execute(&mut tx)
                    .await
            })
        })
        .await?;
    if changed == 1 { Ok(()) } else { Err(guard(GROUP_FOUND)) }
}
