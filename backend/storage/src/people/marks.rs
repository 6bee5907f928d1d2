//! What each member keeps for themself: how far they have read, and silence, and pins.

use super::{
    GROUP_FOUND, SqlPeople, guard, refused,
    roles::{is_member, read},
};
use crate::sql;
use async_trait::async_trait;
use hongbao_domain::store::people::{MarkStore, PeopleError, Place};
use hongbao_shared::{GroupId, MessageId, UserId};

#[async_trait]
impl MarkStore for SqlPeople {
    async fn place(&self, group: GroupId, user: UserId) -> Result<Option<Place>, PeopleError> {
        let found = sql(
            "SELECT muted, pinned, read_up_to FROM members WHERE group_id = $1 AND user_id = $2",
        )
        .bind(group.get())
        .bind(user.get())
        .first(&self.database, |row| {
            let read_up_to = MessageId::new(row.try_get(2)?).filter(|id| id.get() > 0);
            Ok(Place { muted: row.try_get(0)?, pinned: row.try_get(1)?, read_up_to })
        });
        Ok(found.await?)
    }

    async fn set_read(
        &self,
        group: GroupId,
        user: UserId,
        up_to: MessageId,
    ) -> Result<bool, PeopleError> {
        self.write((), move |tx, ()| {
            Box::pin(async move {
                // Logs only grow, so this bound holds however old it is.
                let newest: Option<i64> =
                    sql("SELECT last_message_id FROM chat_groups WHERE id = $1")
                        .bind(group.get())
                        .scalar_optional(&mut *tx)
                        .await?;
                let up_to = newest.and_then(MessageId::new).map(|newest| up_to.min(newest));
                let up_to = up_to.ok_or_else(|| guard(GROUP_FOUND))?;
                let moved = read(tx, group, user, up_to).await?;
                if moved || is_member(tx, group, user).await? {
                    Ok(moved)
                } else {
                    Err(guard(GROUP_FOUND))
                }
            })
        })
        .await
    }

    async fn set_muted(
        &self,
        group: GroupId,
        user: UserId,
        muted: bool,
    ) -> Result<(), PeopleError> {
        let mute = sql("UPDATE members SET muted = $3 WHERE group_id = $1 AND user_id = $2")
            .bind(group.get())
            .bind(user.get())
            .bind(muted);
        if self.change(mute).await? == 1 { Ok(()) } else { Err(refused(guard(GROUP_FOUND))) }
    }

    async fn set_pinned(
        &self,
        group: GroupId,
        user: UserId,
        pinned: bool,
    ) -> Result<(), PeopleError> {
        let pin = sql("UPDATE members SET pinned = $3 WHERE group_id = $1 AND user_id = $2")
            .bind(group.get())
            .bind(user.get())
            .bind(pinned);
        if self.change(pin).await? == 1 { Ok(()) } else { Err(refused(guard(GROUP_FOUND))) }
    }
}
