use super::{
    circuit::{Circuit, Pass},
    pool::{ANSWER_WITHIN, Connection, Pool},
};
use deadpool_redis::redis::{self, ErrorKind, RedisError, RedisResult, ServerError};
use hongbao_domain::{
    board::{Board, Place, Rung},
    cache::CacheDown,
};
use hongbao_shared::Site;
use std::{
    fmt,
    sync::{Arc, OnceLock},
};
use tokio::time::timeout;

/// How long the trace of a probe stays.
const PROBE_TTL_S: u64 = 60;

/// One site's Redis.
#[derive(Debug)]
pub(super) struct SiteCache {
    site: Site,
    pool: Pool,
    circuit: Circuit,
    board: OnceLock<Arc<Board>>,
}

impl SiteCache {
    pub(super) fn new(site: Site, pool: Pool) -> Self {
        Self { site, pool, circuit: Circuit::default(), board: OnceLock::new() }
    }

    /// Shows on `board` from now on that it does not answer.
    pub(super) fn report_to(&self, board: &Arc<Board>) {
        let _first = self.board.set(Arc::clone(board));
    }

    /// Lets `work` use a connection. Over within the time of one answer, whatever happens;
    /// two for the call that finds out whether a server is back.
    pub(super) async fn call<T>(
        &self,
        work: impl AsyncFnOnce(&mut Connection) -> RedisResult<T>,
    ) -> Result<T, CacheDown> {
        let era = match self.circuit.ask() {
            Pass::Go(era) => era,
            Pass::Stop => return Err(self.down("it did not answer a moment ago")),
            Pass::Probe => self.probe().await?,
        };
        self.attempt(work).await.map_err(|failure| {
            if failure.reach != Reach::OneKey {
                self.circuit.failed(era, failure.reads(), || {
                    self.show(|board, place| {
                        board.enter(Rung::SharedCacheDown, place, &failure.text);
                    });
                });
            }
            self.down(failure.text)
        })
    }

    /// As [`SiteCache::call`], for what only reads and stands nowhere else. A server that is
    /// full counts as down and answers all the same.
    pub(super) async fn read<T>(
        &self,
        work: impl AsyncFnOnce(&mut Connection) -> RedisResult<T>,
    ) -> Result<T, CacheDown> {
        if !self.circuit.only_reads() {
            return self.call(work).await;
        }
        self.attempt(work).await.map_err(|failure| {
            if failure.reach == Reach::All {
                self.circuit.still_down(false);
            }
            self.down(failure.text)
        })
    }

    /// Finds out whether it is back. A demoted primary answers pings and reads, so this
    /// writes.
    async fn probe(&self) -> Result<u64, CacheDown> {
        let key = format!("hongbao:probe:{}", self.site);
        let mut set = redis::cmd("SET");
        set.arg(key).arg(1).arg("EX").arg(PROBE_TTL_S);
        match self.attempt(async |connection| set.query_async::<()>(connection).await).await {
            Ok(()) => Ok(self.circuit.recovered(|| {
                self.show(|board, place| board.leave(Rung::SharedCacheDown, place));
            })),
            Err(failure) => {
                self.circuit.still_down(failure.reads());
                Err(self.down(failure.text))
            }
        }
    }

    async fn attempt<T>(
        &self,
        work: impl AsyncFnOnce(&mut Connection) -> RedisResult<T>,
    ) -> Result<T, Failure> {
        let attempt = async {
            let mut connection = self.pool.get().await.map_err(Failure::of_all)?;
            match work(&mut connection).await {
                Ok(done) => Ok(done),
                Err(error) => {
                    connection.discard();
                    Err(Failure::from(error))
                }
            }
        };
        // Nothing here is in a transaction that the timeout could cut off; each script is
        // atomic in the server.
        let result = match timeout(ANSWER_WITHIN, attempt).await {
            Ok(result) => result,
            Err(_) => Err(Failure::of_all("no answer in time")),
        };
        if result.as_ref().is_err_and(|failure| failure.reach != Reach::OneKey) {
            self.pool.forget_idle();
        }
        result
    }

    /// On the board, if there is one.
    fn show(&self, change: impl FnOnce(&Board, Place)) {
        if let Some(board) = self.board.get() {
            change(board, Place::Site(self.site));
        }
    }

    fn down(&self, why: impl fmt::Display) -> CacheDown {
        CacheDown(format!("site {}: {why}", self.site))
    }
}

/// Why a call failed.
struct Failure {
    text: String,
    reach: Reach,
}

/// What does not work, from little to much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    /// Something is wrong with what stands under one key, not with the server.
    OneKey,
    /// It answers, and takes no writes.
    Writes,
    /// Everything, as far as anybody can tell.
    All,
}

impl Failure {
    fn of_all(error: impl fmt::Display) -> Self {
        Self { text: error.to_string(), reach: Reach::All }
    }

    /// May what only reads be answered?
    fn reads(&self) -> bool {
        self.reach == Reach::Writes
    }
}

impl From<RedisError> for Failure {
    fn from(error: RedisError) -> Self {
        let text = error.to_string();
        // What stands there is not what was asked for.
        if matches!(error.kind(), ErrorKind::Parse | ErrorKind::UnexpectedReturnType) {
            return Self { text, reach: Reach::OneKey };
        }
        // Several of a pipeline.
        let errors = error.into_server_errors();
        let reach = errors.iter().flat_map(|errors| errors.iter()).map(|(_, error)| reach(error));
        Self { reach: reach.max().unwrap_or(Reach::All), text }
    }
}

/// How much of a server does not work that answers so.
fn reach(error: &ServerError) -> Reach {
    let of_value = |details: &str| VALUE_SAYS.iter().any(|words| details.contains(words));
    match error.code() {
        "WRONGTYPE" => Reach::OneKey,
        "ERR" if error.details().is_some_and(of_value) => Reach::OneKey,
        // Full, a disk that its snapshots do not get onto, too few replicas. Not READONLY: what a
        // replica lacks may be there all the same.
        "OOM" | "MISCONF" | "NOREPLICAS" => Reach::Writes,
        _ => Reach::All,
    }
}

/// Of what cannot be counted with, in Redis and in Lua; all other errors have codes of their own.
const VALUE_SAYS: [&str; 3] = ["is not an integer", "would overflow", "attempt to "];
