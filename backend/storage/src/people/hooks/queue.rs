//! What webhooks are still to be told. Whoever changes it holds the webhook's row.

use super::{event_type, hold};
use crate::{Tx, row::Row, sql, statement::any};
use hongbao_domain::store::{
    StoreError,
    people::{Again, Audience, EventTypes, HookAttempt, LeasedEvent, NewEvent, Tried},
};
use hongbao_shared::{GroupId, Timestamp, UserId, WebhookId};
use std::collections::{BTreeMap, BTreeSet};

const LEASED: &str = "id, webhook_id, event_id, type, at, data, queued_at, attempts";

/// The ids of the rooms and of the people.
pub(super) fn split<'a>(of: impl Iterator<Item = &'a Audience>) -> (Vec<i64>, Vec<i64>) {
    let (mut rooms, mut people) = (BTreeSet::new(), BTreeSet::new());
    for audience in of {
        match audience {
            Audience::Room(room) => rooms.insert(room.get()),
            Audience::Person(person) => people.insert(person.get()),
        };
    }
    (rooms.into_iter().collect(), people.into_iter().collect())
}

/// Has these events delivered to the webhooks that hear them.
pub(in super::super) async fn tell_in(
    tx: &mut Tx<'_>,
    events: &[NewEvent],
    now: Timestamp,
) -> Result<(), StoreError> {
    let (rooms, people) = split(events.iter().map(|event| &event.to));
    let mut hearing: BTreeMap<WebhookId, (EventTypes, BTreeSet<Audience>)> = BTreeMap::new();
    for (table, column, ids) in
        [("linked_rooms", "group_id", rooms), ("linked_people", "user_id", people)]
    {
        if ids.is_empty() {
            continue;
        }
        let any = any(tx.dialect(), "$1");
        let found: Vec<(WebhookId, u32, i64)> = sql(format!(
            "SELECT w.id, w.types, l.{column} FROM {table} l
             JOIN webhooks w ON w.service_id = l.service_id AND w.paused_at IS NULL
             JOIN services s ON s.id = w.service_id AND s.revoked_at IS NULL
             WHERE l.{column} {any}"
        ))
        .bind(ids)
        .all(&mut *tx, |row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?)))
        .await?;
        for (hook, types, id) in found {
            let audience = match table {
                "linked_rooms" => GroupId::new(id).map(Audience::Room),
                _ => UserId::new(id).map(Audience::Person),
            };
            let types = EventTypes::from_bits(types);
            hearing.entry(hook).or_insert((types, BTreeSet::new())).1.extend(audience);
        }
    }
    for (hook, (types, audiences)) in hearing {
        let theirs = events
            .iter()
            .filter(|event| types.has(event.event_type) && audiences.contains(&event.to));
        enqueue(tx, hook, theirs.collect(), now).await?;
    }
    Ok(())
}

async fn enqueue(
    tx: &mut Tx<'_>,
    hook: WebhookId,
    events: Vec<&NewEvent>,
    now: Timestamp,
) -> Result<(), StoreError> {
    if events.is_empty() {
        return Ok(());
    }
    let room: Option<i64> = sql(tx.dialect().pick(
        "SELECT pending_max - pending FROM webhooks WHERE id = $1 AND paused_at IS NULL",
        "SELECT pending_max - pending FROM webhooks WHERE id = $1 AND paused_at IS NULL FOR UPDATE",
    ))
    .bind(hook.get())
    .scalar_optional(&mut *tx)
    .await?;
    let Some(room) = room else { return Ok(()) };
    // Safe before the insert: this transaction holds the webhook, and the unique constraint
    // stands behind it.
    let any_id = any(tx.dialect(), "$2");
    let mut known: BTreeSet<String> = sql(format!(
        "SELECT event_id FROM webhook_events WHERE webhook_id = $1 AND event_id {any_id}"
    ))
    .bind(hook.get())
    .bind(events.iter().map(|event| event.id.clone()).collect::<Vec<String>>())
    .all(&mut *tx, |row| row.try_get(0))
    .await?;
    let new: Vec<_> = events.into_iter().filter(|event| known.insert(event.id.clone())).collect();
    let taken = new.len().min(usize::try_from(room).unwrap_or_default());
    for event in &new[..taken] {
        sql("INSERT INTO webhook_events (webhook_id, event_id, lane, type, at, data, queued_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)")
        .bind(hook.get())
        .bind(&event.id)
        .bind(&event.lane)
        .bind(event.event_type.bit())
        .bind(event.at.millis())
        .bind(serde_json::to_string(&event.data).expect("data serialize"))
        .bind(now.millis())
        .execute(&mut *tx)
        .await?;
    }
    let lanes: BTreeSet<_> = new[..taken].iter().map(|event| event.lane.clone()).collect();
    heads(tx, hook, lanes.into_iter().collect(), now).await?;
    let pending = i64::try_from(taken).unwrap_or(i64::MAX);
    let full = (taken < new.len()).then_some(now);
    sql(
        "UPDATE webhooks SET pending = pending + $2, paused_at = $3, paused_why = $4 WHERE id = $1",
    )
    .bind(hook.get())
    .bind(pending)
    .bind(full.map(Timestamp::millis))
    .bind(full.map(|_| 1_i64))
    .execute(&mut *tx)
    .await?;
    Ok(())
}

/// Has the first that waits of each of these lanes due at `due`, unless it is due already, and no
/// other.
async fn heads(
    tx: &mut Tx<'_>,
    hook: WebhookId,
    lanes: Vec<String>,
    due: Timestamp,
) -> Result<(), StoreError> {
    let any = any(tx.dialect(), "$2");
    let of_lanes = format!("webhook_id = $1 AND lane {any} AND state = 0");
    let head = "(SELECT min(h.id) FROM webhook_events h WHERE h.webhook_id = $1
                 AND h.lane = webhook_events.lane AND h.state = 0)";
    sql(format!(
        "UPDATE webhook_events SET due_at = NULL
         WHERE {of_lanes} AND due_at IS NOT NULL AND id > {head}"
    ))
    .bind(hook.get())
    .bind(lanes.clone())
    .execute(&mut *tx)
    .await?;
    sql(format!(
        "UPDATE webhook_events SET due_at = $3 WHERE {of_lanes} AND due_at IS NULL AND id = {head}"
    ))
    .bind(hook.get())
    .bind(lanes)
    .bind(due.millis())
    .execute(&mut *tx)
    .await?;
    Ok(())
}

fn leased(row: &Row) -> Result<LeasedEvent, StoreError> {
    let data: String = row.try_get(5)?;
    Ok(LeasedEvent {
        row: row.try_get(0)?,
        hook: row.try_get(1)?,
        id: row.try_get(2)?,
        event_type: event_type(row, 3)?,
        at: row.try_get(4)?,
        data: serde_json::from_str(&data)
            .map_err(|error| StoreError::Corrupt(format!("webhook event: {error}")))?,
        queued_at: row.try_get(6)?,
        attempts: row.try_get(7)?,
    })
}

pub(super) async fn lease(
    tx: &mut Tx<'_>,
    hook: WebhookId,
    now: Timestamp,
    until: Timestamp,
    limit: u32,
) -> Result<Vec<LeasedEvent>, StoreError> {
    if !hold(tx, hook).await? {
        return Ok(Vec::new());
    }
    let mut events: Vec<LeasedEvent> = sql(format!(
        "UPDATE webhook_events SET due_at = $3 WHERE id IN
             (SELECT id FROM webhook_events WHERE webhook_id = $1 AND due_at <= $2
              ORDER BY due_at, id LIMIT $4)
         RETURNING {LEASED}"
    ))
    .bind(hook.get())
    .bind(now.millis())
    .bind(until.millis())
    .bind(limit)
    // What is left out is due again when the lease ends, for whoever can read it.
    .readable(tx, leased)
    .await?;
    events.sort_by_key(|event| event.row);
    Ok(events)
}

pub(super) async fn settle(
    tx: &mut Tx<'_>,
    event: &LeasedEvent,
    attempt: &HookAttempt,
    tried: Tried,
    next_until: Option<Timestamp>,
) -> Result<Option<LeasedEvent>, StoreError> {
    if !hold(tx, event.hook).await? {
        return Ok(None);
    }
    sql("INSERT INTO webhook_attempts (webhook_id, event_id, type, at, took_ms, status, error)
         VALUES ($1, $2, $3, $4, $5, $6, $7)")
    .bind(event.hook.get())
    .bind(&attempt.event_id)
    .bind(attempt.event_type.bit())
    .bind(attempt.at.millis())
    .bind(attempt.took_ms)
    .bind(attempt.status.map(i64::from))
    .bind(attempt.error.as_deref())
    .execute(&mut *tx)
    .await?;
    let (state, due) = match tried {
        Tried::Delivered => (1, None),
        Tried::Again(due) => (0, Some(due)),
        Tried::Dead { .. } => (2, None),
    };
    let lane: Option<String> = sql("UPDATE webhook_events
         SET state = $2, due_at = $3, attempts = attempts + 1
         WHERE id = $1 AND state = 0 RETURNING lane")
    .bind(event.row)
    .bind(i64::from(state))
    .bind(due.map(Timestamp::millis))
    .scalar_optional(&mut *tx)
    .await?;
    // Somebody else had it after the lease ran out: then all is said.
    let Some(lane) = lane else { return Ok(None) };
    let over = i64::from(state != 0);
    let arrived = tried == Tried::Delivered;
    sql("UPDATE webhooks SET pending = pending - $2,
             failing_since = CASE WHEN $3 = 1 THEN NULL ELSE coalesce(failing_since, $4) END
         WHERE id = $1")
    .bind(event.hook.get())
    .bind(over)
    .bind(arrived)
    .bind(attempt.at.millis())
    .execute(&mut *tx)
    .await?;
    if tried == (Tried::Dead { pause: true }) {
        give_up(tx, event.hook, attempt.at).await?;
        return Ok(None);
    }
    heads(tx, event.hook, vec![lane.clone()], next_until.unwrap_or(attempt.at)).await?;
    let (true, Some(until)) = (state != 0, next_until) else { return Ok(None) };
    // Held by this transaction, so that nobody else can have taken it at that very moment.
    sql(format!(
        "SELECT {LEASED} FROM webhook_events
         WHERE webhook_id = $1 AND lane = $2 AND state = 0 AND due_at = $3 AND id > $4"
    ))
    .bind(event.hook.get())
    .bind(lane)
    .bind(until.millis())
    .bind(event.row)
    .readable::<_, Vec<_>>(tx, leased)
    .await
    .map(|mut next| next.pop())
}

/// Nothing has arrived for days: what waits dies, and nothing new is taken.
async fn give_up(tx: &mut Tx<'_>, hook: WebhookId, at: Timestamp) -> Result<(), StoreError> {
    sql("UPDATE webhook_events SET state = 2, due_at = NULL WHERE webhook_id = $1 AND state = 0")
        .bind(hook.get())
        .execute(&mut *tx)
        .await?;
    sql("UPDATE webhooks SET pending = 0, paused_at = $2, paused_why = 2 WHERE id = $1")
        .bind(hook.get())
        .bind(at.millis())
        .execute(tx)
        .await?;
    Ok(())
}

pub(super) async fn replay(
    tx: &mut Tx<'_>,
    hook: WebhookId,
    again: &Again,
    now: Timestamp,
) -> Result<u32, StoreError> {
    if !hold(tx, hook).await? {
        return Ok(0);
    }
    let revive = "UPDATE webhook_events SET state = 0, attempts = 0, queued_at = $2
         WHERE webhook_id = $1 AND state <> 0";
    // No more than may wait.
    let room =
        "id IN (SELECT id FROM webhook_events WHERE webhook_id = $1 AND state <> 0 AND at >= $3
         ORDER BY id LIMIT (SELECT CASE WHEN pending < pending_max THEN pending_max - pending
                            ELSE 0 END FROM webhooks WHERE id = $1))";
    let which = if let Again::Event(_) = again { "event_id = $3" } else { room };
    let revive = sql(format!("{revive} AND {which} RETURNING lane"));
    let revive = revive.bind(hook.get()).bind(now.millis());
    let revive = match again {
        Again::Event(id) => revive.bind(id),
        Again::Since(since) => revive.bind(since.millis()),
    };
    let lanes: Vec<String> = revive.scalars(&mut *tx).await?;
    let count = u32::try_from(lanes.len()).unwrap_or(u32::MAX);
    let lanes: BTreeSet<String> = lanes.into_iter().collect();
    if count > 0 {
        heads(tx, hook, lanes.into_iter().collect(), now).await?;
        sql("UPDATE webhooks SET pending = pending + $2 WHERE id = $1")
            .bind(hook.get())
            .bind(count)
            .execute(tx)
            .await?;
    }
    Ok(count)
}
