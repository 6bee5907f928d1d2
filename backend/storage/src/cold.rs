//! Cold storage in SQL.

use super::{
    Database, Statement, StoreError, Tx,
    orders::{
        rows::{
            PACKET_COLUMNS, bind_packet, day_sum, insert_packets_into, numbered_claim_row,
            packet_row, sum_of,
        },
        tables::{CLAIM_COLUMNS, Tables},
    },
    sql,
    statement::{any, values},
};
use async_trait::async_trait;
use hongbao_domain::store::{
    cold::{ColdPlace, ColdStore},
    orders::{ClaimRow, DaySum, PacketRow, moments_of},
};
use hongbao_shared::OrderNo;
use std::collections::BTreeMap;

/// How many packets one statement keeps: a parameter for each of their columns, of which
/// SQLite takes 32,766 and PostgreSQL 65,535.
const PACKETS_IN_ONE: usize = 1_000;
/// Likewise.
const CLAIMS_IN_ONE: usize = 5_000;

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
        self.database
            .write_by_row((packets, claims), |tx, (packets, claims)| {
                Box::pin(async move {
                    for page in packets.chunks(PACKETS_IN_ONE) {
                        keep_packets(tx, page).await?;
                    }
                    for page in claims.chunks(CLAIMS_IN_ONE) {
                        keep_claims(tx, page).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    async fn packet(&self, order_no: OrderNo) -> Result<Option<PacketRow>, StoreError> {
        select("order_no = $1").bind(order_no.to_bits()).first(&self.database, packet_row).await
    }

    async fn claims(
        &self,
        order_no: OrderNo,
        from_seq: u32,
        limit: u32,
    ) -> Result<Vec<ClaimRow>, StoreError> {
        let (site, shard, day) = (order_no.site(), order_no.shard(), order_no.day());
        let tables = Tables::of_place(ColdPlace { site, shard, day });
        tables.claims_of(&self.database, order_no, from_seq, limit).await
    }

    async fn packets_page(
        &self,
        place: ColdPlace,
        after: Option<OrderNo>,
        limit: u32,
    ) -> Result<Vec<PacketRow>, StoreError> {
        Tables::of_place(place).packets_page(&self.database, after, limit).await
    }

    async fn claims_page(
        &self,
        place: ColdPlace,
        after: Option<(OrderNo, u32)>,
        limit: u32,
    ) -> Result<Vec<(OrderNo, ClaimRow)>, StoreError> {
        Tables::of_place(place).claims_page(&self.database, after, limit).await
    }

    /// A place is one range of numbers, in which a month follows the other; which month a packet
    /// is of, its own moment says.
    async fn day_sum(&self, place: ColdPlace, epoch_day: i64) -> Result<DaySum, StoreError> {
        const OF_DAY: &str = "packets.order_no BETWEEN $1 AND $2 AND packets.created_at >= $3
                              AND packets.created_at < $4 AND packets.state <> 3";
        let ((first, last), (from, to)) = (place.range(), moments_of(epoch_day));
        let packets = format!("packets WHERE {OF_DAY}");
        let claims =
            format!("packets JOIN claims ON claims.order_no = packets.order_no WHERE {OF_DAY}");
        let sum = sql(sum_of(&packets, &claims))
            .bind(first.to_bits())
            .bind(last.to_bits())
            .bind(from.millis())
            .bind(to.millis());
        day_sum(&sum.fetch_one(&self.database).await?)
    }
}

/// Inserts, or makes sure that the same is there: one statement, and a second one where some
/// are there already.
async fn keep_packets(tx: &mut Tx<'_>, packets: &[PacketRow]) -> Result<(), StoreError> {
    let text = insert_packets_into("packets", tx.dialect(), packets.len());
    let text = format!("{text} ON CONFLICT DO NOTHING");
    let inserted = packets.iter().fold(sql(text), bind_packet).execute(&mut *tx).await?;
    if usize::try_from(inserted) == Ok(packets.len()) {
        return Ok(());
    }
    let numbers: Vec<i64> = packets.iter().map(|packet| packet.order_no.to_bits()).collect();
    let kept = select(&format!("order_no {}", any(tx.dialect(), "$1")))
        .bind(numbers)
        .fetch_all(tx)
        .await?
        .iter()
        .map(|row| packet_row(row).map(|packet| (packet.order_no, packet)))
        .collect::<Result<BTreeMap<_, _>, _>>()?;
    let is_same = |packet: &PacketRow| kept.get(&packet.order_no) == Some(packet);
    same(packets.iter().all(is_same), "packets_pkey")
}

async fn keep_claims(tx: &mut Tx<'_>, claims: &[(OrderNo, ClaimRow)]) -> Result<(), StoreError> {
    let text = format!(
        "INSERT INTO claims (order_no, seq, user_id, amount_fen, opened_at)
         VALUES {} ON CONFLICT DO NOTHING",
        values(tx.dialect(), claims.len(), 5)
    );
    let bind = |statement: Statement, (order_no, claim): &(OrderNo, ClaimRow)| {
        statement
            .bind(order_no.to_bits())
            .bind(claim.seq)
            .bind(claim.user_id.get())
            .bind(claim.amount_fen.signed())
            .bind(claim.opened_at.millis())
    };
    let inserted = claims.iter().fold(sql(text), bind).execute(&mut *tx).await?;
    if usize::try_from(inserted) == Ok(claims.len()) {
        return Ok(());
    }
    let key = |(order_no, claim): &(OrderNo, ClaimRow)| (*order_no, claim.seq);
    let keys = || claims.iter().map(key);
    let (Some(first), Some(last)) = (keys().min(), keys().max()) else { return Ok(()) };
    let kept = sql(format!(
        "SELECT {CLAIM_COLUMNS} FROM claims
         WHERE (order_no, seq) >= ($1, $2) AND (order_no, seq) <= ($3, $4)"
    ))
    .bind(first.0.to_bits())
    .bind(first.1)
    .bind(last.0.to_bits())
    .bind(last.1)
    .fetch_all(tx)
    .await?
    .iter()
    .map(|row| numbered_claim_row(row).map(|claim| (key(&claim), claim)))
    .collect::<Result<BTreeMap<_, _>, _>>()?;
    let is_same = |claim: &(OrderNo, ClaimRow)| kept.get(&key(claim)) == Some(claim);
    same(claims.iter().all(is_same), "claims_pkey")
}

fn same(is_same: bool, constraint: &str) -> Result<(), StoreError> {
    if is_same { Ok(()) } else { Err(StoreError::Constraint { name: constraint.to_owned() }) }
}
