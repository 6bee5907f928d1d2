//! Copies SQLite files as they all are at one moment, beside whoever writes to them
//! (R-STORE-6).
//!
//! Money and packets go from file to file: copies of different moments would hold a packet
//! without its payment, or a credit without its claim. So the writer's lock of every file is
//! taken; while all of them are held, nothing is half-way between two files, and a reader of
//! each begins to look. Then the locks go, after a few milliseconds, and each reader copies
//! what it sees at leisure: writers never change a snapshot that somebody reads.

use super::{Schema, Version, schema::Unfit};
use anyhow::{Context, ensure};
use sqlx::{
    AssertSqlSafe, Connection, Row, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteRow},
};
use std::{fs, path::Path, path::PathBuf, time::Duration};

/// How long one file's writer is waited for while the locks of others are held.
const LOCK_WITHIN: Duration = Duration::from_millis(200);
/// How often all locks are tried, with a pause between, before a server is too busy.
const HOLD_ATTEMPTS_MAX: u32 = 100;
const HOLD_PAUSE: Duration = Duration::from_millis(50);

/// A file, and where its copy goes; nothing may be there yet.
#[derive(Clone, Debug)]
pub struct FileCopy {
    /// A SQLite file, used or not.
    pub from: PathBuf,
    /// Its copy, readable for its owner alone.
    pub to: PathBuf,
}

/// Whoever writes to any of some files waits, while this is there and its process is.
#[derive(Debug)]
pub struct Barrier(Vec<SqliteConnection>);

impl Barrier {
    /// Takes the writer's locks of all files at the same time. An error for writers who never
    /// pause.
    pub async fn begin(files: &[PathBuf]) -> anyhow::Result<Self> {
        let mut holders = Vec::with_capacity(files.len());
        for file in files {
            let named = || format!("cannot open {}", file.display());
            let holder = SqliteConnection::connect_with(&options(file)).await;
            holders.push(holder.with_context(named)?);
        }
        for _ in 0..HOLD_ATTEMPTS_MAX {
            let mut held = 0;
            for holder in &mut holders {
                match run(holder, "BEGIN IMMEDIATE").await {
                    Ok(()) => held += 1,
                    Err(error) if is_busy(&error) => break,
                    Err(error) => return Err(error.into()),
                }
            }
            if held == holders.len() {
                return Ok(Self(holders));
            }
            for holder in holders.iter_mut().take(held) {
                run(holder, "ROLLBACK").await?;
            }
            tokio::time::sleep(HOLD_PAUSE).await;
        }
        anyhow::bail!("the databases are written to without a pause; nothing was copied")
    }

    /// Lets them write.
    pub async fn end(mut self) -> anyhow::Result<()> {
        for holder in &mut self.0 {
            run(holder, "ROLLBACK").await?;
        }
        for holder in self.0 {
            holder.close().await?;
        }
        Ok(())
    }
}

/// Files that are about to be copied.
#[derive(Debug)]
pub struct Snapshots<'a>(Vec<Open<'a>>);

/// The connection to one file, with the copy attached.
#[derive(Debug)]
struct Open<'a> {
    copy: &'a FileCopy,
    reader: SqliteConnection,
}

impl<'a> Snapshots<'a> {
    /// An error for a file that is missing, and a copy that is there already.
    pub async fn open(copies: &'a [FileCopy]) -> anyhow::Result<Self> {
        let mut open = Vec::with_capacity(copies.len());
        for copy in copies {
            let named = || format!("cannot open {}", copy.from.display());
            open.push(Open::new(copy).await.with_context(named)?);
        }
        Ok(Self(open))
    }

    /// From here on, they hold what is there now: of one moment, behind a [`Barrier`].
    pub async fn look(&mut self) -> anyhow::Result<()> {
        for one in &mut self.0 {
            run(&mut one.reader, "BEGIN; SELECT count(*) FROM main.sqlite_schema").await?;
        }
        Ok(())
    }

    /// Every copy is whole and on disk when this returns.
    pub async fn fill(self) -> anyhow::Result<()> {
        for one in self.0 {
            let named = format!("cannot copy {}", one.copy.from.display());
            one.fill().await.context(named)?;
        }
        Ok(())
    }
}

fn options(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(false)
        .foreign_keys(false)
        .busy_timeout(LOCK_WITHIN)
}

/// `SQLITE_BUSY`, with its extended codes.
fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.and_then(|code| code.parse::<i32>().ok()).is_some_and(|code| code & 0xff == 5)
}

impl<'a> Open<'a> {
    async fn new(copy: &'a FileCopy) -> anyhow::Result<Self> {
        let mut reader = SqliteConnection::connect_with(&options(&copy.from)).await?;
        only_for_owner(&copy.to)?;
        let to = copy.to.to_str().context("the path of the copy is not Unicode")?;
        sqlx::query("ATTACH DATABASE $1 AS copy").bind(to).execute(&mut reader).await?;
        // A copy that is cut off is worth nothing, and is thrown away.
        run(&mut reader, "PRAGMA copy.journal_mode = OFF; PRAGMA copy.synchronous = OFF").await?;
        Ok(Self { copy, reader })
    }

    async fn fill(self) -> anyhow::Result<()> {
        let Self { copy, mut reader } = self;
        let tables = objects(&mut reader, "type = 'table'").await?;
        for (name, text) in &tables {
            run(&mut reader, &in_copy(text)?).await?;
            let columns = columns(&mut reader, name).await?;
            let rows = format!(
                "INSERT INTO copy.\"{name}\" ({columns}) SELECT {columns} FROM main.\"{name}\""
            );
            run(&mut reader, &rows).await?;
        }
        // Ids that were given once are not given again, even of rows that are gone.
        if tables.iter().any(|(_, text)| text.contains("AUTOINCREMENT")) {
            let ids = "DELETE FROM copy.sqlite_sequence;
                       INSERT INTO copy.sqlite_sequence SELECT * FROM main.sqlite_sequence";
            run(&mut reader, ids).await?;
        }
        for (_, text) in objects(&mut reader, "type <> 'table'").await? {
            run(&mut reader, &in_copy(&text)?).await?;
        }
        for number in ["user_version", "application_id"] {
            let read = format!("PRAGMA main.{number}");
            let value: i64 = sqlx::query_scalar(AssertSqlSafe(read)).fetch_one(&mut reader).await?;
            run(&mut reader, &format!("PRAGMA copy.{number} = {value}")).await?;
        }
        run(&mut reader, "COMMIT").await?;
        is_sound(&mut reader, "copy").await?;
        reader.close().await?;
        fs::File::open(&copy.to)?.sync_all()?;
        Ok(())
    }
}

/// Refuses a database file that nobody uses and that is not sound; answers whether this version
/// can work with it. Writes nothing, nor beside it.
pub async fn is_usable(file: &Path, schema: Option<Schema>) -> anyhow::Result<bool> {
    let options = SqliteConnectOptions::new().filename(file).read_only(true).immutable(true);
    let mut connection = SqliteConnection::connect_with(&options).await?;
    is_sound(&mut connection, "main").await?;
    let version = match schema {
        Some(schema) => schema.version_of_sqlite(&mut connection).await?,
        None => Version::Newer,
    };
    connection.close().await?;
    Ok(Unfit::of(version).is_ok())
}

async fn is_sound(connection: &mut SqliteConnection, name: &str) -> anyhow::Result<()> {
    let check = AssertSqlSafe(format!("PRAGMA {name}.integrity_check(1)"));
    let found: String = sqlx::query_scalar(check).fetch_one(connection).await?;
    ensure!(found == "ok", "it is not sound: {found}");
    Ok(())
}

/// What the snapshot's schema holds, but for what SQLite makes by itself: name and text.
async fn objects(
    reader: &mut SqliteConnection,
    which: &str,
) -> Result<Vec<(String, String)>, sqlx::Error> {
    let text = format!(
        "SELECT name, sql FROM main.sqlite_schema
         WHERE {which} AND sql IS NOT NULL AND name NOT LIKE 'sqlite!_%' ESCAPE '!'
         ORDER BY rowid"
    );
    let rows = sqlx::query(AssertSqlSafe(text)).fetch_all(reader).await?;
    let read = |row: &SqliteRow| Ok((row.try_get(0)?, row.try_get(1)?));
    rows.iter().map(read).collect()
}

/// The columns of a table that hold something of their own.
async fn columns(reader: &mut SqliteConnection, table: &str) -> Result<String, sqlx::Error> {
    let names: Vec<String> = sqlx::query_scalar(
        "SELECT '\"' || name || '\"' FROM pragma_table_xinfo($1, 'main') WHERE hidden = 0",
    )
    .bind(table)
    .fetch_all(reader)
    .await?;
    Ok(names.join(", "))
}

/// The same object in the copy. SQLite keeps these texts with a beginning of its own.
fn in_copy(text: &str) -> anyhow::Result<String> {
    ["TABLE", "INDEX", "UNIQUE INDEX", "TRIGGER", "VIEW"]
        .into_iter()
        .find_map(|kind| {
            let name = text.strip_prefix(&format!("CREATE {kind} "))?;
            Some(format!("CREATE {kind} copy.{name}"))
        })
        .with_context(|| format!("nobody knows how to copy {text:?}"))
}

async fn run(connection: &mut SqliteConnection, text: &str) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(text.to_owned())).execute(connection).await.map(drop)
}

/// Makes the file, which must not be there.
fn only_for_owner(file: &Path) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).map(drop)
}
