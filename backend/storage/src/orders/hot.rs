//! What is asked of a shard's hot tables alone: ends, and the cycle of days (R-MONEY-4,
//! R-MONEY-6, R-STORE-1, R-STORE-5).

use super::{
    SqlOrders, StoreError, days,
    rows::{day_sum, sum_of},
    statements::{DUE, statements},
    tables::Tables,
};
use crate::{outbox, sql};
use async_trait::async_trait;
use hongbao_domain::{
    crash::{self, Step},
    store::{
        orders::{
            Announcement, Copied, DaySum, DayTable, Emptied, Ended, Hold, HotTables, Tell, gather,
        },
        outbox::Destination,
    },
};
use hongbao_shared::{Day, OrderNo, Timestamp};
use std::collections::BTreeMap;

/// What stands for "nothing yet".
const NOTHING: i64 = -1;

#[async_trait]
impl HotTables for SqlOrders {
    async fn due(&self, now: Timestamp, limit: u32) -> Result<Vec<OrderNo>, StoreError> {
        let text = self.database.dialect().pick(DUE.0, DUE.1);
        sql(text).bind(now.millis()).bind(limit).scalars(&self.database).await
    }

    /// Each statement guards what it changes, so others may work beside it: what an append has
    /// committed by then is in the row that ends, and what comes after finds no open packet.
    async fn end(
        &self,
        orders: Vec<OrderNo>,
        now: Timestamp,
        tell: Tell,
    ) -> Result<Vec<Ended>, StoreError> {
        let mut days: BTreeMap<Day, Vec<i64>> = BTreeMap::new();
        for order_no in orders {
            days.entry(order_no.day()).or_default().push(order_no.to_bits());
        }
        self.database
            .write_by_row((days, tell), move |tx, (days, tell)| {
                Box::pin(async move {
                    let mut all = Vec::new();
                    let mut told: Vec<(OrderNo, Announcement)> = Vec::new();
                    for (day, numbers) in days {
                        let texts = &statements(*day).end;
                        let rows = sql(tx.dialect().pick(texts.0, texts.1))
                            .bind(now.millis())
                            .bind(numbers.clone())
                            .fetch_all(&mut *tx)
                            .await?;
                        for row in rows {
                            let ended = Ended {
                                order_no: row.try_get(0)?,
                                sender_id: row.try_get(1)?,
                                rest_fen: row.try_get(2)?,
                            };
                            told.extend(
                                tell(&ended).into_iter().map(|event| (ended.order_no, event)),
                            );
                            all.push(ended);
                        }
                    }
                    let told = told.iter().map(|(order_no, event)| (*order_no, event));
                    crash::inside(Step::Expire);
                    outbox::insert(tx, &gather(told), now).await?;
                    crash::at_commit(Step::Expire);
                    Ok(all)
                })
            })
            .await
    }

    async fn unsettled(
        &self,
        day: Day,
        since: Timestamp,
        after: Option<OrderNo>,
        limit: u32,
    ) -> Result<Vec<OrderNo>, StoreError> {
        Tables::of_day(day).unsettled(&self.database, since, after, limit).await
    }

    async fn days(&self) -> Result<Vec<DayTable>, StoreError> {
        let rows = sql("SELECT slot, epoch_day, sealed FROM days ORDER BY slot")
            .fetch_all(&self.database)
            .await?;
        let mut days = Vec::with_capacity(rows.len());
        for row in rows {
            let slot: u8 = row.try_get(0)?;
            let day = Day::new(slot).ok_or_else(|| StoreError::Corrupt(format!("day {slot}")))?;
            let (epoch_day, sealed) = (row.try_get(1)?, row.try_get(2)?);
            let is_empty: bool = days::is_empty(day).scalar(&self.database).await?;
            days.push(DayTable { day, epoch_day, sealed, is_empty });
        }
        Ok(days)
    }

    async fn seal(&self, day: Day, epoch_day: i64) -> Result<(), StoreError> {
        let seal = sql("UPDATE days SET sealed = 1 WHERE slot = $1 AND epoch_day = $2")
            .bind(day.get())
            .bind(epoch_day);
        self.database.write(seal, |tx, seal| Box::pin(seal.clone().execute(tx))).await.map(drop)
    }

    async fn begin_move(
        &self,
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
        let taken = self.database.rows_by_row(take).await?;
        let Some(row) = taken.first() else { return Ok(None) };
        let claim = match row.try_get(1)? {
            Some(order_no) => Some((order_no, row.try_get(2)?)),
            None => None,
        };
        Ok(Some(Copied { packet: row.try_get(0)?, claim }))
    }

    async fn note_copied(
        &self,
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
        let noted = self.database.change_by_row(note).await?;
        Ok(noted == 1)
    }

    async fn day_sum(&self, day: Day) -> Result<DaySum, StoreError> {
        let Tables { packets, claims, .. } = Tables::of_day(day);
        let held = day_sum(&sql(sum_of(&packets, &claims)).fetch_one(&self.database).await?)?;
        // What of the day that the tables hold was emptied before it was reopened.
        let gone = sql("SELECT gone_packets, gone_total_fen, gone_claims, gone_claimed_fen
             FROM moves JOIN days ON days.slot = moves.slot AND days.epoch_day = moves.epoch_day
             WHERE moves.slot = $1")
        .bind(day.get())
        .first(&self.database, day_sum)
        .await?;
        Ok(held.plus(gone.unwrap_or_default()))
    }

    async fn empty(&self, day: Day, epoch_day: i64) -> Result<Emptied, StoreError> {
        self.database.write((), move |tx, ()| Box::pin(days::empty(tx, day, epoch_day))).await
    }

    async fn announced(
        &self,
        destination: Destination,
        orders: Vec<OrderNo>,
    ) -> Result<Vec<String>, StoreError> {
        outbox::announced(&self.database, destination, &orders).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.database.ping("SELECT count(*) FROM days").await
    }
}
