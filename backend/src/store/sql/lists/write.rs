//! What changes the database of lists.

use crate::{
    runtime::{Month, Zone},
    store::{
        StoreError,
        lists::{BestLuckRow, ListBatch, ReceivedRow, SAME_CONTENT, SentRow},
    },
};
use hongbao_shared::Timestamp;
use sqlx::SqliteConnection;
use std::collections::BTreeMap;

/// What a batch adds to the totals of one person and month, by the columns of the
/// table.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Added {
    pub(super) sent_count: i64,
    pub(super) sent_fen: i64,
    pub(super) received_count: i64,
    pub(super) received_fen: i64,
    pub(super) best_lucks: i64,
}

/// In the order of (person, month), not of a hash.
pub(super) type AddedByMonth = BTreeMap<(i64, Month), Added>;

pub(super) async fn record(
    tx: &mut SqliteConnection,
    batch: ListBatch,
    zone: Zone,
) -> Result<(), StoreError> {
    let mut added = AddedByMonth::new();
    insert_sent(tx, &batch.sent, &zone, &mut added).await?;
    insert_received(tx, &batch.received, &zone, &mut added).await?;
    insert_best_lucks(tx, &batch.best_lucks, &zone, &mut added).await?;
    add_totals(tx, &added).await
}

fn month_of(user: i64, at: i64, zone: &Zone) -> (i64, Month) {
    (user, zone.month(Timestamp::from_millis(at)))
}

// A batch goes in as one JSON array of arrays per table: a statement per row would
// cost ten times as much, most of it in handing statements to SQLite's thread.
// `jsonb_each`, because `json_each` writes every inner array out as text again, which
// `->>` then parses once more.

async fn insert_sent(
    tx: &mut SqliteConnection,
    rows: &[SentRow],
    zone: &Zone,
    added: &mut AddedByMonth,
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
            i64::from(zone.month(row.at).year),
        ]
    }));
    let new: Vec<(i64, i64, i64)> = sqlx::query_as(
        "INSERT INTO sent (order_no, user_id, group_id, kind, total_fen, shares, at, year)
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5,
                value ->> 6, value ->> 7
         FROM jsonb_each(?1) WHERE true
         ON CONFLICT (order_no) DO NOTHING
         RETURNING user_id, at, total_fen",
    )
    .bind(&array)
    .fetch_all(&mut *tx)
    .await?;
    for (user, at, total_fen) in &new {
        let added = added.entry(month_of(*user, *at, zone)).or_default();
        added.sent_count += 1;
        added.sent_fen += total_fen;
    }
    if new.len() == rows.len() {
        return Ok(());
    }
    let differing: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM jsonb_each(?1) JOIN sent ON order_no = value ->> 0
         WHERE (user_id, group_id, kind, total_fen, shares, at) <>
               (value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6)",
    )
    .bind(&array)
    .fetch_one(tx)
    .await?;
    same_content(differing)
}

async fn insert_received(
    tx: &mut SqliteConnection,
    rows: &[ReceivedRow],
    zone: &Zone,
    added: &mut AddedByMonth,
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
            i64::from(zone.month(row.at).year),
        ]
    }));
    let new: Vec<(i64, i64, i64)> = sqlx::query_as(
        "INSERT INTO received
             (order_no, user_id, seq, sender_id, group_id, kind, amount_fen, at, year)
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5,
                value ->> 6, value ->> 7, value ->> 8
         FROM jsonb_each(?1) WHERE true
         ON CONFLICT (order_no, user_id) DO NOTHING
         RETURNING user_id, at, amount_fen",
    )
    .bind(&array)
    .fetch_all(&mut *tx)
    .await?;
    for (user, at, amount_fen) in &new {
        let added = added.entry(month_of(*user, *at, zone)).or_default();
        added.received_count += 1;
        added.received_fen += amount_fen;
    }
    if new.len() == rows.len() {
        return Ok(());
    }
    let differing: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM jsonb_each(?1)
         JOIN received ON order_no = value ->> 0 AND user_id = value ->> 1
         WHERE (seq, sender_id, group_id, kind, amount_fen, at) <>
               (value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7)",
    )
    .bind(&array)
    .fetch_one(tx)
    .await?;
    same_content(differing)
}

async fn insert_best_lucks(
    tx: &mut SqliteConnection,
    rows: &[BestLuckRow],
    zone: &Zone,
    added: &mut AddedByMonth,
) -> Result<(), StoreError> {
    let array = json(rows.iter().map(|row| {
        vec![row.order_no.to_bits(), row.user_id.get(), i64::from(zone.month(row.at).year)]
    }));
    let new: Vec<(i64, i64)> = sqlx::query_as(
        "INSERT INTO best_lucks (order_no, user_id, year)
         SELECT value ->> 0, value ->> 1, value ->> 2 FROM jsonb_each(?1) WHERE true
         ON CONFLICT (order_no) DO NOTHING
         RETURNING order_no, user_id",
    )
    .bind(&array)
    .fetch_all(&mut *tx)
    .await?;
    let opened_at: BTreeMap<_, _> =
        rows.iter().map(|row| (row.order_no.to_bits(), row.at.millis())).collect();
    for (order_no, user) in &new {
        let at = opened_at.get(order_no).copied().unwrap_or_default();
        added.entry(month_of(*user, at, zone)).or_default().best_lucks += 1;
    }
    if new.len() == rows.len() {
        return Ok(());
    }
    let differing: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM jsonb_each(?1) JOIN best_lucks ON order_no = value ->> 0
         WHERE user_id <> value ->> 1",
    )
    .bind(&array)
    .fetch_one(tx)
    .await?;
    same_content(differing)
}

pub(super) async fn add_totals(
    tx: &mut SqliteConnection,
    added: &AddedByMonth,
) -> Result<(), StoreError> {
    if added.is_empty() {
        return Ok(());
    }
    let array = json(added.iter().map(|((user, month), added)| {
        vec![
            *user,
            i64::from(month.year),
            i64::from(month.month),
            added.sent_count,
            added.sent_fen,
            added.received_count,
            added.received_fen,
            added.best_lucks,
        ]
    }));
    sqlx::query(
        "INSERT INTO totals
             (user_id, year, month, sent_count, sent_fen, received_count, received_fen,
              best_lucks)
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5,
                value ->> 6, value ->> 7
         FROM jsonb_each(?1) WHERE true
         ON CONFLICT (user_id, year, month) DO UPDATE SET
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
    Err(StoreError::Constraint { name: SAME_CONTENT.to_owned() })
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
