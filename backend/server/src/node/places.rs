//! Where each database is.

use anyhow::Context;
use hongbao_config::{Address, Config, Fleet};
use hongbao_domain::crash::{self, Step};
use hongbao_engine::files;
use hongbao_shared::{Shard, Site};
use hongbao_storage::{Database, Link, Schema};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// Where the databases are in the data folder.
pub(super) const DATABASES: &str = "db";
/// Where whoever serves the folder is asked to have the writers wait.
pub(super) const SOCKET: &str = "barrier";

/// What the files beside a database need when it is opened, and a few pages.
const OPEN_BYTES_MIN: u64 = 256 * 1024;

/// What a file of the data folder holds, by its name; `None` for one that is not of this version.
pub(super) fn schema_of(file: &str) -> Option<Schema> {
    match file.strip_suffix(".sqlite")? {
        "ledger" => Some(Schema::Ledger),
        "people" => Some(Schema::People),
        "lists" => Some(Schema::Lists),
        "control" => Some(Schema::Control),
        name if name.starts_with("orders-") => Some(Schema::Orders),
        name if name.starts_with("cold-") => Some(Schema::Cold),
        _ => None,
    }
}

/// A database that is to be opened.
#[derive(Debug)]
pub(super) enum Place {
    File(PathBuf),
    Link(Link),
}

/// All databases of a node.
#[derive(Debug)]
pub(super) struct Places {
    pub(super) orders: BTreeMap<(Site, Shard), Place>,
    pub(super) cold: BTreeMap<Site, Place>,
    pub(super) ledger: Place,
    pub(super) people: Place,
    pub(super) lists: Place,
    /// The switches, beside the people who turn them.
    pub(super) control: Place,
}

impl Places {
    /// `create`: schemas on servers are made where they are missing; files always are.
    pub(super) fn of(config: &Config, create: bool) -> Self {
        match &config.fleet {
            Some(fleet) => Self::in_fleet(fleet, create),
            None => Self::in_files(config),
        }
    }

    fn in_files(config: &Config) -> Self {
        let folder = config.storage.data.join(DATABASES);
        let file = |name: &str| Place::File(folder.join(format!("{name}.sqlite")));
        let shards = || (0..config.sites.shards).filter_map(Shard::new);
        let shards =
            Site::ALL.into_iter().flat_map(|site| shards().map(move |shard| (site, shard)));
        let of_shard = |(site, shard)| ((site, shard), file(&format!("orders-{site}-{shard}")));
        Self {
            orders: shards.map(of_shard).collect(),
            cold: Site::ALL.into_iter().map(|site| (site, file(&format!("cold-{site}")))).collect(),
            ledger: file("ledger"),
            people: file("people"),
            lists: file("lists"),
            control: file("control"),
        }
    }

    /// The files, by their names without ending; none of a fleet.
    pub(super) fn files(&self) -> impl Iterator<Item = (String, &Path)> {
        let once = [&self.ledger, &self.people, &self.lists, &self.control];
        let all = once.into_iter().chain(self.orders.values()).chain(self.cold.values());
        all.filter_map(|place| match place {
            Place::File(file) => Some((file.file_stem()?.to_str()?.to_owned(), file.as_path())),
            Place::Link(_) => None,
        })
    }

    /// The schemas on servers; none of a data folder.
    pub(super) fn links(&self) -> impl Iterator<Item = (Schema, &Link)> {
        let once = [
            (Schema::Ledger, &self.ledger),
            (Schema::People, &self.people),
            (Schema::Lists, &self.lists),
            (Schema::Control, &self.control),
        ];
        let orders = self.orders.values().map(|place| (Schema::Orders, place));
        let cold = self.cold.values().map(|place| (Schema::Cold, place));
        once.into_iter().chain(orders).chain(cold).filter_map(|(schema, place)| match place {
            Place::Link(link) => Some((schema, link)),
            Place::File(_) => None,
        })
    }

    /// Each database is a schema of its own, so that several can share a server, and a
    /// logical shard moves whole.
    fn in_fleet(fleet: &Fleet, create: bool) -> Self {
        let link = |address: &Address, name: String, connections_max| {
            let namespace = format!("hongbao_{}", name.to_ascii_lowercase());
            let url = address.secret().to_owned();
            Place::Link(Link { url, namespace, connections_max, create })
        };
        let other = |address: &Address, name: String| link(address, name, fleet.connections);
        let mut orders = BTreeMap::new();
        let mut cold = BTreeMap::new();
        for (site, of_site) in &fleet.sites {
            cold.insert(*site, other(&of_site.cold, format!("cold_{site}")));
            for shards in &of_site.shards {
                for shard in shards.shards.shards() {
                    let name = format!("orders_{site}_{shard}");
                    let place = link(&shards.database, name, fleet.connections_per_shard);
                    orders.insert((*site, shard), place);
                }
            }
        }
        Self {
            orders,
            cold,
            ledger: other(&fleet.ledger, "ledger".to_owned()),
            people: other(&fleet.people, "people".to_owned()),
            lists: other(&fleet.lists, "lists".to_owned()),
            control: other(&fleet.people, "control".to_owned()),
        }
    }
}

/// What a database is opened for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    /// Everything; what is missing or old is made or migrated.
    Work,
    /// Reading alone; nothing is changed in files.
    Reading {
        /// Nobody else works with the files.
        unused: bool,
    },
}

impl Place {
    /// Is there a file, if it is to be one?
    pub(super) fn is_there(&self) -> bool {
        match self {
            Self::File(file) => file.exists(),
            Self::Link(_) => true,
        }
    }

    pub(super) async fn open(&self, schema: Schema, purpose: Purpose) -> anyhow::Result<Database> {
        match self {
            Self::File(file) => {
                let database = match purpose {
                    Purpose::Work => Self::make(file, schema).await,
                    Purpose::Reading { unused } => {
                        Database::open_file_to_read(file, schema, unused).await
                    }
                };
                database.with_context(|| cannot_open(file))
            }
            Self::Link(link) => {
                crash::before(Step::MigrateDatabase);
                let database = Database::open_link(link, schema).await?;
                crash::after(Step::MigrateDatabase);
                Ok(database)
            }
        }
    }

    async fn make(file: &Path, schema: Schema) -> anyhow::Result<Database> {
        crash::before(Step::MigrateDatabase);
        files::make(file)?;
        let database = Database::open_file(file, schema).await?;
        crash::after(Step::MigrateDatabase);
        Ok(database)
    }
}

/// SQLite calls it an I/O error when there is no room for the files beside a database.
fn cannot_open(file: &Path) -> String {
    let is_full = files::free_bytes(file).is_some_and(|free| free < OPEN_BYTES_MIN);
    let because = if is_full { ": the disk is full" } else { "" };
    format!("cannot open {}{because}", file.display())
}
