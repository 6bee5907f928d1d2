//! What several rooms read of a person.

use crate::{Source, row::Row, sql};
use hongbao_domain::store::StoreError;
use hongbao_shared::{UserId, api::accounts::Profile};

/// From a row that begins with id, name, avatar, and whether it is a demo member.
pub(super) fn profile(row: &Row) -> Result<Profile, StoreError> {
    Ok(Profile {
        id: row.try_get(0)?,
        name: row.try_get(1)?,
        avatar: row.try_get(2)?,
        is_demo: row.try_get(3)?,
    })
}

/// A login name as `account_key` holds it.
pub(super) fn exact(name: &str) -> String {
    name.to_lowercase()
}

pub(super) async fn password_hash(
    source: impl Source,
    user: UserId,
) -> Result<Option<String>, StoreError> {
    let found: Option<Option<String>> = sql("SELECT password_hash FROM users WHERE id = $1")
        .bind(user.get())
        .scalar_optional(source)
        .await?;
    Ok(found.flatten())
}
