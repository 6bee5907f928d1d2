//! Who moves a day to cold storage, and how far it has come (R-STORE-5).

use super::{
    super::{Database, Tx, sql},
    StoreError, rows,
};
use hongbao_domain::store::orders::{Copied, DaySum, Hold};
use hongbao_shared::{Day, OrderNo};

/// What stands for "nothing yet".
const NOTHING: i64 = -1;

pub(super) async fn begin(
    database: &Database,
    day: Day,
    epoch_day: i64,
    hold: Hold,
) -> Result<Option<Copied>, StoreError> {
    let take = sql("INSERT INTO moves (slot, epoch_day, holder, held_until, packet, claim, seq)
         SELECT slot, epoch_day, $3, $4, -1, -1, -1
         FROM days WHERE slot = $1 AND epoch_day = $2 AND sealed = 1
         ON CONFLICT (slot) DO UPDATE
         SET packet = CASE moves.epoch_day WHEN $2 THEN moves.packet ELSE -1 END,
             claim = CASE moves.epoch_day WHEN $2 THEN moves.claim ELSE -1 END,
             seq = CASE moves.epoch_day WHEN $2 THEN moves.seq ELSE -1 END,
             gone_packets = CASE moves.epoch_day WHEN $2 THEN moves.gone_packets ELSE 0 END,
             gone_total_fen = CASE moves.epoch_day WHEN $2 THEN moves.gone_total_fen ELSE 0 END,
             gone_claims = CASE moves.epoch_day WHEN $2 THEN moves.gone_claims ELSE 0 END,
             gone_claimed_fen = CASE moves.epoch_day WHEN $2 THEN moves.gone_claimed_fen ELSE 0 END,
             epoch_day = $2, holder = $3, held_until = $4
         WHERE moves.holder = $3 OR moves.held_until <= $5 OR moves.held_until > $6
         RETURNING nullif(packet, -1), nullif(claim, -1), seq")
    .bind(day.get())
    .bind(epoch_day)
    .bind(hold.node)
    .bind(hold.until.millis())
    .bind(hold.now.millis())
    .bind(hold.wrong_after().millis());
    let taken = database.rows_by_row(take).await?;
    let Some(row) = taken.first() else { return Ok(None) };
    let claim = match row.try_get(1)? {
        Some(order_no) => Some((order_no, row.try_get(2)?)),
        None => None,
    };
    Ok(Some(Copied { packet: row.try_get(0)?, claim }))
}

pub(super) async fn note(
    database: &Database,
    day: Day,
    epoch_day: i64,
    hold: Hold,
    copied: Copied,
) -> Result<bool, StoreError> {
    let note = sql("UPDATE moves SET packet = $4, claim = $5, seq = $6, held_until = $7
         WHERE slot = $1 AND epoch_day = $2 AND holder = $3")
    .bind(day.get())
    .bind(epoch_day)
    .bind(hold.node)
    .bind(copied.packet.map_or(NOTHING, OrderNo::to_bits))
    .bind(copied.claim.map_or(NOTHING, |(order_no, _)| order_no.to_bits()))
    .bind(copied.claim.map_or(NOTHING, |(_, seq)| i64::from(seq)))
    .bind(hold.until.millis());
    let noted = database.change_by_row(note).await?;
    Ok(noted == 1)
}

/// A day goes on: nothing of it counts as copied, nobody is at it, and what was emptied of it is
/// `gone`; `None` if nothing was since the last time.
pub(super) async fn reopen(
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

/// What of the day that the tables hold was emptied before it was reopened.
pub(super) async fn gone(database: &Database, day: Day) -> Result<DaySum, StoreError> {
    let row = sql("SELECT gone_packets, gone_total_fen, gone_claims, gone_claimed_fen
         FROM moves JOIN days ON days.slot = moves.slot AND days.epoch_day = moves.epoch_day
         WHERE moves.slot = $1")
    .bind(day.get())
    .fetch_optional(database)
    .await?;
    row.map_or(Ok(DaySum::default()), |row| rows::day_sum(&row))
}
