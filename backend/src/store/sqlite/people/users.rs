//! People and their sessions.

use super::{super::Database, id_array, user_id};
use crate::store::{
    StoreError,
    people::{Login, NewSession, NewUser, Person, StoredSession, TokenHash},
};
use hongbao_shared::{Timestamp, UserId, api::accounts::Profile};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

/// How many expired sessions go with each new one; more than one, so that the table
/// shrinks after a rush.
const EXPIRED_DROPPED_MAX: u32 = 8;

pub(super) async fn add(
    database: &Database,
    user: NewUser,
    session: NewSession,
) -> Result<(), StoreError> {
    database
        .write(move |tx| {
            Box::pin(async move {
                let (key, hash) = user.account.map(|a| (a.key, a.password_hash)).unzip();
                sqlx::query(
                    "INSERT INTO users (id, name, avatar, account_key, password_hash, created_at)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                )
                .bind(user.profile.id.get())
                .bind(user.profile.name)
                .bind(user.profile.avatar)
                .bind(key)
                .bind(hash)
                .bind(user.at.millis())
                .execute(&mut *tx)
                .await?;
                insert_session(tx, session).await
            })
        })
        .await
}

pub(super) async fn add_session(
    database: &Database,
    session: NewSession,
) -> Result<(), StoreError> {
    database.write(move |tx| Box::pin(insert_session(tx, session))).await
}

async fn insert_session(tx: &mut SqliteConnection, session: NewSession) -> Result<(), StoreError> {
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
        "INSERT INTO sessions (token_hash, user_id, created_at, seen_at, expires_at)
         VALUES (?1, ?2, ?3, ?3, ?4)",
    )
    .bind(session.token_hash.0.to_vec())
    .bind(session.user_id.get())
    .bind(session.at.millis())
    .bind(session.expires_at.millis())
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

pub(super) async fn login(
    database: &Database,
    account_key: &str,
) -> Result<Option<Login>, StoreError> {
    let row = sqlx::query(
        "SELECT id, name, avatar, password_hash FROM users
         WHERE account_key = ?1 AND password_hash IS NOT NULL",
    )
    .bind(account_key)
    .fetch_optional(database.readers())
    .await?;
    row.map(|row| Ok(Login { profile: profile(&row)?, password_hash: row.try_get(3)? })).transpose()
}

pub(super) async fn person(database: &Database, id: UserId) -> Result<Option<Person>, StoreError> {
    let row = sqlx::query(
        "SELECT id, name, avatar, is_admin, account_key IS NULL FROM users WHERE id = ?1",
    )
    .bind(id.get())
    .fetch_optional(database.readers())
    .await?;
    row.map(|row| {
        Ok(Person { profile: profile(&row)?, is_admin: row.try_get(3)?, is_guest: row.try_get(4)? })
    })
    .transpose()
}

pub(super) async fn profiles(
    database: &Database,
    ids: &[UserId],
) -> Result<Vec<Profile>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    sqlx::query("SELECT id, name, avatar FROM users WHERE id IN (SELECT value FROM json_each(?1))")
        .bind(id_array(ids.iter().map(|id| id.get())))
        .fetch_all(database.readers())
        .await?
        .iter()
        .map(profile)
        .collect()
}

pub(super) async fn make_admin(database: &Database, id: UserId) -> Result<bool, StoreError> {
    database
        .write(move |tx| {
            Box::pin(async move {
                let done = sqlx::query("UPDATE users SET is_admin = 1 WHERE id = ?1")
                    .bind(id.get())
                    .execute(tx)
                    .await?;
                Ok(done.rows_affected() == 1)
            })
        })
        .await
}

/// From a row that begins with id, name and avatar.
fn profile(row: &SqliteRow) -> Result<Profile, StoreError> {
    Ok(Profile {
        id: user_id(row.try_get(0)?)?,
        name: row.try_get(1)?,
        avatar: row.try_get(2)?,
        is_demo: false,
    })
}
