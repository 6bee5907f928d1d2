//! The cycle of days: which tables hold which day, and how they are emptied (R-STORE-1).

use super::{
    super::{Tx, outbox, sql, statement::Statement},
    StoreError,
    tables::Tables,
};
use hongbao_domain::store::{
    orders::{DaySum, Emptied},
    outbox::order_of,
};
use hongbao_shared::Day;

pub(super) fn is_empty(day: Day) -> Statement {
    sql(format!("SELECT NOT EXISTS (SELECT 1 FROM {})", Tables::of_day(day).packets))
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
        let is_empty: bool = is_empty(day).scalar(&mut *tx).await?;
        if held != epoch_day && !is_empty {
            return Ok(false);
        }
        if held >= epoch_day {
            let Some(gone) = reopens else { return Ok(false) };
            reopen(tx, day, epoch_day, is_empty.then_some(gone)).await?;
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
    let Tables { packets, claims, .. } = Tables::of_day(day);
    let has_open = format!("SELECT EXISTS (SELECT 1 FROM {packets} WHERE state = 0)");
    if sql(has_open).scalar(&mut *tx).await? {
        return Ok(Emptied::OpenPacket);
    }
    let of_day = |event| order_of(event).is_some_and(|order_no| order_no.day() == day);
    // Numbers of a day follow each other in a shard.
    let is_told_of = format!(
        "SELECT EXISTS (
             SELECT 1 FROM outbox WHERE order_no BETWEEN (SELECT min(order_no) FROM {packets})
                                                     AND (SELECT max(order_no) FROM {packets}))"
    );
    let unnamed = outbox::unnamed(&mut *tx).await?;
    if unnamed.iter().flat_map(|row| &row.events).any(of_day)
        || sql(is_told_of).scalar(&mut *tx).await?
    {
        return Ok(Emptied::Undelivered);
    }
    // Without a condition, SQLite drops whole pages instead of rows.
    let empty = tx.dialect().pick("DELETE FROM", "TRUNCATE TABLE");
    sql(format!("{empty} {claims}")).execute(tx).await?;
    sql(format!("{empty} {packets}")).execute(tx).await?;
    Ok(Emptied::Yes)
}

/// A day goes on: nothing of it counts as copied, nobody is at it, and what was emptied of it is
/// `gone`; `None` if nothing was since the last time.
async fn reopen(
    tx: &mut Tx<'_>,
    day: Day,
    epoch_day: i64,
    gone: Option<DaySum>,
) -> Result<(), StoreError> {
    sql("INSERT INTO moves (slot, epoch_day, holder, held_until, packet, claim, seq)
         VALUES ($1, $2, -1, 0, -1, -1, -1)
         ON CONFLICT (slot) DO UPDATE SET epoch_day = $2, holder = -1, held_until = 0,
                                          packet = -1, claim = -1, seq = -1")
    .bind(day.get())
    .bind(epoch_day)
    .execute(&mut *tx)
    .await?;
    let Some(gone) = gone else { return Ok(()) };
    sql("UPDATE moves SET gone_packets = $2, gone_total_fen = $3, gone_claims = $4,
                          gone_claimed_fen = $5
         WHERE slot = $1")
    .bind(day.get())
    .bind(gone.packets)
    .bind(gone.total_fen)
    .bind(gone.claims)
    .bind(gone.claimed_fen)
    .execute(tx)
    .await?;
    Ok(())
}
