//! What only reads the ledger.

use super::{
    Database, Dialect, Row, Statement, StoreError, TRANSFER, TRANSFER_COLUMNS, any, from_json,
    order_no_of, recorded, sql, write::landing,
};
use crate::{
    packets::record::Payment,
    store::{
        ledger::{Account, AccountState, AccountSum, Leg, Recorded},
        outbox::Destination,
        sql::Source,
    },
};
use hongbao_shared::{OrderNo, UserId};
use std::collections::BTreeMap;

/// Before every account and every id.
const BEFORE_ALL: (i64, i64) = (-1, -1);

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
    // Neither database merges these: the conditions hide the order of the index.
    let statement = both_sides(true, side, order, "$4");
    all_recorded(database, statement.bind(kind).bind(owner).bind(id).bind(limit)).await
}

/// What both sides of transfers give together, in an order, up to a limit. Where a database
/// does not merge them row by row, each in the order of its index, each has to be limited
/// on its own, so that a page costs a page whatever there is.
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

pub(super) async fn accounts_page(
    database: &Database,
    after: Option<Account>,
    limit: u32,
) -> Result<Vec<(Account, AccountState)>, StoreError> {
    let (kind, owner) = after.map_or(BEFORE_ALL, Account::columns);
    sql("SELECT kind, owner, balance, credited FROM accounts WHERE (kind, owner) > ($1, $2)
         ORDER BY kind, owner LIMIT $3")
    .bind(kind)
    .bind(owner)
    .bind(limit)
    .fetch_all(database)
    .await?
    .iter()
    .map(|row| {
        let account = Account::from_columns(row.try_get(0)?, row.try_get(1)?)?;
        Ok((account, AccountState { balance: row.try_get(2)?, credited: row.try_get(3)? }))
    })
    .collect()
}

pub(super) async fn transfers_page(
    database: &Database,
    after_id: i64,
    limit: u32,
) -> Result<Vec<Recorded>, StoreError> {
    by_id(database, "", after_id, limit).await
}

pub(super) async fn transfers_without_escrow(
    database: &Database,
    after_id: i64,
    limit: u32,
) -> Result<Vec<Recorded>, StoreError> {
    by_id(database, "AND debit_kind <> 2 AND credit_kind <> 2", after_id, limit).await
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

/// The transfers with these keys that there are.
pub(super) async fn by_key(
    dialect: Dialect,
    source: impl Source,
    keys: Vec<String>,
) -> Result<BTreeMap<String, Recorded>, StoreError> {
    let any = any(dialect, "$1");
    sql(format!("SELECT {TRANSFER} FROM transfers WHERE key {any}"))
        .bind(keys)
        .fetch_all(source)
        .await?
        .iter()
        .map(|row| {
            let recorded = recorded(row)?;
            Ok((recorded.transfer.key.clone(), recorded))
        })
        .collect()
}

pub(super) async fn transfers_by_key(
    database: &Database,
    keys: Vec<String>,
) -> Result<Vec<Option<Recorded>>, StoreError> {
    let found = by_key(database.dialect(), database, keys.clone()).await?;
    Ok(keys.iter().map(|key| found.get(key).cloned()).collect())
}

pub(super) async fn legs_page(
    database: &Database,
    after: Option<(Account, i64)>,
    limit: u32,
) -> Result<Vec<Leg>, StoreError> {
    let dialect = database.dialect();
    let (kind, owner) = after.map_or(BEFORE_ALL, |(account, _)| account.columns());
    let side = |side: &str| legs_after(dialect, side);
    both_sides(dialect == Dialect::Postgres, side, "kind, owner, id", "$4")
        .bind(kind)
        .bind(owner)
        .bind(after.map_or(-1, |(_, id)| id))
        .bind(limit)
        .fetch_all(database)
        .await?
        .iter()
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

pub(super) async fn escrow_transfers_page(
    database: &Database,
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
    let of_packet = |row: &Row| Ok((order_no_of(row.try_get(TRANSFER_COLUMNS)?)?, recorded(row)?));
    both_sides(database.dialect() == Dialect::Postgres, side, "packet, id", "$3")
        .bind(order_no)
        .bind(id)
        .bind(limit)
        .fetch_all(database)
        .await?
        .iter()
        .map(of_packet)
        .collect()
}

pub(super) async fn payments_page(
    database: &Database,
    after: Option<OrderNo>,
    limit: u32,
) -> Result<Vec<Payment>, StoreError> {
    let found: Vec<String> =
        sql("SELECT payment FROM payments WHERE order_no > $1 ORDER BY order_no LIMIT $2")
            .bind(after.map_or(-1, OrderNo::to_bits))
            .bind(limit)
            .scalars(database)
            .await?;
    found.iter().map(|text| from_json(text)).collect()
}

pub(super) async fn awaiting_landing(
    database: &Database,
    orders: Vec<OrderNo>,
) -> Result<Vec<OrderNo>, StoreError> {
    let dialect = database.dialect();
    let (landing, any) = (landing(dialect), any(dialect, "$2"));
    let found: Vec<String> = sql(format!(
        "SELECT DISTINCT {landing} FROM outbox WHERE destination = $1 AND {landing} {any}"
    ))
    .bind(Destination::Land.number())
    .bind(orders.iter().map(ToString::to_string).collect::<Vec<String>>())
    .scalars(database)
    .await?;
    found
        .iter()
        .map(|text| text.parse().map_err(|_| StoreError::Corrupt(format!("order number {text}"))))
        .collect()
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
