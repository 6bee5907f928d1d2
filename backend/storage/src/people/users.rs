//! People: what they are called, and what makes an account of them.

use super::{
    IS_GUEST, SqlPeople, guard,
    holds::hold_user,
    journal,
    person::{exact, profile},
    refused, sessions,
};
use crate::{sql, statement::any};
use async_trait::async_trait;
use hongbao_domain::store::people::{
    DemoMember, NewAccount, NewEntry, NewSession, NewUser, PeopleError, Person, ProfileDraft,
    UserStore,
};
use hongbao_shared::{UserId, api::accounts::Profile};

#[async_trait]
impl UserStore for SqlPeople {
    async fn add_user(&self, user: NewUser, session: NewSession) -> Result<(), PeopleError> {
        self.write((user, session), |tx, (NewUser { profile, account, at }, session)| {
            Box::pin(async move {
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
                .execute(tx)
                .await?;
                // Whoever is new is held already.
                if session.user_id != profile.id {
                    hold_user(tx, session.user_id).await?;
                }
                sessions::insert(tx, session).await
            })
        })
        .await
    }

    async fn person(&self, id: UserId) -> Result<Option<Person>, PeopleError> {
        // An account of before R-PEOPLE-4 signs in with its name.
        let found = sql("SELECT id, name, avatar, demo_key IS NOT NULL, is_admin,
                 account_key IS NULL,
                 CASE WHEN account_key IS NOT NULL THEN coalesce(login_name, name) END
             FROM users WHERE id = $1")
        .bind(id.get())
        .first(&self.database, |row| {
            Ok(Person {
                profile: profile(row)?,
                is_admin: row.try_get(4)?,
                is_guest: row.try_get(5)?,
                login_name: row.try_get(6)?,
            })
        });
        Ok(found.await?)
    }

    async fn profiles(&self, ids: &[UserId]) -> Result<Vec<Profile>, PeopleError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let any = any(self.database.dialect(), "$1");
        let found =
            sql(format!("SELECT id, name, avatar, demo_key IS NOT NULL FROM users WHERE id {any}"))
                .bind(ids.iter().map(|id| id.get()).collect::<Vec<i64>>())
                .all(&self.database, profile);
        Ok(found.await?)
    }

    async fn make_admin(&self, id: UserId, entry: NewEntry) -> Result<bool, PeopleError> {
        self.write((id, entry), |tx, (id, entry)| {
            Box::pin(async move {
                let make = sql("UPDATE users SET is_admin = 1 WHERE id = $1").bind(id.get());
                let is_there = make.execute(&mut *tx).await? == 1;
                if is_there {
                    journal::enter(tx, entry).await?;
                }
                Ok(is_there)
            })
        })
        .await
    }

    async fn change_profile(&self, change: ProfileDraft) -> Result<(), PeopleError> {
        // What an account of before R-PEOPLE-4 signs in with is the old name.
        let update =
            sql("UPDATE users SET name = coalesce($2, name), avatar = coalesce($3, avatar),
                 login_name = CASE WHEN account_key IS NOT NULL
                                   THEN coalesce(login_name, name) END
             WHERE id = $1")
            .bind(change.user_id.get())
            .bind(change.name)
            .bind(change.avatar);
        self.change(update).await?;
        Ok(())
    }

    async fn make_account(
        &self,
        user: UserId,
        name: String,
        account: NewAccount,
    ) -> Result<(), PeopleError> {
        let make = sql("UPDATE users SET name = $2, account_key = $3, password_hash = $4,
                 login_name = $5, login_key = $6
             WHERE id = $1 AND account_key IS NULL")
        .bind(user.get())
        .bind(name)
        .bind(exact(&account.login_name))
        .bind(account.password_hash)
        .bind(account.login_name)
        .bind(account.key);
        if self.change(make).await? == 1 { Ok(()) } else { Err(refused(guard(IS_GUEST))) }
    }

    async fn put_demo_member(&self, member: DemoMember) -> Result<Profile, PeopleError> {
        let put = sql("INSERT INTO users (id, name, avatar, demo_key, created_at)
             VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (demo_key) WHERE demo_key IS NOT NULL
                 DO UPDATE SET name = $2, avatar = $3
             RETURNING id, name, avatar, demo_key IS NOT NULL")
        .bind(member.id.get())
        .bind(member.name)
        .bind(member.avatar)
        .bind(member.key)
        .bind(member.at.millis());
        let put = self.database.write_at_once(put, |tx, put| {
            Box::pin(async move { profile(&put.clone().fetch_one(tx).await?) })
        });
        put.await.map_err(refused)
    }
}
