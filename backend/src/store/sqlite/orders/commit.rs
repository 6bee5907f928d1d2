//! A lane's batch in one transaction: guards first, then claims, then the outbox.

use super::rows::bind_packet;
use super::statements::{CLAIM_CHUNKS, statements};
use crate::store::{
    StoreError,
    orders::{
        Announcement, Append, ClaimRow, Expiry, Landed, Landing, LaneBatch, LaneOutcome,
        StoredState, gather, later_than,
    },
    sqlite::outbox,
};
use hongbao_shared::{OrderNo, Timestamp};
use sqlx::{Row, SqliteConnection};

pub(super) async fn commit(
    tx: &mut SqliteConnection,
    batch: LaneBatch,
) -> Result<LaneOutcome, StoreError> {
    let mut outcome = LaneOutcome::default();
    let mut told: Vec<&Announcement> = Vec::new();
    for landing in &batch.landings {
        let landed = land(tx, landing).await?;
        if landed == Landed::New {
            told.extend(&landing.announcements);
        }
        outcome.landings.push(landed);
    }
    for item in &batch.appends {
        let held = append(tx, item).await?;
        if held {
            told.extend(&item.announcements);
        }
        outcome.appends.push(held);
    }
    for item in &batch.expiries {
        let held = expire(tx, item).await?;
        if held {
            told.extend(&item.announcements);
        }
        outcome.expiries.push(held);
    }
    let now = batch.at.unwrap_or(Timestamp::from_millis(0));
    outbox::insert(tx, &gather(told), now).await?;
    Ok(outcome)
}

async fn land(tx: &mut SqliteConnection, landing: &Landing) -> Result<Landed, StoreError> {
    let packet = &landing.packet;
    if let Some(state) = state_of(tx, packet.order_no).await? {
        return Ok(Landed::Already(state));
    }
    // A tombstone may stand in any day; a packet only in its own.
    let is_tombstone = packet.progress.state == StoredState::GivenUp;
    if !is_tombstone && !claim_day(tx, packet.order_no, landing.epoch_day).await? {
        return Ok(Landed::DayRefused);
    }
    let inserted = bind_packet(sqlx::query(statements(packet.order_no.day()).land), packet)
        .execute(tx)
        .await?
        .rows_affected();
    if inserted == 1 {
        Ok(Landed::New)
    } else {
        Err(StoreError::Corrupt(format!("{} landed beside its own look-up", packet.order_no)))
    }
}

async fn state_of(
    tx: &mut SqliteConnection,
    order_no: OrderNo,
) -> Result<Option<StoredState>, StoreError> {
    let row = sqlx::query(statements(order_no.day()).packet)
        .bind(order_no.to_bits())
        .fetch_optional(tx)
        .await?;
    match row {
        None => Ok(None),
        Some(row) => Ok(Some(super::rows::packet_row(&row)?.progress.state)),
    }
}

/// Is the day's table open for this calendar day? An empty table is taken over
/// from an earlier one (R-STORE-1).
async fn claim_day(
    tx: &mut SqliteConnection,
    order_no: OrderNo,
    epoch_day: i64,
) -> Result<bool, StoreError> {
    let slot = i64::from(order_no.day().get());
    let row = sqlx::query("SELECT epoch_day, sealed FROM days WHERE slot = ?")
        .bind(slot)
        .fetch_optional(&mut *tx)
        .await?;
    if let Some(row) = row {
        let (held, sealed): (i64, bool) = (row.try_get(0)?, row.try_get(1)?);
        if held == epoch_day {
            return Ok(!sealed);
        }
        let empty: bool = sqlx::query_scalar(statements(order_no.day()).day_is_empty)
            .bind(later_than(held).millis())
            .fetch_one(&mut *tx)
            .await?;
        if held > epoch_day || !empty {
            return Ok(false);
        }
    }
    sqlx::query(
        "INSERT INTO days (slot, epoch_day) VALUES (?1, ?2)
         ON CONFLICT (slot) DO UPDATE SET epoch_day = ?2, sealed = 0",
    )
    .bind(slot)
    .bind(epoch_day)
    .execute(tx)
    .await?;
    Ok(true)
}

/// Compare-and-append: nothing happens unless the packet is as the lane believes.
async fn append(tx: &mut SqliteConnection, item: &Append) -> Result<bool, StoreError> {
    let matched = sqlx::query(statements(item.order_no.day()).append)
        .bind(item.order_no.to_bits())
        .bind(item.believed)
        .bind(item.after.claimed)
        .bind(item.after.claimed_fen.signed())
        .bind(item.after.state.number())
        .bind(item.after.finished_at.map(Timestamp::millis))
        .execute(&mut *tx)
        .await?
        .rows_affected();
    if matched == 1 {
        insert_claims(tx, item.order_no, &item.claims).await?;
    }
    Ok(matched == 1)
}

async fn insert_claims(
    tx: &mut SqliteConnection,
    order_no: OrderNo,
    mut claims: &[ClaimRow],
) -> Result<(), StoreError> {
    let texts = &statements(order_no.day()).insert_claims;
    for (rows, text) in CLAIM_CHUNKS.into_iter().zip(texts) {
        while let Some((chunk, rest)) = claims.split_at_checked(rows) {
            let mut query = sqlx::query(*text);
            for claim in chunk {
                query = query
                    .bind(order_no.to_bits())
                    .bind(claim.seq)
                    .bind(claim.user_id.get())
                    .bind(claim.amount_fen.signed())
                    .bind(claim.opened_at.millis());
            }
            query.execute(&mut *tx).await?;
            claims = rest;
            if claims.is_empty() {
                return Ok(());
            }
        }
    }
    Ok(())
}

async fn expire(tx: &mut SqliteConnection, item: &Expiry) -> Result<bool, StoreError> {
    let matched = sqlx::query(statements(item.order_no.day()).expire)
        .bind(item.order_no.to_bits())
        .bind(item.believed)
        .bind(item.at.millis())
        .execute(tx)
        .await?
        .rows_affected();
    Ok(matched == 1)
}
