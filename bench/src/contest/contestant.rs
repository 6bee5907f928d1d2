use super::shown;
use crate::{
    engines::Engines,
    people::Database,
    rival,
    server::Setup,
    stage::{Cast, Manner, Stage},
};
use anyhow::{Context, Result, ensure};
use std::{
    fmt, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// How many times fewer people open a packet under a row lock: it would take minutes.
const ROW_LOCK_FEWER: usize = 10;

/// How many nodes a fleet has.
const NODES: usize = 3;

/// Who takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Contestant {
    /// Nothing, behind the same middleware and check of sessions: the ceiling.
    NoOp,
    /// Nothing, by hyper alone.
    Bare,
    /// Hongbao on its SQLite files.
    Sqlite,
    /// Hongbao on PostgreSQL and Redis, one node.
    Postgres,
    /// The same with a synchronous standby of the database: a commit is answered when both have it.
    Standby,
    /// Hongbao on PostgreSQL and Redis, three nodes behind nginx.
    Fleet,
    /// A transaction for each open, which locks the packet's row, on PostgreSQL.
    RowLock,
    /// A script on a list in Redis, not durable.
    RedisLua,
    /// One durable row for each open in an SQLite file, and nothing else: for `lonely` alone.
    Insert,
}

impl fmt::Display for Contestant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        shown(self, f)
    }
}

/// What all start from.
pub(super) struct Scene<'a> {
    setup: Setup,
    folder: &'a Path,
    origin: PathBuf,
    cast: Cast,
    connections: usize,
    fen: u64,
    row_lock_pool: u32,
    redis_pool: u32,
}

impl<'a> Scene<'a> {
    /// The same people in SQLite files for all that have theirs there.
    pub(super) async fn set(
        setup: Setup,
        folder: &'a Path,
        people: usize,
        connections: usize,
        fen: u64,
        row_lock_pool: u32,
        redis_pool: u32,
    ) -> Result<Self> {
        let origin = folder.join("origin");
        let cast = Cast::assemble(&setup, &origin, Database::Sqlite(&origin), people, fen).await?;
        Ok(Self { setup, folder, origin, cast, connections, fen, row_lock_pool, redis_pool })
    }

    /// This program in the place of the server.
    fn rival(&self, engine: Option<(String, u32)>) -> Result<Setup> {
        let mut serve = vec!["rival".to_owned()];
        if let Some((url, pool)) = engine {
            serve.extend(["--engine".to_owned(), url, "--pool".to_owned(), pool.to_string()]);
        }
        Ok(Setup { binary: std::env::current_exe()?, serve, ..self.setup.clone() })
    }
}

impl Contestant {
    /// How packets are sent and opened with it.
    pub(super) const fn manner(self) -> Manner {
        match self {
            Self::NoOp | Self::Bare => Manner::NoOp,
            Self::Sqlite | Self::Postgres | Self::Standby | Self::Fleet => Manner::Ours,
            Self::RowLock | Self::RedisLua | Self::Insert => Manner::Rival,
        }
    }

    /// Starts it, with all that it needs, on data of its own.
    pub(super) async fn start(self, scene: &Scene<'_>) -> Result<Stage> {
        let data = scene.folder.join(self.to_string());
        let mut cast = scene.cast.clone();
        let (setup, mut engines) = match self {
            Self::NoOp => (scene.rival(None)?, Engines::default()),
            Self::Bare => {
                let setup = scene.rival(None)?;
                let serve = vec!["bare".to_owned()];
                (Setup { serve, ..setup }, Engines::default())
            }
            Self::Sqlite => (scene.setup.clone(), Engines::default()),
            Self::Postgres | Self::Standby | Self::Fleet => {
                let mut engines = Engines::both()?;
                if self == Self::Standby {
                    engines.follow()?;
                }
                let setup = fleet(scene, &data, &engines)?;
                let url = engines.database()?;
                let people = Database::Postgres(&url);
                cast = Cast::assemble(&setup, &data, people, cast.people.len(), scene.fen).await?;
                (setup, engines)
            }
            Self::RowLock => {
                let fewer = (cast.people.len() / ROW_LOCK_FEWER).max(1);
                cast.people = cast.people.iter().take(fewer).cloned().collect();
                let engines = Engines::postgres()?;
                let engine = Some((engines.database()?, scene.row_lock_pool));
                (scene.rival(engine)?, engines)
            }
            Self::RedisLua => {
                let engines = Engines::redis()?;
                let engine = Some((engines.cache()?, scene.redis_pool));
                (scene.rival(engine)?, engines)
            }
            Self::Insert => {
                let engine = Some((format!("{}{}", rival::SQLITE, inserted(&data).display()), 1));
                (scene.rival(engine)?, Engines::default())
            }
        };
        if engines.redis.is_none() || engines.postgres.is_none() {
            copy(&scene.origin, &data)?;
        }
        let nodes = if self == Self::Fleet { NODES } else { 1 };
        let mut servers = Vec::new();
        for node in 1..=nodes {
            let data = if node == 1 { data.clone() } else { data.join(node.to_string()) };
            servers.push(setup.start(&data).await?);
        }
        let mut address = servers.first().context("no server")?.address;
        if self == Self::Fleet {
            address = engines.lead_to(servers.iter().map(|server| server.address.port()))?;
        }
        let mut stage = Stage::before(servers, address, cast, scene.connections).await?;
        stage.engines = engines;
        stage.manner = self.manner();
        Ok(stage)
    }

    /// Stops it, and proves from what it leaves that everything that was opened is there once.
    pub(super) async fn prove(self, stage: Stage, folder: &Path, opened: u64) -> Result<()> {
        let engines = &stage.engines;
        let kept = match self {
            Self::NoOp | Self::Bare => return stage.stop(false).await,
            Self::Sqlite | Self::Postgres | Self::Standby | Self::Fleet => {
                return stage.stop(true).await;
            }
            Self::RowLock => rival::prove_row_lock(&engines.database()?).await?,
            Self::RedisLua => match &engines.redis {
                Some(redis) => rival::prove_redis_lua(redis)?,
                None => 0,
            },
            Self::Insert => rival::prove_insert(&inserted(&folder.join(self.to_string()))).await?,
        };
        ensure!(kept == opened, "{opened} shares were opened, and {kept} are kept");
        stage.stop(false).await
    }
}

/// Where bare inserts go.
fn inserted(data: &Path) -> PathBuf {
    data.join("insert.sqlite")
}

/// One node of a fleet of one site, whose databases share a server: on one machine several
/// would only flush several journals.
fn fleet(scene: &Scene<'_>, data: &Path, engines: &Engines) -> Result<Setup> {
    fs::create_dir_all(data)?;
    let (database, cache) = (engines.database()?, engines.cache()?);
    let mut key = [0_u8; 32];
    getrandom::fill(&mut key)?;
    let text = format!(
        "[storage]\nmaster_key = '{}'\n[fleet]\nledger = '{database}'\npeople = '{database}'\n\
         lists = '{database}'\n[fleet.sites.S]\ncold = '{database}'\ncache = ['{cache}']\n\
         shards = [{{ shards = '0-3', database = '{database}' }}]\n",
        data_encoding::HEXLOWER.encode(&key)
    );
    let config = data.join("hongbao.toml");
    fs::write(&config, text)?;
    let setup = Setup { config: Some(config), ..scene.setup.clone() };
    let mut migrate: Command = setup.command("migrate", data);
    let migrated = migrate.output()?;
    ensure!(migrated.status.success(), "no schema: {}", String::from_utf8_lossy(&migrated.stderr));
    Ok(setup)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}
