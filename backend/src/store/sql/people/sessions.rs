//! Sessions of people.

use super::{super::sqlite::File as Database, PASSWORD_SAME, guard, user_id, users};
use crate::store::{
    StoreError,
    people::{EXPIRED_DROPPED_MAX, NewSession, OwnSession, StoredSession, TokenHash},
};
use hongbao_shared::{Timestamp, UserId};
use sqlx::{Row, SqliteConnection};

pub(super) async fn add_session(
    database: &Database,
    session: NewSession,
    while_password: Option<String>,
) -> Result<(), StoreError> {
    database
        .write(move |tx| {
            Box::pin(async move {
                if let Some(hash) = while_password
                    && users::password_hash_in(tx, session.user_id).await? != Some(hash)
                {
                    return Err(guard(PASSWORD_SAME));
                }
                insert(tx, session).await
            })
        })
        .await
}

pub(super) async fn insert(
    tx: &mut SqliteConnection,
    session: NewSession,
) -> Result<(), StoreError> {
    sqlx::query(
        "DELETE FROM sessions WHERE token_hash IN
             (SELECT token_hash FROM sessions WHERE expires_at <= ?1
              ORDER BY expires_at LIMIT ?2)",
    )
    .bind(session.at.millis())
    .bind(EXPIRED_DROPPED_MAX)
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "DELETE FROM sessions WHERE token_hash IN
             (SELECT token_hash FROM sessions WHERE user_id = ?1
              ORDER BY seen_at DESC, created_at DESC LIMIT -1 OFFSET ?2)",
    )
    .bind(session.user_id.get())
    .bind(session.per_user_max.saturating_sub(1))
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "INSERT INTO sessions (token_hash, user_id, created_at, seen_at, expires_at, agent)
         VALUES (?1, ?2, ?3, ?3, ?4, ?5)",
    )
    .bind(session.token_hash.0.to_vec())
    .bind(session.user_id.get())
    .bind(session.at.millis())
    .bind(session.expires_at.millis())
    .bind(session.agent)
    .execute(tx)
    .await?;
    Ok(())
}

pub(super) async fn session(
    database: &Database,
    token_hash: TokenHash,
    now: Timestamp,
) -> Result<Option<StoredSession>, StoreError> {
    let row = sqlx::query(
        "SELECT u.id, u.is_admin, u.account_key IS NULL, s.seen_at, s.expires_at
         FROM sessions s JOIN users u ON u.id = s.user_id
         WHERE s.token_hash = ?1 AND s.expires_at > ?2",
    )
    .bind(token_hash.0.to_vec())
    .bind(now.millis())
    .fetch_optional(database.readers())
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
    database
        .write(move |tx| {
            Box::pin(async move {
                sqlx::query(
                    "UPDATE sessions SET seen_at = max(seen_at, ?2),
                                         expires_at = max(expires_at, ?3)
                     WHERE token_hash = ?1",
                )
                .bind(token_hash.0.to_vec())
                .bind(seen_at.millis())
                .bind(expires_at.millis())
                .execute(tx)
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
        .write(move |tx| {
            Box::pin(async move {
                sqlx::query("DELETE FROM sessions WHERE token_hash = ?1")
                    .bind(token_hash.0.to_vec())
                    .execute(tx)
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
    let rows = sqlx::query(
        "SELECT token_hash, agent, created_at, seen_at FROM sessions
         WHERE user_id = ?1 AND expires_at > ?2
         ORDER BY seen_at DESC, created_at DESC, token_hash LIMIT ?3",
    )
    .bind(user.get())
    .bind(now.millis())
    .bind(limit)
    .fetch_all(database.readers())
    .await?;
    rows.iter()
        .map(|row| {
            Ok(OwnSession {
                token_hash: token_hash(row.try_get(0)?)?,
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
    database.write(move |tx| Box::pin(delete_others(tx, user, keep))).await
}

/// Those that have ended.
pub(super) async fn delete_others(
    tx: &mut SqliteConnection,
    user: UserId,
    keep: TokenHash,
) -> Result<Vec<TokenHash>, StoreError> {
    let ended: Vec<Vec<u8>> = sqlx::query_scalar(
        "DELETE FROM sessions WHERE user_id = ?1 AND token_hash <> ?2 RETURNING token_hash",
    )
    .bind(user.get())
    .bind(keep.0.to_vec())
    .fetch_all(tx)
    .await?;
    ended.iter().map(|hash| token_hash(hash)).collect()
}

fn token_hash(column: &[u8]) -> Result<TokenHash, StoreError> {
    let bytes = column.try_into();
    bytes.map(TokenHash).map_err(|_| StoreError::Corrupt("a token hash has 32 bytes".to_owned()))
}
