//! What accounts sign in with (R-PEOPLE-4).
//!
//! `account_key` is the login name in lower case, as the versions before wrote and read it;
//! `login_key` is what all names that look the same have in common. Both are unique. Of old
//! accounts that look alike one has the key, as a rule the one that is written plainly; the
//! others have none, and are found by exactly their name.

use super::{
    PASSWORD_SAME, SqlPeople, guard,
    person::{exact, password_hash, profile},
    sessions,
};
use crate::{Database, Tx, sql, statement::Statement};
use async_trait::async_trait;
use hongbao_domain::{
    store::{
        StoreError,
        people::{Login, LoginStore, PasswordDraft, PeopleError, TokenHash},
    },
    text,
};
use hongbao_shared::UserId;
use std::sync::Arc;

/// How many accounts are given their keys in one transaction.
const PAGE: i64 = 500;
/// Two nodes that start at once may give one key to two that look alike; the second looks
/// again.
const ATTEMPTS: u32 = 5;

#[async_trait]
impl LoginStore for SqlPeople {
    async fn login(&self, name: &str, key: &str) -> Result<Option<Login>, PeopleError> {
        let found = sql("SELECT id, name, avatar, demo_key IS NOT NULL, password_hash FROM users
             WHERE (account_key = $1 OR login_key = $2) AND password_hash IS NOT NULL
             ORDER BY CASE WHEN account_key = $1 THEN 0 ELSE 1 END LIMIT 1")
        .bind(exact(name))
        .bind(key)
        .first(&self.database, |row| {
            Ok(Login { profile: profile(row)?, password_hash: row.try_get(4)? })
        });
        Ok(found.await?)
    }

    async fn password_hash(&self, user: UserId) -> Result<Option<String>, PeopleError> {
        Ok(password_hash(&self.database, user).await?)
    }

    async fn rehash_password(
        &self,
        user: UserId,
        from: &str,
        to: &str,
    ) -> Result<bool, PeopleError> {
        Ok(self.change(replace(user, from, to)).await? == 1)
    }

    async fn change_password(&self, change: PasswordDraft) -> Result<Vec<TokenHash>, PeopleError> {
        self.write(change, |tx, PasswordDraft { user_id, from_hash, to_hash, keep }| {
            Box::pin(async move {
                // Holds the person's row, under which sessions begin.
                if replace(*user_id, from_hash, to_hash).execute(tx).await? == 0 {
                    return Err(guard(PASSWORD_SAME));
                }
                sessions::delete_others(tx, *user_id, *keep).await
            })
        })
        .await
    }
}

fn replace(user: UserId, from: &str, to: &str) -> Statement {
    sql("UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2")
        .bind(user.get())
        .bind(from)
        .bind(to)
}

/// An account without a key.
struct Keyless {
    id: UserId,
    /// What it will be, unless it is taken.
    key: String,
    /// Is the name written so that it is its key?
    is_plain: bool,
}

pub(super) async fn fill(database: &Database) -> Result<(), StoreError> {
    // Plain names first: whoever is imitated keeps the key, whoever was made first.
    for plain_only in [true, false] {
        let mut after = None;
        loop {
            let page = keyless(database, after).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            let page = page.into_iter().filter(|account| account.is_plain || !plain_only);
            give(database, Arc::new(page.collect())).await?;
        }
    }
    Ok(())
}

async fn keyless(database: &Database, after: Option<UserId>) -> Result<Vec<Keyless>, StoreError> {
    sql("SELECT id, account_key, coalesce(login_name, name) FROM users
         WHERE account_key IS NOT NULL AND login_key IS NULL AND id > $1
         ORDER BY id LIMIT $2")
    .bind(after.map_or(-1, UserId::get))
    .bind(PAGE)
    .all(database, |row| {
        let (exact, name): (String, String) = (row.try_get(1)?, row.try_get(2)?);
        let key = text::key(&name);
        Ok(Keyless { id: row.try_get(0)?, is_plain: key == exact, key })
    })
    .await
}

async fn give(database: &Database, accounts: Arc<Vec<Keyless>>) -> Result<(), StoreError> {
    let mut attempt = 1;
    loop {
        let written = database.write_by_row(Arc::clone(&accounts), |tx, accounts| {
            Box::pin(async move {
                for account in &**accounts {
                    give_one(tx, account).await?;
                }
                Ok(())
            })
        });
        match written.await {
            Err(StoreError::Constraint { .. }) if attempt < ATTEMPTS => attempt += 1,
            written => return written,
        }
    }
}

async fn give_one(tx: &mut Tx<'_>, account: &Keyless) -> Result<(), StoreError> {
    sql("UPDATE users SET login_key = $2 WHERE id = $1 AND login_key IS NULL
             AND account_key IS NOT NULL
             AND NOT EXISTS (SELECT 1 FROM users WHERE login_key = $2)")
    .bind(account.id.get())
    .bind(&account.key)
    .execute(tx)
    .await?;
    Ok(())
}
