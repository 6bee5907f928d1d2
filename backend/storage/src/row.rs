//! A row of either dialect.

use super::{StoreError, error::store_error};
use hongbao_domain::store::orders::StoredState;
use hongbao_shared::{
    Fen, GroupId, Kind, MessageId, OrderNo, ServiceId, Timestamp, UserId, WebhookId,
};
use sqlx::{Row as _, TypeInfo, ValueRef, postgres::PgRow, sqlite::SqliteRow};

/// A row; columns are counted from 0.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Row {
    /// A column as what the caller takes it for.
    pub(crate) fn try_get<T: Column>(&self, at: usize) -> Result<T, StoreError> {
        T::of(self, at)
    }
}

/// What a column can be read as.
pub(crate) trait Column: Sized {
    fn of(row: &Row, at: usize) -> Result<Self, StoreError>;
}

macro_rules! as_it_is {
    ($($column:ty),+ $(,)?) => {
        $(
            impl Column for $column {
                fn of(row: &Row, at: usize) -> Result<Self, StoreError> {
                    match row {
                        Row::Sqlite(row) => row.try_get(at),
                        Row::Postgres(row) => row.try_get(at),
                    }
                    .map_err(store_error)
                }
            }
        )+
    };
}

as_it_is!(i64, Option<i64>, String, Option<String>, Vec<u8>, Option<Vec<u8>>);

macro_rules! of_64_bits {
    ($($column:ty),+ $(,)?) => {
        $(
            impl Column for $column {
                fn of(row: &Row, at: usize) -> Result<Self, StoreError> {
                    let number = i64::of(row, at)?;
                    Self::try_from(number).map_err(|_| {
                        StoreError::Corrupt(format!("{number} is out of range in column {at}"))
                    })
                }
            }
        )+
    };
}

of_64_bits!(u8, i16, u32);

macro_rules! numbered {
    ($($column:ty: $read:expr),+ $(,)?) => {
        $(
            impl Column for $column {
                fn of(row: &Row, at: usize) -> Result<Self, StoreError> {
                    named(i64::of(row, at)?, $read, stringify!($column))
                }
            }

            impl Column for Option<$column> {
                fn of(row: &Row, at: usize) -> Result<Self, StoreError> {
                    let number = Option::<i64>::of(row, at)?;
                    number.map(|it| named(it, $read, stringify!($column))).transpose()
                }
            }
        )+
    };
}

numbered! {
    Fen: Fen::from_signed,
    GroupId: GroupId::new,
    Kind: |number| Kind::from_byte(u8::try_from(number).ok()?),
    MessageId: MessageId::new,
    OrderNo: |bits| OrderNo::from_bits(bits).ok(),
    ServiceId: ServiceId::new,
    StoredState: StoredState::from_number,
    Timestamp: |ms| Some(Timestamp::from_millis(ms)),
    UserId: UserId::new,
    WebhookId: WebhookId::new,
}

fn named<T>(number: i64, read: impl FnOnce(i64) -> Option<T>, what: &str) -> Result<T, StoreError> {
    read(number).ok_or_else(|| StoreError::Corrupt(format!("{number} is no {what}")))
}

/// 1 or 0 in a table; what a comparison gives is a type of its own in PostgreSQL.
impl Column for bool {
    fn of(row: &Row, at: usize) -> Result<Self, StoreError> {
        match row {
            Row::Sqlite(row) => row.try_get(at),
            Row::Postgres(row) => row.try_get_raw(at).and_then(|value| {
                let is_bool = value.type_info().name() == "BOOL";
                if is_bool { row.try_get(at) } else { row.try_get::<i64, _>(at).map(|n| n != 0) }
            }),
        }
        .map_err(store_error)
    }
}
