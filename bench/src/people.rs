//! Many people at once. They go into the database of people directly: over REST each
//! would be a durable write, and joining a group answers with all of its members, so
//! that making a large group takes time by the square of its size. None of that is what
//! is measured; everything after it goes over REST.

use anyhow::{Context, Result, ensure};
use data_encoding::BASE64URL_NOPAD;
use hongbao_shared::{GroupId, UserId};
use sha2::{Digest, Sha256};
use sqlx::{Connection, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{
    path::Path,
    time::{Duration, SystemTime},
};

const TOKEN_BYTES: usize = 32;
const SESSION_TTL_MS: i64 = 24 * 60 * 60 * 1000;
/// The server may be writing.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Where people are kept.
#[derive(Clone, Copy, Debug)]
pub enum Database<'a> {
    /// In a data folder.
    Sqlite(&'a Path),
    /// On a server at this address.
    Postgres(&'a str),
}

/// A guest to be, and the session that comes with them.
struct Guest {
    user: UserId,
    token_hash: [u8; 32],
}

/// Makes `count` guests, each with a session and in this group; gives their tokens.
pub async fn seed(database: Database<'_>, group: GroupId, count: usize) -> Result<Vec<String>> {
    let (mut guests, mut tokens) = (Vec::with_capacity(count), Vec::with_capacity(count));
    for _ in 0..count {
        let mut secret = [0; TOKEN_BYTES];
        getrandom::fill(&mut secret).context("no randomness")?;
        let token_hash: [u8; 32] = Sha256::digest(secret).into();
        // Ids are random, as those of real people: the order of rows is not that of joining.
        let bits = token_hash.first_chunk().copied().unwrap_or_default();
        guests.push(Guest { user: UserId::from_random(u64::from_be_bytes(bits)), token_hash });
        tokens.push(BASE64URL_NOPAD.encode(&secret));
    }
    let now = i64::try_from(SystemTime::UNIX_EPOCH.elapsed()?.as_millis())?;
    match database {
        Database::Sqlite(data) => sqlite(data, group, &guests, now).await?,
        Database::Postgres(url) => postgres(url, group, &guests, now).await?,
    }
    Ok(tokens)
}

async fn sqlite(data: &Path, group: GroupId, guests: &[Guest], now: i64) -> Result<()> {
    let options = SqliteConnectOptions::new()
        .filename(data.join("db").join("people.sqlite"))
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT);
    let mut connection = SqliteConnection::connect_with(&options)
        .await
        .context("cannot open the database of people")?;
    #[expect(clippy::disallowed_methods, reason = "a connection of its own, which goes with it")]
    let mut tx = connection.begin_with("BEGIN IMMEDIATE").await?;
    for guest in guests {
        insert(&mut tx, group, guest, now).await?;
    }
    let counted = sqlx::query(
        "UPDATE chat_groups SET member_count = member_count + ?2, last_place = last_place + ?2
         WHERE id = ?1",
    )
    .bind(group.get())
    .bind(i64::try_from(guests.len())?)
    .execute(&mut *tx)
    .await?;
    ensure!(counted.rows_affected() == 1, "there is no group {group}");
    tx.commit().await?;
    Ok(connection.close().await?)
}

/// In three statements, as many people as there are.
async fn postgres(url: &str, group: GroupId, guests: &[Guest], now: i64) -> Result<()> {
    let users: Vec<_> = guests.iter().map(|guest| guest.user.get()).collect();
    let hashes: Vec<_> = guests.iter().map(|guest| guest.token_hash.to_vec()).collect();
    let mut connection = PgConnection::connect(url).await.context("no database of people")?;
    #[expect(clippy::disallowed_methods, reason = "a connection of its own, which goes with it")]
    let mut tx = connection.begin().await?;
    sqlx::query(
        "INSERT INTO hongbao_people.users (id, name, avatar, group_count, created_at)
         SELECT id, 'Guest', 'a00', 1, $2 FROM unnest($1) AS u (id)",
    )
    .bind(&users)
    .bind(now)
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "INSERT INTO hongbao_people.sessions
             (token_hash, user_id, created_at, seen_at, expires_at)
         SELECT token_hash, id, $3, $3, $4 FROM unnest($1, $2) AS u (id, token_hash)",
    )
    .bind(&users)
    .bind(&hashes)
    .bind(now)
    .bind(now + SESSION_TTL_MS)
    .execute(&mut *tx)
    .await?;
    let joined = sqlx::query(
        "WITH places AS (
             UPDATE hongbao_people.chat_groups SET member_count = member_count + cardinality($2),
                 last_place = last_place + cardinality($2)
             WHERE id = $1 RETURNING last_place - cardinality($2) AS before
         )
         INSERT INTO hongbao_people.members (group_id, user_id, place, role, joined_at)
         SELECT $1, id, before + turn, 0, $3
         FROM places, unnest($2) WITH ORDINALITY AS u (id, turn)",
    )
    .bind(group.get())
    .bind(&users)
    .bind(now)
    .execute(&mut *tx)
    .await?;
    let joined = usize::try_from(joined.rows_affected())?;
    ensure!(joined == guests.len(), "there is no group {group}");
    tx.commit().await?;
    Ok(connection.close().await?)
}

async fn insert(
    tx: &mut SqliteConnection,
    group: GroupId,
    &Guest { user, ref token_hash }: &Guest,
    now: i64,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO users (id, name, avatar, group_count, created_at)
         VALUES (?1, 'Guest', 'a00', 1, ?2)",
    )
    .bind(user.get())
    .bind(now)
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "INSERT INTO sessions (token_hash, user_id, created_at, seen_at, expires_at)
         VALUES (?1, ?2, ?3, ?3, ?4)",
    )
    .bind(token_hash.as_slice())
    .bind(user.get())
    .bind(now)
    .bind(now + SESSION_TTL_MS)
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "INSERT INTO members (group_id, user_id, place, role, joined_at)
         SELECT ?1, ?2, 1 + max(place), 0, ?3 FROM members WHERE group_id = ?1",
    )
    .bind(group.get())
    .bind(user.get())
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}
