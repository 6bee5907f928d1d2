//! The outbox table; every kind of database that has one has the same.

use super::{
    Database, Dialect, Row, Source, StoreError, Tx, sql,
    statement::{any, parted, server_clock},
};
use async_trait::async_trait;
use hongbao_domain::store::outbox::{
    Backlog, Destination, FailedRow, Fate, Outbox, OutboxEntry, OutboxRow, Settled, about,
    events_of,
};
use hongbao_shared::{OrderNo, Timestamp};
use std::{sync::LazyLock, time::Duration};

/// Writes rows within the caller's transaction.
pub(super) async fn insert(
    tx: &mut Tx<'_>,
    entries: &[OutboxEntry],
    now: Timestamp,
) -> Result<(), StoreError> {
    if entries.is_empty() {
        return Ok(());
    }
    match tx.dialect() {
        Dialect::Sqlite => {
            for (text, chunk) in parted(entries, CHUNKS.into_iter().zip(&*INSERTS)) {
                let mut statement = sql(text.as_str()).bind(now.millis());
                for entry in chunk {
                    statement = statement
                        .bind(entry.destination.number())
                        .bind(entry.order_no.to_bits())
                        .bind(&entry.payload)
                        .bind(entry.due.at(now).millis());
                }
                statement.execute(tx).await?;
            }
        }
        Dialect::Postgres => {
            let column = |of: fn(&OutboxEntry) -> i64| entries.iter().map(of).collect::<Vec<i64>>();
            sql("INSERT INTO outbox (destination, order_no, payload, created_at, due_at)
                 SELECT destination, order_no, payload, $1, due_at
                 FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::bigint[])
                      WITH ORDINALITY AS told (destination, order_no, payload, due_at, place)
                 ORDER BY place")
            .bind(now.millis())
            .bind(column(|entry| entry.destination.number()))
            .bind(column(|entry| entry.order_no.to_bits()))
            .bind(entries.iter().map(|entry| entry.payload.clone()).collect::<Vec<String>>())
            .bind(entries.iter().map(|entry| entry.due.at(now).millis()).collect::<Vec<i64>>())
            .execute(tx)
            .await?;
        }
    }
    Ok(())
}

/// How many rows one INSERT takes into SQLite: a trip to its thread costs more than a row.
const CHUNKS: [usize; 8] = [128, 64, 32, 16, 8, 4, 2, 1];

static INSERTS: LazyLock<[String; CHUNKS.len()]> = LazyLock::new(|| {
    CHUNKS.map(|rows| {
        let rows = (0..rows).map(|row| {
            let first = 4 * row + 2;
            format!("(${first}, ${}, ${}, $1, ${}, 0)", first + 1, first + 2, first + 3)
        });
        format!(
            "INSERT INTO outbox (destination, order_no, payload, created_at, due_at, attempts)
             VALUES {}",
            rows.collect::<Vec<_>>().join(", ")
        )
    })
});

/// Of a database whose schema has the table.
#[async_trait]
impl Outbox for Database {
    async fn lease(
        &self,
        destination: Destination,
        now: Timestamp,
        lease: Duration,
        limit: u32,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        // Most looks find nothing; they must not queue for the one writer.
        match self.next_due(destination).await? {
            Some(due) if due <= now => {}
            _ => return Ok(Vec::new()),
        }
        let until =
            now.millis().saturating_add(i64::try_from(lease.as_millis()).unwrap_or(i64::MAX));
        // Where nodes share the outbox, each takes rows that no other is taking.
        let text = self.dialect().pick(
            "UPDATE outbox SET due_at = $1, leased = 1 WHERE id IN
                 (SELECT id FROM outbox WHERE destination = $2 AND due_at <= $3
                  ORDER BY due_at, id LIMIT $4)
             RETURNING id, payload, created_at, attempts",
            "UPDATE outbox SET due_at = $1 WHERE id IN
                 (SELECT id FROM outbox WHERE destination = $2 AND due_at <= $3
                  ORDER BY due_at, id LIMIT $4 FOR UPDATE SKIP LOCKED)
             RETURNING id, payload, created_at, attempts",
        );
        let take = sql(text).bind(until).bind(destination.number()).bind(now.millis()).bind(limit);
        let mut rows = Vec::new();
        for row in self.rows_by_row(take).await? {
            match leased(&row) {
                Err(StoreError::Corrupt(error)) => {
                    bury(self, row.try_get(0)?, &error, now).await?;
                }
                read => rows.push(read?),
            }
        }
        rows.sort_by_key(|row| row.id);
        Ok(rows)
    }

    async fn settle(&self, mut settled: Vec<(i64, Settled)>) -> Result<(), StoreError> {
        if settled.is_empty() {
            return Ok(());
        }
        // Whoever settles the same rows takes them in the same order.
        settled.sort_by_key(|(id, _)| *id);
        self.write_by_row(settled, |tx, settled| {
            Box::pin(async move {
                let done = settled.iter().filter(|(_, outcome)| *outcome == Settled::Done);
                let done: Vec<i64> = done.map(|(id, _)| *id).collect();
                if !done.is_empty() {
                    let any = any(tx.dialect(), "$1");
                    sql(format!("DELETE FROM outbox WHERE id {any}"))
                        .bind(done)
                        .execute(tx)
                        .await?;
                }
                for (id, outcome) in settled {
                    settle_failed(tx, *id, outcome).await?;
                }
                Ok(())
            })
        })
        .await
    }

    /// Other nodes work on rows in PostgreSQL as well.
    fn has_one_owner(&self) -> bool {
        self.dialect() == Dialect::Sqlite
    }

    /// Retries lose their pause by this as well, which costs one early attempt.
    async fn reclaim(&self) -> Result<(), StoreError> {
        if !self.has_one_owner() {
            return Ok(());
        }
        let reclaim = sql("UPDATE outbox SET due_at = created_at
             WHERE leased = 1 AND due_at > created_at");
        self.change_by_row(reclaim).await?;
        Ok(())
    }

    async fn server_clock(&self) -> Result<Option<Timestamp>, StoreError> {
        server_clock(self.dialect(), self).await
    }

    async fn pull_in(
        &self,
        destination: Destination,
        now: Timestamp,
        beyond: Timestamp,
    ) -> Result<(), StoreError> {
        if destination == Destination::Credit {
            adopt_old_credits(self).await?;
        }
        // Hardly ever is there one; looking must not queue for the one writer.
        let some: bool =
            sql("SELECT EXISTS (SELECT 1 FROM outbox WHERE destination = $1 AND due_at > $2)")
                .bind(destination.number())
                .bind(beyond.millis())
                .scalar(self)
                .await?;
        if !some {
            return Ok(());
        }
        let pull = sql("UPDATE outbox SET due_at = $3 WHERE destination = $1 AND due_at > $2")
            .bind(destination.number())
            .bind(beyond.millis())
            .bind(now.millis());
        self.change_by_row(pull).await?;
        Ok(())
    }

    async fn next_due(&self, destination: Destination) -> Result<Option<Timestamp>, StoreError> {
        sql("SELECT min(due_at) FROM outbox WHERE destination = $1")
            .bind(destination.number())
            .scalar(self)
            .await
    }

    async fn backlog(&self, destination: Destination) -> Result<Backlog, StoreError> {
        let (are, number) = match destination {
            Destination::Later => {
                (">", Destination::ALL.map(Destination::number).into_iter().max())
            }
            known => ("=", Some(known.number())),
        };
        let row = sql(format!(
            "SELECT count(due_at), count(*) - count(due_at) FROM outbox WHERE destination {are} $1"
        ))
        .bind(number)
        .fetch_one(self)
        .await?;
        let count =
            |at| Ok::<_, StoreError>(u64::try_from(row.try_get::<i64>(at)?).unwrap_or_default());
        Ok(Backlog { waiting: count(0)?, dead: count(1)? })
    }

    async fn failed(
        &self,
        fate: Fate,
        after_id: i64,
        limit: u32,
    ) -> Result<Vec<FailedRow>, StoreError> {
        // A row that died before its time was kept has none.
        let statement = match fate {
            Fate::Failing => {
                "SELECT id, destination, payload, created_at, attempts, last_error, due_at
                 FROM outbox WHERE attempts > 0 AND due_at IS NOT NULL AND id > $1
                 ORDER BY id LIMIT $2"
            }
            Fate::Dead => {
                "SELECT id, destination, payload, created_at, attempts, last_error,
                        coalesce(died_at, created_at)
                 FROM outbox WHERE due_at IS NULL AND id > $1 ORDER BY id LIMIT $2"
            }
        };
        sql(statement)
            .bind(after_id)
            .bind(limit)
            .all(self, |row| {
                let error: Option<String> = row.try_get(5)?;
                Ok(FailedRow {
                    id: row.try_get(0)?,
                    destination: Destination::from_number(row.try_get(1)?),
                    // Of one that was buried, it may be what cannot be read.
                    payload: row.try_get(2).unwrap_or_default(),
                    created_at: row.try_get(3)?,
                    attempts: row.try_get(4)?,
                    error: error.unwrap_or_default(),
                    at: row.try_get(6)?,
                })
            })
            .await
    }

    async fn revive(&self, id: i64, now: Timestamp) -> Result<Option<Destination>, StoreError> {
        let revive = sql("UPDATE outbox SET due_at = $2, attempts = 0, died_at = NULL
             WHERE id = $1 AND due_at IS NULL RETURNING destination")
        .bind(id)
        .bind(now.millis());
        let revived = self.rows_by_row(revive).await?;
        revived.first().map(|row| Ok(Destination::from_number(row.try_get(0)?))).transpose()
    }
}

fn leased(row: &Row) -> Result<OutboxRow, StoreError> {
    Ok(OutboxRow {
        id: row.try_get(0)?,
        payload: row.try_get(1)?,
        created_at: row.try_get(2)?,
        attempts: row.try_get(3)?,
    })
}

/// A row that is not even one must not keep those that were leased with it: it is a dead
/// letter, as if it had been tried once.
async fn bury(database: &Database, id: i64, error: &str, now: Timestamp) -> Result<(), StoreError> {
    tracing::error!(row = id, error, "a row of an outbox cannot be read");
    let bury = sql("UPDATE outbox SET due_at = NULL, attempts = 1, last_error = $2, died_at = $3
         WHERE id = $1")
    .bind(id)
    .bind(format!("unreadable row: {error}"))
    .bind(now.millis());
    database.change_by_row(bury).await?;
    Ok(())
}

/// While nodes are replaced one by one, those of the version before tell of credits under
/// numbers of their own, and may end before they have delivered them.
async fn adopt_old_credits(database: &Database) -> Result<(), StoreError> {
    let [now, queue, deferred] = Destination::OLD_CREDITS;
    let old = format!("destination IN ({now}, {queue}, {deferred})");
    let some: bool =
        sql(format!("SELECT EXISTS (SELECT 1 FROM outbox WHERE {old})")).scalar(database).await?;
    if !some {
        return Ok(());
    }
    let adopt = sql(format!("UPDATE outbox SET destination = $1 WHERE {old}"));
    database.change_by_row(adopt.bind(Destination::Credit.number())).await?;
    Ok(())
}

async fn settle_failed(tx: &mut Tx<'_>, id: i64, outcome: &Settled) -> Result<(), StoreError> {
    let statement = match outcome {
        Settled::Done => return Ok(()),
        Settled::Retry { due_at, error } => {
            sql("UPDATE outbox SET due_at = $2, attempts = attempts + 1, last_error = $3
             WHERE id = $1")
            .bind(id)
            .bind(due_at.millis())
            .bind(error)
        }
        Settled::Rest { payload, due_at, error } => {
            sql("UPDATE outbox SET payload = $4, due_at = $2, attempts = attempts + 1,
                               last_error = $3
             WHERE id = $1")
            .bind(id)
            .bind(due_at.millis())
            .bind(error)
            .bind(payload)
        }
        Settled::Dead { payload, error, at } => {
            sql("UPDATE outbox SET payload = $3, due_at = NULL, attempts = attempts + 1,
                               last_error = $2, died_at = $4
             WHERE id = $1")
            .bind(id)
            .bind(error)
            .bind(payload)
            .bind(at.millis())
        }
    };
    statement.execute(tx).await?;
    Ok(())
}

/// The events of rows that are about these packets. A payload that is no JSON tells of
/// nothing.
pub(super) async fn announced(
    database: &Database,
    destination: Destination,
    orders: &[OrderNo],
) -> Result<Vec<String>, StoreError> {
    let any = any(database.dialect(), "$2");
    let named: Vec<String> = sql(format!(
        "SELECT payload FROM outbox WHERE order_no {any} AND destination = $1 ORDER BY id"
    ))
    .bind(destination.number())
    .bind(orders.iter().map(|order_no| order_no.to_bits()).collect::<Vec<i64>>())
    .scalars(database)
    .await?;
    let unnamed = unnamed(database).await?.into_iter();
    let unnamed = unnamed.filter(|row| row.destination == destination);
    let events = unnamed
        .flat_map(|row| row.events)
        .chain(named.iter().flat_map(|payload| events_of(payload)));
    Ok(about(events, orders))
}

/// A row that names no packet.
pub(super) struct Unnamed {
    pub(super) destination: Destination,
    pub(super) events: Vec<serde_json::Value>,
}

/// Rows that name no packet, because a node of an earlier version wrote them, or because
/// what they tell cannot be read. There is hardly ever one; an index finds that out.
pub(super) async fn unnamed(source: impl Source) -> Result<Vec<Unnamed>, StoreError> {
    let rows = sql("SELECT destination, payload FROM outbox WHERE order_no IS NULL ORDER BY id")
        .fetch_all(source)
        .await?;
    let read = |row: &Row| {
        let payload: String = row.try_get(1)?;
        let destination = Destination::from_number(row.try_get(0)?);
        Ok(Unnamed { destination, events: events_of(&payload) })
    };
    rows.iter().map(read).collect()
}

/// Implements [`hongbao_domain::store::outbox::Outbox`] for a store that has a `database`.
macro_rules! impl_outbox {
    ($store:ty) => {
        impl hongbao_domain::store::outbox::HasOutbox for $store {
            fn outbox(&self) -> &dyn hongbao_domain::store::outbox::Outbox {
                &self.database
            }
        }
    };
}
pub(super) use impl_outbox;
