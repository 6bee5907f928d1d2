//! Enters a batch of postings: loads what it is about, lets the book decide, and writes
//! what changes, in one transaction. Whole batches go in and out as arrays: a thousand
//! postings are a handful of statements, whose texts never change.
//!
//! SQLite has one writer. On PostgreSQL many nodes post at once, each transaction like
//! this:
//!
//! 1. It locks the accounts that exist, in their order, and reads their balances. Two
//!    batches with an account in common go one after the other from here on; nobody starts
//!    over for it, however many want the issuer at the same time.
//! 2. It looks for its keys in a statement of its own, which sees whatever was committed
//!    before the locks were had. The postings that can have a key share an account (a
//!    payment, its credits and its refund share an escrow, a person's top-ups a wallet), so
//!    that nobody else can use the key meanwhile.
//! 3. An account that does not exist cannot be locked. It is inserted, in order, before
//!    anything else that others could wait for; if somebody else was first, the
//!    transaction starts over. So no two ever wait for each other: who inserts has all of
//!    its locks, and who locks has not inserted.

use super::{
    Database, Dialect, SERVER_CLOCK, StoreError, Tx, any, enter, from_json, read, sql, start_over,
    to_json,
};
use hongbao_domain::{
    book::{self, Loaded, Wanted},
    record::Payment,
    store::ledger::{Account, PostOutcome, Posting, Transfer},
};
use hongbao_shared::{OrderNo, Timestamp, UserId};
use std::collections::{BTreeMap, BTreeSet};

/// Unique keys that two transactions may both want to take.
const RACED: [&str; 2] = ["accounts_pkey", "transfers_key"];

pub(super) async fn post(
    database: &Database,
    batch: Vec<Posting>,
    now: Timestamp,
) -> Result<Vec<PostOutcome>, StoreError> {
    let wanted = book::wanted(&batch);
    database
        .write_by_row((batch, wanted), move |tx, (batch, wanted)| {
            Box::pin(async move { post_in(tx, batch, wanted, now).await.map_err(raced) })
        })
        .await
}

/// Whoever took the key first has committed: the next attempt finds what it wrote, and
/// answers as for any repeat. SQLite names unique keys otherwise, and has no such races.
fn raced(error: StoreError) -> StoreError {
    match error {
        StoreError::Constraint { name } if RACED.contains(&name.as_str()) => start_over(),
        error => error,
    }
}

async fn post_in(
    tx: &mut Tx<'_>,
    batch: &[Posting],
    wanted: &Wanted,
    now: Timestamp,
) -> Result<Vec<PostOutcome>, StoreError> {
    let balances = match tx.dialect() {
        Dialect::Sqlite => balances(tx, &wanted.accounts).await?,
        Dialect::Postgres => locked_balances(tx, &wanted.accounts).await?,
    };
    let existing: BTreeSet<Account> = balances.keys().copied().collect();
    let transfers = transfers(tx, &wanted.keys).await?;
    if tx.dialect() == Dialect::Postgres {
        let is_newer = |account| wanted.accounts.contains(&account) && !existing.contains(&account);
        if transfers.values().any(|found| is_newer(found.debit) || is_newer(found.credit)) {
            // Somebody else made the account since the locks: it holds what was not seen.
            return Err(start_over());
        }
    }
    let (payments, clock) = payments(tx, &wanted.payments).await?;
    let paid = paid(tx, &wanted.paid).await?;
    let loaded = Loaded { balances, transfers, payments, paid, clock };
    let (outcomes, changes) = book::decide(batch, loaded, now);
    if !changes.is_empty() {
        enter::enter(tx, &changes, &existing, now).await?;
    }
    Ok(outcomes)
}

async fn balances(
    tx: &mut Tx<'_>,
    accounts: &BTreeSet<Account>,
) -> Result<BTreeMap<Account, i64>, StoreError> {
    let wanted: Vec<_> = accounts.iter().map(|account| account.columns()).collect();
    // CROSS JOIN keeps the planner from walking all accounts instead. One row with all
    // of them, because handing over a row costs more than finding it.
    let found: String = sql("SELECT json_group_array(json_array(a.kind, a.owner, a.balance))
         FROM jsonb_each($1) AS wanted
         CROSS JOIN accounts AS a
         WHERE a.kind = wanted.value ->> 0 AND a.owner = wanted.value ->> 1")
    .bind(to_json(&wanted)?)
    .scalar(tx)
    .await?;
    from_json::<Vec<(i64, i64, i64)>>(&found)?
        .into_iter()
        .map(|(kind, owner, balance)| Ok((Account::from_columns(kind, owner)?, balance)))
        .collect()
}

/// PostgreSQL locks rows after it has sorted them.
async fn locked_balances(
    tx: &mut Tx<'_>,
    accounts: &BTreeSet<Account>,
) -> Result<BTreeMap<Account, i64>, StoreError> {
    let (kinds, owners): (Vec<i64>, Vec<i64>) =
        accounts.iter().map(|account| account.columns()).unzip();
    sql("SELECT a.kind, a.owner, a.balance
         FROM unnest($1::bigint[], $2::bigint[]) AS wanted (kind, owner)
         JOIN accounts AS a ON a.kind = wanted.kind AND a.owner = wanted.owner
         ORDER BY a.kind, a.owner
         FOR UPDATE OF a")
    .bind(kinds)
    .bind(owners)
    .all(tx, |row| Ok((Account::from_columns(row.try_get(0)?, row.try_get(1)?)?, row.try_get(2)?)))
    .await
}

async fn transfers(
    tx: &mut Tx<'_>,
    keys: &BTreeSet<String>,
) -> Result<BTreeMap<String, Transfer>, StoreError> {
    let keys = keys.iter().cloned().collect();
    let found = read::by_key(tx.dialect(), tx, keys).await?;
    Ok(found.into_iter().map(|(key, recorded)| (key, recorded.transfer)).collect())
}

/// What wallets have paid for packets since a moment: they are locked, so that it stays true.
async fn paid(
    tx: &mut Tx<'_>,
    wanted: &BTreeSet<(UserId, Timestamp)>,
) -> Result<BTreeMap<(UserId, Timestamp), i64>, StoreError> {
    if wanted.is_empty() {
        return Ok(BTreeMap::new());
    }
    let (payers, moments): (Vec<i64>, Vec<i64>) =
        wanted.iter().map(|(payer, since)| (payer.get(), since.millis())).unzip();
    // A person's payments since then are read off `transfers_paid`, whatever came before.
    let statement = match tx.dialect() {
        Dialect::Sqlite => {
            let wanted: Vec<_> = payers.iter().zip(&moments).collect();
            sql("SELECT wanted.value ->> 0, wanted.value ->> 1, sum(t.amount)
                 FROM jsonb_each($1) AS wanted
                 CROSS JOIN transfers AS t
                 WHERE t.kind = 2 AND t.debit_owner = wanted.value ->> 0
                       AND t.at >= wanted.value ->> 1
                 GROUP BY 1, 2")
            .bind(to_json(&wanted)?)
        }
        Dialect::Postgres => sql("SELECT wanted.payer, wanted.since, sum(t.amount)::bigint
             FROM unnest($1::bigint[], $2::bigint[]) AS wanted (payer, since)
             JOIN transfers AS t
                 ON t.kind = 2 AND t.debit_owner = wanted.payer AND t.at >= wanted.since
             GROUP BY 1, 2")
        .bind(payers)
        .bind(moments),
    };
    let rows = statement
        .all(tx, |row| {
            let payer: i64 = row.try_get(0)?;
            let since: i64 = row.try_get(1)?;
            let payer = UserId::new(payer)
                .ok_or_else(|| StoreError::Corrupt(format!("{payer} is nobody's id")))?;
            Ok(((payer, Timestamp::from_millis(since)), row.try_get(2)?))
        })
        .await?;
    Ok(rows)
}

/// The payments that exist, and what the server's clock shows.
async fn payments(
    tx: &mut Tx<'_>,
    orders: &BTreeSet<OrderNo>,
) -> Result<(BTreeMap<OrderNo, Payment>, Option<Timestamp>), StoreError> {
    if orders.is_empty() {
        return Ok((BTreeMap::new(), None));
    }
    let dialect = tx.dialect();
    let clock = dialect.pick("NULL", SERVER_CLOCK);
    let any = any(dialect, "$1");
    // The clock alone if there is none.
    let text = format!(
        "SELECT {clock}, order_no, payment FROM (SELECT 1) AS one
         LEFT JOIN payments ON order_no {any}"
    );
    let numbers: Vec<i64> = orders.iter().map(|order_no| order_no.to_bits()).collect();
    let rows = sql(text).bind(numbers).fetch_all(tx).await?;
    let clock = rows.first().map(|row| row.try_get(0)).transpose()?.flatten();
    let mut payments = BTreeMap::new();
    for row in &rows {
        if let Some(order_no) = row.try_get(1)? {
            let payment: String = row.try_get(2)?;
            payments.insert(order_no, from_json(&payment)?);
        }
    }
    Ok((payments, clock))
}
