//! Who moves a day to cold storage, and how far it has come (R-STORE-5).

use super::{
    super::{Database, sql},
    StoreError,
};
use hongbao_domain::store::orders::{Copied, Hold};
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
