//! A statement with its parameters, for either dialect.

use super::{
    Dialect, Row, Source, StoreError, Tx,
    error::{store_error, unavailable},
    row::Column,
};
use hongbao_shared::Timestamp;
use sqlx::{
    AssertSqlSafe, Executor, PgConnection, Postgres, Sqlite, postgres::PgArguments, query::Query,
    sqlite::SqliteArguments,
};
use std::borrow::Cow;

/// A statement whose parameters are `$1`, `$2` and so on.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    text: Cow<'static, str>,
    values: Vec<Value>,
}

/// What a parameter can be. Yes and no are 1 and 0 in both dialects.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Int(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
    /// An array to PostgreSQL, JSON to SQLite; see [`any`].
    Ints(Vec<i64>),
    /// Likewise.
    Texts(Vec<String>),
}

/// Begins a statement. A text that is put together must be put together of our own words
/// only: whatever comes from elsewhere is bound.
pub(crate) fn sql(text: impl Into<Cow<'static, str>>) -> Statement {
    Statement { text: text.into(), values: Vec::new() }
}

/// What compares a column with every element of an array parameter: `id {any}`.
pub(crate) fn any(dialect: Dialect, parameter: &str) -> String {
    match dialect {
        Dialect::Sqlite => format!("IN (SELECT value FROM json_each({parameter}))"),
        Dialect::Postgres => format!("= ANY({parameter})"),
    }
}

/// Parts rows among statements for so many each, the largest that fit first: those for batches of
/// any size are then few, and all stay prepared. One of the `forms` is for a single row.
pub(crate) fn parted<T, F: Copy>(
    mut rows: &[T],
    forms: impl IntoIterator<Item = (usize, F)>,
) -> impl Iterator<Item = (F, &[T])> {
    let mut forms = forms.into_iter();
    let mut form = forms.next();
    std::iter::from_fn(move || {
        while !rows.is_empty() {
            let (size, text) = form?;
            if let Some((chunk, rest)) = rows.split_at_checked(size) {
                rows = rest;
                return Some((text, chunk));
            }
            form = forms.next();
        }
        None
    })
}

/// What stands for `rows` rows of as many parameters. Without numbers for SQLite, which looks
/// each of them up among all before it.
pub(crate) fn values(dialect: Dialect, rows: usize, columns: usize) -> String {
    let parameter = |at: usize| match dialect {
        Dialect::Sqlite => "?".to_owned(),
        Dialect::Postgres => format!("${at}"),
    };
    let row = |row: usize| {
        let first = row * columns + 1;
        let row: Vec<_> = (first..first + columns).map(parameter).collect();
        format!("({})", row.join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

/// What the clock of a PostgreSQL server shows, in milliseconds.
pub(crate) const SERVER_CLOCK: &str = "(extract(epoch FROM statement_timestamp()) * 1000)::bigint";

/// What the clock of the database's server shows; `None` where it is this machine's.
pub(crate) async fn server_clock(
    dialect: Dialect,
    source: impl Source,
) -> Result<Option<Timestamp>, StoreError> {
    match dialect {
        Dialect::Sqlite => Ok(None),
        Dialect::Postgres => {
            let now = sql(format!("SELECT {SERVER_CLOCK}")).scalar(source).await?;
            Ok(Some(Timestamp::from_millis(now)))
        }
    }
}

impl Statement {
    pub(crate) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    pub(crate) async fn fetch_all(self, source: impl Source) -> Result<Vec<Row>, StoreError> {
        source.rows(self).await
    }

    /// The first row, if there is one.
    pub(crate) async fn fetch_optional(
        self,
        source: impl Source,
    ) -> Result<Option<Row>, StoreError> {
        Ok(source.rows(self).await?.into_iter().next())
    }

    pub(crate) async fn fetch_one(self, source: impl Source) -> Result<Row, StoreError> {
        self.fetch_optional(source).await?.ok_or_else(|| unavailable(sqlx::Error::RowNotFound))
    }

    /// Every row, as `read` reads it.
    pub(crate) async fn all<T, C: FromIterator<T>>(
        self,
        source: impl Source,
        read: impl Fn(&Row) -> Result<T, StoreError> + Send,
    ) -> Result<C, StoreError> {
        self.fetch_all(source).await?.iter().map(read).collect()
    }

    /// Every row that `read` can read, for whoever shows or delivers them one by one.
    pub(crate) async fn readable<T, C: FromIterator<T>>(
        self,
        source: impl Source,
        read: impl Fn(&Row) -> Result<T, StoreError> + Send,
    ) -> Result<C, StoreError> {
        self.fetch_all(source).await?.iter().filter_map(|row| readable(read(row))).collect()
    }

    /// The first row, if there is one, as `read` reads it.
    pub(crate) async fn first<T>(
        self,
        source: impl Source,
        read: impl FnOnce(&Row) -> Result<T, StoreError> + Send,
    ) -> Result<Option<T>, StoreError> {
        self.fetch_optional(source).await?.as_ref().map(read).transpose()
    }

    /// The first column of the first row.
    pub(crate) async fn scalar<T: Column>(self, source: impl Source) -> Result<T, StoreError> {
        self.fetch_one(source).await?.try_get(0)
    }

    /// The first column of the first row, if there is one.
    pub(crate) async fn scalar_optional<T: Column>(
        self,
        source: impl Source,
    ) -> Result<Option<T>, StoreError> {
        self.fetch_optional(source).await?.map(|row| row.try_get(0)).transpose()
    }

    /// The first column of every row.
    pub(crate) async fn scalars<T: Column>(
        self,
        source: impl Source,
    ) -> Result<Vec<T>, StoreError> {
        self.fetch_all(source).await?.iter().map(|row| row.try_get(0)).collect()
    }

    /// How many rows it changed.
    pub(crate) async fn execute(self, tx: &mut Tx<'_>) -> Result<u64, StoreError> {
        let changed = match tx {
            Tx::Sqlite(connection) => {
                self.sqlite().execute(&mut **connection).await.map(|done| done.rows_affected())
            }
            Tx::Postgres(connection) => {
                self.postgres().execute(&mut **connection).await.map(|done| done.rows_affected())
            }
        };
        changed.map_err(store_error)
    }

    pub(super) async fn rows_of_sqlite<'c>(
        self,
        executor: impl Executor<'c, Database = Sqlite>,
    ) -> Result<Vec<Row>, StoreError> {
        let rows = self.sqlite().fetch_all(executor).await.map_err(store_error)?;
        Ok(rows.into_iter().map(Row::Sqlite).collect())
    }

    pub(super) async fn rows_of_postgres(
        self,
        connection: &mut PgConnection,
    ) -> Result<Vec<Row>, StoreError> {
        let rows = self.postgres().fetch_all(connection).await.map_err(store_error)?;
        Ok(rows.into_iter().map(Row::Postgres).collect())
    }

    fn sqlite<'q>(self) -> Query<'q, Sqlite, SqliteArguments> {
        let query = sqlx::query(AssertSqlSafe(self.text));
        self.values.into_iter().fold(query, |query, value| match value {
            Value::Int(value) => query.bind(value),
            Value::Text(value) => query.bind(value),
            Value::Bytes(value) => query.bind(value),
            Value::Ints(values) => query.bind(serde_json::json!(values).to_string()),
            Value::Texts(values) => query.bind(serde_json::json!(values).to_string()),
        })
    }

    fn postgres<'q>(self) -> Query<'q, Postgres, PgArguments> {
        let query = sqlx::query(AssertSqlSafe(self.text));
        self.values.into_iter().fold(query, |query, value| match value {
            Value::Int(value) => query.bind(value),
            Value::Text(value) => query.bind(value),
            Value::Bytes(value) => query.bind(value),
            Value::Ints(values) => query.bind(values),
            Value::Texts(values) => query.bind(values),
        })
    }
}

/// What was read, but for a row that cannot be: a later version may have written it, and it
/// must not take away those beside it (R-CTRL-6). What adds up, or checks, never leaves one out.
pub(crate) fn readable<T>(read: Result<T, StoreError>) -> Option<Result<T, StoreError>> {
    if let Err(StoreError::Corrupt(error)) = &read {
        tracing::warn!(error, "a row that cannot be read is left out");
        metrics::counter!("hongbao_unreadable_rows_total").increment(1);
        return None;
    }
    Some(read)
}

/// Up to `limit` rows that `read` can read; `page` selects so many after a row. A page that
/// leaves something out goes on, so that only the last one is short.
pub(crate) async fn readable_page<T: Send>(
    database: &super::Database,
    limit: u32,
    page: impl Fn(Option<&Row>, u32) -> Result<Statement, StoreError> + Send,
    read: impl Fn(&Row) -> Result<T, StoreError> + Send,
) -> Result<Vec<T>, StoreError> {
    let (mut found, mut last) = (Vec::new(), None);
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    loop {
        let mut rows = page(last.as_ref(), limit)?.fetch_all(database).await?;
        let is_last = rows.len() < wanted;
        for one in rows.iter().filter_map(|row| readable(read(row))) {
            found.push(one?);
        }
        last = rows.pop();
        if is_last || found.len() >= wanted {
            found.truncate(wanted);
            return Ok(found);
        }
    }
}

macro_rules! values {
    ($($from:ty => $make:expr),+ $(,)?) => {
        $(
            impl From<$from> for Value {
                fn from(value: $from) -> Self {
                    let make: fn($from) -> Self = $make;
                    make(value)
                }
            }
        )+
    };
}

values! {
    i64 => |value| Self::Int(Some(value)),
    u32 => |value| Self::Int(Some(value.into())),
    u8 => |value| Self::Int(Some(value.into())),
    bool => |value| Self::Int(Some(value.into())),
    Option<i64> => Self::Int,
    &str => |value| Self::Text(Some(value.to_owned())),
    &String => |value| Self::Text(Some(value.clone())),
    String => |value| Self::Text(Some(value)),
    Option<&str> => |value| Self::Text(value.map(str::to_owned)),
    Option<String> => Self::Text,
    &[u8] => |value| Self::Bytes(Some(value.to_vec())),
    Vec<u8> => |value| Self::Bytes(Some(value)),
    Option<Vec<u8>> => Self::Bytes,
    Vec<i64> => Self::Ints,
    Vec<String> => Self::Texts,
}
