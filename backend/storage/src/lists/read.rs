//! What only reads the database of lists.

use super::{
    super::{Database, Row, sql, statement::readable_page},
    SqlLists,
};
use async_trait::async_trait;
use hongbao_domain::store::{
    StoreError,
    lists::{
        List, ListKey, ListReads, Listed, ReceivedLine, ReceivedRow, SentRow, Totals, TotalsOff,
    },
};
use hongbao_shared::{Fen, OrderNo, Timestamp, UserId};

/// The columns of a line of "sent".
const SENT: &str = "order_no, user_id, group_id, kind, at, total_fen, shares";
/// Likewise, of "received".
const RECEIVED: &str = "order_no, user_id, group_id, kind, at, amount_fen, seq, sender_id";

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

#[async_trait]
impl ListReads for SqlLists {
    async fn sent(
        &self,
        user: UserId,
        year: i16,
        after: Option<ListKey>,
        limit: u32,
    ) -> Result<Vec<SentRow>, StoreError> {
        let from = format!("{SENT} FROM sent AS l");
        page(&self.database, from, (user, year), after, limit, sent_row).await
    }

    async fn received(
        &self,
        user: UserId,
        year: i16,
        after: Option<ListKey>,
        limit: u32,
    ) -> Result<Vec<ReceivedLine>, StoreError> {
        let from = format!(
            "{RECEIVED}, EXISTS (SELECT 1 FROM best_lucks AS b
                                 WHERE b.order_no = l.order_no AND b.user_id = l.user_id)
             FROM received AS l"
        );
        page(&self.database, from, (user, year), after, limit, |row| {
            Ok(ReceivedLine { row: received_row(row)?, best_luck: row.try_get(8)? })
        })
        .await
    }

    async fn months(&self, user: UserId, year: i16) -> Result<Vec<(u8, Totals)>, StoreError> {
        sql("SELECT month, sent_count, sent_fen, received_count, received_fen, best_lucks
             FROM totals WHERE user_id = $1 AND year = $2 ORDER BY month")
        .bind(user.get())
        .bind(i64::from(year))
        .all(&self.database, |row| {
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

    async fn years(&self, user: UserId, list: List) -> Result<Vec<i16>, StoreError> {
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
        sql(statement).bind(user.get()).scalars(&self.database).await
    }

    async fn listed_shares(
        &self,
        order_no: OrderNo,
        from_seq: u32,
        limit: u32,
    ) -> Result<Vec<ReceivedRow>, StoreError> {
        sql(format!(
            "SELECT {RECEIVED} FROM received
             WHERE order_no = $1 AND seq >= $2 ORDER BY seq LIMIT $3"
        ))
        .bind(order_no.to_bits())
        .bind(from_seq)
        .bind(limit)
        .all(&self.database, received_row)
        .await
    }

    async fn received_fen(&self, user: UserId) -> Result<Fen, StoreError> {
        sql("SELECT CAST(coalesce(sum(received_fen), 0) AS BIGINT) FROM totals WHERE user_id = $1")
            .bind(user.get())
            .scalar(&self.database)
            .await
    }

    async fn received_since(
        &self,
        user: UserId,
        year: i16,
        since: Timestamp,
    ) -> Result<Fen, StoreError> {
        sql("SELECT CAST(coalesce(sum(amount_fen), 0) AS BIGINT) FROM received
             WHERE user_id = $1 AND year = $2 AND at >= $3")
        .bind(user.get())
        .bind(i64::from(year))
        .bind(since.millis())
        .scalar(&self.database)
        .await
    }

    async fn listed(&self, order_no: OrderNo) -> Result<Listed, StoreError> {
        let bits = order_no.to_bits();
        let sent = sql(format!("SELECT {SENT} FROM sent WHERE order_no = $1"))
            .bind(bits)
            .first(&self.database, sent_row)
            .await?;
        let received =
            sql(format!("SELECT {RECEIVED} FROM received WHERE order_no = $1 ORDER BY user_id"))
                .bind(bits)
                .all(&self.database, received_row)
                .await?;
        let best_luck = sql("SELECT user_id FROM best_lucks WHERE order_no = $1")
            .bind(bits)
            .scalar_optional(&self.database)
            .await?;
        Ok(Listed { sent, received, best_luck })
    }

    async fn sent_page(
        &self,
        after: Option<OrderNo>,
        limit: u32,
    ) -> Result<Vec<SentRow>, StoreError> {
        sql(format!("SELECT {SENT} FROM sent WHERE order_no > $1 ORDER BY order_no LIMIT $2"))
            .bind(after.map_or(-1, OrderNo::to_bits))
            .bind(limit)
            .all(&self.database, sent_row)
            .await
    }

    async fn received_page(
        &self,
        after: Option<(OrderNo, UserId)>,
        limit: u32,
    ) -> Result<Vec<ReceivedRow>, StoreError> {
        let (order_no, user) = after.map_or((-1, -1), |(no, user)| (no.to_bits(), user.get()));
        sql(format!("SELECT {RECEIVED} FROM received WHERE (order_no, user_id) > ($1, $2) ORDER BY order_no, user_id LIMIT $3"))
            .bind(order_no)
            .bind(user)
            .bind(limit)
            .all(&self.database, received_row)
            .await
    }

    async fn best_lucks_page(
        &self,
        after: Option<OrderNo>,
        limit: u32,
    ) -> Result<Vec<(OrderNo, UserId)>, StoreError> {
        sql("SELECT order_no, user_id FROM best_lucks WHERE order_no > $1 ORDER BY order_no LIMIT $2")
            .bind(after.map_or(-1, OrderNo::to_bits))
            .bind(limit)
            .all(&self.database, |row| Ok((row.try_get(0)?, row.try_get(1)?)))
            .await
    }

    async fn totals_off(
        &self,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Option<(UserId, Vec<TotalsOff>)>, StoreError> {
        let after = after.map_or(-1, UserId::get);
        let last: Option<UserId> =
            sql(LAST_OF_PAGE).bind(after).bind(limit).scalar(&self.database).await?;
        let Some(last) = last else { return Ok(None) };
        let off = sql(TOTALS_OFF)
            .bind(after)
            .bind(last.get())
            .fetch_all(&self.database)
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
}

/// From [`SENT`].
fn sent_row(row: &Row) -> Result<SentRow, StoreError> {
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

/// From [`RECEIVED`].
fn received_row(row: &Row) -> Result<ReceivedRow, StoreError> {
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

/// A page of one of the two lists, whose own table is `l`.
async fn page<T: Send>(
    database: &Database,
    columns_and_tables: String,
    (user, year): (UserId, i16),
    after: Option<ListKey>,
    limit: u32,
    line: impl Fn(&Row) -> Result<T, StoreError> + Send,
) -> Result<Vec<T>, StoreError> {
    // Everything is before the end of time.
    let first = after.map_or((i64::MAX, i64::MAX), |key| (key.at.millis(), key.order_no.to_bits()));
    let page = |last: Option<&Row>, limit: u32| {
        let (at, order_no) =
            last.map_or(Ok(first), |row| Ok((row.try_get(4)?, row.try_get(0)?)))?;
        let page = sql(format!(
            "SELECT {columns_and_tables}
             WHERE l.user_id = $1 AND l.year = $2 AND (l.at, l.order_no) < ($3, $4)
             ORDER BY l.at DESC, l.order_no DESC LIMIT $5"
        ));
        let page = page.bind(user.get()).bind(i64::from(year)).bind(at).bind(order_no);
        Ok(page.bind(limit))
    };
    readable_page(database, limit, page, line).await
}

fn count(row: &Row, column: usize) -> Result<u64, StoreError> {
    let count: i64 = row.try_get(column)?;
    u64::try_from(count).map_err(|_| StoreError::Corrupt(format!("{count} is not a count")))
}
