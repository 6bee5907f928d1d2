//! What audits read of the database of lists: whole tables in the order of packets, and
//! totals against the lines that they count.

use super::{
    super::{Database, sql},
    read::{received_row, sent_row},
};
use hongbao_domain::store::{
    StoreError,
    lists::{Listed, ReceivedRow, SentRow, TotalsOff},
};
use hongbao_shared::{OrderNo, UserId};

macro_rules! sent {
    ($condition:literal) => {
        concat!(
            "SELECT order_no, user_id, group_id, kind, at, total_fen, shares FROM sent WHERE ",
            $condition
        )
    };
}

macro_rules! received {
    ($condition:literal) => {
        concat!(
            "SELECT order_no, user_id, group_id, kind, at, amount_fen, seq, sender_id
             FROM received WHERE ",
            $condition
        )
    };
}

pub(super) async fn listed(database: &Database, order_no: OrderNo) -> Result<Listed, StoreError> {
    let bits = order_no.to_bits();
    let sent = sql(sent!("order_no = $1")).bind(bits).first(database, sent_row).await?;
    let received = sql(received!("order_no = $1 ORDER BY user_id"))
        .bind(bits)
        .all(database, received_row)
        .await?;
    let best_luck = sql("SELECT user_id FROM best_lucks WHERE order_no = $1")
        .bind(bits)
        .scalar_optional(database)
        .await?;
    Ok(Listed { sent, received, best_luck })
}

pub(super) async fn sent_page(
    database: &Database,
    after: Option<OrderNo>,
    limit: u32,
) -> Result<Vec<SentRow>, StoreError> {
    sql(sent!("order_no > $1 ORDER BY order_no LIMIT $2"))
        .bind(after.map_or(-1, OrderNo::to_bits))
        .bind(limit)
        .all(database, sent_row)
        .await
}

pub(super) async fn received_page(
    database: &Database,
    after: Option<(OrderNo, UserId)>,
    limit: u32,
) -> Result<Vec<ReceivedRow>, StoreError> {
    let (order_no, user) = after.map_or((-1, -1), |(no, user)| (no.to_bits(), user.get()));
    sql(received!("(order_no, user_id) > ($1, $2) ORDER BY order_no, user_id LIMIT $3"))
        .bind(order_no)
        .bind(user)
        .bind(limit)
        .all(database, received_row)
        .await
}

pub(super) async fn best_lucks_page(
    database: &Database,
    after: Option<OrderNo>,
    limit: u32,
) -> Result<Vec<(OrderNo, UserId)>, StoreError> {
    sql("SELECT order_no, user_id FROM best_lucks WHERE order_no > $1 ORDER BY order_no LIMIT $2")
        .bind(after.map_or(-1, OrderNo::to_bits))
        .bind(limit)
        .all(database, |row| Ok((row.try_get(0)?, row.try_get(1)?)))
        .await
}

/// People with a line or a total: each part walks an index whose first column is the
/// person. A best luck without its received line is found from the packet's side.
const LAST_OF_PAGE: &str = "
    SELECT max(user_id) FROM (
        SELECT user_id FROM (
            SELECT * FROM (SELECT DISTINCT user_id FROM totals WHERE user_id > $1
                           ORDER BY user_id LIMIT $2) AS t
            UNION
            SELECT * FROM (SELECT DISTINCT user_id FROM sent WHERE user_id > $1
                           ORDER BY user_id LIMIT $2) AS s
            UNION
            SELECT * FROM (SELECT DISTINCT user_id FROM received WHERE user_id > $1
                           ORDER BY user_id LIMIT $2) AS r
        ) AS people ORDER BY user_id LIMIT $2
    ) AS page";

/// One statement, so that no commit comes between the lines and their totals.
const TOTALS_OFF: &str = "
    SELECT user_id, year, CAST(sum(a) AS BIGINT), CAST(sum(b) AS BIGINT),
           CAST(sum(c) AS BIGINT), CAST(sum(d) AS BIGINT), CAST(sum(e) AS BIGINT)
    FROM (
        SELECT user_id, year, sent_count AS a, sent_fen AS b, received_count AS c,
               received_fen AS d, best_lucks AS e
        FROM totals WHERE user_id > $1 AND user_id <= $2
        UNION ALL
        SELECT user_id, year, -1, -total_fen, 0, 0, 0
        FROM sent WHERE user_id > $1 AND user_id <= $2
        UNION ALL
        SELECT r.user_id, r.year, 0, 0, -1, -r.amount_fen,
               CASE WHEN b.order_no IS NULL THEN 0 ELSE -1 END
        FROM received AS r LEFT JOIN best_lucks AS b
             ON b.order_no = r.order_no AND b.user_id = r.user_id AND b.year = r.year
        WHERE r.user_id > $1 AND r.user_id <= $2
    ) AS counts
    GROUP BY user_id, year
    HAVING sum(a) <> 0 OR sum(b) <> 0 OR sum(c) <> 0 OR sum(d) <> 0 OR sum(e) <> 0
    ORDER BY user_id, year";

pub(super) async fn totals_off(
    database: &Database,
    after: Option<UserId>,
    limit: u32,
) -> Result<Option<(UserId, Vec<TotalsOff>)>, StoreError> {
    let after = after.map_or(-1, UserId::get);
    let last: Option<UserId> = sql(LAST_OF_PAGE).bind(after).bind(limit).scalar(database).await?;
    let Some(last) = last else { return Ok(None) };
    let off = sql(TOTALS_OFF)
        .bind(after)
        .bind(last.get())
        .fetch_all(database)
        .await?
        .into_iter()
        .map(|row| {
            let mut more = [0; 5];
            for (column, more) in (2..).zip(&mut more) {
                *more = row.try_get(column)?;
            }
            Ok(TotalsOff { user_id: row.try_get(0)?, year: row.try_get(1)?, more })
        })
        .collect::<Result<_, StoreError>>()?;
    Ok(Some((last, off)))
}
