//! What walks the ledger page by page.

use super::{
    Database, Dialect, Row, StoreError, TRANSFER, TRANSFER_COLUMNS, from_json,
    read::{all_recorded, both_sides},
    recorded, sql,
};
use hongbao_domain::{
    record::Payment,
    store::ledger::{Account, AccountState, Leg, Recorded},
};
use hongbao_shared::OrderNo;

/// Before every account and every id.
const BEFORE_ALL: (i64, i64) = (-1, -1);

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
    .all(database, |row| {
        let account = Account::from_columns(row.try_get(0)?, row.try_get(1)?)?;
        Ok((account, AccountState { balance: row.try_get(2)?, credited: row.try_get(3)? }))
    })
    .await
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
        .all(database, |row| {
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
    let of_packet = |row: &Row| Ok((row.try_get(TRANSFER_COLUMNS)?, recorded(row)?));
    both_sides(database.dialect() == Dialect::Postgres, side, "packet, id", "$3")
        .bind(order_no)
        .bind(id)
        .bind(limit)
        .all(database, of_packet)
        .await
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
