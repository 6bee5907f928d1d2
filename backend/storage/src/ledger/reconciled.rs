//! How far reconciliation has come, and who is at it.

use super::{Database, StoreError, from_json, sql, to_json};
use hongbao_domain::store::reconciled::Reconciled;
use hongbao_shared::Timestamp;

/// A node whose clock was ahead may have taken it for too long.
const HELD_MAX_S: i64 = 60 * 60;

pub(super) async fn begin(
    database: &Database,
    node: i64,
    now: Timestamp,
    until: Timestamp,
    before: Timestamp,
) -> Result<Option<Reconciled>, StoreError> {
    let take = sql("UPDATE reconciliation SET holder = $1, held_until = $2
         WHERE (holder = $1 OR held_until <= $3 OR held_until > $4)
           AND (holder = $1 OR ended_at <= $5 OR ended_at > $3)
         RETURNING since, transfer_id, again")
    .bind(node)
    .bind(until.millis())
    .bind(now.millis())
    .bind(now.plus_seconds(HELD_MAX_S).millis())
    .bind(before.millis());
    let taken = database.rows_by_row(take).await?;
    let Some(row) = taken.first() else { return Ok(None) };
    let again: String = row.try_get(2)?;
    Ok(Some(Reconciled {
        since: row.try_get(0)?,
        transfer_id: row.try_get(1)?,
        again: from_json(&again)?,
    }))
}

pub(super) async fn end(
    database: &Database,
    node: i64,
    now: Timestamp,
    seen: Reconciled,
) -> Result<(), StoreError> {
    let end = sql("UPDATE reconciliation
         SET since = $1, transfer_id = $2, again = $3, ended_at = $4, holder = $5,
             held_until = 0")
    .bind(seen.since.map(Timestamp::millis))
    .bind(seen.transfer_id)
    .bind(to_json(&seen.again)?)
    .bind(now.millis())
    .bind(node);
    database.change_by_row(end).await?;
    Ok(())
}
