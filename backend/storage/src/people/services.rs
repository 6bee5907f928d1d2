//! The accounts of programs, whom and which rooms they link, and what they did (R-API-5).

use super::{
    SqlPeople, groups, holds::hold_groups, journal, members, person::profile, roles::is_member,
};
use crate::{Dialect, Tx, sql, statement::any};
use async_trait::async_trait;
use hongbao_domain::store::{
    StoreError,
    people::{
        Act, AskingService, NewEntry, NewService, NewToken, PeopleError, PersonLink, RoomLink,
        RoomLinked, Scopes, ServiceStore, StoredService, TokenHash,
    },
};
use hongbao_shared::{
    GroupId, ServiceId, Timestamp, UserId,
    api::{accounts::Profile, services::External},
};

#[async_trait]
impl ServiceStore for SqlPeople {
    async fn add_service(&self, service: NewService, entry: NewEntry) -> Result<(), PeopleError> {
        self.write((service, entry), |tx, (service, entry)| {
            Box::pin(async move {
                sql("INSERT INTO services (id, name, scopes, calls_per_minute, created_at)
                     VALUES ($1, $2, $3, $4, $5)")
                .bind(service.id.get())
                .bind(&service.name)
                .bind(service.scopes.bits())
                .bind(service.calls_per_minute)
                .bind(service.token.at.millis())
                .execute(&mut *tx)
                .await?;
                insert_token(tx, service.id.get(), &service.token).await?;
                journal::enter(tx, entry).await
            })
        })
        .await
    }

    async fn services(&self, limit: u32) -> Result<Vec<StoredService>, PeopleError> {
        let found =
            sql("SELECT id, name, scopes, calls_per_minute, created_at, seen_at, revoked_at,
                 (SELECT max(t.expires_at) FROM service_tokens t WHERE t.service_id = s.id)
             FROM services s ORDER BY name LIMIT $1")
            .bind(limit)
            .all(&self.database, |row| {
                Ok(StoredService {
                    id: row.try_get(0)?,
                    name: row.try_get(1)?,
                    scopes: Scopes::from_bits(row.try_get(2)?),
                    calls_per_minute: row.try_get(3)?,
                    created_at: row.try_get(4)?,
                    seen_at: row.try_get(5)?,
                    revoked_at: row.try_get(6)?,
                    expires_at: row.try_get(7)?,
                })
            });
        Ok(found.await?)
    }

    async fn rotate_service(
        &self,
        name: &str,
        token: NewToken,
        old_until: Timestamp,
        entry: NewEntry,
    ) -> Result<bool, PeopleError> {
        let given = (name.to_owned(), token, old_until, entry);
        self.write(given, |tx, (name, token, old_until, entry)| {
            Box::pin(async move {
                let Some(service) = hold_named(tx, name).await? else { return Ok(false) };
                // Of one that was revoked no token is left.
                sql("UPDATE services SET revoked_at = NULL
                     WHERE id = $1 AND revoked_at IS NOT NULL")
                .bind(service)
                .execute(tx)
                .await?;
                sql("DELETE FROM service_tokens WHERE service_id = $1 AND expires_at <= $2")
                    .bind(service)
                    .bind(token.at.millis())
                    .execute(tx)
                    .await?;
                sql("UPDATE service_tokens SET expires_at = $2
                     WHERE service_id = $1 AND expires_at > $2")
                .bind(service)
                .bind(old_until.millis())
                .execute(tx)
                .await?;
                insert_token(tx, service, token).await?;
                journal::enter(tx, entry).await?;
                Ok(true)
            })
        })
        .await
    }

    async fn revoke_service(
        &self,
        name: &str,
        at: Timestamp,
        entry: NewEntry,
    ) -> Result<bool, PeopleError> {
        self.write((name.to_owned(), at, entry), |tx, (name, at, entry)| {
            Box::pin(async move {
                let Some(service) = hold_named(tx, name).await? else { return Ok(false) };
                let revoked = sql("UPDATE services SET revoked_at = $2
                     WHERE id = $1 AND revoked_at IS NULL")
                .bind(service)
                .bind(at.millis())
                .execute(tx)
                .await?;
                sql("DELETE FROM service_tokens WHERE service_id = $1")
                    .bind(service)
                    .execute(&mut *tx)
                    .await?;
                if revoked == 1 {
                    journal::enter(tx, entry).await?;
                }
                Ok(revoked == 1)
            })
        })
        .await
    }

    async fn service(
        &self,
        token: TokenHash,
        now: Timestamp,
    ) -> Result<Option<AskingService>, PeopleError> {
        let found =
            sql("SELECT s.id, s.name, s.scopes, s.calls_per_minute, s.seen_at, t.expires_at
             FROM service_tokens t JOIN services s ON s.id = t.service_id
             WHERE t.token_hash = $1 AND t.expires_at > $2 AND s.revoked_at IS NULL")
            .bind(&token.0[..])
            .bind(now.millis())
            .first(&self.database, |row| {
                Ok(AskingService {
                    id: row.try_get(0)?,
                    name: row.try_get(1)?,
                    scopes: Scopes::from_bits(row.try_get(2)?),
                    calls_per_minute: row.try_get(3)?,
                    seen_at: row.try_get(4)?,
                    expires_at: row.try_get(5)?,
                })
            });
        Ok(found.await?)
    }

    async fn touch_service(&self, id: ServiceId, seen_at: Timestamp) -> Result<(), PeopleError> {
        let touch = sql("UPDATE services SET seen_at = $2 WHERE id = $1")
            .bind(id.get())
            .bind(seen_at.millis());
        self.change(touch).await?;
        Ok(())
    }

    async fn record_act(&self, act: Act) -> Result<(), PeopleError> {
        let record =
            sql("INSERT INTO service_acts (service_id, user_id, call, at) VALUES ($1, $2, $3, $4)")
                .bind(act.service.get())
                .bind(act.user.map(UserId::get))
                .bind(act.call)
                .bind(act.at.millis());
        self.change(record).await?;
        Ok(())
    }

    async fn acts(&self, service: ServiceId, limit: u32) -> Result<Vec<Act>, PeopleError> {
        let found = sql("SELECT service_id, user_id, call, at FROM service_acts
             WHERE service_id = $1 ORDER BY id DESC LIMIT $2")
        .bind(service.get())
        .bind(limit)
        .all(&self.database, |row| {
            Ok(Act {
                service: row.try_get(0)?,
                user: row.try_get(1)?,
                call: row.try_get(2)?,
                at: row.try_get(3)?,
            })
        });
        Ok(found.await?)
    }

    async fn link_people(
        &self,
        service: ServiceId,
        people: Vec<PersonLink>,
        at: Timestamp,
    ) -> Result<Vec<Profile>, PeopleError> {
        self.write((service, people, at), |tx, (service, people, at)| {
            Box::pin(async move {
                hold(tx, *service).await?;
                let mut linked = Vec::with_capacity(people.len());
                for person in people {
                    linked.push(link_person(tx, *service, person, *at).await?);
                }
                Ok(linked)
            })
        })
        .await
    }

    async fn linked_people(
        &self,
        service: ServiceId,
        provider: &str,
        ids: &[String],
    ) -> Result<Vec<(String, UserId)>, PeopleError> {
        let any = any(self.database.dialect(), "$3");
        let found = sql(format!(
            "SELECT external_id, user_id FROM linked_people
             WHERE service_id = $1 AND provider = $2 AND external_id {any}"
        ))
        .bind(service.get())
        .bind(provider)
        .bind(ids.to_vec())
        .all(&self.database, |row| Ok((row.try_get(0)?, row.try_get(1)?)));
        Ok(found.await?)
    }

    async fn link_room(
        &self,
        service: ServiceId,
        room: RoomLink,
    ) -> Result<RoomLinked, PeopleError> {
        self.write((service, room), |tx, (service, room)| {
            Box::pin(link_room_in(tx, *service, room))
        })
        .await
    }
}

/// A service's row is the queue of whoever links for it, or changes its tokens.
async fn hold(tx: &mut Tx<'_>, service: ServiceId) -> Result<(), StoreError> {
    if tx.dialect() == Dialect::Postgres {
        sql("SELECT id FROM services WHERE id = $1 FOR UPDATE")
            .bind(service.get())
            .execute(tx)
            .await?;
    }
    Ok(())
}

async fn hold_named(tx: &mut Tx<'_>, name: &str) -> Result<Option<i64>, StoreError> {
    sql(tx.dialect().pick(
        "SELECT id FROM services WHERE name = $1",
        "SELECT id FROM services WHERE name = $1 FOR UPDATE",
    ))
    .bind(name)
    .scalar_optional(tx)
    .await
}

async fn insert_token(tx: &mut Tx<'_>, service: i64, token: &NewToken) -> Result<(), StoreError> {
    sql("INSERT INTO service_tokens (token_hash, service_id, created_at, expires_at)
         VALUES ($1, $2, $3, $4)")
    .bind(&token.hash.0[..])
    .bind(service)
    .bind(token.at.millis())
    .bind(token.expires_at.millis())
    .execute(tx)
    .await?;
    Ok(())
}

async fn link_person(
    tx: &mut Tx<'_>,
    service: ServiceId,
    link: &PersonLink,
    at: Timestamp,
) -> Result<Profile, StoreError> {
    let PersonLink { external, profile: new } = link;
    let known = sql("SELECT u.id, u.name, u.avatar, u.demo_key IS NOT NULL
         FROM linked_people l JOIN users u ON u.id = l.user_id
         WHERE l.service_id = $1 AND l.provider = $2 AND l.external_id = $3")
    .bind(service.get())
    .bind(&external.provider)
    .bind(&external.id)
    .first(&mut *tx, profile)
    .await?;
    if let Some(known) = known {
        return Ok(known);
    }
    sql("INSERT INTO users (id, name, avatar, created_at) VALUES ($1, $2, $3, $4)")
        .bind(new.id.get())
        .bind(&new.name)
        .bind(&new.avatar)
        .bind(at.millis())
        .execute(tx)
        .await?;
    insert_link(tx, "linked_people", "user_id", service, external, new.id.get(), at).await?;
    Ok(new.clone())
}

async fn insert_link(
    tx: &mut Tx<'_>,
    table: &'static str,
    column: &'static str,
    service: ServiceId,
    external: &External,
    id: i64,
    at: Timestamp,
) -> Result<(), StoreError> {
    sql(format!(
        "INSERT INTO {table} (service_id, provider, external_id, {column}, at)
         VALUES ($1, $2, $3, $4, $5)"
    ))
    .bind(service.get())
    .bind(&external.provider)
    .bind(&external.id)
    .bind(id)
    .bind(at.millis())
    .execute(tx)
    .await?;
    Ok(())
}

async fn link_room_in(
    tx: &mut Tx<'_>,
    service: ServiceId,
    room: &RoomLink,
) -> Result<RoomLinked, StoreError> {
    hold(tx, service).await?;
    let RoomLink { external, group: draft, members, group_members_max } = room;
    let known: Option<GroupId> = sql("SELECT group_id FROM linked_rooms
         WHERE service_id = $1 AND provider = $2 AND external_id = $3")
    .bind(service.get())
    .bind(&external.provider)
    .bind(&external.id)
    .scalar_optional(&mut *tx)
    .await?;
    let mut lines = Vec::new();
    let group_id = if let Some(known) = known {
        hold_groups(tx, [known]).await?;
        known
    } else {
        lines.push(groups::insert(tx, draft).await?);
        let id = draft.id.get();
        insert_link(tx, "linked_rooms", "group_id", service, external, id, draft.at).await?;
        draft.id
    };
    for member in members {
        if !is_member(&mut *tx, group_id, *member).await? {
            let (members_max, groups_max) = (*group_members_max, draft.groups_per_user_max);
            lines.push(
                members::enter(tx, group_id, *member, draft.at, members_max, groups_max).await?,
            );
        }
    }
    Ok(RoomLinked { group_id, lines })
}
