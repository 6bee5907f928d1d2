//! What most tutorials teach: a list of shares that are cut beforehand, a hash of who has one,
//! a log for whatever writes them into a database later, and one script. Redis writes its
//! journal once a second, so up to a second of answered opens is lost with the machine. As
//! quick as it honestly can be: the script is called by its digest, and the calls of many
//! requests share a few connections, where they go out together.

use super::number;
use anyhow::{Context, Result, ensure};
use deadpool_redis::redis::{Client, aio::MultiplexedConnection, cmd, pipe};
use futures::future::{BoxFuture, FutureExt};
use hongbao::http::Rival;
use hongbao_domain::runtime::{Entropy, SystemEntropy};
use hongbao_fleet::Redis;
use hongbao_shared::{
    Fen, Kind, OrderNo, Splitter, Terms, Timestamp, UserId,
    api::packets::Opened,
    fairness::{ClientSeed, ServerSeed},
};
use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::SystemTime,
};
use tokio::sync::OnceCell;

/// Shares that go into the list with one command.
const SHARES_PER_PUSH: usize = 1_000;

/// `KEYS`: the list of shares, the hash of who has one, the log. `ARGV`: who, and when. Gives
/// place, amount and time, or nothing once all shares are taken.
const OPEN: &str = r"
local had = redis.call('HGET', KEYS[2], ARGV[1])
if had then return had end
local amount = redis.call('RPOP', KEYS[1])
if not amount then return false end
local share = redis.call('HLEN', KEYS[2]) .. ':' .. amount .. ':' .. ARGV[2]
redis.call('HSET', KEYS[2], ARGV[1], share)
redis.call('RPUSH', KEYS[3], ARGV[1] .. ':' .. share)
return share
";

/// The rival on a Redis server.
#[derive(Debug)]
pub(super) struct RedisLua {
    url: String,
    connections: u32,
    started: OnceCell<Started>,
    turn: AtomicUsize,
}

#[derive(Debug)]
struct Started {
    connections: Vec<MultiplexedConnection>,
    open: String,
}

impl RedisLua {
    pub(super) fn new(url: String, connections: u32) -> Self {
        Self { url, connections, started: OnceCell::new(), turn: AtomicUsize::new(0) }
    }

    /// The digest of the script, and one of the connections, by turns.
    async fn started(&self) -> Result<(&str, MultiplexedConnection)> {
        let start = async || {
            let client = Client::open(self.url.as_str())?;
            let mut connections = Vec::new();
            for _ in 0..self.connections {
                connections.push(client.get_multiplexed_async_connection().await?);
            }
            let first = connections.first_mut().context("no connections")?;
            let open = cmd("SCRIPT").arg("LOAD").arg(OPEN).query_async(first).await?;
            anyhow::Ok(Started { connections, open })
        };
        let started = self.started.get_or_try_init(start).await?;
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % started.connections.len();
        Ok((&started.open, started.connections[turn].clone()))
    }
}

impl Rival for RedisLua {
    fn send(&self, _: UserId, total: Fen, shares: u32) -> BoxFuture<'_, Result<OrderNo>> {
        async move {
            let (_, mut connection) = self.started().await?;
            let sequence = cmd("INCR").arg("numbers").query_async(&mut connection).await?;
            let order_no = number(sequence).context("no numbers are left")?;
            let terms = Terms::new(Kind::Lucky, total, shares, total)?;
            let seed = ServerSeed::from_bytes(SystemEntropy.bytes32());
            let client = ClientSeed::new(Vec::new()).context("no seed")?;
            let amounts: Vec<u64> =
                Splitter::new(&terms, &seed.split_seed(&client, order_no, &terms))
                    .map(Fen::get)
                    .collect();
            let mut push = pipe();
            push.atomic();
            for part in amounts.chunks(SHARES_PER_PUSH) {
                push.cmd("LPUSH").arg(format!("{sequence}:shares")).arg(part).ignore();
            }
            push.cmd("HSET").arg("totals").arg(sequence).arg(total.get()).ignore();
            push.query_async::<()>(&mut connection).await?;
            Ok(order_no)
        }
        .boxed()
    }

    fn open(&self, user: UserId, order_no: OrderNo) -> BoxFuture<'_, Result<Option<Opened>>> {
        async move {
            let (open, mut connection) = self.started().await?;
            let sequence = order_no.sequence();
            let mut call = cmd("EVALSHA");
            call.arg(open).arg(3);
            call.arg(format!("{sequence}:shares"));
            call.arg(format!("{sequence}:claims"));
            call.arg(format!("{sequence}:log"));
            call.arg(user.get());
            call.arg(u64::try_from(SystemTime::UNIX_EPOCH.elapsed()?.as_millis())?);
            let share: Option<String> = call.query_async(&mut connection).await?;
            share.map(|share| read(order_no, &share)).transpose()
        }
        .boxed()
    }
}

fn read(order_no: OrderNo, share: &str) -> Result<Opened> {
    let mut parts = share.split(':');
    let mut next = || parts.next().context("a share lacks a part");
    let (seq, amount, at) = (next()?.parse()?, next()?.parse()?, next()?.parse()?);
    Ok(Opened {
        order_no,
        seq,
        amount_fen: Fen::new(amount).context("an amount out of range")?,
        opened_at: Timestamp::from_millis(at),
    })
}

/// `ARGV`: how many packets there are. Gives how many claims they hold, or -1 if one of them
/// holds a share twice, or other sums than it had.
const PROVE: &str = r"
local all = 0
for packet = 1, tonumber(ARGV[1]) do
  local fen, seen = 0, {}
  for _, share in ipairs(redis.call('HVALS', packet .. ':claims')) do
    local seq, amount = string.match(share, '(%d+):(%d+):')
    if seen[seq] then return -1 end
    seen[seq] = true
    fen = fen + tonumber(amount)
    all = all + 1
  end
  if redis.call('LLEN', packet .. ':log') ~= redis.call('HLEN', packet .. ':claims') then
    return -1
  end
  for _, amount in ipairs(redis.call('LRANGE', packet .. ':shares', 0, -1)) do
    fen = fen + tonumber(amount)
  end
  if fen ~= tonumber(redis.call('HGET', 'totals', packet)) then return -1 end
end
return all
";

pub(super) fn prove(server: &Redis) -> Result<u64> {
    let packets = server.command(&["GET", "numbers"])?;
    let packets = if packets.is_empty() { "0" } else { &packets };
    let claims: i64 = server.command(&["EVAL", PROVE, "0", packets])?.parse()?;
    ensure!(claims >= 0, "shares are double, or do not add up");
    Ok(u64::try_from(claims)?)
}
