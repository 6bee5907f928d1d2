//! Ends: packets whose time is over (R-MONEY-4, R-MONEY-6).

use super::{
    super::{Database, outbox, sql},
    StoreError,
    statements::{DUE, statements},
};
use hongbao_domain::{
    crash::{self, Step},
    store::orders::{Announcement, Ended, Tell, gather},
};
use hongbao_shared::{Day, OrderNo, Timestamp};
use std::collections::BTreeMap;

pub(super) async fn due(
    database: &Database,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<OrderNo>, StoreError> {
    let text = database.dialect().pick(DUE.0, DUE.1);
    sql(text).bind(now.millis()).bind(limit).scalars(database).await
}

/// Each statement guards what it changes, so others may work beside it: what an append has
/// committed by then is in the row that ends, and what comes after finds no open packet.
pub(super) async fn end(
    database: &Database,
    orders: &[OrderNo],
    now: Timestamp,
    tell: Tell,
) -> Result<Vec<Ended>, StoreError> {
    let mut days: BTreeMap<Day, Vec<i64>> = BTreeMap::new();
    for order_no in orders {
        days.entry(order_no.day()).or_default().push(order_no.to_bits());
    }
    database
        .write_by_row((days, tell), move |tx, (days, tell)| {
            Box::pin(async move {
                let mut all = Vec::new();
                let mut told: Vec<(OrderNo, Announcement)> = Vec::new();
                for (day, numbers) in days {
                    let texts = &statements(*day).end;
                    let rows = sql(tx.dialect().pick(texts.0, texts.1))
                        .bind(now.millis())
                        .bind(numbers.clone())
                        .fetch_all(&mut *tx)
                        .await?;
                    for row in rows {
                        let ended = Ended {
                            order_no: row.try_get(0)?,
                            sender_id: row.try_get(1)?,
                            rest_fen: row.try_get(2)?,
                        };
                        told.extend(tell(&ended).into_iter().map(|event| (ended.order_no, event)));
                        all.push(ended);
                    }
                }
                let told = told.iter().map(|(order_no, event)| (*order_no, event));
                crash::inside(Step::Expire);
                outbox::insert(tx, &gather(told), now).await?;
                crash::at_commit(Step::Expire);
                Ok(all)
            })
        })
        .await
}
