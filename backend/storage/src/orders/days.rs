//! The cycle of days: which tables hold which day, and how they are emptied (R-STORE-1).

use super::{
    super::{Database, Tx, outbox, sql},
    StoreError, moves,
    statements::statements,
};
use hongbao_domain::store::{
    orders::{DaySum, DayTable, Emptied},
    outbox::order_of,
};
use hongbao_shared::Day;

pub(super) async fn days(database: &Database) -> Result<Vec<DayTable>, StoreError> {
    let rows =
        sql("SELECT slot, epoch_day, sealed FROM days ORDER BY slot").fetch_all(database).await?;
    let mut days = Vec::with_capacity(rows.len());
    for row in rows {
        let slot: u8 = row.try_get(0)?;
        let day = Day::new(slot).ok_or_else(|| StoreError::Corrupt(format!("day {slot}")))?;
        let (epoch_day, sealed) = (row.try_get(1)?, row.try_get(2)?);
        let is_empty: bool = sql(statements(day).day_is_empty).scalar(database).await?;
        days.push(DayTable { day, epoch_day, sealed, is_empty });
    }
    Ok(days)
}

/// Is the day's table open for this calendar day? An empty table is taken over from an earlier
/// one (R-STORE-1). One that was sealed, or holds a day to come, by a clock that was ahead is
/// reopened for what cold storage does not have: `reopens` is what it has of that day.
pub(super) async fn claim_day(
    tx: &mut Tx<'_>,
    day: Day,
    epoch_day: i64,
    reopens: Option<DaySum>,
) -> Result<bool, StoreError> {
    let row = sql("SELECT days.epoch_day, sealed, moves.slot IS NOT NULL
         FROM days LEFT JOIN moves ON moves.slot = days.slot AND moves.epoch_day = days.epoch_day
         WHERE days.slot = $1")
    .bind(day.get())
    .fetch_optional(&mut *tx)
    .await?;
    if let Some(row) = row {
        let (held, sealed, moved): (i64, bool, bool) =
            (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        if held == epoch_day && !sealed {
            // Of a day that was reopened, some may be in cold storage.
            return Ok(!moved || reopens.is_some());
        }
        let is_empty: bool = sql(statements(day).day_is_empty).scalar(&mut *tx).await?;
        if held != epoch_day && !is_empty {
            return Ok(false);
        }
        if held >= epoch_day {
            let Some(gone) = reopens else { return Ok(false) };
            moves::reopen(tx, day, epoch_day, is_empty.then_some(gone)).await?;
        }
    }
    sql("INSERT INTO days (slot, epoch_day) VALUES ($1, $2)
         ON CONFLICT (slot) DO UPDATE SET epoch_day = $2, sealed = 0")
    .bind(day.get())
    .bind(epoch_day)
    .execute(tx)
    .await?;
    Ok(true)
}

pub(super) async fn seal(tx: &mut Tx<'_>, day: Day, epoch_day: i64) -> Result<(), StoreError> {
    sql("UPDATE days SET sealed = 1 WHERE slot = $1 AND epoch_day = $2")
        .bind(day.get())
        .bind(epoch_day)
        .execute(tx)
        .await?;
    Ok(())
}

pub(super) async fn empty(
    tx: &mut Tx<'_>,
    day: Day,
    epoch_day: i64,
) -> Result<Emptied, StoreError> {
    let sealed: Option<bool> = sql("SELECT sealed FROM days WHERE slot = $1 AND epoch_day = $2")
        .bind(day.get())
        .bind(epoch_day)
        .scalar_optional(&mut *tx)
        .await?;
    if sealed != Some(true) {
        return Ok(Emptied::NotSealed);
    }
    let statements = statements(day);
    if sql(statements.has_open).scalar(&mut *tx).await? {
        return Ok(Emptied::OpenPacket);
    }
    let of_day = |event| order_of(event).is_some_and(|order_no| order_no.day() == day);
    let unnamed = outbox::unnamed(&mut *tx).await?;
    if unnamed.iter().flat_map(|row| &row.events).any(of_day)
        || sql(statements.is_told_of).scalar(&mut *tx).await?
    {
        return Ok(Emptied::Undelivered);
    }
    let (claims, packets) = (&statements.empty_claims, &statements.empty_packets);
    sql(tx.dialect().pick(claims.0, claims.1)).execute(tx).await?;
    sql(tx.dialect().pick(packets.0, packets.1)).execute(tx).await?;
    Ok(Emptied::Yes)
}
