//! What changes beside the books: pre-orders, and landings that were lost.

use super::{Database, StoreError, outbox, sql, to_json};
use hongbao_domain::{
    book,
    record::PreOrderRecord,
    store::{marks::Mark, outbox::Destination},
};
use hongbao_shared::{OrderNo, Timestamp};

/// As if alone: two that reconcile at once see the same row missing.
pub(super) async fn land_again(
    database: &Database,
    order_no: OrderNo,
    now: Timestamp,
) -> Result<bool, StoreError> {
    database
        .write((), move |tx, ()| {
            Box::pin(async move {
                let lost: bool = sql("SELECT EXISTS (SELECT 1 FROM payments WHERE order_no = $1)
                        AND NOT EXISTS (SELECT 1 FROM outbox
                                        WHERE order_no = $1 AND destination = $2)")
                .bind(order_no.to_bits())
                .bind(Destination::Land.number())
                .scalar(&mut *tx)
                .await?;
                if lost {
                    outbox::insert(tx, &[book::land(order_no)], now).await?;
                }
                Ok(lost)
            })
        })
        .await
}

pub(super) async fn put_pre_order(
    database: &Database,
    record: &PreOrderRecord,
) -> Result<(), StoreError> {
    let statement = sql("INSERT INTO pre_orders (order_no, record, expires_at)
         VALUES ($1, $2, $3)
         ON CONFLICT (order_no) DO UPDATE SET record = excluded.record
         WHERE pre_orders.record = excluded.record")
    .bind(record.order_no.to_bits())
    .bind(to_json(record)?)
    .bind(record.expires_at.millis());
    if database.change_at_once(statement).await? == 1 {
        Ok(())
    } else {
        Err(StoreError::Constraint { name: "pre_orders_pkey".to_owned() })
    }
}

pub(super) async fn purge_pre_orders(
    database: &Database,
    now: Timestamp,
    limit: u32,
) -> Result<u64, StoreError> {
    // Where nodes purge at the same time, each takes rows that no other is taking.
    let text = database.dialect().pick(
        "DELETE FROM pre_orders WHERE order_no IN
             (SELECT order_no FROM pre_orders WHERE expires_at < $1
              ORDER BY expires_at LIMIT $2)",
        "DELETE FROM pre_orders WHERE order_no IN
             (SELECT order_no FROM pre_orders WHERE expires_at < $1
              ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)",
    );
    database.change_at_once(sql(text).bind(now.millis()).bind(limit)).await
}

pub(super) async fn raise(database: &Database, mark: Mark, by: u64) -> Result<u64, StoreError> {
    let by = i64::try_from(by).map_err(|_| StoreError::Corrupt(format!("mark by {by}")))?;
    let statement = sql("INSERT INTO marks (name, next) VALUES ($1, $2)
         ON CONFLICT (name) DO UPDATE SET next = marks.next + $2 RETURNING next")
    .bind(mark.to_string())
    .bind(by);
    let after: i64 = database
        .write_at_once(statement, |tx, statement| Box::pin(statement.clone().scalar(tx)))
        .await?;
    u64::try_from(after.saturating_sub(by))
        .map_err(|_| StoreError::Corrupt(format!("mark at {after}")))
}
