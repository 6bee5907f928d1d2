//! The data folder of a node that keeps everything in files, verified as a whole at the start
//! (R-STORE-6): who else works on it, and whether all that belongs to it is there.
//!
//! A lock stands for whoever serves it. A manifest says which databases belong to it, each by
//! an id that stands in the database too: one that is gone or was replaced is never made anew,
//! which would be people without accounts and payments without packets, in a server that says
//! it is ready. Whatever else must be there and fit, such as keys, belongs into the manifest.

use super::places::Places;
use anyhow::Context;
use futures::future::try_join_all;
use hongbao_config::{Config, ConfigError};
use hongbao_domain::{
    crash::{self, Step},
    runtime::{Entropy, SystemEntropy},
};
use hongbao_engine::files::{self, OfAnother};
use hongbao_storage::{give_id_to_file, id_of_file, rename_file};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs::{self, File, TryLockError},
    io::{self, Write},
    num::NonZeroI32,
    path::{Path, PathBuf},
};

const LOCK: &str = "lock";
const MANIFEST: &str = "manifest.json";
/// Where the databases are in the data folder.
pub(super) const DATABASES: &str = "db";
/// Where the keys are.
pub(super) const KEYS: &str = "keys";

/// Stands for being the only one who serves a data folder; the system takes it away when the
/// process ends, however that ends.
#[derive(Debug)]
pub struct Lock {
    /// Kept open.
    file: File,
}

impl Drop for Lock {
    /// Closing it would do, but for a process that is being started elsewhere in this one: until
    /// that has become another program, it holds this file open too.
    fn drop(&mut self) {
        if let Err(error) = self.file.unlock() {
            tracing::warn!(%error, "the data folder is let go when this process ends");
        }
    }
}

impl Lock {
    /// Makes the folder if need be, and takes its lock; a fleet's data is elsewhere. `who` is
    /// said to those who come later.
    pub fn take(config: &Config, who: &str) -> anyhow::Result<Option<Self>> {
        if config.fleet.is_some() {
            return Ok(None);
        }
        let data = &config.storage.data;
        prepare(config)?;
        let path = data.join(LOCK);
        let cannot = || format!("cannot lock {}", path.display());
        let mut file = files::make(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = fs::read_to_string(&path).unwrap_or_default();
                let (who, process) = holder.trim().split_once(' ').unwrap_or(("server", "unknown"));
                return Err(ConfigError(format!(
                    "another {who} works on the data folder {} (process {process}): end it \
                     first, or take another folder",
                    data.display()
                ))
                .into());
            }
            Err(TryLockError::Error(error)) => return Err(error).with_context(cannot),
        }
        // For the sentence above alone; the lock does not depend on it.
        let _unsaid = file.set_len(0).and_then(|()| writeln!(file, "{who} {}", std::process::id()));
        Ok(Some(Self { file }))
    }
}

/// What belongs to a data folder.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Manifest {
    /// The ids of the databases, by the names of their files without ending.
    databases: BTreeMap<String, NonZeroI32>,
    /// Was it restored, and has nobody compared its databases since? They may be of different
    /// moments, and the next share of an older shard may be somebody's.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    restored: bool,
}

/// Makes these databases, by the names of their files without ending, those of a data folder
/// without any: before they are there, so that a restore that is cut off leaves a folder on
/// which nobody starts. What `bring` brings gets ids of its own.
pub(super) async fn found(
    data: &Path,
    names: impl IntoIterator<Item = String>,
    bring: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<()> {
    let databases = names.into_iter().map(|name| (name, new_id())).collect();
    let manifest = Manifest { databases, restored: true };
    let path = data.join(MANIFEST);
    write(&path, &manifest)?;
    bring.await?;
    for (name, id) in &manifest.databases {
        let file = data.join(DATABASES).join(format!("{name}.sqlite"));
        rename_file(&file, *id).await.with_context(|| file.display().to_string())?;
    }
    Ok(())
}

/// Was the data folder restored, and not reconciled since (R-STORE-6)? Of a fleet nobody knows.
pub(super) fn is_restored(config: &Config) -> Result<bool, ConfigError> {
    Ok(config.fleet.is_none() && read(&config.storage.data.join(MANIFEST))?.restored)
}

/// Whoever asked has seen what a reconciliation of everything has left.
pub fn reconciled(config: &Config) -> anyhow::Result<()> {
    if is_restored(config)? {
        let path = config.storage.data.join(MANIFEST);
        write(&path, &Manifest { restored: false, ..read(&path)? })?;
    }
    Ok(())
}

/// A data folder whose databases are those that belong to it.
#[derive(Debug)]
pub(super) struct Folder {
    data: PathBuf,
    manifest: Manifest,
    /// Databases that the manifest does not name yet.
    new: Vec<(String, PathBuf)>,
}

impl Folder {
    /// Refuses a folder in which a database is gone or replaced. One from before manifests is
    /// taken as it is.
    pub(super) async fn verify(config: &Config, places: &Places) -> anyhow::Result<Self> {
        let data = config.storage.data.clone();
        let manifest = read(&data.join(MANIFEST))?;
        let files: BTreeMap<_, _> = places.files().collect();
        for (name, id) in &manifest.databases {
            let Some(file) = files.get(name) else {
                return Err(ConfigError(format!(
                    "{name}.sqlite belongs to this folder, but sites.shards is {}: packets of \
                     shards that are left out could not be found",
                    config.sites.shards
                ))
                .into());
            };
            verify(file, *id).await?;
        }
        let new = files.into_iter().filter(|(name, _)| !manifest.databases.contains_key(name));
        let new = new.map(|(name, file)| (name, file.to_owned())).collect();
        Ok(Self { data, manifest, new })
    }

    /// Takes databases that have been made, or were there before manifests, into the manifest.
    pub(super) async fn adopt(mut self) -> anyhow::Result<()> {
        if self.new.is_empty() {
            return Ok(());
        }
        let given = self.new.into_iter().map(async |(name, file)| {
            let id = give_id_to_file(&file, new_id()).await;
            anyhow::Ok((name, id.with_context(|| file.display().to_string())?))
        });
        self.manifest.databases.extend(try_join_all(given).await?);
        crash::before(Step::Manifest);
        let path = self.data.join(MANIFEST);
        write(&path, &self.manifest)?;
        crash::after(Step::Manifest);
        Ok(())
    }
}

async fn verify(file: &Path, id: NonZeroI32) -> anyhow::Result<()> {
    let back = "put it back, or restore the whole folder from a backup";
    let sentence = match fs::metadata(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            format!("{} is gone: {back}", file.display())
        }
        Err(error) => format!("cannot look at {}: {error}", file.display()),
        Ok(_) => match id_of_file(file).await {
            Ok(found) if found == Some(id) => return Ok(()),
            Ok(_) => format!(
                "{} is not the database that this folder was made with: {back}",
                file.display()
            ),
            Err(error) => {
                let error = anyhow::Error::from(error);
                format!("cannot read {}: {error:#}", file.display())
            }
        },
    };
    Err(ConfigError(sentence).into())
}

fn new_id() -> NonZeroI32 {
    loop {
        let [a, b, c, d, ..] = SystemEntropy.bits().to_le_bytes();
        if let Some(id) = NonZeroI32::new(i32::from_le_bytes([a, b, c, d])) {
            return id;
        }
    }
}

fn read(path: &Path) -> Result<Manifest, ConfigError> {
    match fs::read_to_string(path) {
        Ok(text) => serde_json::from_str(&text)
            .map_err(|error| ConfigError(format!("{} is damaged: {error}", path.display()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Manifest::default()),
        Err(error) => Err(ConfigError(format!("cannot read {}: {error}", path.display()))),
    }
}

/// Two commands that adopt a folder at once find the same ids, whoever comes last.
fn write(path: &Path, manifest: &Manifest) -> anyhow::Result<()> {
    Ok(files::replace(path, &serde_json::to_vec_pretty(manifest)?)?)
}

/// Refuses to write for another user. The folder is whose the databases are; where there are none
/// yet, whose it is itself, which binds root alone: a service may be given a folder to write in
/// that is not its own (a volume of Kubernetes is root's), and what it makes there it can read.
pub fn refuse_for_another(config: &Config) -> Result<(), ConfigError> {
    if config.fleet.is_some() {
        return Ok(());
    }
    let data = &config.storage.data;
    let databases = data.join(DATABASES);
    let another = match fs::exists(&databases) {
        Ok(true) => files::of_another(&databases),
        _ => files::of_another(data).filter(OfAnother::is_for_root),
    };
    another.map_or(Ok(()), |another| Err(another.refuses(data)))
}

/// Makes the folders, closed to others, and closes what versions before left open. A folder
/// that holds other things as well is left as it is: what matters is in those below.
pub(super) fn prepare(config: &Config) -> anyhow::Result<()> {
    refuse_for_another(config)?;
    let data = &config.storage.data;
    let ours = holds_nothing_else(data);
    for folder in [data, &data.join(DATABASES), &data.join(KEYS)] {
        files::make_private(folder)?;
        if ours || folder != data {
            close_to_others(folder);
        }
    }
    for path in files::entries(&data.join(DATABASES))? {
        // SQLite gives its logs the mode of the database.
        if path.is_file() {
            close_to_others(&path);
        }
    }
    Ok(())
}

fn holds_nothing_else(data: &Path) -> bool {
    let ours = [DATABASES, KEYS, LOCK, MANIFEST];
    let entries = fs::read_dir(data).into_iter().flatten();
    entries.flatten().all(|entry| ours.iter().any(|name| entry.file_name() == *name))
}

/// What is the owner's alone in a mode.
#[cfg(unix)]
const OWNERS: u32 = !0o077;

/// Takes what others may do with it away. Whoever does not own it cannot; that is for whoever
/// does to decide.
#[cfg(unix)]
fn close_to_others(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let Ok(metadata) = fs::metadata(path) else { return };
    let mode = metadata.permissions().mode();
    if mode == mode & OWNERS {
        return;
    }
    if let Err(error) = fs::set_permissions(path, fs::Permissions::from_mode(mode & OWNERS)) {
        tracing::warn!(%error, path = %path.display(), "others may look into the data");
    }
}

#[cfg(not(unix))]
fn close_to_others(_path: &Path) {}
