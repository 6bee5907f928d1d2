//! What is read alike from the tables of a hot day and from those of cold storage.

use super::rows::{PACKET_COLUMNS, claim_row, numbered_claim_row, packet_row};
use crate::{Database, StoreError, sql, statement::Statement};
use hongbao_domain::store::{
    cold::ColdPlace,
    orders::{ClaimRow, PacketRow},
};
use hongbao_shared::{Day, OrderNo, Timestamp};

/// The columns of a claim, in the order of [`numbered_claim_row`] and [`claim_row`].
pub(crate) const CLAIM_COLUMNS: &str = "seq, user_id, amount_fen, opened_at, order_no";

/// Tables of packets and of their claims, or the range of numbers within them.
#[derive(Debug)]
pub(crate) struct Tables {
    pub(crate) packets: String,
    pub(crate) claims: String,
    /// The first and the last number, as bits.
    range: (i64, i64),
}

impl Tables {
    /// Those of a day of the cycle, which hold nothing else. They count from 01.
    pub(crate) fn of_day(day: Day) -> Self {
        let table = |name| format!("{name}_{:02}", day.get() + 1);
        Self { packets: table("packets"), claims: table("claims"), range: (0, i64::MAX) }
    }

    /// A place in cold storage.
    pub(crate) fn of_place(place: ColdPlace) -> Self {
        let (first, last) = place.range();
        let range = (first.to_bits(), last.to_bits());
        Self { packets: "packets".to_owned(), claims: "claims".to_owned(), range }
    }

    pub(crate) async fn claims_of(
        &self,
        database: &Database,
        order_no: OrderNo,
        from_seq: u32,
        limit: u32,
    ) -> Result<Vec<ClaimRow>, StoreError> {
        let table = &self.claims;
        sql(format!(
            "SELECT {CLAIM_COLUMNS} FROM {table}
             WHERE order_no = $1 AND seq >= $2 ORDER BY seq LIMIT $3"
        ))
        .bind(order_no.to_bits())
        .bind(from_seq)
        .bind(limit)
        .all(database, claim_row)
        .await
    }

    /// What a day's tables hold of another day (R-MONEY-5) may stand below a place: a page goes
    /// on there with the first number of the place.
    pub(crate) async fn packets_page(
        &self,
        database: &Database,
        after: Option<OrderNo>,
        limit: u32,
    ) -> Result<Vec<PacketRow>, StoreError> {
        self.page(PACKET_COLUMNS, "", after, limit).all(database, packet_row).await
    }

    /// The numbers of those that are open, or ended at `since` or later.
    pub(crate) async fn unsettled(
        &self,
        database: &Database,
        since: Timestamp,
        after: Option<OrderNo>,
        limit: u32,
    ) -> Result<Vec<OrderNo>, StoreError> {
        self.page("order_no", "AND (state = 0 OR finished_at >= $4)", after, limit)
            .bind(since.millis())
            .all(database, |row| row.try_get(0))
            .await
    }

    fn page(
        &self,
        columns: &str,
        condition: &str,
        after: Option<OrderNo>,
        limit: u32,
    ) -> Statement {
        let (table, (first, last)) = (&self.packets, self.range);
        sql(format!(
            "SELECT {columns} FROM {table}
             WHERE order_no > $1 AND order_no <= $2 {condition} ORDER BY order_no LIMIT $3"
        ))
        .bind(after.map_or(first - 1, |after| after.to_bits().max(first - 1)))
        .bind(last)
        .bind(limit)
    }

    pub(crate) async fn claims_page(
        &self,
        database: &Database,
        after: Option<(OrderNo, u32)>,
        limit: u32,
    ) -> Result<Vec<(OrderNo, ClaimRow)>, StoreError> {
        let (table, (first, last)) = (&self.claims, self.range);
        let begin = (first, -1);
        let (order_no, seq) =
            after.map_or(begin, |(no, seq)| begin.max((no.to_bits(), i64::from(seq))));
        sql(format!(
            "SELECT {CLAIM_COLUMNS} FROM {table}
             WHERE (order_no, seq) > ($1, $2) AND order_no <= $3 ORDER BY order_no, seq LIMIT $4"
        ))
        .bind(order_no)
        .bind(seq)
        .bind(last)
        .bind(limit)
        .all(database, numbered_claim_row)
        .await
    }
}
