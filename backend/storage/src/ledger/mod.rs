//! The ledger in SQL.

mod enter;
mod post;
mod read;

use super::{
    Database, Dialect, Schema, StoreError, Tx,
    outbox::{self, impl_outbox},
    postgres::start_over,
    row::Row,
    sql,
    statement::{SERVER_CLOCK, Statement, any},
};
use async_trait::async_trait;
use hongbao_domain::{
    book,
    record::PreOrderRecord,
    store::{
        ledger::{Account, LedgerStore, PostOutcome, Posting, Recorded, Transfer, TransferKind},
        marks::Mark,
        outbox::Destination,
        reconciled::Reconciled,
    },
};
use hongbao_shared::{OrderNo, Timestamp};
use serde::{Serialize, de::DeserializeOwned};
use std::path::Path;

/// The columns of a transfer, in the order in which [`recorded`] reads them.
const TRANSFER: &str = "id, key, kind, debit_kind, debit_owner, credit_kind, credit_owner, amount,
     debit_balance, credit_balance, order_no, at";
/// How many they are.
const TRANSFER_COLUMNS: usize = 12;

/// A node whose clock was ahead may have taken a reconciliation for too long.
const RECONCILES_MAX_S: i64 = 60 * 60;

/// The ledger: a SQLite file, or a schema on PostgreSQL.
#[derive(Clone, Debug)]
pub struct SqlLedger {
    database: Database,
}

impl_outbox!(SqlLedger);

impl SqlLedger {
    /// On a database that was opened with [`Schema::Ledger`].
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    /// Opens or creates a SQLite file.
    pub async fn open(file: &Path) -> anyhow::Result<Self> {
        Ok(Self::new(Database::open_file(file, Schema::Ledger).await?))
    }

    /// Closes all connections.
    pub async fn close(&self) {
        hongbao_domain::store::Database::close(&self.database).await;
    }
}

#[async_trait]
impl LedgerStore for SqlLedger {
    async fn post(
        &self,
        batch: Vec<Posting>,
        now: Timestamp,
    ) -> Result<Vec<PostOutcome>, StoreError> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        post::post(&self.database, batch, now).await
    }

    async fn put_pre_order(&self, record: PreOrderRecord) -> Result<(), StoreError> {
        let statement = sql("INSERT INTO pre_orders (order_no, record, expires_at)
             VALUES ($1, $2, $3)
             ON CONFLICT (order_no) DO UPDATE SET record = excluded.record
             WHERE pre_orders.record = excluded.record")
        .bind(record.order_no.to_bits())
        .bind(to_json(&record)?)
        .bind(record.expires_at.millis());
        if self.database.change_at_once(statement).await? == 1 {
            Ok(())
        } else {
            Err(StoreError::Constraint { name: "pre_orders_pkey".to_owned() })
        }
    }

    async fn purge_pre_orders(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        // Where nodes purge at the same time, each takes rows that no other is taking.
        let text = self.database.dialect().pick(
            "DELETE FROM pre_orders WHERE order_no IN
                 (SELECT order_no FROM pre_orders WHERE expires_at < $1
                  ORDER BY expires_at LIMIT $2)",
            "DELETE FROM pre_orders WHERE order_no IN
                 (SELECT order_no FROM pre_orders WHERE expires_at < $1
                  ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)",
        );
        self.database.change_at_once(sql(text).bind(now.millis()).bind(limit)).await
    }

    async fn begin_reconciliation(
        &self,
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
        .bind(now.plus_seconds(RECONCILES_MAX_S).millis())
        .bind(before.millis());
        let taken = self.database.rows_by_row(take).await?;
        let Some(row) = taken.first() else { return Ok(None) };
        let again: String = row.try_get(2)?;
        Ok(Some(Reconciled {
            since: row.try_get(0)?,
            transfer_id: row.try_get(1)?,
            again: from_json(&again)?,
        }))
    }

    async fn end_reconciliation(
        &self,
        node: i64,
        now: Timestamp,
        seen: Reconciled,
    ) -> Result<(), StoreError> {
        let end = sql("UPDATE reconciliation
             SET since = $1, transfer_id = $2, again = $3, ended_at = $4, held_until = 0
             WHERE holder = $5")
        .bind(seen.since.map(Timestamp::millis))
        .bind(seen.transfer_id)
        .bind(to_json(&seen.again)?)
        .bind(now.millis())
        .bind(node);
        self.database.change_by_row(end).await?;
        Ok(())
    }

    async fn raise(&self, mark: Mark, by: u64) -> Result<u64, StoreError> {
        let by = i64::try_from(by).map_err(|_| StoreError::Corrupt(format!("mark by {by}")))?;
        let statement = sql("INSERT INTO marks (name, next) VALUES ($1, $2)
             ON CONFLICT (name) DO UPDATE SET next = marks.next + $2 RETURNING next")
        .bind(mark.to_string())
        .bind(by);
        let after: i64 = self
            .database
            .write_at_once(statement, |tx, statement| Box::pin(statement.clone().scalar(tx)))
            .await?;
        u64::try_from(after.saturating_sub(by))
            .map_err(|_| StoreError::Corrupt(format!("mark at {after}")))
    }

    /// As if alone: two that reconcile at once see the same row missing.
    async fn land_again(&self, order_no: OrderNo, now: Timestamp) -> Result<bool, StoreError> {
        self.database
            .write((), move |tx, ()| {
                Box::pin(async move {
                    let lost: bool =
                        sql("SELECT EXISTS (SELECT 1 FROM payments WHERE order_no = $1)
                            AND NOT EXISTS (SELECT 1 FROM outbox
                                            WHERE order_no = $1 AND destination = $2)")
                        .bind(order_no.to_bits())
                        .bind(Destination::Land.number())
                        .scalar(&mut *tx)
                        .await?;
                    if lost {
                        outbox::insert(tx, &[book::land(order_no)], now).await?;
                    }
                    Ok(lost)
                })
            })
            .await
    }
}

fn recorded(row: &Row) -> Result<Recorded, StoreError> {
    Ok(Recorded {
        id: row.try_get(0)?,
        transfer: Transfer {
            key: row.try_get(1)?,
            kind: TransferKind::from_number(row.try_get(2)?)?,
            debit: Account::from_columns(row.try_get(3)?, row.try_get(4)?)?,
            credit: Account::from_columns(row.try_get(5)?, row.try_get(6)?)?,
            amount: row.try_get(7)?,
            debit_balance: row.try_get(8)?,
            credit_balance: row.try_get(9)?,
            order_no: row.try_get(10)?,
            at: row.try_get(11)?,
        },
    })
}

/// The error of `serde_json` names the place, never the text, which holds seeds.
fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Corrupt(error.to_string()))
}

fn to_json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Corrupt(error.to_string()))
}
