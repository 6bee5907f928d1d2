//! The database of lists in a SQLite file.

use super::Database;
use crate::store::{
    StoreError, fen,
    lists::{BestLuckRow, ListBatch, ListKey, ListStore, ReceivedRow, SentRow, Totals},
};
use async_trait::async_trait;
use hongbao_shared::{GroupId, Kind, OrderNo, Timestamp, UserId};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};
use std::collections::BTreeMap;

/// The lists "sent" and "received".
#[derive(Clone, Debug)]
pub struct SqliteLists {
    database: Database,
}

impl SqliteLists {
    /// On a database that was opened with [`super::Schema::Lists`].
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

/// What a batch adds to the totals of one person and year, by the columns of the
/// table.
#[derive(Clone, Copy, Debug, Default)]
struct Added {
    sent_count: i64,
    sent_fen: i64,
    received_count: i64,
    received_fen: i64,
    best_lucks: i64,
}

type AddedByYear = BTreeMap<(i64, i64), Added>;

#[async_trait]
impl ListStore for SqliteLists {
    async fn record(&self, batch: ListBatch) -> Result<(), StoreError> {
        self.database
            .write(move |tx| {
                Box::pin(async move {
                    // In the order of (person, year), not of a hash.
                    let mut added = AddedByYear::new();
                    insert_sent(tx, &batch.sent, &mut added).await?;
                    insert_received(tx, &batch.received, &mut added).await?;
                    insert_best_lucks(tx, &batch.best_lucks, &mut added).await?;
                    add_totals(tx, &added).await
                })
            })
            .await
    }

    async fn sent(
        &self,
        user: UserId,
        year: i16,
        after: Option<ListKey>,
        limit: u32,
    ) -> Result<Vec<SentRow>, StoreError> {
        let (at, order_no) = boundary(after);
        sqlx::query(
            "SELECT order_no, user_id, group_id, kind, total_fen, shares, at, year FROM sent
             WHERE user_id = ?1 AND year = ?2 AND (at, order_no) < (?3, ?4)
             ORDER BY at DESC, order_no DESC LIMIT ?5",
        )
        .bind(user.get())
        .bind(year)
        .bind(at)
        .bind(order_no)
        .bind(limit)
        .fetch_all(self.database.readers())
        .await?
        .iter()
        .map(|row| {
            Ok(SentRow {
                order_no: order(row.try_get(0)?)?,
                user_id: user_id(row.try_get(1)?)?,
                group_id: group_id(row.try_get(2)?)?,
                kind: kind(row.try_get(3)?)?,
                total_fen: fen(row.try_get(4)?)?,
                shares: row.try_get(5)?,
                at: Timestamp::from_millis(row.try_get(6)?),
                year: row.try_get(7)?,
            })
        })
        .collect()
    }

    async fn received(
        &self,
        user: UserId,
        year: i16,
        after: Option<ListKey>,
        limit: u32,
    ) -> Result<Vec<ReceivedRow>, StoreError> {
        let (at, order_no) = boundary(after);
        sqlx::query(
            "SELECT order_no, user_id, seq, sender_id, group_id, kind, amount_fen, at, year
             FROM received
             WHERE user_id = ?1 AND year = ?2 AND (at, order_no) < (?3, ?4)
             ORDER BY at DESC, order_no DESC LIMIT ?5",
        )
        .bind(user.get())
        .bind(year)
        .bind(at)
        .bind(order_no)
        .bind(limit)
        .fetch_all(self.database.readers())
        .await?
        .iter()
        .map(|row| {
            Ok(ReceivedRow {
                order_no: order(row.try_get(0)?)?,
                user_id: user_id(row.try_get(1)?)?,
                seq: row.try_get(2)?,
                sender_id: user_id(row.try_get(3)?)?,
                group_id: group_id(row.try_get(4)?)?,
                kind: kind(row.try_get(5)?)?,
                amount_fen: fen(row.try_get(6)?)?,
                at: Timestamp::from_millis(row.try_get(7)?),
                year: row.try_get(8)?,
            })
        })
        .collect()
    }

    async fn totals(&self, user: UserId, year: i16) -> Result<Totals, StoreError> {
        let row = sqlx::query(
            "SELECT sent_count, sent_fen, received_count, received_fen, best_lucks FROM totals
             WHERE user_id = ?1 AND year = ?2",
        )
        .bind(user.get())
        .bind(year)
        .fetch_optional(self.database.readers())
        .await?;
        row.map_or_else(
            || Ok(Totals::default()),
            |row| {
                Ok(Totals {
                    sent_count: count(&row, 0)?,
                    sent_fen: fen(row.try_get(1)?)?,
                    received_count: count(&row, 2)?,
                    received_fen: fen(row.try_get(3)?)?,
                    best_lucks: count(&row, 4)?,
                })
            },
        )
    }
}

// A batch goes in as one JSON array of arrays per table: a statement per row would
// cost ten times as much, most of it in handing statements to SQLite's thread.
// `jsonb_each`, because `json_each` writes every inner array out as text again, which
// `->>` then parses once more.

async fn insert_sent(
    tx: &mut SqliteConnection,
    rows: &[SentRow],
    added: &mut AddedByYear,
) -> Result<(), StoreError> {
    let array = json(rows.iter().map(|row| {
        vec![
            row.order_no.to_bits(),
            row.user_id.get(),
            row.group_id.get(),
            i64::from(row.kind.byte()),
            row.total_fen.signed(),
            i64::from(row.shares),
            row.at.millis(),
            i64::from(row.year),
        ]
    }));
    let new: Vec<(i64, i64, i64)> = sqlx::query_as(
        "INSERT INTO sent (order_no, user_id, group_id, kind, total_fen, shares, at, year)
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5,
                value ->> 6, value ->> 7
         FROM jsonb_each(?1) WHERE true
         ON CONFLICT (order_no) DO NOTHING
         RETURNING user_id, year, total_fen",
    )
    .bind(&array)
    .fetch_all(&mut *tx)
    .await?;
    for (user, year, total_fen) in &new {
        let added = added.entry((*user, *year)).or_default();
        added.sent_count += 1;
        added.sent_fen += total_fen;
    }
    if new.len() == rows.len() {
        return Ok(());
    }
    let differing: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM jsonb_each(?1) JOIN sent ON order_no = value ->> 0
         WHERE (user_id, group_id, kind, total_fen, shares, at, year) <>
               (value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6,
                value ->> 7)",
    )
    .bind(&array)
    .fetch_one(tx)
    .await?;
    same_content(differing)
}

async fn insert_received(
    tx: &mut SqliteConnection,
    rows: &[ReceivedRow],
    added: &mut AddedByYear,
) -> Result<(), StoreError> {
    let array = json(rows.iter().map(|row| {
        vec![
            row.order_no.to_bits(),
            row.user_id.get(),
            i64::from(row.seq),
            row.sender_id.get(),
            row.group_id.get(),
            i64::from(row.kind.byte()),
            row.amount_fen.signed(),
            row.at.millis(),
            i64::from(row.year),
        ]
    }));
    let new: Vec<(i64, i64, i64)> = sqlx::query_as(
        "INSERT INTO received
             (order_no, user_id, seq, sender_id, group_id, kind, amount_fen, at, year)
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5,
                value ->> 6, value ->> 7, value ->> 8
         FROM jsonb_each(?1) WHERE true
         ON CONFLICT (order_no, user_id) DO NOTHING
         RETURNING user_id, year, amount_fen",
    )
    .bind(&array)
    .fetch_all(&mut *tx)
    .await?;
    for (user, year, amount_fen) in &new {
        let added = added.entry((*user, *year)).or_default();
        added.received_count += 1;
        added.received_fen += amount_fen;
    }
    if new.len() == rows.len() {
        return Ok(());
    }
    let differing: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM jsonb_each(?1)
         JOIN received ON order_no = value ->> 0 AND user_id = value ->> 1
         WHERE (seq, sender_id, group_id, kind, amount_fen, at, year) <>
               (value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7,
                value ->> 8)",
    )
    .bind(&array)
    .fetch_one(tx)
    .await?;
    same_content(differing)
}

async fn insert_best_lucks(
    tx: &mut SqliteConnection,
    rows: &[BestLuckRow],
    added: &mut AddedByYear,
) -> Result<(), StoreError> {
    let array = json(
        rows.iter().map(|row| vec![row.order_no.to_bits(), row.user_id.get(), i64::from(row.year)]),
    );
    let new: Vec<(i64, i64)> = sqlx::query_as(
        "INSERT INTO best_lucks (order_no, user_id, year)
         SELECT value ->> 0, value ->> 1, value ->> 2 FROM jsonb_each(?1) WHERE true
         ON CONFLICT (order_no) DO NOTHING
         RETURNING user_id, year",
    )
    .bind(&array)
    .fetch_all(&mut *tx)
    .await?;
    for key in &new {
        added.entry(*key).or_default().best_lucks += 1;
    }
    if new.len() == rows.len() {
        return Ok(());
    }
    let differing: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM jsonb_each(?1) JOIN best_lucks ON order_no = value ->> 0
         WHERE (user_id, year) <> (value ->> 1, value ->> 2)",
    )
    .bind(&array)
    .fetch_one(tx)
    .await?;
    same_content(differing)
}

async fn add_totals(tx: &mut SqliteConnection, added: &AddedByYear) -> Result<(), StoreError> {
    if added.is_empty() {
        return Ok(());
    }
    let array = json(added.iter().map(|((user, year), added)| {
        vec![
            *user,
            *year,
            added.sent_count,
            added.sent_fen,
            added.received_count,
            added.received_fen,
            added.best_lucks,
        ]
    }));
    sqlx::query(
        "INSERT INTO totals
             (user_id, year, sent_count, sent_fen, received_count, received_fen, best_lucks)
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5,
                value ->> 6
         FROM jsonb_each(?1) WHERE true
         ON CONFLICT (user_id, year) DO UPDATE SET
             sent_count = sent_count + excluded.sent_count,
             sent_fen = sent_fen + excluded.sent_fen,
             received_count = received_count + excluded.received_count,
             received_fen = received_fen + excluded.received_fen,
             best_lucks = best_lucks + excluded.best_lucks",
    )
    .bind(array)
    .execute(tx)
    .await?;
    Ok(())
}

fn same_content(differing: i64) -> Result<(), StoreError> {
    if differing == 0 {
        return Ok(());
    }
    Err(StoreError::Constraint { name: "guard: a repeated row has the same content".to_owned() })
}

fn json(rows: impl Iterator<Item = Vec<i64>>) -> String {
    let rows: Vec<String> = rows
        .map(|row| {
            let numbers: Vec<String> = row.iter().map(i64::to_string).collect();
            format!("[{}]", numbers.join(","))
        })
        .collect();
    format!("[{}]", rows.join(","))
}

/// Everything is before the end of time.
fn boundary(after: Option<ListKey>) -> (i64, i64) {
    after.map_or((i64::MAX, i64::MAX), |key| (key.at.millis(), key.order_no.to_bits()))
}

fn order(column: i64) -> Result<OrderNo, StoreError> {
    OrderNo::from_bits(column).map_err(|error| StoreError::Corrupt(error.to_string()))
}

fn user_id(column: i64) -> Result<UserId, StoreError> {
    UserId::new(column).ok_or_else(|| StoreError::Corrupt(format!("{column} is not a user id")))
}

fn group_id(column: i64) -> Result<GroupId, StoreError> {
    GroupId::new(column).ok_or_else(|| StoreError::Corrupt(format!("{column} is not a group id")))
}

fn kind(column: u8) -> Result<Kind, StoreError> {
    Kind::from_byte(column)
        .ok_or_else(|| StoreError::Corrupt(format!("{column} is not a kind of packet")))
}

fn count(row: &SqliteRow, column: usize) -> Result<u64, StoreError> {
    let count: i64 = row.try_get(column)?;
    u64::try_from(count).map_err(|_| StoreError::Corrupt(format!("{count} is not a count")))
}
