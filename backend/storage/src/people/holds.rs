//! Rows that a transaction holds until its end.
//!
//! On PostgreSQL, transactions of people run side by side, row by row: checked as a whole
//! (`SERIALIZABLE`), those of a busy group would mostly send each other back. So whatever
//! looks before it writes takes the row first under which everybody looks: a group's, for
//! its log, its members and its invitations, or a person's, for their sessions and their
//! demo group. Each statement after that sees what those before it have committed, and
//! the entries of a log are committed in the order of their ids. Groups are taken before
//! people, and in the order of their ids, so that nobody waits in a circle. SQLite has
//! one writer anyway.

use crate::{Dialect, Tx, sql, statement::any};
use hongbao_domain::store::StoreError;
use hongbao_shared::{GroupId, UserId};

/// Takes the rows of those of these groups that exist.
pub(super) async fn hold_groups(
    tx: &mut Tx<'_>,
    groups: impl IntoIterator<Item = GroupId>,
) -> Result<(), StoreError> {
    if tx.dialect() == Dialect::Sqlite {
        return Ok(());
    }
    let ids: Vec<i64> = groups.into_iter().map(GroupId::get).collect();
    let any = any(tx.dialect(), "$1");
    sql(format!("SELECT id FROM chat_groups WHERE id {any} ORDER BY id FOR UPDATE"))
        .bind(ids)
        .execute(tx)
        .await?;
    Ok(())
}

/// Takes a person's row, if they exist.
pub(super) async fn hold_user(tx: &mut Tx<'_>, user: UserId) -> Result<(), StoreError> {
    if tx.dialect() == Dialect::Sqlite {
        return Ok(());
    }
    sql("SELECT id FROM users WHERE id = $1 FOR UPDATE").bind(user.get()).execute(tx).await?;
    Ok(())
}
