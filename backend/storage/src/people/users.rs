//! People: what they are called, and what they sign in with.

use super::{IS_GUEST, PASSWORD_SAME, guard, holds::hold_user, logins::exact, sessions, user_id};
use crate::{Database, Source, row::Row, sql, statement::any};
use hongbao_domain::store::{
    StoreError,
    people::{
        DemoMember, NewAccount, NewSession, NewUser, PasswordDraft, Person, ProfileDraft, TokenHash,
    },
};
use hongbao_shared::{UserId, api::accounts::Profile};
use std::sync::Arc;

pub(super) async fn add(
    database: &Database,
    user: NewUser,
    session: NewSession,
) -> Result<(), StoreError> {
    let added = Arc::new((user, session));
    database
        .write_by_row(move |mut tx| {
            let added = Arc::clone(&added);
            Box::pin(async move {
                let (NewUser { profile, account, at }, session) = &*added;
                let account = account.as_ref();
                sql("INSERT INTO users (id, name, avatar, account_key, password_hash, created_at,
                         login_name, login_key)
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
                .bind(profile.id.get())
                .bind(&profile.name)
                .bind(&profile.avatar)
                .bind(account.map(|account| exact(&account.login_name)))
                .bind(account.map(|account| account.password_hash.as_str()))
                .bind(at.millis())
                .bind(account.map(|account| account.login_name.as_str()))
                .bind(account.map(|account| account.key.as_str()))
                .execute(&mut tx)
                .await?;
                // Whoever is new is held already.
                if session.user_id != profile.id {
                    hold_user(&mut tx, session.user_id).await?;
                }
                sessions::insert(&mut tx, session).await
            })
        })
        .await
}

pub(super) async fn person(database: &Database, id: UserId) -> Result<Option<Person>, StoreError> {
    // An account of before R-PEOPLE-4 signs in with its name.
    let row = sql("SELECT id, name, avatar, demo_key IS NOT NULL, is_admin, account_key IS NULL,
             CASE WHEN account_key IS NOT NULL THEN coalesce(login_name, name) END
         FROM users WHERE id = $1")
    .bind(id.get())
    .fetch_optional(database)
    .await?;
    row.map(|row| {
        Ok(Person {
            profile: profile(&row)?,
            is_admin: row.try_get(4)?,
            is_guest: row.try_get(5)?,
            login_name: row.try_get(6)?,
        })
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
    let any = any(database.dialect(), "$1");
    sql(format!("SELECT id, name, avatar, demo_key IS NOT NULL FROM users WHERE id {any}"))
        .bind(ids.iter().map(|id| id.get()).collect::<Vec<i64>>())
        .fetch_all(database)
        .await?
        .iter()
        .map(profile)
        .collect()
}

pub(super) async fn make_admin(database: &Database, id: UserId) -> Result<bool, StoreError> {
    let changed = database
        .write_at_once(move |mut tx| {
            Box::pin(async move {
                sql("UPDATE users SET is_admin = 1 WHERE id = $1")
                    .bind(id.get())
                    .execute(&mut tx)
                    .await
            })
        })
        .await?;
    Ok(changed == 1)
}

pub(super) async fn change_profile(
    database: &Database,
    change: ProfileDraft,
) -> Result<(), StoreError> {
    let change = Arc::new(change);
    database
        .write_at_once(move |mut tx| {
            let change = Arc::clone(&change);
            Box::pin(async move {
                // What an account of before R-PEOPLE-4 signs in with is the old name.
                sql("UPDATE users SET name = coalesce($2, name), avatar = coalesce($3, avatar),
                         login_name = CASE WHEN account_key IS NOT NULL
                                           THEN coalesce(login_name, name) END
                     WHERE id = $1")
                .bind(change.user_id.get())
                .bind(change.name.as_deref())
                .bind(change.avatar.as_deref())
                .execute(&mut tx)
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
    let made = Arc::new((name, account));
    let changed = database
        .write_at_once(move |mut tx| {
            let made = Arc::clone(&made);
            Box::pin(async move {
                let (name, account) = &*made;
                sql("UPDATE users SET name = $2, account_key = $3, password_hash = $4,
                         login_name = $5, login_key = $6
                     WHERE id = $1 AND account_key IS NULL")
                .bind(user.get())
                .bind(name)
                .bind(exact(&account.login_name))
                .bind(&account.password_hash)
                .bind(&account.login_name)
                .bind(&account.key)
                .execute(&mut tx)
                .await
            })
        })
        .await?;
    if changed == 1 { Ok(()) } else { Err(guard(IS_GUEST)) }
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

pub(super) async fn change_password(
    database: &Database,
    change: PasswordDraft,
) -> Result<Vec<TokenHash>, StoreError> {
    let change = Arc::new(change);
    database
        .write_by_row(move |mut tx| {
            let change = Arc::clone(&change);
            Box::pin(async move {
                // Holds the person's row, under which sessions begin.
                let changed =
                    sql("UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2")
                        .bind(change.user_id.get())
                        .bind(&change.from_hash)
                        .bind(&change.to_hash)
                        .execute(&mut tx)
                        .await?;
                if changed == 0 {
                    return Err(guard(PASSWORD_SAME));
                }
                sessions::delete_others(&mut tx, change.user_id, change.keep).await
            })
        })
        .await
}

pub(super) async fn put_demo_member(
    database: &Database,
    member: DemoMember,
) -> Result<Profile, StoreError> {
    let member = Arc::new(member);
    database
        .write_at_once(move |mut tx| {
            let member = Arc::clone(&member);
            Box::pin(async move {
                let row = sql("INSERT INTO users (id, name, avatar, demo_key, created_at)
                     VALUES ($1, $2, $3, $4, $5)
                     ON CONFLICT (demo_key) WHERE demo_key IS NOT NULL
                         DO UPDATE SET name = $2, avatar = $3
                     RETURNING id, name, avatar, demo_key IS NOT NULL")
                .bind(member.id.get())
                .bind(&member.name)
                .bind(&member.avatar)
                .bind(&member.key)
                .bind(member.at.millis())
                .fetch_one(&mut tx)
                .await?;
                profile(&row)
            })
        })
        .await
}

/// From a row that begins with id, name, avatar, and whether it is a demo member.
pub(super) fn profile(row: &Row) -> Result<Profile, StoreError> {
    Ok(Profile {
        id: user_id(row.try_get(0)?)?,
        name: row.try_get(1)?,
        avatar: row.try_get(2)?,
        is_demo: row.try_get(3)?,
    })
}
