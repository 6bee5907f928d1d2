//! Sessions of people.

use super::{PASSWORD_SAME, guard, holds::hold_user, user_id, users};
use crate::{Database, Tx, sql};
use hongbao_domain::store::{
    StoreError,
    people::{
        EXPIRED_DROPPED_MAX, EXPIRED_KEPT_FOR, NewSession, OwnSession, StoredSession, TokenHash,
    },
};
use hongbao_shared::{Timestamp, UserId};
use std::sync::Arc;

pub(super) async fn add_session(
    database: &Database,
    session: NewSession,
    while_password: Option<String>,
) -> Result<(), StoreError> {
    let added = Arc::new((session, while_password));
    database
        .write_by_row(move |mut tx| {
            let added = Arc::clone(&added);
            Box::pin(async move {
                let (session, while_password) = &*added;
                hold_user(&mut tx, session.user_id).await?;
                if while_password.is_some()
                    && users::password_hash(&mut tx, session.user_id).await? != *while_password
                {
                    return Err(guard(PASSWORD_SAME));
                }
                insert(&mut tx, session).await
            })
        })
        .await
}

/// Adds a session to those of a person whose row is held.
pub(super) async fn insert(tx: &mut Tx<'_>, session: &NewSession) -> Result<(), StoreError> {
    sql(tx.dialect().pick(
        "DELETE FROM sessions WHERE token_hash IN
             (SELECT token_hash FROM sessions WHERE expires_at <= $1
              ORDER BY expires_at, token_hash LIMIT $2)",
        // Not those that somebody else is dropping; and an array, for which the planner
        // goes to the index, however many sessions it thinks there are.
        "DELETE FROM sessions WHERE token_hash = ANY(ARRAY
             (SELECT token_hash FROM sessions WHERE expires_at <= $1
              ORDER BY expires_at, token_hash LIMIT $2 FOR UPDATE SKIP LOCKED))",
    ))
    .bind(session.at.minus(EXPIRED_KEPT_FOR).millis())
    .bind(EXPIRED_DROPPED_MAX)
    .execute(tx)
    .await?;
    sql("DELETE FROM sessions WHERE user_id = $1 AND token_hash NOT IN
             (SELECT token_hash FROM sessions WHERE user_id = $1
              ORDER BY seen_at DESC, created_at DESC, token_hash LIMIT $2)")
    .bind(session.user_id.get())
    .bind(session.per_user_max.saturating_sub(1))
    .execute(tx)
    .await?;
    sql("INSERT INTO sessions (token_hash, user_id, created_at, seen_at, expires_at, agent)
         VALUES ($1, $2, $3, $3, $4, $5)")
    .bind(&session.token_hash.0[..])
    .bind(session.user_id.get())
    .bind(session.at.millis())
    .bind(session.expires_at.millis())
    .bind(&session.agent)
    .execute(tx)
    .await?;
    Ok(())
}

pub(super) async fn session(
    database: &Database,
    token_hash: TokenHash,
    now: Timestamp,
) -> Result<Option<StoredSession>, StoreError> {
    let row = sql("SELECT u.id, u.is_admin, u.account_key IS NULL, s.seen_at, s.expires_at
         FROM sessions s JOIN users u ON u.id = s.user_id
         WHERE s.token_hash = $1 AND s.expires_at > $2")
    .bind(&token_hash.0[..])
    .bind(now.millis())
    .fetch_optional(database)
    .await?;
    row.map(|row| {
        Ok(StoredSession {
            user_id: user_id(row.try_get(0)?)?,
            is_admin: row.try_get(1)?,
            is_guest: row.try_get(2)?,
            seen_at: Timestamp::from_millis(row.try_get(3)?),
            expires_at: Timestamp::from_millis(row.try_get(4)?),
        })
    })
    .transpose()
}

pub(super) async fn touch_session(
    database: &Database,
    token_hash: TokenHash,
    seen_at: Timestamp,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    let later = database.dialect().pick("max", "greatest");
    database
        .write_at_once(move |mut tx| {
            Box::pin(async move {
                sql(format!(
                    "UPDATE sessions SET seen_at = $2, expires_at = {later}(expires_at, $3)
                     WHERE token_hash = $1"
                ))
                .bind(&token_hash.0[..])
                .bind(seen_at.millis())
                .bind(expires_at.millis())
                .execute(&mut tx)
                .await?;
                Ok(())
            })
        })
        .await
}

pub(super) async fn end_session(
    database: &Database,
    token_hash: TokenHash,
) -> Result<(), StoreError> {
    database
        .write_at_once(move |mut tx| {
            Box::pin(async move {
                sql("DELETE FROM sessions WHERE token_hash = $1")
                    .bind(&token_hash.0[..])
                    .execute(&mut tx)
                    .await?;
                Ok(())
            })
        })
        .await
}

pub(super) async fn sessions_of(
    database: &Database,
    user: UserId,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<OwnSession>, StoreError> {
    sql("SELECT token_hash, agent, created_at, seen_at FROM sessions
         WHERE user_id = $1 AND expires_at > $2
         ORDER BY seen_at DESC, created_at DESC, token_hash LIMIT $3")
    .bind(user.get())
    .bind(now.millis())
    .bind(limit)
    .fetch_all(database)
    .await?
    .iter()
    .map(|row| {
        Ok(OwnSession {
            token_hash: hash(row.try_get(0)?)?,
            agent: row.try_get(1)?,
            created_at: Timestamp::from_millis(row.try_get(2)?),
            seen_at: Timestamp::from_millis(row.try_get(3)?),
        })
    })
    .collect()
}

pub(super) async fn end_other_sessions(
    database: &Database,
    user: UserId,
    keep: TokenHash,
) -> Result<Vec<TokenHash>, StoreError> {
    database
        .write_at_once(move |mut tx| {
            Box::pin(async move { delete_others(&mut tx, user, keep).await })
        })
        .await
}

/// Those that have ended.
pub(super) async fn delete_others(
    tx: &mut Tx<'_>,
    user: UserId,
    keep: TokenHash,
) -> Result<Vec<TokenHash>, StoreError> {
    sql("DELETE FROM sessions WHERE user_id = $1 AND token_hash <> $2 RETURNING token_hash")
        .bind(user.get())
        .bind(&keep.0[..])
        .scalars(tx)
        .await?
        .into_iter()
        .map(hash)
        .collect()
}

fn hash(column: Vec<u8>) -> Result<TokenHash, StoreError> {
    let bytes = column.try_into();
    bytes.map(TokenHash).map_err(|_| StoreError::Corrupt("a token hash has 32 bytes".to_owned()))
}
