//! One durable row for each open, and nothing else: the least that any design has to do.
//! Whoever sends a packet begins a new count, so there is one packet at a time.

use super::number;
use anyhow::{Context, Result};
use futures::future::{BoxFuture, FutureExt};
use hongbao::http::Rival;
use hongbao_shared::{Fen, OrderNo, Timestamp, UserId, api::packets::Opened};
use sqlx::{
    Executor, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{
    path::Path,
    sync::atomic::{AtomicU32, AtomicU64, Ordering},
    time::SystemTime,
};
use tokio::sync::OnceCell;

const SCHEMA: &str = "
CREATE TABLE claims (
    number    INTEGER NOT NULL,
    user_id   INTEGER NOT NULL,
    seq       INTEGER NOT NULL,
    fen       INTEGER NOT NULL,
    opened_at INTEGER NOT NULL
) STRICT";

/// The rival on a SQLite file.
#[derive(Debug)]
pub(super) struct Insert {
    file: String,
    pool: OnceCell<SqlitePool>,
    packets: AtomicU64,
    opened: AtomicU32,
    fen_per_share: AtomicU64,
}

impl Insert {
    pub(super) fn new(file: String) -> Self {
        Self {
            file,
            pool: OnceCell::new(),
            packets: AtomicU64::new(0),
            opened: AtomicU32::new(0),
            fen_per_share: AtomicU64::new(0),
        }
    }

    async fn pool(&self) -> Result<&SqlitePool> {
        let start = async || {
            let pool = pool(Path::new(&self.file)).await?;
            pool.execute(SCHEMA).await?;
            anyhow::Ok(pool)
        };
        self.pool.get_or_try_init(start).await
    }
}

impl Rival for Insert {
    fn send(&self, _: UserId, total: Fen, shares: u32) -> BoxFuture<'_, Result<OrderNo>> {
        async move {
            self.pool().await?;
            let share = total.get().checked_div(u64::from(shares)).context("no shares")?;
            self.fen_per_share.store(share, Ordering::Relaxed);
            self.opened.store(0, Ordering::Relaxed);
            let packet = self.packets.fetch_add(1, Ordering::Relaxed);
            number(packet).context("no numbers are left")
        }
        .boxed()
    }

    fn open(&self, user: UserId, order_no: OrderNo) -> BoxFuture<'_, Result<Option<Opened>>> {
        async move {
            let now = i64::try_from(SystemTime::UNIX_EPOCH.elapsed()?.as_millis())?;
            let seq = self.opened.fetch_add(1, Ordering::Relaxed);
            let share = self.fen_per_share.load(Ordering::Relaxed);
            sqlx::query("INSERT INTO claims VALUES (?1, ?2, ?3, ?4, ?5)")
                .bind(i64::try_from(order_no.sequence())?)
                .bind(user.get())
                .bind(seq)
                .bind(i64::try_from(share)?)
                .bind(now)
                .execute(self.pool().await?)
                .await?;
            Ok(Some(Opened {
                order_no,
                seq,
                amount_fen: Fen::new(share).context("an amount out of range")?,
                opened_at: Timestamp::from_millis(now),
            }))
        }
        .boxed()
    }
}

/// As durable as ours: an answered open is on disk.
async fn pool(file: &Path) -> Result<SqlitePool> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let pool = SqlitePoolOptions::new().max_connections(1).test_before_acquire(false);
    Ok(pool.connect_with(options).await?)
}

pub(super) async fn prove(file: &Path) -> Result<u64> {
    let pool = pool(file).await?;
    let claims: i64 = sqlx::query_scalar("SELECT count(*) FROM claims").fetch_one(&pool).await?;
    pool.close().await;
    Ok(u64::try_from(claims)?)
}
