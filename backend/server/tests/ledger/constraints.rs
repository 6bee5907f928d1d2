//! The database refuses what the code should never write (R-MONEY-1).

use crate::{postgres, sqlite::Fixture};
use hongbao_domain::store::Database as _;
use hongbao_storage::{Database, Schema};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};

const INSERT: &str = "INSERT INTO transfers (key, kind, debit_kind, debit_owner, credit_kind,
     credit_owner, amount, debit_balance, credit_balance, order_no, at) VALUES ";

/// Statements, and the constraint that refuses each.
const REFUSED: [(&str, &str); 20] = [
    ("INSERT INTO accounts VALUES (1, 1, -1, 0)", "accounts_only_the_issuer_is_negative"),
    ("INSERT INTO accounts VALUES (2, 1, -1, 0)", "accounts_only_the_issuer_is_negative"),
    ("INSERT INTO accounts VALUES (0, 1, -1, 0)", "accounts_only_the_issuer_is_negative"),
    ("INSERT INTO accounts VALUES (0, 2, 0, 0)", "accounts_owner"),
    ("INSERT INTO accounts VALUES (3, 1, 0, 0)", "accounts_kind_known"),
    ("INSERT INTO accounts VALUES (1, 1, 9007199254740992, 0)", "accounts_balance_range"),
    ("INSERT INTO accounts VALUES (1, 1, 0, -1)", "accounts_credited"),
    ("INSERT INTO accounts VALUES (2, 1, 0, 1)", "accounts_credited"),
    ("('a', 1, 0, 0, 1, 1, 0, 0, 0, NULL, 1)", "transfers_amount_positive"),
    ("('a', 1, 1, 2, 1, 1, 1, 0, 0, NULL, 1)", "transfers_accounts_fit_kind"),
    ("('a', 2, 1, 2, 2, 7, 1, 0, 1, 8, 1)", "transfers_accounts_fit_kind"),
    ("('a', 3, 2, 7, 1, 1, 1, 0, 1, 8, 1)", "transfers_accounts_fit_kind"),
    ("('a', 4, 2, 7, 1, 1, 1, 0, 1, NULL, 1)", "transfers_accounts_fit_kind"),
    ("('a', 1, 0, 1, 1, 1, 1, 0, 1, NULL, 1)", "transfers_accounts_fit_kind"),
    ("('a', 5, 1, 1, 0, 0, 1, 0, 1, 7, 1)", "transfers_accounts_fit_kind"),
    ("('a', 5, 1, 1, 0, 1, 1, 0, 1, NULL, 1)", "transfers_accounts_fit_kind"),
    ("('a', 6, 0, 1, 1, 1, 1, -1, 1, 7, 1)", "transfers_only_the_issuer_is_negative"),
    ("('a', 2, 1, 2, 2, 7, 1, -1, 1, 7, 1)", "transfers_only_the_issuer_is_negative"),
    (
        "('a', 1, 0, 0, 1, 1, 1, -1, 1, NULL, 1), ('a', 1, 0, 0, 1, 1, 1, -2, 2, NULL, 1)",
        "transfers_key",
    ),
    ("INSERT INTO accounts VALUES (1, 1, 0, 0), (1, 1, 0, 0)", "accounts_pkey"),
];

/// Texts that are no JSON; PostgreSQL says so before it comes to the constraint.
const NO_JSON: [&str; 3] = [
    "INSERT INTO payments VALUES (1, '{')",
    "INSERT INTO pre_orders VALUES (1, '{', 1)",
    "INSERT INTO outbox (destination, payload, created_at, attempts) VALUES (1, '{', 1, 0)",
];

fn whole(statement: &str) -> String {
    if statement.starts_with('(') { format!("{INSERT}{statement}") } else { statement.to_owned() }
}

#[tokio::test]
async fn sqlite_refuses() {
    let fixture = Fixture::open().await;
    let file = fixture.folder.path().join("ledger.sqlite");
    let mut connection =
        SqliteConnection::connect(&format!("sqlite:{}", file.display())).await.unwrap();
    let checks = REFUSED.map(|(statement, constraint)| match constraint {
        // SQLite names a unique key by its columns.
        "transfers_key" => (statement, "transfers.key"),
        "accounts_pkey" => (statement, "accounts.kind, accounts.owner"),
        _ => (statement, constraint),
    });
    let no_json = NO_JSON.map(|statement| (statement, "json"));
    for (statement, constraint) in checks.into_iter().chain(no_json) {
        let result = sqlx::query(AssertSqlSafe(whole(statement))).execute(&mut connection).await;
        let error = result.expect_err(constraint).to_string();
        assert!(error.contains(constraint), "{error} names {constraint}");
    }
    fixture.store.close().await;
}

#[tokio::test]
async fn postgres_refuses() {
    let link = postgres::link();
    Database::open_link(&link, Schema::Ledger).await.unwrap().close().await;
    let mut connection = PgConnection::connect(&link.url).await.unwrap();
    let path = format!("SET search_path TO {}", link.namespace);
    sqlx::query(AssertSqlSafe(path)).execute(&mut connection).await.unwrap();
    for (statement, constraint) in REFUSED {
        let result = sqlx::query(AssertSqlSafe(whole(statement))).execute(&mut connection).await;
        let error = result.expect_err(constraint);
        let name = error.as_database_error().and_then(sqlx::error::DatabaseError::constraint);
        assert_eq!(name, Some(constraint), "{error}");
    }
    for statement in NO_JSON {
        let result = sqlx::query(statement).execute(&mut connection).await;
        let error = result.expect_err(statement).to_string();
        assert!(error.contains("json"), "{error}");
    }
}
