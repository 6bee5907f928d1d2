//! What the nodes of a fleet keep everything in, and their ways there (docs/OPERATIONS.md).

use crate::{touch, world::Broken};
use anyhow::{Context as _, Result};
use hongbao_fleet::{Cache, Engines, Fault, Links, Place, Plan, Postgres, Redis};
use std::{
    ffi::OsString,
    fs,
    io::Write as _,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

/// The site of each node.
pub(crate) const NODES: [char; 3] = ['S', 'S', 'N'];
/// Both sites get packets. What is repeated of the log is what says something.
const SETTINGS: &str = "[sites]\nweights = 'S=50,N=50'\n";

/// Databases, caches, and every node's own ways to them.
#[derive(Debug)]
pub(crate) struct Fleet {
    engines: Engines,
    links: Vec<Links>,
    folders: Vec<PathBuf>,
}

impl Fleet {
    /// Starts everything but the nodes; each has a folder of its own in this one.
    pub(crate) fn start(binary: &Path, folder: &Path) -> Result<Self> {
        let plan = Plan { shards: touch::SHARDS, settings: SETTINGS.to_owned(), ..Plan::default() };
        let engines = Engines::start(binary, &plan)?;
        let (mut links, mut folders) = (Vec::new(), Vec::new());
        for node in 0..NODES.len() {
            let folder = folder.join(format!("node-{node}"));
            let keys = folder.join("keys");
            fs::create_dir_all(&keys)?;
            fs::set_permissions(&keys, fs::Permissions::from_mode(0o700))?;
            write_secret(&keys.join("master.key"), engines.key().as_bytes())?;
            let own = engines.links(&format!("keys = '{}'", keys.display()))?;
            fs::write(folder.join("hongbao.toml"), &own.configuration)?;
            links.push(own);
            folders.push(folder);
        }
        Ok(Self { engines, links, folders })
    }

    /// The arguments of a node.
    pub(crate) fn on(&self, node: usize) -> Vec<OsString> {
        let folder = &self.folders[node];
        let config = folder.join("hongbao.toml");
        vec!["--config".into(), config.into(), "--data".into(), folder.into()]
    }

    pub(crate) fn places(&self) -> Vec<Place> {
        self.engines.places()
    }

    /// All places that are gone with the database server of this one.
    pub(crate) fn with(&self, place: Place) -> Vec<Place> {
        let server = self.engines.database(place).map(Postgres::port);
        let same = |other: &Place| self.engines.database(*other).map(Postgres::port) == server;
        let all = self.places().into_iter();
        all.filter(|other| server.is_some() && same(other)).collect()
    }

    pub(crate) fn database(&self, place: Place) -> Result<&Postgres> {
        self.engines.database(place).context("a database")
    }

    /// The cache of a site.
    pub(crate) fn cache(&self, place: Place) -> Result<&Redis> {
        let Place::Cache(letter) = place else { anyhow::bail!("{place:?} is no cache") };
        let cache = self.engines.cache(letter).map(Cache::servers);
        cache.and_then(<[Redis]>::first).context("a cache")
    }

    /// Lets something happen on the ways of these nodes to these places.
    pub(crate) fn set(&self, ways: &[Broken], fault: Fault) {
        for way in ways {
            for (node, links) in self.links.iter().enumerate() {
                for (place, proxy) in &links.proxies {
                    if way.node.is_none_or(|on| on == node)
                        && way.place.is_none_or(|to| to == *place)
                    {
                        proxy.set(fault);
                    }
                }
            }
        }
    }

    /// The ids of a node's keys.
    fn keys_of(&self, node: usize) -> Result<Vec<String>> {
        let entries = fs::read_dir(self.folders[node].join("keys"))?;
        let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        let names: Result<Vec<String>> = names.collect();
        Ok(names?.iter().filter_map(|name| Some(name.strip_suffix(".key")?.to_owned())).collect())
    }

    /// Copies the one key that this node has and the others have not to all of them. Its id.
    pub(crate) fn hand_out_key(&self, from: usize) -> Result<String> {
        let other = (from + 1) % NODES.len();
        let (own, others) = (self.keys_of(from)?, self.keys_of(other)?);
        let id = own.into_iter().find(|id| !others.contains(id)).context("no key was added")?;
        let file = |node: usize| self.folders[node].join("keys").join(format!("{id}.key"));
        let key = fs::read(file(from))?;
        for node in (0..NODES.len()).filter(|node| *node != from) {
            write_secret(&file(node), &key)?;
        }
        Ok(id)
    }
}

fn write_secret(path: &Path, content: &[u8]) -> Result<()> {
    let mut file = fs::File::options().create_new(true).write(true).mode(0o600).open(path)?;
    Ok(file.write_all(content)?)
}
