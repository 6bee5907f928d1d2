//! Writes what the book decided: rows of JSON to SQLite, columns of arrays to PostgreSQL.

use super::{Dialect, Statement, StoreError, Tx, outbox, sql, to_json};
use crate::{
    crash,
    ledger::book::Changes,
    packets::record::Payment,
    store::ledger::{Account, Transfer, TransferKind},
};
use hongbao_shared::{OrderNo, Timestamp};
use serde::Serialize;
use std::collections::BTreeSet;

/// What stands for "of no packet" in an array.
const NO_ORDER: i64 = -1;

/// `existing` are the accounts that were there, and on PostgreSQL are locked. Accounts come
/// first: whoever has them has everything that another batch could wait for.
pub(super) async fn enter(
    tx: &mut Tx<'_>,
    changes: &Changes<'_>,
    existing: &BTreeSet<Account>,
    now: Timestamp,
) -> Result<(), StoreError> {
    accounts(tx, changes, existing).await?;
    transfers(tx, &changes.transfers).await?;
    payments(tx, &changes.payments).await?;
    let steps = crash::of_ledger(|kind| {
        kind != TransferKind::TopUp && changes.transfers.iter().any(|entered| entered.kind == kind)
    });
    crash::inside_all(&steps);
    outbox::insert(tx, &changes.outbox, now).await?;
    crash::at_commit_all(&steps);
    Ok(())
}

/// What an account holds now, and what credits have brought into it in this batch.
struct Moved {
    account: Account,
    balance: i64,
    credited: i64,
}

/// The new balances, not the differences: what was loaded in this transaction is still
/// true. What was credited is added, because nothing else needs to load it.
async fn accounts(
    tx: &mut Tx<'_>,
    changes: &Changes<'_>,
    existing: &BTreeSet<Account>,
) -> Result<(), StoreError> {
    let moved = changes.balances.iter().map(|(account, balance)| {
        let credited = changes.credited.get(account).copied().unwrap_or_default();
        Moved { account: *account, balance: *balance, credited }
    });
    match tx.dialect() {
        Dialect::Sqlite => {
            let rows: Vec<_> = moved
                .map(|Moved { account, balance, credited }| {
                    let (kind, owner) = account.columns();
                    (kind, owner, balance, credited)
                })
                .collect();
            // `true` tells the parser that ON belongs to the INSERT.
            let statement = sql("INSERT INTO accounts (kind, owner, balance, credited)
                 SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3
                 FROM jsonb_each($1) WHERE true
                 ON CONFLICT (kind, owner) DO UPDATE
                 SET balance = excluded.balance, credited = credited + excluded.credited");
            write_all(tx, statement.bind(to_json(&rows)?), rows.len()).await
        }
        Dialect::Postgres => {
            let (old, new): (Vec<Moved>, Vec<Moved>) =
                moved.partition(|moved| existing.contains(&moved.account));
            let update = "UPDATE accounts AS a
                 SET balance = moved.balance, credited = a.credited + moved.credited
                 FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[])
                      AS moved (kind, owner, balance, credited)
                 WHERE a.kind = moved.kind AND a.owner = moved.owner";
            write_accounts(tx, update, &old).await?;
            let insert = "INSERT INTO accounts (kind, owner, balance, credited)
                 SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[])
                      AS moved (kind, owner, balance, credited)
                 ORDER BY kind, owner";
            write_accounts(tx, insert, &new).await
        }
    }
}

async fn write_accounts(
    tx: &mut Tx<'_>,
    text: &'static str,
    moved: &[Moved],
) -> Result<(), StoreError> {
    if moved.is_empty() {
        return Ok(());
    }
    let columns: [fn(&Moved) -> i64; 4] = [
        |moved| moved.account.columns().0,
        |moved| moved.account.columns().1,
        |moved| moved.balance,
        |moved| moved.credited,
    ];
    write_all(tx, bind_columns(sql(text), moved, columns), moved.len()).await
}

async fn transfers(tx: &mut Tx<'_>, transfers: &[Transfer]) -> Result<(), StoreError> {
    let statement = match tx.dialect() {
        Dialect::Sqlite => {
            let rows: Vec<_> = transfers.iter().map(row_of).collect();
            sql("INSERT INTO transfers (key, kind, debit_kind, debit_owner, credit_kind,
                     credit_owner, amount, debit_balance, credit_balance, order_no, at)
                 SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4,
                        value ->> 5, value ->> 6, value ->> 7, value ->> 8, value ->> 9,
                        value ->> 10
                 FROM jsonb_each($1) ORDER BY jsonb_each.key")
            .bind(to_json(&rows)?)
        }
        Dialect::Postgres => {
            let keys: Vec<String> = transfers.iter().map(|transfer| transfer.key.clone()).collect();
            let columns: [fn(&Transfer) -> i64; 10] = [
                |transfer| transfer.kind.number(),
                |transfer| transfer.debit.columns().0,
                |transfer| transfer.debit.columns().1,
                |transfer| transfer.credit.columns().0,
                |transfer| transfer.credit.columns().1,
                |transfer| transfer.amount.signed(),
                |transfer| transfer.debit_balance,
                |transfer| transfer.credit_balance,
                |transfer| transfer.order_no.map_or(NO_ORDER, OrderNo::to_bits),
                |transfer| transfer.at.millis(),
            ];
            let statement = sql("INSERT INTO transfers (key, kind, debit_kind, debit_owner,
                     credit_kind, credit_owner, amount, debit_balance, credit_balance,
                     order_no, at)
                 SELECT key, kind, debit_kind, debit_owner, credit_kind, credit_owner, amount,
                        debit_balance, credit_balance, nullif(order_no, -1), at
                 FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[],
                             $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[],
                             $9::bigint[], $10::bigint[], $11::bigint[])
                      WITH ORDINALITY
                      AS line (key, kind, debit_kind, debit_owner, credit_kind, credit_owner,
                               amount, debit_balance, credit_balance, order_no, at, place)
                 ORDER BY place");
            bind_columns(statement.bind(keys), transfers, columns)
        }
    };
    write_all(tx, statement, transfers.len()).await
}

/// A transfer in the order of the columns of SQLite's INSERT.
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

async fn payments(tx: &mut Tx<'_>, payments: &[&Payment]) -> Result<(), StoreError> {
    if payments.is_empty() {
        return Ok(());
    }
    let orders: Vec<i64> =
        payments.iter().map(|payment| payment.record.order_no.to_bits()).collect();
    let texts = payments.iter().map(to_json).collect::<Result<Vec<String>, StoreError>>()?;
    let statement = match tx.dialect() {
        Dialect::Sqlite => {
            let rows: Vec<_> = orders.into_iter().zip(texts).collect();
            sql("INSERT INTO payments (order_no, payment)
                 SELECT value ->> 0, value ->> 1 FROM jsonb_each($1)")
            .bind(to_json(&rows)?)
        }
        Dialect::Postgres => sql("INSERT INTO payments (order_no, payment)
             SELECT * FROM unnest($1::bigint[], $2::text[])")
        .bind(orders)
        .bind(texts),
    };
    write_all(tx, statement, payments.len()).await
}

/// Binds an array for each column.
fn bind_columns<T, const N: usize>(
    statement: Statement,
    rows: &[T],
    columns: [fn(&T) -> i64; N],
) -> Statement {
    columns.into_iter().fold(statement, |statement, column| {
        statement.bind(rows.iter().map(column).collect::<Vec<i64>>())
    })
}

/// Writes exactly the rows of a batch, or fails and rolls all of it back.
async fn write_all(tx: &mut Tx<'_>, statement: Statement, rows: usize) -> Result<(), StoreError> {
    let written = statement.execute(tx).await?;
    if usize::try_from(written) == Ok(rows) {
        Ok(())
    } else {
        Err(StoreError::Corrupt(format!("{written} rows written instead of {rows}")))
    }
}
