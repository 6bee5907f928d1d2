//! The ledger in SQL.

mod enter;
mod pages;
mod post;
mod read;
mod reconciled;
mod write;

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
    record::{Payment, PreOrderRecord},
    store::{
        ledger::{
            Account, AccountState, AccountSum, LedgerStore, Leg, PostOutcome, Posting, Recorded,
            Transfer, TransferKind,
        },
        marks::Mark,
        reconciled::Reconciled,
    },
};
use hongbao_shared::{OrderNo, Timestamp, UserId};
use serde::{Serialize, de::DeserializeOwned};
use std::path::Path;

/// The columns of a transfer, in the order in which [`recorded`] reads them.
const TRANSFER: &str = "id, key, kind, debit_kind, debit_owner, credit_kind, credit_owner, amount,
     debit_balance, credit_balance, order_no, at";
/// How many they are.
const TRANSFER_COLUMNS: usize = 12;

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

    async fn account(&self, account: Account) -> Result<AccountState, StoreError> {
        read::account(&self.database, account).await
    }

    async fn entries(
        &self,
        user: UserId,
        before_id: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Recorded>, StoreError> {
        read::entries(&self.database, user, before_id, limit).await
    }

    async fn payment(&self, order_no: OrderNo) -> Result<Option<Payment>, StoreError> {
        let found: Option<String> = sql("SELECT payment FROM payments WHERE order_no = $1")
            .bind(order_no.to_bits())
            .scalar_optional(&self.database)
            .await?;
        found.as_deref().map(from_json).transpose()
    }

    async fn put_pre_order(&self, record: PreOrderRecord) -> Result<(), StoreError> {
        write::put_pre_order(&self.database, &record).await
    }

    async fn pre_order(&self, order_no: OrderNo) -> Result<Option<PreOrderRecord>, StoreError> {
        let found: Option<String> = sql("SELECT record FROM pre_orders WHERE order_no = $1")
            .bind(order_no.to_bits())
            .scalar_optional(&self.database)
            .await?;
        found.as_deref().map(from_json).transpose()
    }

    async fn purge_pre_orders(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        write::purge_pre_orders(&self.database, now, limit).await
    }

    async fn begin_reconciliation(
        &self,
        node: i64,
        now: Timestamp,
        until: Timestamp,
        before: Timestamp,
    ) -> Result<Option<Reconciled>, StoreError> {
        reconciled::begin(&self.database, node, now, until, before).await
    }

    async fn end_reconciliation(
        &self,
        node: i64,
        now: Timestamp,
        seen: Reconciled,
    ) -> Result<(), StoreError> {
        reconciled::end(&self.database, node, now, seen).await
    }

    async fn raise(&self, mark: Mark, by: u64) -> Result<u64, StoreError> {
        write::raise(&self.database, mark, by).await
    }

    async fn mark(&self, mark: Mark) -> Result<u64, StoreError> {
        read::mark(&self.database, mark).await
    }

    async fn accounts_page(
        &self,
        after: Option<Account>,
        limit: u32,
    ) -> Result<Vec<(Account, AccountState)>, StoreError> {
        pages::accounts_page(&self.database, after, limit).await
    }

    async fn transfers_page(&self, after_id: i64, limit: u32) -> Result<Vec<Recorded>, StoreError> {
        pages::transfers_page(&self.database, after_id, limit).await
    }

    async fn legs_page(
        &self,
        after: Option<(Account, i64)>,
        limit: u32,
    ) -> Result<Vec<Leg>, StoreError> {
        pages::legs_page(&self.database, after, limit).await
    }

    async fn transfers_of(
        &self,
        order_no: OrderNo,
        after_id: i64,
        limit: u32,
    ) -> Result<Vec<Recorded>, StoreError> {
        read::transfers_of(&self.database, order_no, after_id, limit).await
    }

    async fn escrow_transfers_page(
        &self,
        after: Option<(OrderNo, i64)>,
        limit: u32,
    ) -> Result<Vec<(OrderNo, Recorded)>, StoreError> {
        pages::escrow_transfers_page(&self.database, after, limit).await
    }

    async fn transfers_without_escrow(
        &self,
        after_id: i64,
        limit: u32,
    ) -> Result<Vec<Recorded>, StoreError> {
        pages::transfers_without_escrow(&self.database, after_id, limit).await
    }

    async fn transfers_about(&self) -> Result<u64, StoreError> {
        // Ids count up, with a few gaps on PostgreSQL, and no row is ever removed.
        let last: i64 =
            sql("SELECT coalesce(max(id), 0) FROM transfers").scalar(&self.database).await?;
        Ok(u64::try_from(last).unwrap_or_default())
    }

    async fn transfers_by_key(
        &self,
        keys: Vec<String>,
    ) -> Result<Vec<Option<Recorded>>, StoreError> {
        read::transfers_by_key(&self.database, keys).await
    }

    async fn payments_page(
        &self,
        after: Option<OrderNo>,
        limit: u32,
    ) -> Result<Vec<Payment>, StoreError> {
        pages::payments_page(&self.database, after, limit).await
    }

    async fn awaiting_landing(&self, orders: Vec<OrderNo>) -> Result<Vec<OrderNo>, StoreError> {
        read::awaiting_landing(&self.database, orders).await
    }

    async fn land_again(&self, order_no: OrderNo, now: Timestamp) -> Result<bool, StoreError> {
        write::land_again(&self.database, order_no, now).await
    }

    async fn account_sum(&self, account: Account) -> Result<AccountSum, StoreError> {
        read::account_sum(&self.database, account).await
    }

    async fn total(&self) -> Result<i64, StoreError> {
        // Where it would overflow, SQLite's `sum` of integers raises an error, and
        // PostgreSQL's cast.
        sql("SELECT CAST(coalesce(sum(balance), 0) AS BIGINT) FROM accounts")
            .scalar(&self.database)
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
