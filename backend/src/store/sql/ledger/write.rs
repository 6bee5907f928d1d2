//! What changes the ledger's file. Whole batches go in and out as JSON arrays: a batch
//! of a thousand postings is a handful of statements, whose texts never change.

use super::{
    super::{StoreError, Tx, outbox},
    from_json, order_no_of, recorded, to_json, transfer_columns,
};
use crate::{
    ledger::book::{self, Changes, Loaded},
    packets::record::{Payment, PreOrderRecord},
    store::{
        ledger::{Account, PostOutcome, Posting, Transfer},
        outbox::Destination,
    },
};
use hongbao_shared::{OrderNo, Timestamp};
use serde::Serialize;
use sqlx::{Row, SqliteConnection};
use std::collections::{BTreeMap, BTreeSet};

pub(super) async fn post(
    tx: &mut SqliteConnection,
    batch: Vec<Posting>,
    now: Timestamp,
) -> Result<Vec<PostOutcome>, StoreError> {
    let wanted = book::wanted(&batch);
    let loaded = Loaded {
        balances: balances(tx, &wanted.accounts).await?,
        transfers: transfers(tx, &wanted.keys).await?,
        payments: payments(tx, &wanted.payments).await?,
    };
    let (outcomes, changes) = book::decide(batch, loaded, now);
    if !changes.is_empty() {
        write(tx, changes, now).await?;
    }
    Ok(outcomes)
}

async fn balances(
    tx: &mut SqliteConnection,
    accounts: &BTreeSet<Account>,
) -> Result<BTreeMap<Account, i64>, StoreError> {
    let wanted: Vec<_> = accounts.iter().map(|account| account.columns()).collect();
    // CROSS JOIN keeps the planner from walking all accounts instead. One row with all
    // of them, because handing over a row costs more than finding it.
    let found: String = sqlx::query_scalar(
        "SELECT json_group_array(json_array(a.kind, a.owner, a.balance))
         FROM jsonb_each(?1) AS wanted
         CROSS JOIN accounts AS a
         WHERE a.kind = wanted.value ->> 0 AND a.owner = wanted.value ->> 1",
    )
    .bind(to_json(&wanted)?)
    .fetch_one(tx)
    .await?;
    from_json::<Vec<(i64, i64, i64)>>(&found)?
        .into_iter()
        .map(|(kind, owner, balance)| Ok((Account::from_columns(kind, owner)?, balance)))
        .collect()
}

async fn transfers(
    tx: &mut SqliteConnection,
    keys: &BTreeSet<String>,
) -> Result<BTreeMap<String, Transfer>, StoreError> {
    sqlx::query(concat!(
        "SELECT ",
        transfer_columns!(),
        " FROM transfers WHERE key IN (SELECT value FROM jsonb_each(?1))"
    ))
    .bind(to_json(keys)?)
    .fetch_all(tx)
    .await?
    .iter()
    .map(|row| {
        let transfer = recorded(row)?.transfer;
        Ok((transfer.key.clone(), transfer))
    })
    .collect()
}

async fn payments(
    tx: &mut SqliteConnection,
    orders: &BTreeSet<OrderNo>,
) -> Result<BTreeMap<OrderNo, Payment>, StoreError> {
    if orders.is_empty() {
        return Ok(BTreeMap::new());
    }
    let wanted: Vec<_> = orders.iter().map(|order_no| order_no.to_bits()).collect();
    sqlx::query(
        "SELECT order_no, payment FROM payments
         WHERE order_no IN (SELECT value FROM jsonb_each(?1))",
    )
    .bind(to_json(&wanted)?)
    .fetch_all(tx)
    .await?
    .into_iter()
    .map(|row| Ok((order_no_of(row.try_get(0)?)?, from_json(row.try_get(1)?)?)))
    .collect()
}

async fn write(
    tx: &mut SqliteConnection,
    changes: Changes,
    now: Timestamp,
) -> Result<(), StoreError> {
    let balances: Vec<_> = changes
        .balances
        .iter()
        .map(|(account, balance)| {
            let (kind, owner) = account.columns();
            (kind, owner, balance, changes.credited.get(account).copied().unwrap_or_default())
        })
        .collect();
    // The new balances, not the differences: this transaction is the only writer, and
    // what was loaded in it is still true. What was credited is added, because nothing
    // else needs to load it. `true` tells the parser that ON belongs to the INSERT.
    write_all(
        tx,
        "INSERT INTO accounts (kind, owner, balance, credited)
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3
         FROM jsonb_each(?1) WHERE true
         ON CONFLICT (kind, owner) DO UPDATE
         SET balance = excluded.balance, credited = credited + excluded.credited",
        &balances,
    )
    .await?;
    let transfers: Vec<_> = changes.transfers.iter().map(row_of).collect();
    write_all(
        tx,
        "INSERT INTO transfers (key, kind, debit_kind, debit_owner, credit_kind, credit_owner,
                                amount, debit_balance, credit_balance, order_no, at)
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5,
                value ->> 6, value ->> 7, value ->> 8, value ->> 9, value ->> 10
         FROM jsonb_each(?1) ORDER BY jsonb_each.key",
        &transfers,
    )
    .await?;
    if !changes.payments.is_empty() {
        let payments: Vec<_> = changes
            .payments
            .iter()
            .map(|payment| Ok((payment.record.order_no.to_bits(), to_json(payment)?)))
            .collect::<Result<_, StoreError>>()?;
        write_all(
            tx,
            "INSERT INTO payments (order_no, payment)
             SELECT value ->> 0, value ->> 1 FROM jsonb_each(?1)",
            &payments,
        )
        .await?;
    }
    outbox::insert(&mut Tx::Sqlite(tx), &changes.outbox, now).await
}

/// Writes exactly the rows of a batch, or fails and rolls all of it back.
async fn write_all<T: Serialize>(
    tx: &mut SqliteConnection,
    statement: &'static str,
    rows: &[T],
) -> Result<(), StoreError> {
    let written = sqlx::query(statement).bind(to_json(&rows)?).execute(tx).await?.rows_affected();
    if usize::try_from(written) == Ok(rows.len()) {
        Ok(())
    } else {
        Err(StoreError::Corrupt(format!("{written} rows written instead of {}", rows.len())))
    }
}

/// A transfer in the order of the columns of the INSERT.
fn row_of(transfer: &Transfer) -> impl Serialize + use<'_> {
    let (debit_kind, debit_owner) = transfer.debit.columns();
    let (credit_kind, credit_owner) = transfer.credit.columns();
    (
        &transfer.key,
        transfer.kind.number(),
        debit_kind,
        debit_owner,
        credit_kind,
        credit_owner,
        transfer.amount,
        transfer.debit_balance,
        transfer.credit_balance,
        transfer.order_no.map(OrderNo::to_bits),
        transfer.at.millis(),
    )
}

pub(super) async fn land_again(
    tx: &mut SqliteConnection,
    order_no: OrderNo,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let lost: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM payments WHERE order_no = ?1)
            AND NOT EXISTS (SELECT 1 FROM outbox WHERE destination = ?2
                            AND json_extract(payload, '$.order_no') = ?3)",
    )
    .bind(order_no.to_bits())
    .bind(Destination::Land.number())
    .bind(order_no.to_string())
    .fetch_one(&mut *tx)
    .await?;
    if lost {
        outbox::insert(&mut Tx::Sqlite(tx), &[book::land(order_no)], now).await?;
    }
    Ok(lost)
}

pub(super) async fn put_pre_order(
    tx: &mut SqliteConnection,
    record: PreOrderRecord,
) -> Result<(), StoreError> {
    let written = sqlx::query(
        "INSERT INTO pre_orders (order_no, record, expires_at) VALUES (?1, ?2, ?3)
         ON CONFLICT (order_no) DO UPDATE SET record = excluded.record
         WHERE record = excluded.record",
    )
    .bind(record.order_no.to_bits())
    .bind(to_json(&record)?)
    .bind(record.expires_at.millis())
    .execute(tx)
    .await?
    .rows_affected();
    if written == 1 {
        Ok(())
    } else {
        Err(StoreError::Constraint { name: "pre_orders_pkey".to_owned() })
    }
}

pub(super) async fn purge_pre_orders(
    tx: &mut SqliteConnection,
    now: Timestamp,
    limit: u32,
) -> Result<u64, StoreError> {
    Ok(sqlx::query(
        "DELETE FROM pre_orders WHERE order_no IN
             (SELECT order_no FROM pre_orders WHERE expires_at < ?1
              ORDER BY expires_at LIMIT ?2)",
    )
    .bind(now.millis())
    .bind(limit)
    .execute(tx)
    .await?
    .rows_affected())
}
