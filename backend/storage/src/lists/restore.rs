//! Writes rows that went missing, and counts again whom they belong to.

use super::{
    super::{Dialect, Tx},
    given::Given,
    write::{Added, AddedByMonth, add_totals, insert},
};
use hongbao_domain::{
    runtime::{Month, Zone},
    store::{StoreError, lists::ListBatch},
};
use hongbao_shared::Timestamp;
use std::collections::BTreeSet;

/// How many people's years are read at once; a person opens a few thousand shares a year.
const YEARS_AT_ONCE_MAX: usize = 50;

/// A person's year.
type Year = (i64, i16);

/// For a transaction that sees one moment only: on PostgreSQL, totals that others have
/// counted up since then make it start over. What they count up afterwards is of lines
/// that were not there at that moment.
pub(super) async fn restore(
    tx: &mut Tx<'_>,
    batch: &ListBatch,
    zone: &Zone,
) -> Result<(), StoreError> {
    let sent = batch.sent.iter().map(|row| (row.user_id, row.at));
    let received = batch.received.iter().map(|row| (row.user_id, row.at));
    let best_lucks = batch.best_lucks.iter().map(|row| (row.user_id, row.at));
    let touched: BTreeSet<Year> = sent
        .chain(received)
        .chain(best_lucks)
        .map(|(user, at)| (user.get(), zone.month(at).year))
        .collect();
    let touched: Vec<Year> = touched.into_iter().collect();
    insert(tx, batch, zone).await?;
    forget(tx, &touched).await?;
    let mut months = AddedByMonth::new();
    for part in touched.chunks(YEARS_AT_ONCE_MAX) {
        count(tx, part, zone, &mut months).await?;
    }
    add_totals(tx, &months).await
}

fn given(years: &[Year]) -> Given {
    let rows = years.iter().map(|(user, year)| vec![*user, i64::from(*year)]);
    Given::new(["user_id", "year"], rows)
}

/// Deletes the totals of these years.
async fn forget(tx: &mut Tx<'_>, years: &[Year]) -> Result<(), StoreError> {
    let given = given(years);
    if tx.dialect() == Dialect::Postgres {
        // In the order of those that count up; DELETE has an order of its own.
        let lock = given.sql(tx.dialect(), |given| {
            format!(
                "SELECT t.user_id
                 FROM totals AS t
                 JOIN {given} ON t.user_id = given.user_id AND t.year = given.year
                 ORDER BY t.user_id, t.year, t.month FOR UPDATE OF t"
            )
        });
        lock.fetch_all(&mut *tx).await?;
    }
    let delete = given.sql(tx.dialect(), |given| {
        format!(
            "DELETE FROM totals
             WHERE (user_id, year) IN (SELECT given.user_id, given.year FROM {given})"
        )
    });
    delete.execute(tx).await?;
    Ok(())
}

/// Adds up the rows of these years. A best luck is of the month in which its share was
/// opened.
async fn count(
    tx: &mut Tx<'_>,
    years: &[Year],
    zone: &Zone,
    months: &mut AddedByMonth,
) -> Result<(), StoreError> {
    let rows = given(years).sql(tx.dialect(), |given| {
        format!(
            "SELECT s.user_id, s.year, s.at, NULL, s.total_fen, NULL
             FROM {given} JOIN sent AS s ON s.user_id = given.user_id AND s.year = given.year
             UNION ALL
             SELECT r.user_id, r.year, r.at, r.seq, r.amount_fen, b.order_no
             FROM {given}
             JOIN received AS r ON r.user_id = given.user_id AND r.year = given.year
             LEFT JOIN best_lucks AS b
                  ON b.order_no = r.order_no AND b.user_id = r.user_id AND b.year = r.year"
        )
    });
    for row in rows.fetch_all(tx).await? {
        let (year, at): (i16, i64) = (row.try_get(1)?, row.try_get(2)?);
        let month = month_within(year, zone.month(Timestamp::from_millis(at)));
        let added: &mut Added = months.entry((row.try_get(0)?, month)).or_default();
        let (share, fen): (Option<i64>, i64) = (row.try_get(3)?, row.try_get(4)?);
        if share.is_some() {
            let best_luck: Option<i64> = row.try_get(5)?;
            added.received_count += 1;
            added.received_fen += fen;
            added.best_lucks += i64::from(best_luck.is_some());
        } else {
            added.sent_count += 1;
            added.sent_fen += fen;
        }
    }
    Ok(())
}

/// The year is the one that a row was recorded under, whatever the zone was then.
fn month_within(year: i16, month: Month) -> Month {
    match month.year {
        before if before < year => Month { year, month: 1 },
        after if after > year => Month { year, month: 12 },
        _ => month,
    }
}
