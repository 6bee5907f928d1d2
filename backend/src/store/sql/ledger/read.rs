//! What only reads the ledger's file.

use super::{super::StoreError, from_json, order_no_of, recorded, to_json, transfer_columns};
use crate::{
    packets::record::Payment,
    store::{
        ledger::{Account, AccountState, AccountSum, Leg, Recorded},
        outbox::Destination,
    },
};
use hongbao_shared::{OrderNo, UserId};
use sqlx::{Row, SqlitePool};
use std::collections::BTreeMap;

/// Before every account and every id.
const BEFORE_ALL: (i64, i64) = (-1, -1);

pub(super) async fn account(
    pool: &SqlitePool,
    account: Account,
) -> Result<AccountState, StoreError> {
    let (kind, owner) = account.columns();
    let found: Option<(i64, i64)> =
        sqlx::query_as("SELECT balance, credited FROM accounts WHERE kind = ?1 AND owner = ?2")
            .bind(kind)
            .bind(owner)
            .fetch_optional(pool)
            .await?;
    let (balance, credited) = found.unwrap_or_default();
    Ok(AccountState { balance, credited })
}

/// Up to a page of the transfers of one account, from both of its sides. Each side is
/// limited on its own, so that a page costs a page whatever the account's history.
macro_rules! transfers_of_account {
    ($from:literal, $order:literal) => {
        concat!(
            transfers_of_side!("debit", $from, $order),
            " UNION ALL ",
            transfers_of_side!("credit", $from, $order),
            " ORDER BY id ",
            $order,
            " LIMIT ?4"
        )
    };
}

#[rustfmt::skip]
macro_rules! transfers_of_side {
    ($side:literal, $from:literal, $order:literal) => {
        concat!(
            "SELECT * FROM (SELECT ",
            transfer_columns!(),
            " FROM transfers WHERE ",
            $side,
            "_kind = ?1 AND ",
            $side,
            "_owner = ?2 AND id ",
            $from,
            " ?3 ORDER BY id ",
            $order,
            " LIMIT ?4)"
        )
    };
}

pub(super) async fn entries(
    pool: &SqlitePool,
    user: UserId,
    before_id: Option<i64>,
    limit: u32,
) -> Result<Vec<Recorded>, StoreError> {
    let before = before_id.unwrap_or(i64::MAX);
    let statement = transfers_of_account!("<", "DESC");
    transfers_of_account(pool, statement, Account::Wallet(user), before, limit).await
}

pub(super) async fn transfers_of(
    pool: &SqlitePool,
    order_no: OrderNo,
    after_id: i64,
    limit: u32,
) -> Result<Vec<Recorded>, StoreError> {
    let statement = transfers_of_account!(">", "ASC");
    transfers_of_account(pool, statement, Account::Escrow(order_no), after_id, limit).await
}

async fn transfers_of_account(
    pool: &SqlitePool,
    statement: &'static str,
    account: Account,
    boundary: i64,
    limit: u32,
) -> Result<Vec<Recorded>, StoreError> {
    let (kind, owner) = account.columns();
    sqlx::query(statement)
        .bind(kind)
        .bind(owner)
        .bind(boundary)
        .bind(limit)
        .fetch_all(pool)
        .await?
        .iter()
        .map(recorded)
        .collect()
}

pub(super) async fn accounts_page(
    pool: &SqlitePool,
    after: Option<Account>,
    limit: u32,
) -> Result<Vec<(Account, AccountState)>, StoreError> {
    let (kind, owner) = after.map_or(BEFORE_ALL, Account::columns);
    sqlx::query(
        "SELECT kind, owner, balance, credited FROM accounts WHERE (kind, owner) > (?1, ?2)
         ORDER BY kind, owner LIMIT ?3",
    )
    .bind(kind)
    .bind(owner)
    .bind(limit)
    .fetch_all(pool)
    .await?
    .into_iter()
    .map(|row| {
        let account = Account::from_columns(row.try_get(0)?, row.try_get(1)?)?;
        Ok((account, AccountState { balance: row.try_get(2)?, credited: row.try_get(3)? }))
    })
    .collect()
}

pub(super) async fn transfers_without_escrow(
    pool: &SqlitePool,
    after_id: i64,
    limit: u32,
) -> Result<Vec<Recorded>, StoreError> {
    sqlx::query(concat!(
        "SELECT ",
        transfer_columns!(),
        " FROM transfers WHERE id > ?1 AND debit_kind <> 2 AND credit_kind <> 2
         ORDER BY id LIMIT ?2"
    ))
    .bind(after_id)
    .bind(limit)
    .fetch_all(pool)
    .await?
    .iter()
    .map(recorded)
    .collect()
}

pub(super) async fn transfers_page(
    pool: &SqlitePool,
    after_id: i64,
    limit: u32,
) -> Result<Vec<Recorded>, StoreError> {
    sqlx::query(concat!(
        "SELECT ",
        transfer_columns!(),
        " FROM transfers WHERE id > ?1 ORDER BY id LIMIT ?2"
    ))
    .bind(after_id)
    .bind(limit)
    .fetch_all(pool)
    .await?
    .iter()
    .map(recorded)
    .collect()
}

/// The legs on one side after a place: what is left of the account, the accounts after it
/// of its kind, the kinds after it. Each part seeks in the index, and SQLite merges them row
/// by row, so that a page costs a page. `(kind, owner, id) > (…)` would say it in one line,
/// but SQLite then reads all of the issuer's transfers for each page of them.
macro_rules! legs_after {
    ($side:literal, $sign:literal) => {
        concat!(
            legs_where!($side, $sign, "= ?1", "= ?2", "> ?3"),
            " UNION ALL ",
            legs_where!($side, $sign, "= ?1", "> ?2", ">= 0"),
            " UNION ALL ",
            legs_where!($side, $sign, "> ?1", ">= 0", ">= 0"),
        )
    };
}

/// Legs of one side whose kind, owner and id compare like this.
#[rustfmt::skip]
macro_rules! legs_where {
    ($side:literal, $sign:literal, $kind:literal, $owner:literal, $id:literal) => {
        concat!(
            "SELECT ",
            $side,
            "_kind AS kind, ",
            $side,
            "_owner AS owner, id, ",
            $sign,
            "amount, ",
            $side,
            "_balance, '",
            $side,
            "' = 'credit' AND transfers.kind = 3 FROM transfers WHERE ",
            $side,
            "_kind ",
            $kind,
            " AND ",
            $side,
            "_owner ",
            $owner,
            " AND id ",
            $id,
        )
    };
}

pub(super) async fn legs_page(
    pool: &SqlitePool,
    after: Option<(Account, i64)>,
    limit: u32,
) -> Result<Vec<Leg>, StoreError> {
    let (kind, owner) = after.map_or(BEFORE_ALL, |(account, _)| account.columns());
    sqlx::query(concat!(
        legs_after!("debit", "-"),
        " UNION ALL ",
        legs_after!("credit", ""),
        " ORDER BY kind, owner, id LIMIT ?4"
    ))
    .bind(kind)
    .bind(owner)
    .bind(after.map_or(-1, |(_, id)| id))
    .bind(limit)
    .fetch_all(pool)
    .await?
    .into_iter()
    .map(|row| {
        Ok(Leg {
            account: Account::from_columns(row.try_get(0)?, row.try_get(1)?)?,
            id: row.try_get(2)?,
            change: row.try_get(3)?,
            balance: row.try_get(4)?,
            is_credit: row.try_get(5)?,
        })
    })
    .collect()
}

/// SQLite merges the two sides row by row, each in the order of its index, so that a page
/// costs a page.
pub(super) async fn escrow_transfers_page(
    pool: &SqlitePool,
    after: Option<(OrderNo, i64)>,
    limit: u32,
) -> Result<Vec<(OrderNo, Recorded)>, StoreError> {
    let (order_no, id) = after.map_or(BEFORE_ALL, |(order_no, id)| (order_no.to_bits(), id));
    sqlx::query(concat!(
        "SELECT ",
        transfer_columns!(),
        ", debit_owner AS packet FROM transfers
         WHERE debit_kind = 2 AND (debit_owner, id) > (?1, ?2)
         UNION ALL SELECT ",
        transfer_columns!(),
        ", credit_owner AS packet FROM transfers
         WHERE credit_kind = 2 AND (credit_owner, id) > (?1, ?2)
         ORDER BY packet, id LIMIT ?3"
    ))
    .bind(order_no)
    .bind(id)
    .bind(limit)
    .fetch_all(pool)
    .await?
    .iter()
    .map(|row| Ok((order_no_of(row.try_get("packet")?)?, recorded(row)?)))
    .collect()
}

pub(super) async fn transfers_by_key(
    pool: &SqlitePool,
    keys: Vec<String>,
) -> Result<Vec<Option<Recorded>>, StoreError> {
    let found = sqlx::query(concat!(
        "SELECT ",
        transfer_columns!(),
        " FROM transfers WHERE key IN (SELECT value FROM json_each(?1))"
    ))
    .bind(to_json(&keys)?)
    .fetch_all(pool)
    .await?
    .iter()
    .map(|row| {
        let recorded = recorded(row)?;
        Ok((recorded.transfer.key.clone(), recorded))
    })
    .collect::<Result<BTreeMap<_, _>, StoreError>>()?;
    Ok(keys.iter().map(|key| found.get(key).cloned()).collect())
}

pub(super) async fn payments_page(
    pool: &SqlitePool,
    after: Option<OrderNo>,
    limit: u32,
) -> Result<Vec<Payment>, StoreError> {
    let found: Vec<String> = sqlx::query_scalar(
        "SELECT payment FROM payments WHERE order_no > ?1 ORDER BY order_no LIMIT ?2",
    )
    .bind(after.map_or(-1, OrderNo::to_bits))
    .bind(limit)
    .fetch_all(pool)
    .await?;
    found.iter().map(|text| from_json(text)).collect()
}

pub(super) async fn awaiting_landing(
    pool: &SqlitePool,
    orders: Vec<OrderNo>,
) -> Result<Vec<OrderNo>, StoreError> {
    let found: Vec<String> = sqlx::query_scalar(
        "SELECT DISTINCT json_extract(payload, '$.order_no') FROM outbox
         WHERE destination = ?1
           AND json_extract(payload, '$.order_no') IN (SELECT value FROM json_each(?2))",
    )
    .bind(Destination::Land.number())
    .bind(to_json(&orders)?)
    .fetch_all(pool)
    .await?;
    found
        .iter()
        .map(|text| text.parse().map_err(|_| StoreError::Corrupt(format!("order number {text}"))))
        .collect()
}

pub(super) async fn account_sum(
    pool: &SqlitePool,
    account: Account,
) -> Result<AccountSum, StoreError> {
    let (kind, owner) = account.columns();
    // One statement, so that no commit comes between its parts.
    let (balance, credited, into, credits, out_of): (i64, i64, i64, i64, i64) = sqlx::query_as(
        "SELECT coalesce(a.balance, 0), coalesce(a.credited, 0), coalesce(c.into_it, 0),
                coalesce(c.credits, 0),
                coalesce((SELECT sum(amount) FROM transfers
                          WHERE debit_kind = ?1 AND debit_owner = ?2), 0)
         FROM (SELECT sum(amount) AS into_it, sum(amount) FILTER (WHERE kind = 3) AS credits
               FROM transfers WHERE credit_kind = ?1 AND credit_owner = ?2) AS c
         LEFT JOIN accounts AS a ON a.kind = ?1 AND a.owner = ?2",
    )
    .bind(kind)
    .bind(owner)
    .fetch_one(pool)
    .await?;
    let summed = into
        .checked_sub(out_of)
        .ok_or_else(|| StoreError::Corrupt(format!("the transfers of {account} overflow")))?;
    Ok(AccountSum {
        stated: AccountState { balance, credited },
        summed: AccountState { balance: summed, credited: credits },
    })
}
