//! What only reads the ledger.

use super::{
    Database, Dialect, Row, SqlLedger, Statement, StoreError, TRANSFER, TRANSFER_COLUMNS, any,
    from_json, outbox, recorded, sql,
};
use crate::{Source, statement::readable_page};
use async_trait::async_trait;
use hongbao_domain::{
    record::{Payment, PreOrderRecord},
    store::{
        ledger::{Account, AccountState, AccountSum, LedgerReads, Leg, Recorded},
        marks::Mark,
        outbox::{Destination, events_of, order_of},
    },
};
use hongbao_shared::{OrderNo, UserId};
use std::collections::{BTreeMap, BTreeSet};

/// Before every account and every id.
const BEFORE_ALL: (i64, i64) = (-1, -1);

#[async_trait]
impl LedgerReads for SqlLedger {
    async fn account(&self, account: Account) -> Result<AccountState, StoreError> {
        let (kind, owner) = account.columns();
        let found = sql("SELECT balance, credited FROM accounts WHERE kind = $1 AND owner = $2")
            .bind(kind)
            .bind(owner)
            .fetch_optional(&self.database)
            .await?;
        let Some(row) = found else { return Ok(AccountState::default()) };
        Ok(AccountState { balance: row.try_get(0)?, credited: row.try_get(1)? })
    }

    async fn entries(
        &self,
        user: UserId,
        before_id: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Recorded>, StoreError> {
        let first = before_id.unwrap_or(i64::MAX);
        let page = |last: Option<&Row>, limit| {
            let before = last.map_or(Ok(first), |row| row.try_get(0))?;
            Ok(of_account(Account::Wallet(user), ("<", before), "id DESC", limit))
        };
        readable_page(&self.database, limit, page, recorded).await
    }

    async fn payment(&self, order_no: OrderNo) -> Result<Option<Payment>, StoreError> {
        let found: Option<String> = sql("SELECT payment FROM payments WHERE order_no = $1")
            .bind(order_no.to_bits())
            .scalar_optional(&self.database)
            .await?;
        found.as_deref().map(from_json).transpose()
    }

    async fn payments(&self, orders: Vec<OrderNo>) -> Result<Vec<Payment>, StoreError> {
        let any = any(self.database.dialect(), "$1");
        let found: Vec<String> = sql(format!("SELECT payment FROM payments WHERE order_no {any}"))
            .bind(orders.into_iter().map(OrderNo::to_bits).collect::<Vec<i64>>())
            .scalars(&self.database)
            .await?;
        found.iter().map(|text| from_json(text)).collect()
    }

    async fn pre_order(&self, order_no: OrderNo) -> Result<Option<PreOrderRecord>, StoreError> {
        let found: Option<String> = sql("SELECT record FROM pre_orders WHERE order_no = $1")
            .bind(order_no.to_bits())
            .scalar_optional(&self.database)
            .await?;
        found.as_deref().map(from_json).transpose()
    }

    async fn mark(&self, mark: Mark) -> Result<u64, StoreError> {
        let next: Option<i64> = sql("SELECT next FROM marks WHERE name = $1")
            .bind(mark.to_string())
            .scalar_optional(&self.database)
            .await?;
        let next = next.unwrap_or_default();
        u64::try_from(next).map_err(|_| StoreError::Corrupt(format!("mark at {next}")))
    }

    async fn accounts_page(
        &self,
        after: Option<Account>,
        limit: u32,
    ) -> Result<Vec<(Account, AccountState)>, StoreError> {
        let (kind, owner) = after.map_or(BEFORE_ALL, Account::columns);
        sql("SELECT kind, owner, balance, credited FROM accounts WHERE (kind, owner) > ($1, $2)
             ORDER BY kind, owner LIMIT $3")
        .bind(kind)
        .bind(owner)
        .bind(limit)
        .all(&self.database, |row| {
            let account = Account::from_columns(row.try_get(0)?, row.try_get(1)?)?;
            Ok((account, AccountState { balance: row.try_get(2)?, credited: row.try_get(3)? }))
        })
        .await
    }

    async fn transfers_page(&self, after_id: i64, limit: u32) -> Result<Vec<Recorded>, StoreError> {
        by_id(&self.database, "", after_id, limit).await
    }

    async fn legs_page(
        &self,
        after: Option<(Account, i64)>,
        limit: u32,
    ) -> Result<Vec<Leg>, StoreError> {
        let dialect = self.database.dialect();
        let (kind, owner) = after.map_or(BEFORE_ALL, |(account, _)| account.columns());
        let side = |side: &str| legs_after(dialect, side);
        both_sides(dialect == Dialect::Postgres, side, "kind, owner, id", "$4")
            .bind(kind)
            .bind(owner)
            .bind(after.map_or(-1, |(_, id)| id))
            .bind(limit)
            .all(&self.database, |row| {
                Ok(Leg {
                    account: Account::from_columns(row.try_get(0)?, row.try_get(1)?)?,
                    id: row.try_get(2)?,
                    change: row.try_get(3)?,
                    balance: row.try_get(4)?,
                    is_credit: row.try_get(5)?,
                })
            })
            .await
    }

    async fn transfers_of(
        &self,
        order_no: OrderNo,
        after_id: i64,
        limit: u32,
    ) -> Result<Vec<Recorded>, StoreError> {
        let page = of_account(Account::Escrow(order_no), (">", after_id), "id", limit);
        all_recorded(&self.database, page).await
    }

    async fn escrow_transfers_page(
        &self,
        after: Option<(OrderNo, i64)>,
        limit: u32,
    ) -> Result<Vec<(OrderNo, Recorded)>, StoreError> {
        let (order_no, id) = after.map_or(BEFORE_ALL, |(order_no, id)| (order_no.to_bits(), id));
        let side = |side: &str| {
            format!(
                "SELECT {TRANSFER}, {side}_owner AS packet FROM transfers
                 WHERE {side}_kind = 2 AND ({side}_owner, id) > ($1, $2)"
            )
        };
        let of_packet = |row: &Row| Ok((row.try_get(TRANSFER_COLUMNS)?, recorded(row)?));
        both_sides(self.database.dialect() == Dialect::Postgres, side, "packet, id", "$3")
            .bind(order_no)
            .bind(id)
            .bind(limit)
            .all(&self.database, of_packet)
            .await
    }

    async fn transfers_without_escrow(
        &self,
        after_id: i64,
        limit: u32,
    ) -> Result<Vec<Recorded>, StoreError> {
        by_id(&self.database, "AND debit_kind <> 2 AND credit_kind <> 2", after_id, limit).await
    }

    async fn fees_page(
        &self,
        after: Option<(OrderNo, i64)>,
        limit: u32,
    ) -> Result<Vec<(OrderNo, Recorded)>, StoreError> {
        let (order_no, id) = after.map_or(BEFORE_ALL, |(order_no, id)| (order_no.to_bits(), id));
        // As the index says it: they are read off `transfers_fees`.
        let text = format!(
            "SELECT {TRANSFER} FROM transfers WHERE kind >= 5 AND (order_no, id) > ($1, $2)
             ORDER BY order_no, id LIMIT $3"
        );
        let of_packet = |row: &Row| {
            let line = recorded(row)?;
            let order_no = line.transfer.order_no.ok_or_else(|| {
                StoreError::Corrupt(format!("transfer {} is of no packet", line.id))
            })?;
            Ok((order_no, line))
        };
        sql(text).bind(order_no).bind(id).bind(limit).all(&self.database, of_packet).await
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
        let found = by_key(self.database.dialect(), &self.database, keys.clone()).await?;
        Ok(keys.iter().map(|key| found.get(key).cloned()).collect())
    }

    async fn payments_page(
        &self,
        after: Option<OrderNo>,
        limit: u32,
    ) -> Result<Vec<Payment>, StoreError> {
        let found: Vec<String> =
            sql("SELECT payment FROM payments WHERE order_no > $1 ORDER BY order_no LIMIT $2")
                .bind(after.map_or(-1, OrderNo::to_bits))
                .bind(limit)
                .scalars(&self.database)
                .await?;
        found.iter().map(|text| from_json(text)).collect()
    }

    async fn awaiting_landing(&self, orders: Vec<OrderNo>) -> Result<Vec<OrderNo>, StoreError> {
        let told = outbox::announced(&self.database, Destination::Land, &orders).await?;
        let told: BTreeSet<OrderNo> = told
            .iter()
            .flat_map(|event| events_of(event))
            .filter_map(|event| order_of(&event))
            .collect();
        Ok(told.into_iter().collect())
    }

    /// One statement, so that no commit comes between its parts.
    async fn account_sum(&self, account: Account) -> Result<AccountSum, StoreError> {
        let (kind, owner) = account.columns();
        let row = sql("SELECT coalesce(a.balance, 0), coalesce(a.credited, 0),
                    CAST(coalesce(c.into_it, 0) AS BIGINT), CAST(coalesce(c.credits, 0) AS BIGINT),
                    CAST(coalesce((SELECT sum(amount) FROM transfers
                                   WHERE debit_kind = $1 AND debit_owner = $2), 0) AS BIGINT)
             FROM (SELECT sum(amount) AS into_it, sum(amount) FILTER (WHERE kind = 3) AS credits
                   FROM transfers WHERE credit_kind = $1 AND credit_owner = $2) AS c
             LEFT JOIN accounts AS a ON a.kind = $1 AND a.owner = $2")
        .bind(kind)
        .bind(owner)
        .fetch_one(&self.database)
        .await?;
        let (into, out_of): (i64, i64) = (row.try_get(2)?, row.try_get(4)?);
        let summed = into
            .checked_sub(out_of)
            .ok_or_else(|| StoreError::Corrupt(format!("the transfers of {account} overflow")))?;
        Ok(AccountSum {
            stated: AccountState { balance: row.try_get(0)?, credited: row.try_get(1)? },
            summed: AccountState { balance: summed, credited: row.try_get(3)? },
        })
    }

    async fn total(&self) -> Result<i64, StoreError> {
        // Where it would overflow, SQLite's `sum` of integers raises an error, and
        // PostgreSQL's cast.
        sql("SELECT CAST(coalesce(sum(balance), 0) AS BIGINT) FROM accounts")
            .scalar(&self.database)
            .await
    }
}

fn of_account(account: Account, (compares, id): (&str, i64), order: &str, limit: u32) -> Statement {
    let side = |side: &str| {
        format!(
            "SELECT {TRANSFER} FROM transfers
             WHERE {side}_kind = $1 AND {side}_owner = $2 AND id {compares} $3"
        )
    };
    let (kind, owner) = account.columns();
    let statement = both_sides(true, side, order, "$4");
    statement.bind(kind).bind(owner).bind(id).bind(limit)
}

/// What both sides of transfers give together, in an order, up to a limit. SQLite merges
/// selects of whole ranges row by row, each in the order of its index; anything else, and
/// PostgreSQL always, has to be told to limit each on its own, so that a page costs a page
/// whatever there is.
fn both_sides(
    limit_each: bool,
    select: impl Fn(&str) -> String,
    order: &str,
    limit: &str,
) -> Statement {
    let [debit, credit] = ["debit", "credit"].map(|side| {
        let select = select(side);
        if limit_each {
            format!("SELECT * FROM ({select} ORDER BY {order} LIMIT {limit}) AS {side}")
        } else {
            select
        }
    });
    sql(format!("{debit} UNION ALL {credit} ORDER BY {order} LIMIT {limit}"))
}

async fn all_recorded(
    database: &Database,
    statement: Statement,
) -> Result<Vec<Recorded>, StoreError> {
    statement.fetch_all(database).await?.iter().map(recorded).collect()
}

/// The transfers with these keys that there are.
pub(super) async fn by_key(
    dialect: Dialect,
    source: impl Source,
    keys: Vec<String>,
) -> Result<BTreeMap<String, Recorded>, StoreError> {
    let any = any(dialect, "$1");
    sql(format!("SELECT {TRANSFER} FROM transfers WHERE key {any}"))
        .bind(keys)
        .all(source, |row| {
            let recorded = recorded(row)?;
            Ok((recorded.transfer.key.clone(), recorded))
        })
        .await
}

async fn by_id(
    database: &Database,
    condition: &str,
    after_id: i64,
    limit: u32,
) -> Result<Vec<Recorded>, StoreError> {
    let statement = sql(format!(
        "SELECT {TRANSFER} FROM transfers WHERE id > $1 {condition} ORDER BY id LIMIT $2"
    ));
    all_recorded(database, statement.bind(after_id).bind(limit)).await
}

/// The legs on one side after a place.
fn legs_after(dialect: Dialect, side: &str) -> String {
    let (sign, is_credit) =
        if side == "debit" { ("-", "1 = 0") } else { ("", "transfers.kind = 3") };
    let legs = |condition: String| {
        format!(
            "SELECT {side}_kind AS kind, {side}_owner AS owner, id, {sign}amount,
                    {side}_balance, {is_credit}
             FROM transfers WHERE {condition}"
        )
    };
    match dialect {
        // What is left of the account, the accounts after it of its kind, the kinds after
        // it. Each part seeks in the index, and SQLite merges them row by row. For one
        // comparison of all three, it reads all of the issuer's transfers for each page of
        // them.
        Dialect::Sqlite => {
            [("= $1", "= $2", "> $3"), ("= $1", "> $2", ">= 0"), ("> $1", ">= 0", ">= 0")]
                .map(|(kind, owner, id)| {
                    legs(format!("{side}_kind {kind} AND {side}_owner {owner} AND id {id}"))
                })
                .join(" UNION ALL ")
        }
        Dialect::Postgres => legs(format!("({side}_kind, {side}_owner, id) > ($1, $2, $3)")),
    }
}
