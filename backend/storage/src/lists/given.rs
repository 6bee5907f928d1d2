//! Rows that a statement takes in as a table.

use super::super::{Dialect, Statement, sql};

/// Rows of integers, all that a batch brings for one table. They go to the database as
/// one parameter (JSON, to SQLite) or one for each column (arrays, to PostgreSQL): a
/// statement for each row would cost ten times as much, in trips to SQLite's thread or to
/// the server.
pub(super) struct Given {
    columns: Vec<&'static str>,
    rows: Vec<Vec<i64>>,
}

impl Given {
    /// In the order of the rows' values: whoever takes locks for several rows takes them
    /// in the same order as everybody else.
    pub(super) fn new(
        columns: impl IntoIterator<Item = &'static str>,
        rows: impl IntoIterator<Item = Vec<i64>>,
    ) -> Self {
        let mut rows: Vec<_> = rows.into_iter().collect();
        rows.sort_unstable();
        Self { columns: columns.into_iter().collect(), rows }
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The statement that `text` makes of a table expression, which is called `given` and
    /// has these columns. It has no parameters of its own.
    pub(super) fn sql(&self, dialect: Dialect, text: impl FnOnce(&str) -> String) -> Statement {
        let table = self.table(dialect);
        match dialect {
            Dialect::Sqlite => sql(text(&table)).bind(self.json()),
            Dialect::Postgres => {
                let column = |at| self.rows.iter().map(|row| row[at]).collect::<Vec<i64>>();
                let columns = (0..self.columns.len()).map(column);
                columns.fold(sql(text(&table)), Statement::bind)
            }
        }
    }

    fn table(&self, dialect: Dialect) -> String {
        let numbered = self.columns.iter().enumerate();
        match dialect {
            // `jsonb_each`, because `json_each` writes every inner array out as text
            // again, which `->>` then parses once more.
            Dialect::Sqlite => {
                let values = numbered.map(|(at, column)| format!("value ->> {at} AS {column}"));
                let values: Vec<_> = values.collect();
                format!("(SELECT {} FROM jsonb_each($1)) AS given", values.join(", "))
            }
            Dialect::Postgres => {
                let arrays: Vec<_> =
                    numbered.map(|(at, _)| format!("${}::bigint[]", at + 1)).collect();
                format!("unnest({}) AS given ({})", arrays.join(", "), self.columns.join(", "))
            }
        }
    }

    fn json(&self) -> String {
        serde_json::json!(self.rows).to_string()
    }
}
