//! What only reads the ledger.

use super::{Database, Dialect, Statement, StoreError, TRANSFER, any, outbox, recorded, sql};
use crate::Source;
use hongbao_domain::store::{
    ledger::{Account, AccountState, AccountSum, Recorded},
    marks::Mark,
    outbox::{Destination, events_of, order_of},
};
use hongbao_shared::{OrderNo, UserId};
use std::collections::{BTreeMap, BTreeSet};

pub(super) async fn account(
    database: &Database,
    account: Account,
) -> Result<AccountState, StoreError> {
    let (kind, owner) = account.columns();
    let found = sql("SELECT balance, credited FROM accounts WHERE kind = $1 AND owner = $2")
        .bind(kind)
        .bind(owner)
        .fetch_optional(database)
        .await?;
    let Some(row) = found else { return Ok(AccountState::default()) };
    Ok(AccountState { balance: row.try_get(0)?, credited: row.try_get(1)? })
}

pub(super) async fn mark(database: &Database, mark: Mark) -> Result<u64, StoreError> {
    let next: Option<i64> = sql("SELECT next FROM marks WHERE name = $1")
        .bind(mark.to_string())
        .scalar_optional(database)
        .await?;
    let next = next.unwrap_or_default();
    u64::try_from(next).map_err(|_| StoreError::Corrupt(format!("mark at {next}")))
}

pub(super) async fn entries(
    database: &Database,
    user: UserId,
    before_id: Option<i64>,
    limit: u32,
) -> Result<Vec<Recorded>, StoreError> {
    let before = before_id.unwrap_or(i64::MAX);
    of_account(database, Account::Wallet(user), ("<", before), "id DESC", limit).await
}

pub(super) async fn transfers_of(
    database: &Database,
    order_no: OrderNo,
    after_id: i64,
    limit: u32,
) -> Result<Vec<Recorded>, StoreError> {
    of_account(database, Account::Escrow(order_no), (">", after_id), "id", limit).await
}

async fn of_account(
    database: &Database,
    account: Account,
    (compares, id): (&str, i64),
    order: &str,
    limit: u32,
) -> Result<Vec<Recorded>, StoreError> {
    let side = |side: &str| {
        format!(
            "SELECT {TRANSFER} FROM transfers
             WHERE {side}_kind = $1 AND {side}_owner = $2 AND id {compares} $3"
        )
    };
    let (kind, owner) = account.columns();
    let statement = both_sides(true, side, order, "$4");
    all_recorded(database, statement.bind(kind).bind(owner).bind(id).bind(limit)).await
}

/// What both sides of transfers give together, in an order, up to a limit. SQLite merges
/// selects of whole ranges row by row, each in the order of its index; anything else, and
/// PostgreSQL always, has to be told to limit each on its own, so that a page costs a page
/// whatever there is.
pub(super) fn both_sides(
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

pub(super) async fn all_recorded(
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

pub(super) async fn transfers_by_key(
    database: &Database,
    keys: Vec<String>,
) -> Result<Vec<Option<Recorded>>, StoreError> {
    let found = by_key(database.dialect(), database, keys.clone()).await?;
    Ok(keys.iter().map(|key| found.get(key).cloned()).collect())
}

pub(super) async fn awaiting_landing(
    database: &Database,
    orders: Vec<OrderNo>,
) -> Result<Vec<OrderNo>, StoreError> {
    let told = outbox::announced(database, Destination::Land, &orders).await?;
    let told: BTreeSet<OrderNo> = told
        .iter()
        .flat_map(|event| events_of(event))
        .filter_map(|event| order_of(&event))
        .collect();
    Ok(told.into_iter().collect())
}

/// One statement, so that no commit comes between its parts.
pub(super) async fn account_sum(
    database: &Database,
    account: Account,
) -> Result<AccountSum, StoreError> {
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
    .fetch_one(database)
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
