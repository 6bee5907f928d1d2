//! One transaction for each open, which locks the packet's row: what a first design does, and
//! what a textbook says. As quick as it honestly can be: one statement and so one round trip,
//! prepared, committed by itself, so that the row is locked for as little else as possible.

use super::number;
use anyhow::{Context, Result, ensure};
use futures::future::{BoxFuture, FutureExt};
use hongbao::http::Rival;
use hongbao_shared::{Fen, OrderNo, Timestamp, UserId, api::packets::Opened};
use sqlx::{
    AssertSqlSafe, Connection, Executor, PgConnection, PgPool, Row, postgres::PgPoolOptions,
};
use std::time::SystemTime;
use tokio::sync::OnceCell;

/// What everyone has from the beginning.
const FORTUNE_FEN: i64 = 1 << 40;

/// Rows that change often leave room on their pages, so that no index has to change with them.
const SCHEMA: &str = r"
CREATE SEQUENCE numbers;
CREATE TABLE wallets (
    user_id     BIGINT PRIMARY KEY,
    balance_fen BIGINT NOT NULL CHECK (balance_fen >= 0)
) WITH (fillfactor = 50);
CREATE TABLE packets (
    number    BIGINT PRIMARY KEY,
    sender_id BIGINT NOT NULL,
    total_fen BIGINT NOT NULL,
    shares    INT    NOT NULL,
    opened    INT    NOT NULL DEFAULT 0 CHECK (opened BETWEEN 0 AND shares),
    left_fen  BIGINT NOT NULL CHECK (left_fen >= 0)
) WITH (fillfactor = 10);
CREATE TABLE claims (
    number     BIGINT NOT NULL REFERENCES packets (number),
    user_id    BIGINT NOT NULL,
    seq        INT    NOT NULL,
    amount_fen BIGINT NOT NULL CHECK (amount_fen > 0),
    opened_at  BIGINT NOT NULL,
    PRIMARY KEY (number, user_id)
);
CREATE FUNCTION send_packet(sender BIGINT, total BIGINT, parts INT, fortune BIGINT)
RETURNS BIGINT LANGUAGE plpgsql AS $$
DECLARE
    new_number BIGINT := nextval('numbers');
BEGIN
    INSERT INTO wallets AS wallet VALUES (sender, fortune - total)
        ON CONFLICT (user_id) DO UPDATE SET balance_fen = wallet.balance_fen - total;
    INSERT INTO packets VALUES (new_number, sender, total, parts, 0, total);
    RETURN new_number;
END $$;
CREATE FUNCTION open_share(packet BIGINT, opener BIGINT, now_ms BIGINT, fortune BIGINT,
    OUT place INT, OUT amount BIGINT, OUT at BIGINT) LANGUAGE plpgsql AS $$
DECLARE
    held packets;
    rest INT;
BEGIN
    SELECT * INTO held FROM packets WHERE number = packet FOR UPDATE;
    SELECT seq, amount_fen, opened_at INTO place, amount, at
        FROM claims WHERE number = packet AND user_id = opener;
    IF FOUND OR held.number IS NULL OR held.opened = held.shares THEN
        RETURN;
    END IF;
    rest := held.shares - held.opened;
    place := held.opened;
    at := now_ms;
    -- As everybody does it: up to twice the mean of what is left, and the last takes the rest.
    amount := CASE WHEN rest = 1 THEN held.left_fen
        ELSE 1 + floor(random() * (2 * (held.left_fen / rest) - 1)) END;
    UPDATE packets SET opened = place + 1, left_fen = left_fen - amount WHERE number = packet;
    INSERT INTO claims VALUES (packet, opener, place, amount, at);
    INSERT INTO wallets AS wallet VALUES (opener, fortune + amount)
        ON CONFLICT (user_id) DO UPDATE SET balance_fen = wallet.balance_fen + amount;
END $$;
";

/// The rival on a PostgreSQL server.
#[derive(Debug)]
pub(super) struct RowLock {
    url: String,
    connections: u32,
    pool: OnceCell<PgPool>,
}

impl RowLock {
    pub(super) fn new(url: String, connections: u32) -> Self {
        Self { url, connections, pool: OnceCell::new() }
    }

    /// Everything is made with the first call.
    async fn pool(&self) -> Result<&PgPool> {
        let start = async || {
            let options = PgPoolOptions::new()
                .min_connections(self.connections)
                .max_connections(self.connections)
                .test_before_acquire(false);
            let pool = options.connect(&self.url).await?;
            pool.execute(SCHEMA).await?;
            anyhow::Ok(pool)
        };
        self.pool.get_or_try_init(start).await
    }
}

impl Rival for RowLock {
    fn send(&self, sender: UserId, total: Fen, shares: u32) -> BoxFuture<'_, Result<OrderNo>> {
        async move {
            let sent = sqlx::query_scalar("SELECT send_packet($1, $2, $3, $4)")
                .bind(sender.get())
                .bind(i64::try_from(total.get())?)
                .bind(i32::try_from(shares)?)
                .bind(FORTUNE_FEN);
            let sequence: i64 = sent.fetch_one(self.pool().await?).await?;
            number(u64::try_from(sequence)?).context("no numbers are left")
        }
        .boxed()
    }

    fn open(&self, user: UserId, order_no: OrderNo) -> BoxFuture<'_, Result<Option<Opened>>> {
        async move {
            let now = i64::try_from(SystemTime::UNIX_EPOCH.elapsed()?.as_millis())?;
            let open = sqlx::query("SELECT place, amount, at FROM open_share($1, $2, $3, $4)")
                .bind(i64::try_from(order_no.sequence())?)
                .bind(user.get())
                .bind(now)
                .bind(FORTUNE_FEN);
            let row = open.fetch_one(self.pool().await?).await?;
            let Some(seq) = row.try_get::<Option<i32>, _>("place")? else { return Ok(None) };
            let amount_fen = Fen::new(u64::try_from(row.try_get::<i64, _>("amount")?)?);
            Ok(Some(Opened {
                order_no,
                seq: u32::try_from(seq)?,
                amount_fen: amount_fen.context("an amount out of range")?,
                opened_at: Timestamp::from_millis(row.try_get("at")?),
            }))
        }
        .boxed()
    }
}

/// Every packet's claims are as many as it says and hold what has left it, no share is double,
/// and no fen is in two places or in none.
pub(super) async fn prove(url: &str) -> Result<u64> {
    let mut connection = PgConnection::connect(url).await?;
    let off: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM packets p LEFT JOIN (
             SELECT number, count(*) AS many, count(DISTINCT seq) AS different,
                 sum(amount_fen) AS fen
             FROM claims GROUP BY number
         ) c USING (number)
         WHERE p.opened <> coalesce(many, 0) OR p.opened <> coalesce(different, 0)
             OR p.total_fen - p.left_fen <> coalesce(fen, 0)",
    )
    .fetch_one(&mut connection)
    .await?;
    ensure!(off == 0, "{off} packets are not what their claims say");
    let sums = format!(
        "SELECT coalesce((SELECT sum(balance_fen - {FORTUNE_FEN}) FROM wallets), 0)
             + coalesce((SELECT sum(left_fen) FROM packets), 0) = 0"
    );
    let whole: bool = sqlx::query_scalar(AssertSqlSafe(sums)).fetch_one(&mut connection).await?;
    ensure!(whole, "wallets and packets do not add up");
    let claims: i64 =
        sqlx::query_scalar("SELECT count(*) FROM claims").fetch_one(&mut connection).await?;
    connection.close().await?;
    Ok(u64::try_from(claims)?)
}
