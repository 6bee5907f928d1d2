//! A PostgreSQL server, or anything that speaks its protocol.

mod circuit;

use super::{
    Row, Schema, Statement, StoreError, Tx, Work,
    borrowed::Borrowed,
    error::{cause, store_error, unavailable, unknown},
    schema::Unfit,
};
use anyhow::Context;
use circuit::{Circuit, may_be_down};
use hongbao_domain::{
    board::{Board, Place},
    ended,
    runtime::BackOff,
};
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::{
    fmt,
    future::Future,
    str::FromStr,
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio::{
    sync::Mutex,
    time::{sleep, timeout},
};

/// How long a statement may take; the server ends it. Nothing here is ended from this
/// side: a transaction that is cut off half-way would go back into the pool open (sqlx
/// issue 4393).
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a statement may wait for a row that another transaction holds.
const LOCK_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a transaction may do nothing; this is for nodes that have died in one.
const IDLE_TIMEOUT: Duration = Duration::from_secs(3);
/// How long to wait for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);
/// How long whoever asks whether it is there waits for one of those that calls use.
const BUSY_AFTER: Duration = Duration::from_millis(400);
/// How long a caller waits. What it waited for goes on by itself: its outcome is unknown.
const PATIENCE: Duration = Duration::from_secs(6);
/// How often a transaction starts over that lost against another.
const ATTEMPTS_MAX: u32 = 12;
/// How often whoever makes a schema tries: sqlx has all that are made in one database wait for each
/// other, longer than a statement may wait for a lock. Whoever only works with one does not wait; it
/// is migrated when it is first used.
const MAKE_ATTEMPTS_MAX: u32 = 30;
/// How long it rests after an attempt: a migration that waits for a table has all others who want
/// it wait behind itself.
const PREPARE_PAUSE: Duration = Duration::from_millis(300);
const BACK_OFF: BackOff =
    BackOff { first: Duration::from_millis(2), max: Duration::from_millis(200) };

const BEGIN_SERIAL: &str = "BEGIN ISOLATION LEVEL SERIALIZABLE";
const BEGIN_BY_ROW: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";

/// How far a write is kept from those beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Isolation {
    /// As if it ran alone.
    Serial,
    /// Row by row: each statement sees what is committed.
    ByRow,
    /// It is one statement, which is its own transaction: one round trip.
    AtOnce,
}

/// Where a database is.
#[derive(Clone, PartialEq, Eq)]
pub struct Link {
    /// `postgres://user:password@host:port/database?options`.
    pub url: String,
    /// The schema (namespace) of its own within that database.
    pub namespace: String,
    /// How many connections a node may hold.
    pub connections_max: u32,
    /// Is the schema made where it is missing? Servers do not: one that is missing has
    /// moved, or the address is wrong, and a second one would be worse than none.
    pub create: bool,
}

impl Link {
    /// Which database of which server it is, without user and password: `host:port/database`.
    pub fn server(&self) -> String {
        let Ok(options) = PgConnectOptions::from_str(&self.url) else {
            return "an address that cannot be read".to_owned();
        };
        let (host, port) = (options.get_host(), options.get_port());
        format!("{host}:{port}/{}", options.get_database().unwrap_or_default())
    }
}

/// Without the password.
impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("namespace", &self.namespace).finish_non_exhaustive()
    }
}

/// A namespace on a server, and the connections to it.
#[derive(Clone, Debug)]
pub(super) struct Server {
    pool: PgPool,
    circuit: Arc<Circuit>,
    namespace: String,
    create: bool,
    schema: Schema,
    /// Is its schema there? A node can start while a server is down.
    prepared: Arc<OnceLock<()>>,
    preparing: Arc<Mutex<()>>,
}

impl Server {
    pub(super) async fn open(link: &Link, schema: Schema) -> anyhow::Result<Self> {
        let options = options(link)?;
        let circuit = Circuit::new(&link.namespace, options.clone());
        let pool = PgPoolOptions::new()
            .max_connections(link.connections_max)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            // A connection that has died is found by its first statement, which is then
            // said again on another; asking before each use is one more round trip.
            .test_before_acquire(false)
            .connect_lazy_with(options);
        let server = Self {
            pool,
            circuit,
            namespace: link.namespace.clone(),
            create: link.create,
            schema,
            prepared: Arc::default(),
            preparing: Arc::default(),
        };
        let mut attempt = 1;
        let prepared = loop {
            match server.prepare().await {
                Err(error @ StoreError::Unavailable(_))
                    if link.create
                        && attempt < MAKE_ATTEMPTS_MAX
                        && !is_another_program(&error) =>
                {
                    attempt += 1;
                }
                prepared => break prepared,
            }
        };
        match prepared {
            // It is there, and another version's: that is for somebody to see at once.
            Err(error) if is_another_program(&error) => {
                Err(error).with_context(|| format!("cannot prepare {}", link.namespace))
            }
            Err(error @ StoreError::Unavailable(_)) if !link.create => {
                let (namespace, error) = (&link.namespace, anyhow::Error::from(error));
                tracing::warn!(namespace, "a database is down: {error:#}");
                Ok(server)
            }
            prepared => {
                prepared.with_context(|| format!("cannot prepare {}", link.namespace))?;
                Ok(server)
            }
        }
    }

    /// Makes sure that the schema is there; once, when the server first answers.
    async fn prepare(&self) -> Result<(), StoreError> {
        if self.prepared.get().is_some() {
            return Ok(());
        }
        let Ok(_alone) = self.preparing.try_lock() else {
            return Err(unavailable(sqlx::Error::PoolTimedOut));
        };
        let made = self.schema.migrate_postgres(&self.pool, &self.namespace, self.create);
        // It is large, and nearly never there.
        let made = Box::pin(made).await;
        match &made {
            Ok(()) => *self.prepared.get_or_init(|| ()),
            Err(_) => sleep(PREPARE_PAUSE).await,
        }
        made
    }

    /// Rows of a statement that changes nothing.
    pub(super) async fn read(&self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        let server = self.clone();
        let task = async move {
            server.prepare().await?;
            let stale_max = server.pool.size();
            let mut tried = 0;
            loop {
                let mut connection = server.pool.acquire().await.map_err(store_error)?;
                match statement.clone().rows_of_postgres(&mut connection).await {
                    Err(error) if is_cut_off(&error) && tried < stale_max => tried += 1,
                    result => return result,
                }
            }
        };
        self.patiently(task, unavailable).await
    }

    /// Does it answer `statement`, or anybody? The connections that calls use may all be busy,
    /// or dead: then it is asked on another.
    pub(super) async fn ping(&self, statement: Statement) -> Result<(), StoreError> {
        let error = match timeout(BUSY_AFTER, self.read(statement)).await {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(error)) if cause(&error).is_none_or(|cause| !may_be_down(cause)) => {
                return Err(error);
            }
            Ok(Err(error)) => error,
            Err(_) => unavailable(sqlx::Error::PoolTimedOut),
        };
        // While it is being migrated, it serves nobody.
        if self.prepared.get().is_none() {
            return Err(error);
        }
        if self.circuit.answers().await { Ok(()) } else { Err(error) }
    }

    /// Runs `work`, again and again as long as it loses against others.
    pub(super) async fn write<G, T, F>(
        &self,
        isolation: Isolation,
        given: G,
        work: F,
    ) -> Result<T, StoreError>
    where
        G: Send + Sync + 'static,
        T: Send + 'static,
        F: Work<G, T>,
    {
        let server = self.clone();
        let task = async move {
            server.prepare().await?;
            let mut attempt = 0;
            loop {
                let result = match isolation {
                    Isolation::Serial => server.transaction(BEGIN_SERIAL, &given, &work).await,
                    Isolation::ByRow => server.transaction(BEGIN_BY_ROW, &given, &work).await,
                    Isolation::AtOnce => server.statement(&given, &work).await,
                };
                match result {
                    Err(error) if is_lost_race(&error) && attempt < ATTEMPTS_MAX => {
                        metrics::counter!("hongbao_database_conflicts_total").increment(1);
                        sleep(BACK_OFF.after(attempt)).await;
                        attempt += 1;
                    }
                    result => return result,
                }
            }
        };
        self.patiently(task, unknown).await
    }

    async fn transaction<G, T>(
        &self,
        begin: &'static str,
        given: &G,
        work: &impl Work<G, T>,
    ) -> Result<T, StoreError> {
        let stale_max = self.pool.size();
        let mut tried = 0;
        loop {
            let mut connection = Borrowed::of(&self.pool).await.map_err(store_error)?;
            let mut transaction = match connection.begin(begin).await {
                Err(sqlx::Error::Io(_) | sqlx::Error::BeginFailed) if tried < stale_max => {
                    tried += 1;
                    continue;
                }
                result => result.map_err(store_error)?,
            };
            return match work(&mut Tx::Postgres(&mut transaction), given).await {
                Ok(value) => match transaction.commit().await {
                    Ok(()) => {
                        connection.has_ended();
                        Ok(value)
                    }
                    // It said itself that it did not happen.
                    Err(error) if refused(&error).is_some_and(|code| !is_shutdown(code)) => {
                        let error = store_error(error);
                        if is_lost_race(&error) {
                            // In good order, and too often to connect anew each time; the
                            // pool says ROLLBACK and asks whether it is well.
                            connection.has_ended();
                        }
                        Err(error)
                    }
                    Err(error) => Err(unknown(error)),
                },
                Err(error) => {
                    match transaction.rollback().await {
                        Ok(()) => connection.has_ended(),
                        Err(rollback) => tracing::debug!(%rollback, "cannot roll back"),
                    }
                    Err(error)
                }
            };
        }
    }

    async fn statement<G, T>(&self, given: &G, work: &impl Work<G, T>) -> Result<T, StoreError> {
        let mut connection = self.pool.acquire().await.map_err(store_error)?;
        work(&mut Tx::Postgres(&mut connection), given).await.map_err(|error| {
            let unheard = cause(&error).and_then(refused).is_none_or(is_shutdown);
            match error {
                // It was said; nobody knows whether it was heard.
                StoreError::Unavailable(cause) if unheard => StoreError::Unknown(cause),
                other => other,
            }
        })
    }

    /// Runs a task that no client can cancel, and waits for it for a while.
    async fn patiently<T: Send + 'static>(
        &self,
        task: impl Future<Output = Result<T, StoreError>> + Send + 'static,
        late: fn(sqlx::Error) -> StoreError,
    ) -> Result<T, StoreError> {
        self.circuit.check()?;
        let result = match timeout(PATIENCE, tokio::spawn(task)).await {
            Ok(joined) => {
                ended(joined).unwrap_or_else(|| Err(unavailable(sqlx::Error::PoolClosed)))
            }
            Err(_) => Err(late(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()))),
        };
        self.circuit.note(&result);
        result
    }

    pub(super) fn report_to(&self, board: &Arc<Board>, place: Place) {
        self.circuit.report_to(board, place);
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }
}

/// How to connect to it.
pub(super) fn options(link: &Link) -> anyhow::Result<PgConnectOptions> {
    let options = PgConnectOptions::from_str(&link.url)
        // The text may hold a password.
        .map_err(|_| anyhow::anyhow!("the address of a database cannot be read"))?
        .application_name("hongbao")
        .statement_cache_capacity(512)
        .options([
            ("search_path", link.namespace.clone()),
            ("statement_timeout", milliseconds(STATEMENT_TIMEOUT)),
            ("lock_timeout", milliseconds(LOCK_TIMEOUT)),
            ("idle_in_transaction_session_timeout", milliseconds(IDLE_TIMEOUT)),
        ]);
    Ok(options)
}

fn milliseconds(duration: Duration) -> String {
    format!("{}ms", duration.as_millis())
}

/// The code with which the server itself refused.
fn refused(error: &sqlx::Error) -> Option<&str> {
    let error = error.as_database_error()?;
    Some(error.try_downcast_ref::<sqlx::postgres::PgDatabaseError>()?.code())
}

/// What a transaction saw by itself: another one came first.
#[derive(Debug, thiserror::Error)]
#[error("another transaction came first")]
struct CameSecond;

/// What the work of a transaction answers to have it rolled back and started over, for
/// races that only it can see.
pub(super) fn start_over() -> StoreError {
    StoreError::Unavailable(Box::new(CameSecond))
}

/// Did it lose against another transaction: `serialization_failure`, `deadlock_detected`,
/// or what it saw by itself?
fn is_lost_race(error: &StoreError) -> bool {
    let StoreError::Unavailable(what) = error else { return false };
    what.is::<CameSecond>() || matches!(cause(error).and_then(refused), Some("40001" | "40P01"))
}

/// Did a program that is not of this version make the schema?
fn is_another_program(error: &StoreError) -> bool {
    let StoreError::Unavailable(what) = error else { return false };
    what.is::<Unfit>() || matches!(cause(error), Some(sqlx::Error::Migrate(_)))
}

/// Was it on a connection that has died?
fn is_cut_off(error: &StoreError) -> bool {
    matches!(error, StoreError::Unavailable(_)) && matches!(cause(error), Some(sqlx::Error::Io(_)))
}

/// Is the server being stopped, so that what it was doing may have happened or not?
fn is_shutdown(code: &str) -> bool {
    matches!(code, "57P01" | "57P02" | "57P03")
}
