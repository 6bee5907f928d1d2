//! What changes the database of lists.

use super::{
    super::{Row, Tx},
    given::Given,
};
use hongbao_domain::{
    runtime::{Month, Zone},
    store::{
        StoreError,
        lists::{ListBatch, SAME_CONTENT},
    },
};
use hongbao_shared::Timestamp;
use std::collections::BTreeMap;

/// A table of lines.
struct Lines {
    table: &'static str,
    /// Together with `year`, all columns, the key first. The year is not what a line says:
    /// it depends on the zone that the line was written in.
    columns: &'static [&'static str],
    /// How many of them are the same whenever a line comes again.
    same: usize,
    /// What totals count of a line.
    counted: &'static str,
}

const SENT: Lines = Lines {
    table: "sent",
    columns: &["order_no", "user_id", "group_id", "kind", "total_fen", "shares", "at"],
    // All but its time: see `SentRow::is_of`.
    same: 6,
    counted: "user_id, at, total_fen",
};

const RECEIVED: Lines = Lines {
    table: "received",
    columns: &["order_no", "user_id", "seq", "sender_id", "group_id", "kind", "amount_fen", "at"],
    same: 8,
    counted: "user_id, at, amount_fen",
};

const BEST_LUCKS: Lines = Lines {
    table: "best_lucks",
    columns: &["order_no", "user_id"],
    same: 2,
    counted: "user_id, order_no",
};

/// The columns of the table of totals.
const TOTALS: [&str; 8] = [
    "user_id",
    "year",
    "month",
    "sent_count",
    "sent_fen",
    "received_count",
    "received_fen",
    "best_lucks",
];

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

/// Others may write beside it. Whoever brings the same line waits for the first and then
/// finds it; totals are counted up where they stand. All take their rows in one order:
/// table by table, and within a table by key.
pub(super) async fn record(
    tx: &mut Tx<'_>,
    batch: &ListBatch,
    zone: &Zone,
) -> Result<(), StoreError> {
    let added = insert(tx, batch, zone).await?;
    add_totals(tx, &added).await
}

/// Inserts the lines that are not there yet, and says what they add to totals.
pub(super) async fn insert(
    tx: &mut Tx<'_>,
    batch: &ListBatch,
    zone: &Zone,
) -> Result<AddedByMonth, StoreError> {
    let mut added = AddedByMonth::new();
    let year = |at| i64::from(zone.month(at).year);
    let month = |user, at| (user, zone.month(Timestamp::from_millis(at)));

    let sent = batch.sent.iter().map(|row| {
        vec![
            row.order_no.to_bits(),
            row.user_id.get(),
            row.group_id.get(),
            row.kind.byte().into(),
            row.total_fen.signed(),
            row.shares.into(),
            row.at.millis(),
            year(row.at),
        ]
    });
    for row in insert_new(tx, &SENT, sent).await? {
        let added = added.entry(month(row.try_get(0)?, row.try_get(1)?)).or_default();
        added.sent_count += 1;
        added.sent_fen += row.try_get::<i64>(2)?;
    }

    let received = batch.received.iter().map(|row| {
        vec![
            row.order_no.to_bits(),
            row.user_id.get(),
            row.seq.into(),
            row.sender_id.get(),
            row.group_id.get(),
            row.kind.byte().into(),
            row.amount_fen.signed(),
            row.at.millis(),
            year(row.at),
        ]
    });
    for row in insert_new(tx, &RECEIVED, received).await? {
        let added = added.entry(month(row.try_get(0)?, row.try_get(1)?)).or_default();
        added.received_count += 1;
        added.received_fen += row.try_get::<i64>(2)?;
    }

    let opened_at: BTreeMap<_, _> =
        batch.best_lucks.iter().map(|row| (row.order_no.to_bits(), row.at.millis())).collect();
    let best_lucks = batch.best_lucks.iter();
    let best_lucks =
        best_lucks.map(|row| vec![row.order_no.to_bits(), row.user_id.get(), year(row.at)]);
    for row in insert_new(tx, &BEST_LUCKS, best_lucks).await? {
        let at = opened_at.get(&row.try_get(1)?).copied().unwrap_or_default();
        added.entry(month(row.try_get(0)?, at)).or_default().best_lucks += 1;
    }
    Ok(added)
}

/// Inserts rows that are not there yet, each the columns of `lines` and its year, and gives
/// what totals count of them.
async fn insert_new(
    tx: &mut Tx<'_>,
    lines: &Lines,
    rows: impl Iterator<Item = Vec<i64>>,
) -> Result<Vec<Row>, StoreError> {
    let Lines { table, columns, same, counted } = lines;
    let given = Given::new(columns.iter().copied().chain(["year"]), rows);
    if given.len() == 0 {
        return Ok(Vec::new());
    }
    let columns_and_year = format!("{}, year", columns.join(", "));
    // No constraint is named, because PostgreSQL takes a row that another transaction is
    // inserting for a violation of those that are not.
    let insert = given.sql(tx.dialect(), |given| {
        format!(
            "INSERT INTO {table} ({columns_and_year}) SELECT {columns_and_year} FROM {given}
             WHERE true ON CONFLICT DO NOTHING RETURNING {counted}"
        )
    });
    let new = insert.fetch_all(&mut *tx).await?;
    if new.len() == given.len() {
        return Ok(new);
    }
    let same: Vec<_> =
        columns.iter().take(*same).map(|name| format!("held.{name} = given.{name}")).collect();
    let same = same.join(" AND ");
    let differs = given.sql(tx.dialect(), |given| {
        format!(
            "SELECT EXISTS (
                 SELECT 1 FROM {given}
                 WHERE NOT EXISTS (SELECT 1 FROM {table} AS held WHERE {same}))"
        )
    });
    if differs.scalar(tx).await? {
        return Err(StoreError::Constraint { name: SAME_CONTENT.to_owned() });
    }
    Ok(new)
}

pub(super) async fn add_totals(tx: &mut Tx<'_>, added: &AddedByMonth) -> Result<(), StoreError> {
    if added.is_empty() {
        return Ok(());
    }
    let rows = added.iter().map(|((user, month), added)| {
        vec![
            *user,
            month.year.into(),
            month.month.into(),
            added.sent_count,
            added.sent_fen,
            added.received_count,
            added.received_fen,
            added.best_lucks,
        ]
    });
    let columns = TOTALS.join(", ");
    let statement = Given::new(TOTALS, rows).sql(tx.dialect(), |given| {
        format!(
            "INSERT INTO totals ({columns}) SELECT {columns} FROM {given} WHERE true
             ON CONFLICT (user_id, year, month) DO UPDATE SET
                 sent_count = totals.sent_count + excluded.sent_count,
                 sent_fen = totals.sent_fen + excluded.sent_fen,
                 received_count = totals.received_count + excluded.received_count,
                 received_fen = totals.received_fen + excluded.received_fen,
                 best_lucks = totals.best_lucks + excluded.best_lucks"
        )
    });
    statement.execute(tx).await?;
    Ok(())
}
