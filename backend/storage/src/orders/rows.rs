//! Rows to domain types.

use super::super::{
    Dialect, Row,
    statement::{Statement, values},
};
use hongbao_domain::store::{
    StoreError,
    orders::{ClaimRow, DaySum, PacketRow, Progress},
};
use hongbao_shared::{
    OrderNo, Timestamp, UserId,
    fairness::{ClientSeed, Commitment},
};

/// The columns of a packet, in the order of [`packet_row`] and [`bind_packet`].
pub(crate) const PACKET_COLUMNS: &str = "order_no, sender_id, group_id, recipient_id, kind, \
     total_fen, shares, max_share_fen, sealed_server_seed, client_seed, commitment, created_at, \
     landed_at, expires_at, finished_at, state, claimed, claimed_fen";

/// Inserts so many packets into a table; each is bound by [`bind_packet`].
pub(crate) fn insert_packets_into(table: &str, dialect: Dialect, rows: usize) -> String {
    let columns = PACKET_COLUMNS.split(',').count();
    let values = values(dialect, rows, columns);
    format!("INSERT INTO {table} ({PACKET_COLUMNS}) VALUES {values}")
}

/// Binds the columns of a packet.
pub(crate) fn bind_packet(statement: Statement, packet: &PacketRow) -> Statement {
    statement
        .bind(packet.order_no.to_bits())
        .bind(packet.sender_id.get())
        .bind(packet.group_id.get())
        .bind(packet.recipient_id.map(UserId::get))
        .bind(packet.kind.byte())
        .bind(packet.total_fen.signed())
        .bind(packet.shares)
        .bind(packet.max_share_fen.signed())
        .bind(packet.sealed_server_seed.as_slice())
        .bind(packet.client_seed.bytes())
        .bind(packet.commitment.bytes().as_slice())
        .bind(packet.created_at.millis())
        .bind(packet.landed_at.millis())
        .bind(packet.expires_at.millis())
        .bind(packet.progress.finished_at.map(Timestamp::millis))
        .bind(packet.progress.state.number())
        .bind(packet.progress.claimed)
        .bind(packet.progress.claimed_fen.signed())
}

fn corrupt(what: &str) -> StoreError {
    StoreError::Corrupt(what.to_owned())
}

/// In the order of [`PACKET_COLUMNS`].
pub(crate) fn packet_row(row: &Row) -> Result<PacketRow, StoreError> {
    let number = row.try_get(0)?;
    packet_fields(number, row).map_err(|error| match error {
        StoreError::Corrupt(what) => StoreError::Corrupt(format!("{number}: {what}")),
        other => other,
    })
}

fn packet_fields(order_no: OrderNo, row: &Row) -> Result<PacketRow, StoreError> {
    let commitment: Vec<u8> = row.try_get(10)?;
    Ok(PacketRow {
        order_no,
        sender_id: row.try_get(1)?,
        group_id: row.try_get(2)?,
        recipient_id: row.try_get(3)?,
        kind: row.try_get(4)?,
        total_fen: row.try_get(5)?,
        shares: row.try_get(6)?,
        max_share_fen: row.try_get(7)?,
        sealed_server_seed: row.try_get(8)?,
        client_seed: ClientSeed::new(row.try_get(9)?).ok_or_else(|| corrupt("client seed"))?,
        commitment: Commitment::from_bytes(
            commitment.try_into().map_err(|_| corrupt("commitment"))?,
        ),
        created_at: row.try_get(11)?,
        landed_at: row.try_get(12)?,
        expires_at: row.try_get(13)?,
        progress: Progress {
            finished_at: row.try_get(14)?,
            state: row.try_get(15)?,
            claimed: row.try_get(16)?,
            claimed_fen: row.try_get(17)?,
        },
    })
}

pub(crate) fn claim_row(row: &Row) -> Result<ClaimRow, StoreError> {
    Ok(ClaimRow {
        seq: row.try_get(0)?,
        user_id: row.try_get(1)?,
        amount_fen: row.try_get(2)?,
        opened_at: row.try_get(3)?,
    })
}

/// What two tables, or parts of them, hold; in the order of [`day_sum`].
pub(crate) fn sum_of(packets: &str, claims: &str) -> String {
    format!(
        "SELECT packets, total_fen, claims, claimed_fen
         FROM (SELECT count(*) AS packets, CAST(coalesce(sum(total_fen), 0) AS bigint) AS total_fen
               FROM {packets}) AS packet,
              (SELECT count(*) AS claims, CAST(coalesce(sum(amount_fen), 0) AS bigint) AS claimed_fen
               FROM {claims}) AS claim"
    )
}

/// In the order of [`sum_of`].
pub(crate) fn day_sum(row: &Row) -> Result<DaySum, StoreError> {
    Ok(DaySum {
        packets: row.try_get(0)?,
        total_fen: row.try_get(1)?,
        claims: row.try_get(2)?,
        claimed_fen: row.try_get(3)?,
    })
}

/// A claim with its order number in the fifth column.
pub(crate) fn numbered_claim_row(row: &Row) -> Result<(OrderNo, ClaimRow), StoreError> {
    Ok((row.try_get(4)?, claim_row(row)?))
}
