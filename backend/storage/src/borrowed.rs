//! A connection that is lent for one transaction.

use hongbao_domain::planted::Bug;
use sqlx::{Connection, Database, Pool, SqlSafeStr as _, Transaction, pool::PoolConnection};
use std::ops::{Deref, DerefMut};

/// Goes back into its pool only once its transaction has ended in good order, and is closed
/// otherwise (R-STORE-4): when a commit or a rollback fails, when the work in between panics,
/// when its task is dropped. On a full disk or an I/O error SQLite has rolled back by itself,
/// so that the explicit ROLLBACK fails and sqlx counts on with a transaction that is gone: put
/// back, the connection would refuse every transaction to come. The pool opens another.
#[derive(Debug)]
pub(super) struct Borrowed<DB: Database> {
    connection: PoolConnection<DB>,
    is_sound: bool,
}

impl<DB: Database> Borrowed<DB> {
    pub(super) async fn of(pool: &Pool<DB>) -> Result<Self, sqlx::Error> {
        Ok(Self { connection: pool.acquire().await?, is_sound: true })
    }

    /// Begins a transaction; from here on it must end, and its end be told by
    /// [`Borrowed::has_ended`].
    pub(super) async fn begin(
        &mut self,
        statement: &'static str,
    ) -> Result<Transaction<'_, DB>, sqlx::Error> {
        self.is_sound = false;
        #[expect(clippy::disallowed_methods, reason = "the one place that begins")]
        self.connection.begin_with(statement.into_sql_str()).await
    }

    /// The transaction was committed or rolled back, and the database said so.
    pub(super) fn has_ended(&mut self) {
        self.is_sound = true;
    }
}

impl<DB: Database> Deref for Borrowed<DB> {
    type Target = DB::Connection;

    fn deref(&self) -> &DB::Connection {
        &self.connection
    }
}

impl<DB: Database> DerefMut for Borrowed<DB> {
    fn deref_mut(&mut self) -> &mut DB::Connection {
        &mut self.connection
    }
}

impl<DB: Database> Drop for Borrowed<DB> {
    fn drop(&mut self) {
        if !self.is_sound && !Bug::ConnectionStaysPoisoned.is_planted() {
            metrics::counter!("hongbao_database_connections_given_up_total").increment(1);
            self.connection.close_on_drop();
        }
    }
}
