//! Rows to domain types.

use crate::store::{
    StoreError, fen,
    orders::{ClaimRow, PacketRow, Progress, StoredState},
};
use hongbao_shared::{
    GroupId, Kind, OrderNo, Timestamp, UserId,
    fairness::{ClientSeed, Commitment},
};
use sqlx::{Row, sqlite::SqliteRow};

fn corrupt(what: &str) -> StoreError {
    StoreError::Corrupt(what.to_owned())
}

pub(super) fn order_no(bits: i64) -> Result<OrderNo, StoreError> {
    OrderNo::from_bits(bits).map_err(|_| StoreError::Corrupt(format!("order number {bits}")))
}

fn user(number: i64) -> Result<UserId, StoreError> {
    UserId::new(number).ok_or_else(|| corrupt("user id"))
}

/// In the order of `statements::PACKET_COLUMNS`.
pub(super) fn packet_row(row: &SqliteRow) -> Result<PacketRow, StoreError> {
    let recipient: Option<i64> = row.try_get(3)?;
    let commitment: Vec<u8> = row.try_get(10)?;
    let finished_at: Option<i64> = row.try_get(14)?;
    Ok(PacketRow {
        order_no: order_no(row.try_get(0)?)?,
        sender_id: user(row.try_get(1)?)?,
        group_id: GroupId::new(row.try_get(2)?).ok_or_else(|| corrupt("group id"))?,
        recipient_id: recipient.map(user).transpose()?,
        kind: Kind::from_byte(row.try_get(4)?).ok_or_else(|| corrupt("kind"))?,
        total_fen: fen(row.try_get(5)?)?,
        shares: row.try_get(6)?,
        max_share_fen: fen(row.try_get(7)?)?,
        sealed_server_seed: row.try_get(8)?,
        client_seed: ClientSeed::new(row.try_get(9)?).ok_or_else(|| corrupt("client seed"))?,
        commitment: Commitment::from_bytes(
            commitment.try_into().map_err(|_| corrupt("commitment"))?,
        ),
        created_at: Timestamp::from_millis(row.try_get(11)?),
        landed_at: Timestamp::from_millis(row.try_get(12)?),
        expires_at: Timestamp::from_millis(row.try_get(13)?),
        progress: Progress {
            finished_at: finished_at.map(Timestamp::from_millis),
            state: StoredState::from_number(row.try_get(15)?).ok_or_else(|| corrupt("state"))?,
            claimed: row.try_get(16)?,
            claimed_fen: fen(row.try_get(17)?)?,
        },
    })
}

pub(super) fn claim_row(row: &SqliteRow) -> Result<ClaimRow, StoreError> {
    Ok(ClaimRow {
        seq: row.try_get(0)?,
        user_id: user(row.try_get(1)?)?,
        amount_fen: fen(row.try_get(2)?)?,
        opened_at: Timestamp::from_millis(row.try_get(3)?),
    })
}

/// A claim with its order number in the fifth column.
pub(super) fn numbered_claim_row(row: &SqliteRow) -> Result<(OrderNo, ClaimRow), StoreError> {
    Ok((order_no(row.try_get(4)?)?, claim_row(row)?))
}
