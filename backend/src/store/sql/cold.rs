//! Cold storage in SQL.

use super::{
    Database, Statement, StoreError, Tx,
    orders::rows::{
        PACKET_COLUMNS, bind_packet, claim_row, insert_packet, numbered_claim_row, packet_row,
    },
    sql,
};
use crate::store::{
    cold::{ColdPlace, ColdStore},
    orders::{ClaimRow, PacketRow},
};
use async_trait::async_trait;
use hongbao_shared::OrderNo;
use std::sync::Arc;

/// The cold database of a site.
#[derive(Clone, Debug)]
pub struct SqlCold {
    database: Database,
}

impl SqlCold {
    /// On a database that was opened with [`super::Schema::Cold`].
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

fn select(condition: &str) -> Statement {
    sql(format!("SELECT {PACKET_COLUMNS} FROM packets WHERE {condition}"))
}

#[async_trait]
impl ColdStore for SqlCold {
    async fn keep(
        &self,
        packets: Vec<PacketRow>,
        claims: Vec<(OrderNo, ClaimRow)>,
    ) -> Result<(), StoreError> {
        let kept = Arc::new((packets, claims));
        self.database
            .write(move |mut tx| {
                let kept = Arc::clone(&kept);
                Box::pin(async move {
                    let (packets, claims) = &*kept;
                    for packet in packets {
                        keep_packet(&mut tx, packet).await?;
                    }
                    for (order_no, claim) in claims {
                        keep_claim(&mut tx, *order_no, claim).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    async fn packet(&self, order_no: OrderNo) -> Result<Option<PacketRow>, StoreError> {
        select("order_no = $1")
            .bind(order_no.to_bits())
            .fetch_optional(&self.database)
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
        sql("SELECT seq, user_id, amount_fen, opened_at FROM claims
             WHERE order_no = $1 AND seq >= $2 ORDER BY seq LIMIT $3")
        .bind(order_no.to_bits())
        .bind(from_seq)
        .bind(limit)
        .fetch_all(&self.database)
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
        select("order_no BETWEEN $1 AND $2 AND order_no > $3 ORDER BY order_no LIMIT $4")
            .bind(first.to_bits())
            .bind(last.to_bits())
            .bind(after.map_or(-1, OrderNo::to_bits))
            .bind(limit)
            .fetch_all(&self.database)
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
        sql("SELECT seq, user_id, amount_fen, opened_at, order_no FROM claims
             WHERE order_no BETWEEN $1 AND $2 AND (order_no, seq) > ($3, $4)
             ORDER BY order_no, seq LIMIT $5")
        .bind(first.to_bits())
        .bind(last.to_bits())
        .bind(order_no)
        .bind(seq)
        .bind(limit)
        .fetch_all(&self.database)
        .await?
        .iter()
        .map(numbered_claim_row)
        .collect()
    }
}

/// Inserts, or makes sure that the same is there.
async fn keep_packet(tx: &mut Tx<'_>, packet: &PacketRow) -> Result<(), StoreError> {
    let text = format!("{} ON CONFLICT DO NOTHING", insert_packet("packets"));
    let inserted = bind_packet(sql(text), packet).execute(tx).await?;
    if inserted == 1 {
        return Ok(());
    }
    let kept = select("order_no = $1").bind(packet.order_no.to_bits()).fetch_one(tx).await?;
    same(packet_row(&kept)? == *packet, "packets_pkey")
}

async fn keep_claim(
    tx: &mut Tx<'_>,
    order_no: OrderNo,
    claim: &ClaimRow,
) -> Result<(), StoreError> {
    let inserted = sql("INSERT INTO claims (order_no, seq, user_id, amount_fen, opened_at)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING")
    .bind(order_no.to_bits())
    .bind(claim.seq)
    .bind(claim.user_id.get())
    .bind(claim.amount_fen.signed())
    .bind(claim.opened_at.millis())
    .execute(tx)
    .await?;
    if inserted == 1 {
        return Ok(());
    }
    let kept = sql(
        "SELECT seq, user_id, amount_fen, opened_at FROM claims WHERE order_no = $1 AND seq = $2",
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
