//! Writes rows that went missing, and counts again whom they belong to.

use super::write::{Added, AddedByMonth, add_totals, record};
use crate::{
    runtime::{Month, Zone},
    store::{StoreError, lists::ListBatch},
};
use hongbao_shared::Timestamp;
use sqlx::SqliteConnection;
use std::collections::BTreeSet;

pub(super) async fn restore(
    tx: &mut SqliteConnection,
    batch: ListBatch,
    zone: Zone,
) -> Result<(), StoreError> {
    let sent = batch.sent.iter().map(|row| (row.user_id, row.at));
    let received = batch.received.iter().map(|row| (row.user_id, row.at));
    let best_lucks = batch.best_lucks.iter().map(|row| (row.user_id, row.at));
    let touched: BTreeSet<_> = sent
        .chain(received)
        .chain(best_lucks)
        .map(|(user, at)| (user.get(), zone.month(at).year))
        .collect();
    record(&mut *tx, batch, zone.clone()).await?;
    for (user, year) in touched {
        count_again(&mut *tx, user, year, &zone).await?;
    }
    Ok(())
}

/// A person's year from its rows. A best luck is of the month in which its share was
/// opened.
async fn count_again(
    tx: &mut SqliteConnection,
    user: i64,
    year: i16,
    zone: &Zone,
) -> Result<(), StoreError> {
    let rows: Vec<(i64, i64, i64, i64)> = sqlx::query_as(
        "SELECT at, 0, total_fen, 0 FROM sent WHERE user_id = ?1 AND year = ?2
         UNION ALL
         SELECT at, 1, amount_fen, EXISTS (SELECT 1 FROM best_lucks AS b
                                           WHERE b.order_no = r.order_no
                                             AND b.user_id = r.user_id AND b.year = r.year)
         FROM received AS r WHERE user_id = ?1 AND year = ?2",
    )
    .bind(user)
    .bind(year)
    .fetch_all(&mut *tx)
    .await?;
    let mut months = AddedByMonth::new();
    for (at, is_received, amount_fen, best_lucks) in rows {
        let month = month_within(year, zone.month(Timestamp::from_millis(at)));
        let added: &mut Added = months.entry((user, month)).or_default();
        if is_received == 1 {
            added.received_count += 1;
            added.received_fen += amount_fen;
            added.best_lucks += best_lucks;
        } else {
            added.sent_count += 1;
            added.sent_fen += amount_fen;
        }
    }
    sqlx::query("DELETE FROM totals WHERE user_id = ?1 AND year = ?2")
        .bind(user)
        .bind(year)
        .execute(&mut *tx)
        .await?;
    add_totals(tx, &months).await
}

/// The year is the one that a row was recorded under, whatever the zone was then.
fn month_within(year: i16, month: Month) -> Month {
    match month.year {
        before if before < year => Month { year, month: 1 },
        after if after > year => Month { year, month: 12 },
        _ => month,
    }
}
