//! Cold storage in a SQLite file.

use super::{
    Database, StoreError,
    orders::rows::{PACKET_COLUMNS, bind_packet, claim_row, numbered_claim_row, packet_row},
};
use crate::store::{
    cold::{ColdPlace, ColdStore},
    orders::{ClaimRow, PacketRow},
};
use async_trait::async_trait;
use hongbao_shared::OrderNo;
use sqlx::{AssertSqlSafe, SqliteConnection};

/// The cold database of a site.
#[derive(Clone, Debug)]
pub struct SqliteCold {
    database: Database,
}

impl SqliteCold {
    /// On a file that was opened with [`super::Schema::Cold`].
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

fn select(condition: &str) -> AssertSqlSafe<String> {
    AssertSqlSafe(format!("SELECT {PACKET_COLUMNS} FROM packets WHERE {condition}"))
}

#[async_trait]
impl ColdStore for SqliteCold {
    async fn keep(
        &self,
        packets: Vec<PacketRow>,
        claims: Vec<(OrderNo, ClaimRow)>,
    ) -> Result<(), StoreError> {
        self.database
            .write(move |tx| {
                Box::pin(async move {
                    for packet in &packets {
                        keep_packet(tx, packet).await?;
                    }
                    for (order_no, claim) in &claims {
                        keep_claim(tx, *order_no, claim).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    async fn packet(&self, order_no: OrderNo) -> Result<Option<PacketRow>, StoreError> {
        sqlx::query(select("order_no = ?1"))
            .bind(order_no.to_bits())
            .fetch_optional(self.database.readers())
            .await?
            .map(|row| packet_row(&row))
            .transpose()
    }

    async fn claims(
        &self,
        order_no: OrderNo,
        from_seq: u32,
        limit: u32,
    ) -> Result<Vec<ClaimRow>, StoreError> {
        sqlx::query(
            "SELECT seq, user_id, amount_fen, opened_at FROM claims
             WHERE order_no = ?1 AND seq >= ?2 ORDER BY seq LIMIT ?3",
        )
        .bind(order_no.to_bits())
        .bind(from_seq)
        .bind(limit)
        .fetch_all(self.database.readers())
        .await?
        .iter()
        .map(claim_row)
        .collect()
    }

    async fn packets_page(
        &self,
        place: ColdPlace,
        after: Option<OrderNo>,
        limit: u32,
    ) -> Result<Vec<PacketRow>, StoreError> {
        let (first, last) = place.range();
        sqlx::query(select(
            "order_no BETWEEN ?1 AND ?2 AND order_no > ?3 ORDER BY order_no LIMIT ?4",
        ))
        .bind(first.to_bits())
        .bind(last.to_bits())
        .bind(after.map_or(-1, OrderNo::to_bits))
        .bind(limit)
        .fetch_all(self.database.readers())
        .await?
        .iter()
        .map(packet_row)
        .collect()
    }

    async fn claims_page(
        &self,
        place: ColdPlace,
        after: Option<(OrderNo, u32)>,
        limit: u32,
    ) -> Result<Vec<(OrderNo, ClaimRow)>, StoreError> {
        let (first, last) = place.range();
        let (order_no, seq) = after.map_or((-1, -1), |(no, seq)| (no.to_bits(), i64::from(seq)));
        sqlx::query(
            "SELECT seq, user_id, amount_fen, opened_at, order_no FROM claims
             WHERE order_no BETWEEN ?1 AND ?2 AND (order_no, seq) > (?3, ?4)
             ORDER BY order_no, seq LIMIT ?5",
        )
        .bind(first.to_bits())
        .bind(last.to_bits())
        .bind(order_no)
        .bind(seq)
        .bind(limit)
        .fetch_all(self.database.readers())
        .await?
        .iter()
        .map(numbered_claim_row)
        .collect()
    }
}

/// Inserts, or makes sure that the same is there.
async fn keep_packet(tx: &mut SqliteConnection, packet: &PacketRow) -> Result<(), StoreError> {
    let values = vec!["?"; PACKET_COLUMNS.split(',').count()].join(", ");
    let text =
        format!("INSERT INTO packets ({PACKET_COLUMNS}) VALUES ({values}) ON CONFLICT DO NOTHING");
    let inserted = bind_packet(sqlx::query(AssertSqlSafe(text)), packet).execute(&mut *tx).await?;
    if inserted.rows_affected() == 1 {
        return Ok(());
    }
    let kept =
        sqlx::query(select("order_no = ?1")).bind(packet.order_no.to_bits()).fetch_one(tx).await?;
    same(packet_row(&kept)? == *packet, "packets_pkey")
}

async fn keep_claim(
    tx: &mut SqliteConnection,
    order_no: OrderNo,
    claim: &ClaimRow,
) -> Result<(), StoreError> {
    let inserted = sqlx::query(
        "INSERT INTO claims (order_no, seq, user_id, amount_fen, opened_at)
         VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (order_no, seq) DO NOTHING",
    )
    .bind(order_no.to_bits())
    .bind(claim.seq)
    .bind(claim.user_id.get())
    .bind(claim.amount_fen.signed())
    .bind(claim.opened_at.millis())
    .execute(&mut *tx)
    .await?;
    if inserted.rows_affected() == 1 {
        return Ok(());
    }
    let kept = sqlx::query(
        "SELECT seq, user_id, amount_fen, opened_at FROM claims WHERE order_no = ?1 AND seq = ?2",
    )
    .bind(order_no.to_bits())
    .bind(claim.seq)
    .fetch_one(tx)
    .await?;
    same(claim_row(&kept)? == *claim, "claims_pkey")
}

fn same(is_same: bool, constraint: &str) -> Result<(), StoreError> {
    if is_same { Ok(()) } else { Err(StoreError::Constraint { name: constraint.to_owned() }) }
}
