//! Who a database file is: a number in its header, which SQLite leaves to the application and
//! copies with the file (R-STORE-6). It needs no table, so that it can be read before anything
//! else is done to the file.

use super::{StoreError, error::store_error};
use sqlx::{AssertSqlSafe, Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    num::NonZeroI32,
    path::Path,
};

/// Where the number stands in the file, with its highest byte first.
const AT: u64 = 68;

/// Has a database file this id? Where its header says so, SQLite need not open it, which on a
/// full disk, or one that is read only, it cannot.
pub async fn has_id(file: &Path, id: NonZeroI32) -> Result<bool, StoreError> {
    Ok(in_header(file) == Some(id) || id_of_file(file).await? == Some(id))
}

fn in_header(file: &Path) -> Option<NonZeroI32> {
    let mut file = File::open(file).ok()?;
    let mut number = [0; 4];
    file.seek(SeekFrom::Start(AT)).and_then(|_| file.read_exact(&mut number)).ok()?;
    NonZeroI32::new(i32::from_be_bytes(number))
}

/// The id of a database file; `None` before it was given one. Makes no file.
pub async fn id_of_file(file: &Path) -> Result<Option<NonZeroI32>, StoreError> {
    let mut connection = connect(file).await?;
    let id = read(&mut connection).await;
    connection.close().await.map_err(store_error)?;
    id
}

/// Gives a database file this id unless it has one; the id that it has then.
pub async fn give_id_to_file(file: &Path, id: NonZeroI32) -> Result<NonZeroI32, StoreError> {
    let mut connection = connect(file).await?;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut connection).await.map_err(store_error)?;
    let id = if let Some(id) = read(&mut connection).await? {
        id
    } else {
        set(&mut connection, id).await?;
        id
    };
    sqlx::query("COMMIT").execute(&mut connection).await.map_err(store_error)?;
    connection.close().await.map_err(store_error)?;
    Ok(id)
}

/// Gives a database file this id, whatever it was called before.
pub async fn rename_file(file: &Path, id: NonZeroI32) -> Result<(), StoreError> {
    let mut connection = connect(file).await?;
    set(&mut connection, id).await?;
    connection.close().await.map_err(store_error)?;
    Ok(())
}

fn options(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(file).create_if_missing(false)
}

async fn connect(file: &Path) -> Result<SqliteConnection, StoreError> {
    SqliteConnection::connect_with(&options(file)).await.map_err(store_error)
}

async fn read(connection: &mut SqliteConnection) -> Result<Option<NonZeroI32>, StoreError> {
    let id: i32 = sqlx::query_scalar("PRAGMA application_id")
        .fetch_one(connection)
        .await
        .map_err(store_error)?;
    Ok(NonZeroI32::new(id))
}

async fn set(connection: &mut SqliteConnection, id: NonZeroI32) -> Result<(), StoreError> {
    let statement = AssertSqlSafe(format!("PRAGMA application_id = {id}"));
    sqlx::query(statement).execute(connection).await.map_err(store_error)?;
    Ok(())
}
