//! The cycle of days: which tables hold which day, and how they are emptied (R-STORE-1).

use super::{StoreError, statements::statements};
use crate::store::orders::{DayTable, Emptied, later_than};
use hongbao_shared::Day;
use sqlx::{Row, SqliteConnection, SqlitePool};

/// The symbol of the day within the text of an order number, counted from 1.
const DAY_SYMBOL: i64 = 4;

pub(super) async fn days(pool: &SqlitePool) -> Result<Vec<DayTable>, StoreError> {
    let rows = sqlx::query("SELECT slot, epoch_day, sealed FROM days ORDER BY slot")
        .fetch_all(pool)
        .await?;
    let mut days = Vec::with_capacity(rows.len());
    for row in rows {
        let slot: u8 = row.try_get(0)?;
        let day = Day::new(slot).ok_or_else(|| StoreError::Corrupt(format!("day {slot}")))?;
        let (epoch_day, sealed) = (row.try_get(1)?, row.try_get(2)?);
        let is_empty: bool = sqlx::query_scalar(statements(day).day_is_empty)
            .bind(later_than(epoch_day).millis())
            .fetch_one(pool)
            .await?;
        days.push(DayTable { day, epoch_day, sealed, is_empty });
    }
    Ok(days)
}

pub(super) async fn seal(
    tx: &mut SqliteConnection,
    day: Day,
    epoch_day: i64,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE days SET sealed = 1 WHERE slot = ?1 AND epoch_day = ?2")
        .bind(day.get())
        .bind(epoch_day)
        .execute(tx)
        .await?;
    Ok(())
}

pub(super) async fn empty(
    tx: &mut SqliteConnection,
    day: Day,
    epoch_day: i64,
) -> Result<Emptied, StoreError> {
    let sealed: Option<bool> =
        sqlx::query_scalar("SELECT sealed FROM days WHERE slot = ?1 AND epoch_day = ?2")
            .bind(day.get())
            .bind(epoch_day)
            .fetch_optional(&mut *tx)
            .await?;
    if sealed != Some(true) {
        return Ok(Emptied::NotSealed);
    }
    let statements = statements(day);
    if sqlx::query_scalar(statements.has_open).fetch_one(&mut *tx).await? {
        return Ok(Emptied::OpenPacket);
    }
    let undelivered: bool = sqlx::query_scalar(
        "SELECT EXISTS (
             SELECT 1 FROM outbox, json_each(outbox.payload) AS event
             WHERE substr(json_extract(event.value, '$.order_no'), ?1, 1) = ?2)",
    )
    .bind(DAY_SYMBOL)
    .bind(day.symbol().to_string())
    .fetch_one(&mut *tx)
    .await?;
    if undelivered {
        return Ok(Emptied::Undelivered);
    }
    sqlx::query(statements.empty_claims).execute(&mut *tx).await?;
    let later = later_than(epoch_day).millis();
    let some_stay: bool =
        sqlx::query_scalar(statements.later_tombstones).bind(later).fetch_one(&mut *tx).await?;
    if some_stay {
        sqlx::query(statements.empty_but_later_tombstones).bind(later).execute(tx).await?;
    } else {
        sqlx::query(statements.empty_packets).execute(tx).await?;
    }
    Ok(Emptied::Yes)
}
