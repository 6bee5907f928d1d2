//! The schemas of the databases, from the files under `migrations/`.

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, SqlSafeStr};
use std::borrow::Cow;

/// Which database a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    /// An order shard.
    Orders,
    /// Accounts, transfers, payments.
    Ledger,
    /// People, sessions, groups, messages.
    People,
    /// The lists "sent" and "received".
    Lists,
}

impl Schema {
    pub(super) fn migrator(self) -> Migrator {
        match self {
            Self::Orders => for_each_day(&sqlx::migrate!("../migrations/orders/sqlite")),
            Self::Ledger => sqlx::migrate!("../migrations/ledger/sqlite"),
            Self::People => sqlx::migrate!("../migrations/people/sqlite"),
            Self::Lists => sqlx::migrate!("../migrations/lists/sqlite"),
        }
    }
}

/// A migration whose file says `{day}` runs once for each of the 31 days of the
/// cycle (R-STORE-1); writing the tables out 31 times would hide the one that
/// differs.
fn for_each_day(migrator: &Migrator) -> Migrator {
    let expanded = migrator.iter().map(|migration| {
        let sql = migration.sql.as_str();
        let sql = if sql.contains("{day}") {
            (1..=31).map(|day| sql.replace("{day}", &format!("{day:02}"))).collect::<String>()
        } else {
            sql.to_owned()
        };
        Migration::new(
            migration.version,
            Cow::Owned(migration.description.clone().into_owned()),
            MigrationType::Simple,
            AssertSqlSafe(sql).into_sql_str(),
            migration.no_tx,
        )
    });
    Migrator::with_migrations(expanded.collect())
}
