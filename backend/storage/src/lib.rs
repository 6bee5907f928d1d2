//! Stores in SQL, on SQLite files (the embedded default) and on PostgreSQL (a fleet). The only
//! crate that knows sqlx; it must never know what the rows are for, or how it is configured.
//!
//! Both speak nearly the same language. A statement is written once, with parameters as
//! `$1` and integers of 64 bits, and is said to whichever database there is; only where
//! the two differ does a store ask which [`Dialect`] it talks to. Both run write
//! transactions as if one after the other: SQLite has one writer, PostgreSQL checks
//! (`SERIALIZABLE`) and has the loser try again.

mod backup;
mod borrowed;
mod cold;
mod control;
mod error;
mod examine;
mod identity;
mod keys;
mod ledger;
mod lists;
mod orders;
mod outbox;
mod people;
mod postgres;
mod row;
mod schema;
mod sqlite;
mod statement;
mod writes;

pub use backup::{Barrier, FileCopy, Snapshots, is_usable};
pub use cold::SqlCold;
pub use control::SqlControl;
pub use examine::{Examined, examine};
pub use identity::{give_id_to_file, has_id, id_of_file, rename_file};
pub use keys::SqlKeys;
pub use ledger::SqlLedger;
pub use lists::SqlLists;
pub use orders::SqlOrders;
pub use people::SqlPeople;
pub use postgres::Link;
pub use schema::{Schema, Version};

use futures::future::BoxFuture;
use hongbao_domain::store::StoreError;
use postgres::Isolation;
use row::Row;
use sqlx::{PgConnection, SqliteConnection, SqlitePool};
use statement::{Statement, sql};
use std::{future::Future, path::Path, sync::Arc};
use writes::Writes;

/// Which SQL a database speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    /// One of two texts, where the dialects differ.
    pub(crate) const fn pick<T: Copy>(self, sqlite: T, postgres: T) -> T {
        match self {
            Self::Sqlite => sqlite,
            Self::Postgres => postgres,
        }
    }
}

/// A database of one [`Schema`], wherever it is.
#[derive(Clone, Debug)]
pub struct Database(Engine, Arc<Writes>);

#[derive(Clone, Debug)]
enum Engine {
    Sqlite(sqlite::File),
    Postgres(postgres::Server),
}

impl Database {
    /// Opens or creates a SQLite file, and brings its schema up to date.
    pub async fn open_file(file: &Path, schema: Schema) -> anyhow::Result<Self> {
        Ok(Self(Engine::Sqlite(sqlite::File::open(file, schema).await?), Arc::default()))
    }

    /// Opens a SQLite file of this version's schema, of which nothing is changed; `unused` if it is
    /// known that nobody works with it.
    pub async fn open_file_to_read(
        file: &Path,
        schema: Schema,
        unused: bool,
    ) -> anyhow::Result<Self> {
        let file = sqlite::File::open_to_read(file, schema, unused).await?;
        Ok(Self(Engine::Sqlite(file), Arc::default()))
    }

    /// Connects to a PostgreSQL server, and brings the schema up to date.
    pub async fn open_link(link: &Link, schema: Schema) -> anyhow::Result<Self> {
        Ok(Self(Engine::Postgres(postgres::Server::open(link, schema).await?), Arc::default()))
    }

    /// The connections of a file for statements that only read, to measure what those cost.
    pub fn readers_of_file(&self) -> Option<&SqlitePool> {
        match &self.0 {
            Engine::Sqlite(file) => Some(file.readers()),
            Engine::Postgres(_) => None,
        }
    }

    pub(crate) const fn dialect(&self) -> Dialect {
        match &self.0 {
            Engine::Sqlite(_) => Dialect::Sqlite,
            Engine::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Runs `work` with what is `given` to it in one write transaction, in a task that no
    /// client can cancel, as if no other ran beside it. PostgreSQL may have it start over, so
    /// it must not change anything but the database.
    pub(crate) async fn write<G, T, F>(&self, given: G, work: F) -> Result<T, StoreError>
    where
        G: Send + Sync + 'static,
        T: Send + 'static,
        F: Work<G, T>,
    {
        self.write_isolated(Isolation::Serial, given, work).await
    }

    /// Likewise, but on PostgreSQL others may work beside it (`READ COMMITTED`): for
    /// statements that each guard what they change.
    pub(crate) async fn write_by_row<G, T, F>(&self, given: G, work: F) -> Result<T, StoreError>
    where
        G: Send + Sync + 'static,
        T: Send + 'static,
        F: Work<G, T>,
    {
        self.write_isolated(Isolation::ByRow, given, work).await
    }

    /// Likewise, for work that is a single statement: without a transaction around it
    /// where that saves round trips.
    pub(crate) async fn write_at_once<G, T, F>(&self, given: G, work: F) -> Result<T, StoreError>
    where
        G: Send + Sync + 'static,
        T: Send + 'static,
        F: Work<G, T>,
    {
        self.write_isolated(Isolation::AtOnce, given, work).await
    }

    /// [`Self::write_by_row`] of one statement: how many rows it changed.
    pub(crate) async fn change_by_row(&self, change: Statement) -> Result<u64, StoreError> {
        self.write_by_row(change, |tx, change| Box::pin(change.clone().execute(tx))).await
    }

    /// [`Self::write_at_once`] of a statement: how many rows it changed.
    pub(crate) async fn change_at_once(&self, change: Statement) -> Result<u64, StoreError> {
        self.write_at_once(change, |tx, change| Box::pin(change.clone().execute(tx))).await
    }

    /// [`Self::write_by_row`] of one statement: the rows that it gives back.
    pub(crate) async fn rows_by_row(&self, change: Statement) -> Result<Vec<Row>, StoreError> {
        self.write_by_row(change, |tx, change| Box::pin(change.clone().fetch_all(tx))).await
    }

    async fn write_isolated<G, T, F>(
        &self,
        isolation: Isolation,
        given: G,
        work: F,
    ) -> Result<T, StoreError>
    where
        G: Send + Sync + 'static,
        T: Send + 'static,
        F: Work<G, T>,
    {
        let result = match &self.0 {
            Engine::Sqlite(file) => file.write(given, work).await,
            Engine::Postgres(server) => server.write(isolation, given, work).await,
        };
        self.1.note(&result);
        result
    }

    /// Does it answer, and does it hold what it should? `text` reads a table. A server that is
    /// busy with others does: it is known within three seconds.
    pub(crate) async fn ping(&self, text: &'static str) -> Result<(), StoreError> {
        match &self.0 {
            Engine::Sqlite(_) => sql(text).fetch_all(self).await.map(drop),
            Engine::Postgres(server) => server.ping(sql(text)).await,
        }
    }
}

/// What runs in a transaction, with what is given to it.
pub(crate) trait Work<G, T>:
    for<'a, 'c> Fn(&'a mut Tx<'c>, &'a G) -> BoxFuture<'a, Result<T, StoreError>>
    + Send
    + Sync
    + 'static
{
}

impl<G, T, F> Work<G, T> for F where
    F: for<'a, 'c> Fn(&'a mut Tx<'c>, &'a G) -> BoxFuture<'a, Result<T, StoreError>>
        + Send
        + Sync
        + 'static
{
}

/// An open write transaction.
#[derive(Debug)]
pub(crate) enum Tx<'c> {
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection),
}

impl Tx<'_> {
    pub(crate) const fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }
}

/// Where rows come from: a transaction, or, for a statement that only reads, a database.
pub(crate) trait Source: Send {
    fn rows(
        self,
        statement: Statement,
    ) -> impl Future<Output = Result<Vec<Row>, StoreError>> + Send;
}

impl Source for &Database {
    async fn rows(self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        match &self.0 {
            Engine::Sqlite(file) => statement.rows_of_sqlite(file.readers()).await,
            Engine::Postgres(server) => server.read(statement).await,
        }
    }
}

impl Source for &mut Tx<'_> {
    async fn rows(self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        match self {
            Tx::Sqlite(connection) => statement.rows_of_sqlite(&mut **connection).await,
            Tx::Postgres(connection) => statement.rows_of_postgres(connection).await,
        }
    }
}
