//! The webhooks of services (R-API-5). A webhook's row is the queue of whatever is told to
//! it: who holds it may add events, and say which of a lane is its head. It is taken after groups
//! and in the order of ids, so that nobody waits in a circle.

mod queue;

pub(super) use queue::tell_in;

use super::{SqlPeople, guard};
use crate::{Dialect, Tx, row::Row, sql, statement::any};
use async_trait::async_trait;
use hongbao_domain::store::{
    StoreError,
    people::{
        Again, Audience, EventTypes, Externals, HookAttempt, HookStore, HooksState, LeasedEvent,
        NewEvent, NewHook, PeopleError, SealedSecret, Secrets, StoredHook, Tried,
    },
};
use hongbao_shared::{
    GroupId, ServiceId, Timestamp, UserId, WebhookId,
    api::{
        services::External,
        webhooks::{EventType, Pause},
    },
};

pub(super) const HOOKS_PER_SERVICE_MAX: &str = "guard: webhooks per service";

const COLUMNS: &str = "w.id, w.service_id, w.url, w.types, w.secret, w.secret_before,
     w.before_until, w.created_at, w.pending, w.failing_since, w.paused_at, w.paused_why";

#[async_trait]
impl HookStore for SqlPeople {
    async fn add_hook(&self, hook: NewHook) -> Result<(), PeopleError> {
        self.write(hook, |tx, hook| Box::pin(add(tx, hook))).await
    }

    async fn hooks(
        &self,
        service: Option<ServiceId>,
        limit: u32,
    ) -> Result<Vec<StoredHook>, PeopleError> {
        let found = sql(format!(
            "SELECT {COLUMNS} FROM webhooks w WHERE service_id = coalesce($1, service_id)
             ORDER BY id LIMIT $2"
        ))
        .bind(service.map(ServiceId::get))
        .bind(limit)
        .all(&self.database, hook);
        Ok(found.await?)
    }

    async fn remove_hook(&self, service: ServiceId, id: WebhookId) -> Result<bool, PeopleError> {
        self.write((service, id), |tx, (service, id)| Box::pin(remove(tx, *service, *id))).await
    }

    async fn change_secrets(
        &self,
        id: WebhookId,
        from: SealedSecret,
        to: Secrets,
    ) -> Result<bool, PeopleError> {
        let (before, until) = to.before.unzip();
        let change = sql("UPDATE webhooks SET secret = $2, secret_before = $4, before_until = $5
             WHERE id = $1 AND secret = $3")
        .bind(id.get())
        .bind(to.now.0)
        .bind(from.0)
        .bind(before.map(|secret| secret.0))
        .bind(until.map(Timestamp::millis));
        Ok(self.change(change).await? > 0)
    }

    async fn resume_hook(&self, service: ServiceId, id: WebhookId) -> Result<bool, PeopleError> {
        let resume = sql("UPDATE webhooks
             SET paused_at = NULL, paused_why = NULL, failing_since = NULL
             WHERE id = $1 AND service_id = $2")
        .bind(id.get())
        .bind(service.get());
        Ok(self.change(resume).await? > 0)
    }

    async fn heard(&self, of: &[Audience]) -> Result<Vec<Audience>, PeopleError> {
        let dialect = self.database.dialect();
        let any = any(dialect, "$1");
        let heard_of = |table: &str, column: &str| {
            sql(format!(
                "SELECT l.{column} FROM {table} l
                 WHERE l.{column} {any} AND EXISTS (SELECT 1 FROM webhooks w
                     JOIN services s ON s.id = w.service_id AND s.revoked_at IS NULL
                     WHERE w.service_id = l.service_id AND w.paused_at IS NULL)"
            ))
        };
        let (rooms, people) = queue::split(of.iter());
        let mut heard = Vec::new();
        if !rooms.is_empty() {
            let found = heard_of("linked_rooms", "group_id").bind(rooms);
            heard.extend(found.scalars(&self.database).await?.into_iter().map(Audience::Room));
        }
        if !people.is_empty() {
            let found = heard_of("linked_people", "user_id").bind(people);
            heard.extend(found.scalars(&self.database).await?.into_iter().map(Audience::Person));
        }
        Ok(heard)
    }

    async fn tell(&self, events: Vec<NewEvent>, now: Timestamp) -> Result<(), PeopleError> {
        self.write((events, now), |tx, (events, now)| Box::pin(tell_in(tx, events, *now))).await
    }

    async fn due_hooks(&self, now: Timestamp, limit: u32) -> Result<Vec<StoredHook>, PeopleError> {
        let found = sql(format!(
            "SELECT {COLUMNS} FROM webhooks w
             JOIN services s ON s.id = w.service_id AND s.revoked_at IS NULL
             WHERE EXISTS (SELECT 1 FROM webhook_events e
                           WHERE e.webhook_id = w.id AND e.due_at <= $1)
             ORDER BY w.id LIMIT $2"
        ))
        .bind(now.millis())
        .bind(limit)
        .all(&self.database, hook);
        Ok(found.await?)
    }

    async fn lease_events(
        &self,
        hook: WebhookId,
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<LeasedEvent>, PeopleError> {
        let given = (hook, now, until, limit);
        self.write(given, |tx, given| {
            let (hook, now, until, limit) = *given;
            Box::pin(queue::lease(tx, hook, now, until, limit))
        })
        .await
    }

    async fn settle_event(
        &self,
        event: LeasedEvent,
        attempt: HookAttempt,
        tried: Tried,
        next_until: Option<Timestamp>,
    ) -> Result<Option<LeasedEvent>, PeopleError> {
        let given = (event, attempt, tried, next_until);
        self.write(given, |tx, (event, attempt, tried, next_until)| {
            Box::pin(queue::settle(tx, event, attempt, *tried, *next_until))
        })
        .await
    }

    async fn replay(
        &self,
        hook: WebhookId,
        again: Again,
        now: Timestamp,
    ) -> Result<u32, PeopleError> {
        self.write((hook, again, now), |tx, (hook, again, now)| {
            Box::pin(queue::replay(tx, *hook, again, *now))
        })
        .await
    }

    async fn attempts(&self, hook: WebhookId, limit: u32) -> Result<Vec<HookAttempt>, PeopleError> {
        let found = sql("SELECT event_id, type, at, took_ms, status, error FROM webhook_attempts
             WHERE webhook_id = $1 ORDER BY id DESC LIMIT $2")
        .bind(hook.get())
        .bind(limit)
        .readable(&self.database, |row| {
            let status: Option<i64> = row.try_get(4)?;
            Ok(HookAttempt {
                event_id: row.try_get(0)?,
                event_type: event_type(row, 1)?,
                at: row.try_get(2)?,
                took_ms: row.try_get(3)?,
                status: status.and_then(|status| u16::try_from(status).ok()),
                error: row.try_get(5)?,
            })
        });
        Ok(found.await?)
    }

    async fn externals(
        &self,
        service: ServiceId,
        people: &[UserId],
        room: Option<GroupId>,
    ) -> Result<Externals, PeopleError> {
        let mut externals = Externals::default();
        if !people.is_empty() {
            let any = any(self.database.dialect(), "$2");
            externals.people = sql(format!(
                "SELECT user_id, provider, external_id FROM linked_people
                 WHERE service_id = $1 AND user_id {any} ORDER BY user_id, provider, external_id"
            ))
            .bind(service.get())
            .bind(people.iter().map(|id| id.get()).collect::<Vec<i64>>())
            .all(&self.database, |row| Ok((row.try_get(0)?, external(row, 1)?)))
            .await?;
        }
        if let Some(room) = room {
            externals.room = sql("SELECT provider, external_id FROM linked_rooms
                 WHERE service_id = $1 AND group_id = $2 ORDER BY provider, external_id LIMIT 1")
            .bind(service.get())
            .bind(room.get())
            .first(&self.database, |row| external(row, 0))
            .await?;
        }
        Ok(externals)
    }

    async fn tidy_hooks(
        &self,
        before: Timestamp,
        limit: u32,
        now: Timestamp,
        beyond: Timestamp,
    ) -> Result<(), PeopleError> {
        for table in ["webhook_attempts WHERE at", "webhook_events WHERE state <> 0 AND queued_at"]
        {
            let name = table.split(' ').next().unwrap_or_default();
            let tidy = sql(format!(
                "DELETE FROM {name} WHERE id IN (SELECT id FROM {table} < $1 LIMIT $2)"
            ));
            self.change(tidy.bind(before.millis()).bind(limit)).await?;
        }
        let pull = sql("UPDATE webhook_events SET due_at = $1 WHERE due_at > $2");
        self.change(pull.bind(now.millis()).bind(beyond.millis())).await?;
        Ok(())
    }

    async fn hooks_state(&self) -> Result<HooksState, PeopleError> {
        let state = sql("SELECT count(*), count(w.paused_at),
                 (SELECT min(e.queued_at) FROM webhook_events e
                  JOIN webhooks h ON h.id = e.webhook_id
                  JOIN services o ON o.id = h.service_id AND o.revoked_at IS NULL
                  WHERE e.due_at IS NOT NULL)
             FROM webhooks w JOIN services s ON s.id = w.service_id AND s.revoked_at IS NULL")
        .first(&self.database, |row| {
            Ok(HooksState {
                hooks: row.try_get(0)?,
                paused: row.try_get(1)?,
                oldest_pending: row.try_get(2)?,
            })
        });
        Ok(state.await?.unwrap_or_default())
    }
}

fn external(row: &Row, at: usize) -> Result<External, StoreError> {
    Ok(External { provider: row.try_get(at)?, id: row.try_get(at + 1)? })
}

fn event_type(row: &Row, at: usize) -> Result<EventType, StoreError> {
    let bit: u32 = row.try_get(at)?;
    let known = EventType::ALL.iter().copied().find(|one| one.bit() == bit);
    known.ok_or_else(|| StoreError::Corrupt(format!("{bit} is no type of event")))
}

fn hook(row: &Row) -> Result<StoredHook, StoreError> {
    let before: Option<Vec<u8>> = row.try_get(5)?;
    let until: Option<Timestamp> = row.try_get(6)?;
    let paused_at: Option<Timestamp> = row.try_get(10)?;
    let why = match row.try_get::<Option<i64>>(11)? {
        Some(1) => Some(Pause::Full),
        Some(2) => Some(Pause::Failing),
        _ => None,
    };
    Ok(StoredHook {
        id: row.try_get(0)?,
        service: row.try_get(1)?,
        url: row.try_get(2)?,
        types: EventTypes::from_bits(row.try_get(3)?),
        secrets: Secrets {
            now: SealedSecret(row.try_get(4)?),
            before: before.map(SealedSecret).zip(until),
        },
        created_at: row.try_get(7)?,
        pending: row.try_get(8)?,
        failing_since: row.try_get(9)?,
        paused: paused_at.map(|at| (at, why)),
    })
}

/// Takes the row of a webhook; false if there is none.
async fn hold(tx: &mut Tx<'_>, id: WebhookId) -> Result<bool, StoreError> {
    let held: Option<i64> = sql(tx.dialect().pick(
        "SELECT id FROM webhooks WHERE id = $1",
        "SELECT id FROM webhooks WHERE id = $1 FOR UPDATE",
    ))
    .bind(id.get())
    .scalar_optional(tx)
    .await?;
    Ok(held.is_some())
}

async fn add(tx: &mut Tx<'_>, new: &NewHook) -> Result<(), StoreError> {
    if tx.dialect() == Dialect::Postgres {
        // Beside others that add one, so that they count each other.
        sql("SELECT id FROM services WHERE id = $1 FOR UPDATE")
            .bind(new.service.get())
            .execute(tx)
            .await?;
    }
    let urls: Vec<String> = sql("SELECT url FROM webhooks WHERE service_id = $1")
        .bind(new.service.get())
        .scalars(&mut *tx)
        .await?;
    let is_full = u32::try_from(urls.len()).is_ok_and(|count| count >= new.per_service_max);
    if is_full && !urls.contains(&new.url) {
        return Err(guard(HOOKS_PER_SERVICE_MAX));
    }
    sql("INSERT INTO webhooks (id, service_id, url, types, secret, created_at, pending_max)
         VALUES ($1, $2, $3, $4, $5, $6, $7)")
    .bind(new.id.get())
    .bind(new.service.get())
    .bind(&new.url)
    .bind(new.types.bits())
    .bind(&new.secret.0[..])
    .bind(new.at.millis())
    .bind(new.pending_max)
    .execute(tx)
    .await?;
    Ok(())
}

async fn remove(tx: &mut Tx<'_>, service: ServiceId, id: WebhookId) -> Result<bool, StoreError> {
    let theirs: Option<i64> = sql(tx.dialect().pick(
        "SELECT id FROM webhooks WHERE id = $1 AND service_id = $2",
        "SELECT id FROM webhooks WHERE id = $1 AND service_id = $2 FOR UPDATE",
    ))
    .bind(id.get())
    .bind(service.get())
    .scalar_optional(&mut *tx)
    .await?;
    if theirs.is_none() {
        return Ok(false);
    }
    for text in [
        "DELETE FROM webhook_attempts WHERE webhook_id = $1",
        "DELETE FROM webhook_events WHERE webhook_id = $1",
        "DELETE FROM webhooks WHERE id = $1",
    ] {
        sql(text).bind(id.get()).execute(&mut *tx).await?;
    }
    Ok(true)
}
