//! Sessions of people.

use super::{PASSWORD_SAME, SqlPeople, guard, holds::hold_user, person::password_hash, refused};
use crate::{Tx, sql};
use async_trait::async_trait;
use hongbao_domain::store::{
    StoreError,
    people::{
        EXPIRED_DROPPED_MAX, EXPIRED_KEPT_FOR, NewSession, OwnSession, PeopleError, SessionStore,
        StoredSession, TokenHash,
    },
};
use hongbao_shared::{Timestamp, UserId};

#[async_trait]
impl SessionStore for SqlPeople {
    async fn add_session(
        &self,
        session: NewSession,
        while_password: Option<String>,
    ) -> Result<(), PeopleError> {
        self.write((session, while_password), |tx, (session, while_password)| {
            Box::pin(async move {
                hold_user(tx, session.user_id).await?;
                if while_password.is_some()
                    && password_hash(&mut *tx, session.user_id).await? != *while_password
                {
                    return Err(guard(PASSWORD_SAME));
                }
                insert(tx, session).await
            })
        })
        .await
    }

    async fn session(
        &self,
        token_hash: TokenHash,
        now: Timestamp,
    ) -> Result<Option<StoredSession>, PeopleError> {
        let found = sql("SELECT u.id, u.is_admin, u.account_key IS NULL, s.seen_at, s.expires_at
             FROM sessions s JOIN users u ON u.id = s.user_id
             WHERE s.token_hash = $1 AND s.expires_at > $2")
        .bind(&token_hash.0[..])
        .bind(now.millis())
        .first(&self.database, |row| {
            Ok(StoredSession {
                user_id: row.try_get(0)?,
                is_admin: row.try_get(1)?,
                is_guest: row.try_get(2)?,
                seen_at: row.try_get(3)?,
                expires_at: row.try_get(4)?,
            })
        });
        Ok(found.await?)
    }

    async fn touch_session(
        &self,
        token_hash: TokenHash,
        seen_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), PeopleError> {
        let later = self.database.dialect().pick("max", "greatest");
        let touch = sql(format!(
            "UPDATE sessions SET seen_at = $2, expires_at = {later}(expires_at, $3)
             WHERE token_hash = $1"
        ))
        .bind(&token_hash.0[..])
        .bind(seen_at.millis())
        .bind(expires_at.millis());
        self.change(touch).await?;
        Ok(())
    }

    async fn end_session(&self, token_hash: TokenHash) -> Result<(), PeopleError> {
        let end = sql("DELETE FROM sessions WHERE token_hash = $1").bind(&token_hash.0[..]);
        self.change(end).await?;
        Ok(())
    }

    async fn sessions_of(
        &self,
        user: UserId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<OwnSession>, PeopleError> {
        let found = sql("SELECT token_hash, agent, created_at, seen_at FROM sessions
             WHERE user_id = $1 AND expires_at > $2
             ORDER BY seen_at DESC, created_at DESC, token_hash LIMIT $3")
        .bind(user.get())
        .bind(now.millis())
        .bind(limit)
        .all(&self.database, |row| {
            Ok(OwnSession {
                token_hash: hash(row.try_get(0)?)?,
                agent: row.try_get(1)?,
                created_at: row.try_get(2)?,
                seen_at: row.try_get(3)?,
            })
        });
        Ok(found.await?)
    }

    async fn end_other_sessions(
        &self,
        user: UserId,
        keep: TokenHash,
    ) -> Result<Vec<TokenHash>, PeopleError> {
        let end = self.database.write_at_once((user, keep), |tx, (user, keep)| {
            Box::pin(delete_others(tx, *user, *keep))
        });
        end.await.map_err(refused)
    }
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
