//! Who is in a group, and as what.

use crate::{Source, Tx, sql};
use hongbao_domain::store::StoreError;
use hongbao_shared::{GroupId, MessageId, UserId};

// As stored; never renumbered.
pub(super) const MEMBER: i64 = 0;
pub(super) const OWNER: i64 = 1;

pub(super) async fn role(
    source: impl Source,
    group: GroupId,
    user: UserId,
) -> Result<Option<i64>, StoreError> {
    sql("SELECT role FROM members WHERE group_id = $1 AND user_id = $2")
        .bind(group.get())
        .bind(user.get())
        .scalar_optional(source)
        .await
}

pub(super) async fn is_member(
    source: impl Source,
    group: GroupId,
    user: UserId,
) -> Result<bool, StoreError> {
    Ok(role(source, group, user).await?.is_some())
}

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
