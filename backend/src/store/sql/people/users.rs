//! People: what they are called, and what they sign in with.

use super::{
    super::sqlite::File as Database, IS_GUEST, PASSWORD_SAME, guard, id_array, sessions, user_id,
};
use crate::store::{
    StoreError,
    people::{
        DemoMember, Login, NewAccount, NewSession, NewUser, PasswordDraft, Person, ProfileDraft,
        TokenHash,
    },
};
use hongbao_shared::{UserId, api::accounts::Profile};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

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
                sessions::insert(tx, session).await
            })
        })
        .await
}

pub(super) async fn login(
    database: &Database,
    account_key: &str,
) -> Result<Option<Login>, StoreError> {
    let row = sqlx::query(
        "SELECT id, name, avatar, demo_key IS NOT NULL, password_hash FROM users
         WHERE account_key = ?1 AND password_hash IS NOT NULL",
    )
    .bind(account_key)
    .fetch_optional(database.readers())
    .await?;
    row.map(|row| Ok(Login { profile: profile(&row)?, password_hash: row.try_get(4)? })).transpose()
}

pub(super) async fn person(database: &Database, id: UserId) -> Result<Option<Person>, StoreError> {
    let row = sqlx::query(
        "SELECT id, name, avatar, demo_key IS NOT NULL, is_admin, account_key IS NULL
         FROM users WHERE id = ?1",
    )
    .bind(id.get())
    .fetch_optional(database.readers())
    .await?;
    row.map(|row| {
        Ok(Person { profile: profile(&row)?, is_admin: row.try_get(4)?, is_guest: row.try_get(5)? })
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
    sqlx::query(
        "SELECT id, name, avatar, demo_key IS NOT NULL FROM users
         WHERE id IN (SELECT value FROM json_each(?1))",
    )
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

pub(super) async fn change_profile(
    database: &Database,
    change: ProfileDraft,
) -> Result<(), StoreError> {
    database
        .write(move |tx| {
            Box::pin(async move {
                // A guest's name is nobody's key, whenever they become an account.
                sqlx::query(
                    "UPDATE users SET name = coalesce(?2, name), avatar = coalesce(?3, avatar),
                         account_key = iif(account_key IS NULL, NULL, coalesce(?4, account_key))
                     WHERE id = ?1",
                )
                .bind(change.user_id.get())
                .bind(change.name)
                .bind(change.avatar)
                .bind(change.account_key)
                .execute(tx)
                .await?;
                Ok(())
            })
        })
        .await
}

pub(super) async fn make_account(
    database: &Database,
    user: UserId,
    name: String,
    account: NewAccount,
) -> Result<(), StoreError> {
    database
        .write(move |tx| {
            Box::pin(async move {
                let done = sqlx::query(
                    "UPDATE users SET name = ?2, account_key = ?3, password_hash = ?4
                     WHERE id = ?1 AND account_key IS NULL",
                )
                .bind(user.get())
                .bind(name)
                .bind(account.key)
                .bind(account.password_hash)
                .execute(tx)
                .await?;
                if done.rows_affected() == 1 { Ok(()) } else { Err(guard(IS_GUEST)) }
            })
        })
        .await
}

pub(super) async fn password_hash(
    database: &Database,
    user: UserId,
) -> Result<Option<String>, StoreError> {
    let mut reader = database.readers().acquire().await?;
    password_hash_in(&mut reader, user).await
}

pub(super) async fn password_hash_in(
    connection: &mut SqliteConnection,
    user: UserId,
) -> Result<Option<String>, StoreError> {
    let found: Option<Option<String>> =
        sqlx::query_scalar("SELECT password_hash FROM users WHERE id = ?1")
            .bind(user.get())
            .fetch_optional(connection)
            .await?;
    Ok(found.flatten())
}

pub(super) async fn change_password(
    database: &Database,
    change: PasswordDraft,
) -> Result<Vec<TokenHash>, StoreError> {
    database
        .write(move |tx| {
            Box::pin(async move {
                let done = sqlx::query(
                    "UPDATE users SET password_hash = ?3 WHERE id = ?1 AND password_hash = ?2",
                )
                .bind(change.user_id.get())
                .bind(change.from_hash)
                .bind(change.to_hash)
                .execute(&mut *tx)
                .await?;
                if done.rows_affected() == 0 {
                    return Err(guard(PASSWORD_SAME));
                }
                sessions::delete_others(tx, change.user_id, change.keep).await
            })
        })
        .await
}

pub(super) async fn put_demo_member(
    database: &Database,
    member: DemoMember,
) -> Result<Profile, StoreError> {
    database
        .write(move |tx| {
            Box::pin(async move {
                let row = sqlx::query(
                    "INSERT INTO users (id, name, avatar, demo_key, created_at)
                     VALUES (?1, ?2, ?3, ?4, ?5)
                     ON CONFLICT (demo_key) WHERE demo_key IS NOT NULL
                         DO UPDATE SET name = ?2, avatar = ?3
                     RETURNING id, name, avatar, demo_key IS NOT NULL",
                )
                .bind(member.id.get())
                .bind(member.name)
                .bind(member.avatar)
                .bind(member.key)
                .bind(member.at.millis())
                .fetch_one(tx)
                .await?;
                profile(&row)
            })
        })
        .await
}

/// From a row that begins with id, name, avatar, and whether it is a demo member.
fn profile(row: &SqliteRow) -> Result<Profile, StoreError> {
    Ok(Profile {
        id: user_id(row.try_get(0)?)?,
        name: row.try_get(1)?,
        avatar: row.try_get(2)?,
        is_demo: row.try_get(3)?,
    })
}
