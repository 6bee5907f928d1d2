use crate::{
    nginx::{Nginx, Routing},
    node::Node,
    postgres::Postgres,
    program,
    proxy::{Fault, Proxy},
    redis::{Redis, RedisCluster},
};
use anyhow::{Context, Result};
use std::{
    fmt::Write as _,
    fs,
    io::Read,
    path::{Path, PathBuf},
    process::Command,
};
use tempfile::TempDir;

/// How large a fleet.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The site letter of each node.
    pub nodes: Vec<char>,
    /// Logical shards of each site, half of them on each of its two servers.
    pub shards: u16,
    /// How requests find a node.
    pub routing: Routing,
    /// Settings of the nodes beside the topology, as lines of their configuration file.
    pub settings: String,
    /// Is the shared cache of each site a cluster of three?
    pub cache_clusters: bool,
    /// Do databases wait for their disk? Off where nothing has to survive the machine.
    pub durable: bool,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            nodes: vec!['S', 'S', 'N'],
            shards: 4,
            routing: Routing::Sticky,
            settings: String::new(),
            cache_clusters: false,
            durable: false,
        }
    }
}

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
        match self {
            Self::Single(one) => vec![format!("redis://127.0.0.1:{}", one.proxy.port())],
            Self::Cluster(cluster) => cluster.urls(),
        }
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

/// Nodes, databases and a proxy of two sites, all on this machine, gone when dropped.
#[derive(Debug)]
pub struct Fleet {
    // In the order in which they end.
    /// In front of the nodes.
    pub nginx: Nginx,
    /// The servers.
    pub nodes: Vec<Node>,
    /// The sites.
    pub sites: Vec<Site>,
    /// The ledger; the proxies of people and lists are others.
    pub ledger: Reached<Postgres>,
    /// Before people, on the ledger's server.
    pub people: Proxy,
    /// Before lists, on the ledger's server.
    pub lists: Proxy,
    config: PathBuf,
    binary: PathBuf,
    _folder: TempDir,
}

impl Fleet {
    /// Starts everything; `binary` is `hongbao`.
    pub fn start(binary: &Path, plan: &Plan) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("hongbao-fleet-").tempdir()?;
        let sites = ['S', 'N'].into_iter().map(|letter| site(letter, plan));
        let sites = sites.collect::<Result<Vec<_>>>()?;
        let ledger = postgres(plan.durable)?;
        let people = Proxy::start(ledger.server.port())?;
        let lists = Proxy::start(ledger.server.port())?;
        let config = folder.path().join("hongbao.toml");
        fs::write(&config, configuration(plan, &sites, &ledger, &people, &lists)?)?;
        program::run(Command::new(binary).arg("migrate").arg("--config").arg(&config))?;
        let mut nodes = Vec::new();
        for home in &plan.nodes {
            nodes.push(Node::start(binary, &config, *home)?);
        }
        let nginx = Nginx::start(&nodes, plan.routing)?;
        let binary = binary.to_owned();
        Ok(Self { nginx, nodes, sites, ledger, people, lists, config, binary, _folder: folder })
    }

    /// Where its users find it.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.nginx.port())
    }

    /// What every node was started with, for commands such as `hongbao audit`.
    pub fn config(&self) -> &Path {
        &self.config
    }

    /// Lets something happen to everything between the nodes and what they keep.
    pub fn set_all(&self, fault: Fault) {
        for site in &self.sites {
            for database in &site.databases {
                database.proxy.set(fault);
            }
            site.cache.set(fault);
        }
        for proxy in [&self.ledger.proxy, &self.people, &self.lists] {
            proxy.set(fault);
        }
    }

    /// One more node, for one that is gone for good.
    pub fn add_node(&mut self, home: char) -> Result<()> {
        self.nodes.push(Node::start(&self.binary, &self.config, home)?);
        Ok(())
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

fn configuration(
    plan: &Plan,
    sites: &[Site],
    ledger: &Reached<Postgres>,
    people: &Proxy,
    lists: &Proxy,
) -> Result<String> {
    let through = |server: &Postgres, proxy: &Proxy| server.url_through(proxy.port());
    let half = plan.shards.div_ceil(2);
    let mut text = format!(
        "{}\n[storage]\nmaster_key = '{}'\n[fleet]\nledger = '{}'\npeople = '{}'\nlists = '{}'\n",
        plan.settings,
        key()?,
        through(&ledger.server, &ledger.proxy),
        through(&ledger.server, people),
        through(&ledger.server, lists),
    );
    for Site { letter, databases: [first, second], cache } in sites {
        let [first, second] = [first, second].map(|one| through(&one.server, &one.proxy));
        let cache = cache.urls().join("', '");
        writeln!(text, "[fleet.sites.{letter}]\ncold = '{first}'")?;
        writeln!(text, "cache = ['{cache}']\nshards = [")?;
        writeln!(text, "    {{ shards = '0-{}', database = '{first}' }},", half - 1)?;
        if plan.shards > half {
            let last = plan.shards - 1;
            writeln!(text, "    {{ shards = '{half}-{last}', database = '{second}' }},")?;
        }
        writeln!(text, "]")?;
    }
    Ok(text)
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
