use crate::{
    Plan,
    postgres::Postgres,
    program,
    proxy::{Fault, Proxy},
    redis::{Redis, RedisCluster},
};
use anyhow::{Context, Result};
use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    io::Read,
    path::{Path, PathBuf},
    process::Command,
};
use tempfile::TempDir;

/// A server with a proxy before it, through which the nodes reach it.
#[derive(Debug)]
pub struct Reached<T> {
    /// The server.
    pub server: T,
    /// What is between it and the nodes.
    pub proxy: Proxy,
}

/// The shared cache of a site.
#[derive(Debug)]
pub enum Cache {
    /// One server.
    Single(Reached<Redis>),
    /// A cluster, which its clients reach by the addresses that it names itself.
    Cluster(RedisCluster),
}

/// The servers of a site.
#[derive(Debug)]
pub struct Site {
    /// Its letter.
    pub letter: char,
    /// The databases of its shards, half of them each; the cold store is on the first.
    pub databases: [Reached<Postgres>; 2],
    /// Its shared cache.
    pub cache: Cache,
}

impl Cache {
    fn start(clustered: bool) -> Result<Self> {
        if clustered {
            return RedisCluster::start().map(Self::Cluster);
        }
        let server = Redis::start(&[])?;
        let proxy = Proxy::start(server.port())?;
        Ok(Self::Single(Reached { server, proxy }))
    }

    fn urls(&self) -> Vec<String> {
        self.servers().iter().map(Redis::url).collect()
    }

    /// Its servers.
    pub fn servers(&self) -> &[Redis] {
        match self {
            Self::Single(one) => std::slice::from_ref(&one.server),
            Self::Cluster(cluster) => cluster.nodes(),
        }
    }

    /// Lets something happen to what is between it and the nodes; to a cluster nothing does.
    pub fn set(&self, fault: Fault) {
        if let Self::Single(one) = self {
            one.proxy.set(fault);
        }
    }
}

/// Something that nodes reach by an address of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Half of the shards of a site; the cold store is with the first (0).
    Orders(char, usize),
    /// The shared cache of a site.
    Cache(char),
    /// Balances and payments.
    Ledger,
    /// People, groups and messages.
    People,
    /// What was sent and received.
    Lists,
}

/// The ways of one node to everything, each of them its own.
#[derive(Debug)]
pub struct Links {
    /// What is between the node and each place.
    pub proxies: BTreeMap<Place, Proxy>,
    /// The node's configuration file, as text.
    pub configuration: String,
}

/// The databases and caches of two sites, all on this machine, gone when dropped.
#[derive(Debug)]
pub struct Engines {
    /// The sites.
    pub sites: Vec<Site>,
    /// The ledger; the proxies of people and lists are others.
    pub ledger: Reached<Postgres>,
    /// Before people, on the ledger's server.
    pub people: Proxy,
    /// Before lists, on the ledger's server.
    pub lists: Proxy,
    plan: Plan,
    key: String,
    config: PathBuf,
    _folder: TempDir,
}

impl Engines {
    /// Starts them, and makes the schemas; `binary` is `hongbao`.
    pub fn start(binary: &Path, plan: &Plan) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("hongbao-fleet-").tempdir()?;
        let sites = ['S', 'N'].into_iter().map(|letter| site(letter, plan));
        let sites = sites.collect::<Result<Vec<_>>>()?;
        let ledger = postgres(plan.durable)?;
        let people = Proxy::start(ledger.server.port())?;
        let lists = Proxy::start(ledger.server.port())?;
        let config = folder.path().join("hongbao.toml");
        let (plan, key) = (plan.clone(), key()?);
        let engines = Self { sites, ledger, people, lists, plan, key, config, _folder: folder };
        let storage = format!("master_key = '{}'", engines.key);
        let text = engines.configuration(&storage, |place| Some(engines.proxy(place)?.port()))?;
        fs::write(&engines.config, text)?;
        program::run(Command::new(binary).arg("migrate").arg("--config").arg(&engines.config))?;
        Ok(engines)
    }

    /// What every node was started with, for commands such as `hongbao audit`.
    pub fn config(&self) -> &Path {
        &self.config
    }

    /// The master key, 64 symbols of hex.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Everything that nodes reach, but clusters of caches.
    pub fn places(&self) -> Vec<Place> {
        let of_site = |site: &Site| {
            let letter = site.letter;
            [Place::Orders(letter, 0), Place::Orders(letter, 1), Place::Cache(letter)]
        };
        let sites = self.sites.iter().flat_map(of_site);
        sites.chain([Place::Ledger, Place::People, Place::Lists]).collect()
    }

    /// The database server behind a place; none behind a cache.
    pub fn database(&self, place: Place) -> Option<&Postgres> {
        match place {
            Place::Orders(letter, half) => {
                let site = self.sites.iter().find(|site| site.letter == letter)?;
                Some(&site.databases.get(half)?.server)
            }
            Place::Cache(_) => None,
            Place::Ledger | Place::People | Place::Lists => Some(&self.ledger.server),
        }
    }

    /// The shared cache of a site.
    pub fn cache(&self, letter: char) -> Option<&Cache> {
        Some(&self.sites.iter().find(|site| site.letter == letter)?.cache)
    }

    /// What is between a place and those who have no links of their own.
    fn proxy(&self, place: Place) -> Option<&Proxy> {
        match place {
            Place::Orders(letter, half) => {
                let site = self.sites.iter().find(|site| site.letter == letter)?;
                Some(&site.databases.get(half)?.proxy)
            }
            Place::Cache(letter) => match self.cache(letter)? {
                Cache::Single(one) => Some(&one.proxy),
                Cache::Cluster(_) => None,
            },
            Place::Ledger => Some(&self.ledger.proxy),
            Place::People => Some(&self.people),
            Place::Lists => Some(&self.lists),
        }
    }

    fn port(&self, place: Place) -> Option<u16> {
        match place {
            Place::Cache(letter) => Some(self.cache(letter)?.servers().first()?.port()),
            _ => Some(self.database(place)?.port()),
        }
    }

    /// Ways of a node's own to everything but clusters of caches. `storage` are the lines
    /// of the configuration's section of that name.
    pub fn links(&self, storage: &str) -> Result<Links> {
        let mut proxies = BTreeMap::new();
        for place in self.places() {
            if self.proxy(place).is_some() {
                let port = self.port(place).context("every place has a server")?;
                proxies.insert(place, Proxy::start(port)?);
            }
        }
        let port = |place| proxies.get(&place).map(Proxy::port);
        let configuration = self.configuration(storage, port)?;
        Ok(Links { proxies, configuration })
    }

    /// A node's configuration that reaches every place by way of a port.
    fn configuration(&self, storage: &str, port: impl Fn(Place) -> Option<u16>) -> Result<String> {
        let database = |place| {
            let server = self.database(place).context("no database")?;
            Ok::<_, anyhow::Error>(server.url_through(port(place).context("no way there")?))
        };
        let (ledger, people, lists) =
            (database(Place::Ledger)?, database(Place::People)?, database(Place::Lists)?);
        let mut text = format!(
            "{}\n[storage]\n{storage}\n[fleet]\nledger = '{ledger}'\npeople = '{people}'\nlists = '{lists}'\n",
            self.plan.settings,
        );
        let shards = self.plan.shards;
        let half = shards.div_ceil(2);
        for Site { letter, cache, .. } in &self.sites {
            let first = database(Place::Orders(*letter, 0))?;
            let cache = match (port(Place::Cache(*letter)), cache) {
                (Some(port), _) => format!("redis://127.0.0.1:{port}"),
                (None, cache) => cache.urls().join("', '"),
            };
            writeln!(text, "[fleet.sites.{letter}]\ncold = '{first}'")?;
            writeln!(text, "cache = ['{cache}']\nshards = [")?;
            writeln!(text, "    {{ shards = '0-{}', database = '{first}' }},", half - 1)?;
            if shards > half {
                let (second, last) = (database(Place::Orders(*letter, 1))?, shards - 1);
                writeln!(text, "    {{ shards = '{half}-{last}', database = '{second}' }},")?;
            }
            writeln!(text, "]")?;
        }
        Ok(text)
    }
}

fn site(letter: char, plan: &Plan) -> Result<Site> {
    let databases = [postgres(plan.durable)?, postgres(plan.durable)?];
    Ok(Site { letter, databases, cache: Cache::start(plan.cache_clusters)? })
}

fn postgres(durable: bool) -> Result<Reached<Postgres>> {
    let fsync = if durable { "on" } else { "off" };
    let settings = [
        ("max_connections", "200"),
        ("shared_buffers", "64MB"),
        ("fsync", fsync),
        ("full_page_writes", fsync),
    ];
    let server = Postgres::start(&settings)?;
    let proxy = Proxy::start(server.port())?;
    Ok(Reached { server, proxy })
}

/// A master key of its own.
fn key() -> Result<String> {
    let mut bytes = [0; 32];
    fs::File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut bytes))
        .context("no randomness")?;
    Ok(bytes.iter().fold(String::new(), |mut text, byte| {
        let _written = write!(text, "{byte:02x}");
        text
    }))
}
