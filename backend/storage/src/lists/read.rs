//! What only reads the database of lists.

use super::super::{Database, Row, sql};
use hongbao_domain::store::{
    StoreError,
    lists::{List, ListKey, ReceivedLine, ReceivedRow, SentRow, Totals},
};
use hongbao_shared::{Fen, OrderNo, UserId};

/// A page of one of the two lists: `$columns` of `$from`, where the list's own table is
/// `l`.
macro_rules! page_of {
    ($columns:literal, $from:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM ",
            $from,
            " WHERE l.user_id = $1 AND l.year = $2 AND (l.at, l.order_no) < ($3, $4)
             ORDER BY l.at DESC, l.order_no DESC LIMIT $5"
        )
    };
}

/// Which page.
pub(super) struct Part {
    pub(super) user: UserId,
    pub(super) year: i16,
    pub(super) after: Option<ListKey>,
    pub(super) limit: u32,
}

pub(super) async fn sent(database: &Database, part: &Part) -> Result<Vec<SentRow>, StoreError> {
    let statement =
        page_of!("order_no, user_id, group_id, kind, at, total_fen, shares", "sent AS l");
    page(database, statement, part, sent_row).await
}

/// From `order_no, user_id, group_id, kind, at, total_fen, shares`.
pub(super) fn sent_row(row: &Row) -> Result<SentRow, StoreError> {
    Ok(SentRow {
        order_no: row.try_get(0)?,
        user_id: row.try_get(1)?,
        group_id: row.try_get(2)?,
        kind: row.try_get(3)?,
        at: row.try_get(4)?,
        total_fen: row.try_get(5)?,
        shares: row.try_get(6)?,
    })
}

pub(super) async fn listed_shares(
    database: &Database,
    order_no: OrderNo,
    from_seq: u32,
    limit: u32,
) -> Result<Vec<ReceivedRow>, StoreError> {
    sql("SELECT order_no, user_id, group_id, kind, at, amount_fen, seq, sender_id
         FROM received WHERE order_no = $1 AND seq >= $2 ORDER BY seq LIMIT $3")
    .bind(order_no.to_bits())
    .bind(from_seq)
    .bind(limit)
    .all(database, received_row)
    .await
}

pub(super) async fn listed_orders(
    database: &Database,
    after: Option<OrderNo>,
    limit: u32,
) -> Result<Vec<OrderNo>, StoreError> {
    // Each part is limited on its own, because it could be the whole answer.
    sql("SELECT * FROM (SELECT order_no FROM sent WHERE order_no > $1
                        ORDER BY order_no LIMIT $2) AS s
         UNION
         SELECT * FROM (SELECT DISTINCT order_no FROM received WHERE order_no > $1
                        ORDER BY order_no LIMIT $2) AS r
         UNION
         SELECT * FROM (SELECT order_no FROM best_lucks WHERE order_no > $1
                        ORDER BY order_no LIMIT $2) AS b
         ORDER BY order_no LIMIT $2")
    .bind(after.map_or(-1, OrderNo::to_bits))
    .bind(limit)
    .scalars(database)
    .await
}

pub(super) async fn received(
    database: &Database,
    part: &Part,
) -> Result<Vec<ReceivedLine>, StoreError> {
    let statement = page_of!(
        "l.order_no, l.user_id, l.group_id, l.kind, l.at, l.amount_fen, l.seq, l.sender_id,
         b.order_no IS NOT NULL",
        "received AS l LEFT JOIN best_lucks AS b
             ON b.order_no = l.order_no AND b.user_id = l.user_id"
    );
    page(database, statement, part, |row| {
        Ok(ReceivedLine { row: received_row(row)?, best_luck: row.try_get(8)? })
    })
    .await
}

/// From `order_no, user_id, group_id, kind, at, amount_fen, seq, sender_id`.
pub(super) fn received_row(row: &Row) -> Result<ReceivedRow, StoreError> {
    Ok(ReceivedRow {
        order_no: row.try_get(0)?,
        user_id: row.try_get(1)?,
        group_id: row.try_get(2)?,
        kind: row.try_get(3)?,
        at: row.try_get(4)?,
        amount_fen: row.try_get(5)?,
        seq: row.try_get(6)?,
        sender_id: row.try_get(7)?,
    })
}

async fn page<T>(
    database: &Database,
    statement: &'static str,
    part: &Part,
    line: impl Fn(&Row) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    // Everything is before the end of time.
    let (at, order_no) =
        part.after.map_or((i64::MAX, i64::MAX), |key| (key.at.millis(), key.order_no.to_bits()));
    let rows = sql(statement)
        .bind(part.user.get())
        .bind(i64::from(part.year))
        .bind(at)
        .bind(order_no)
        .bind(part.limit)
        .fetch_all(database)
        .await?;
    rows.iter().map(line).collect()
}

pub(super) async fn months(
    database: &Database,
    user: UserId,
    year: i16,
) -> Result<Vec<(u8, Totals)>, StoreError> {
    sql("SELECT month, sent_count, sent_fen, received_count, received_fen, best_lucks
         FROM totals WHERE user_id = $1 AND year = $2 ORDER BY month")
    .bind(user.get())
    .bind(i64::from(year))
    .all(database, |row| {
        let totals = Totals {
            sent_count: count(row, 1)?,
            sent_fen: row.try_get(2)?,
            received_count: count(row, 3)?,
            received_fen: row.try_get(4)?,
            best_lucks: count(row, 5)?,
        };
        Ok((row.try_get(0)?, totals))
    })
    .await
}

pub(super) async fn years(
    database: &Database,
    user: UserId,
    list: List,
) -> Result<Vec<i16>, StoreError> {
    let statement = match list {
        List::Sent => {
            "SELECT DISTINCT year FROM totals WHERE user_id = $1 AND sent_count > 0
             ORDER BY year DESC"
        }
        List::Received => {
            "SELECT DISTINCT year FROM totals WHERE user_id = $1 AND received_count > 0
             ORDER BY year DESC"
        }
    };
    sql(statement).bind(user.get()).scalars(database).await
}

pub(super) async fn received_fen(database: &Database, user: UserId) -> Result<Fen, StoreError> {
    sql("SELECT CAST(coalesce(sum(received_fen), 0) AS BIGINT) FROM totals WHERE user_id = $1")
        .bind(user.get())
        .scalar(database)
        .await
}

fn count(row: &Row, column: usize) -> Result<u64, StoreError> {
    let count: i64 = row.try_get(column)?;
    u64::try_from(count).map_err(|_| StoreError::Corrupt(format!("{count} is not a count")))
}
