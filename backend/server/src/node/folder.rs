//! The data folder of a node that keeps everything in files, verified as a whole at the start
//! (R-STORE-6): who else works on it, and whether all that belongs to it is there.
//!
//! A lock stands for whoever serves it. A manifest says which databases belong to it, each by
//! an id that stands in the database too: one that is gone or was replaced is never made anew,
//! which would be people without accounts and payments without packets, in a server that says
//! it is ready. Keys are not in it: what they sealed may be restored without this
//! folder, so the ids that must be there stand beside the ledger, and the start asks for each.

use super::places::{DATABASES, Places, SOCKET};
use anyhow::Context;
use futures::future::try_join_all;
use hongbao_config::{Config, ConfigError};
use hongbao_domain::{
    crash::{self, Step},
    runtime::{Entropy, SystemEntropy},
    store::StoreError,
};
use hongbao_engine::files::{self, OfAnother};
use hongbao_storage::{give_id_to_file, has_id, id_of_file, rename_file};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs::{self, File, TryLockError},
    io,
    num::NonZeroI32,
    path::{Path, PathBuf},
    time::Duration,
};

const LOCK: &str = "lock";
const MANIFEST: &str = "manifest.json";
/// Where the keys are.
pub(super) const KEYS: &str = "keys";

/// How often a server looks whether its folder is where it was.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Stands for being the only one who serves a data folder; the system takes it away when the
/// process ends, however that ends. It is the folder itself that is locked: whatever stands in
/// it can be removed and made anew, and there would be two locks.
#[derive(Debug)]
pub struct Lock {
    /// Kept open.
    file: File,
}

#[cfg(unix)]
fn lockable(data: &Path) -> io::Result<File> {
    File::open(data)
}

/// Where folders cannot be opened.
#[cfg(not(unix))]
fn lockable(data: &Path) -> io::Result<File> {
    files::make(&data.join(LOCK))
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
        let cannot = || format!("cannot lock {}", data.display());
        let file = lockable(data).with_context(cannot)?;
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
        let _unsaid = fs::write(&path, format!("{who} {}\n", std::process::id()));
        Ok(Some(Self { file }))
    }

    /// Keeps servers from the folder while it is read, and changes nothing; `None` if there is one.
    pub(super) fn share(config: &Config) -> Option<Self> {
        let file = lockable(&config.storage.data).ok()?;
        file.try_lock_shared().ok()?;
        Some(Self { file })
    }

    /// Ends when the folder is not where it was any more: it was moved or removed, and perhaps
    /// another is in its place. What is open goes on in the old one, and what is opened next
    /// would be in the other.
    #[cfg(unix)]
    pub(super) fn until_gone(
        &self,
        data: PathBuf,
    ) -> io::Result<impl Future<Output = ()> + Send + use<>> {
        use std::os::unix::fs::MetadataExt;
        let which = |found: fs::Metadata| (found.dev(), found.ino());
        let ours = which(self.file.metadata()?);
        Ok(async move {
            loop {
                let data = data.clone();
                // A file system can hang; the runtime must not.
                let found = tokio::task::spawn_blocking(move || fs::metadata(data)).await;
                let is_gone = match found {
                    Ok(Ok(found)) => which(found) != ours,
                    Ok(Err(error)) => error.kind() == io::ErrorKind::NotFound,
                    Err(_) => false,
                };
                if is_gone {
                    return;
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        })
    }

    /// Nobody moves what is open here.
    #[cfg(not(unix))]
    pub(super) fn until_gone(
        &self,
        _data: PathBuf,
    ) -> io::Result<impl Future<Output = ()> + Send + use<>> {
        Ok(std::future::pending())
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
/// which nobody starts. They are in `draft` still, are made ready there by `prepare`, and get
/// ids of their own.
pub(super) async fn found(
    data: &Path,
    draft: &Path,
    names: impl IntoIterator<Item = String>,
    prepare: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<()> {
    let databases = names.into_iter().map(|name| (name, new_id())).collect();
    let manifest = Manifest { databases, restored: true };
    write(&data.join(MANIFEST), &manifest)?;
    prepare.await?;
    for (name, id) in &manifest.databases {
        let file = draft.join(format!("{name}.sqlite"));
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
    /// Is the manifest not on disk as it is here?
    is_news: bool,
    /// Databases that the manifest does not name yet.
    new: Vec<(String, PathBuf)>,
}

impl Folder {
    /// Refuses a folder in which a database is gone or replaced. Without a manifest the ids in
    /// the databases say what belongs to it: they are given once all of them have been made. So
    /// where there are none the folder is new, or its first start was cut off, which then begins
    /// again; one from before manifests is taken as it is.
    pub(super) async fn verify(config: &Config, places: &Places) -> anyhow::Result<Self> {
        let data = config.storage.data.clone();
        let mut manifest = read(&data.join(MANIFEST))?;
        let files: BTreeMap<_, _> = places.files().collect();
        let is_news = manifest.databases.is_empty();
        if is_news {
            manifest.databases = ids_in(&data.join(DATABASES)).await?;
            if !manifest.databases.is_empty() {
                files.values().try_for_each(|file| is_there(file))?;
            }
        }
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
        Ok(Self { data, manifest, is_news, new })
    }

    /// Takes databases that have been made, or were there before manifests, into the manifest.
    pub(super) async fn adopt(mut self) -> anyhow::Result<()> {
        if self.new.is_empty() && !self.is_news {
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

const BACK: &str = "put it back, or restore the whole folder from a backup";

async fn verify(file: &Path, id: NonZeroI32) -> Result<(), ConfigError> {
    fs::metadata(file).map_err(|error| not_there(file, &error))?;
    match has_id(file, id).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(ConfigError(format!(
            "{} is not the database that this folder was made with: {BACK}",
            file.display()
        ))),
        Err(error) => Err(unreadable(file, error)),
    }
}

/// Is there a file that holds anything?
fn is_there(file: &Path) -> Result<(), ConfigError> {
    match fs::metadata(file) {
        Ok(found) if found.len() > 0 => Ok(()),
        Ok(_) => Err(not_there(file, &io::ErrorKind::NotFound.into())),
        Err(error) => Err(not_there(file, &error)),
    }
}

fn not_there(file: &Path, error: &io::Error) -> ConfigError {
    ConfigError(match error.kind() {
        io::ErrorKind::NotFound => format!("{} is gone: {BACK}", file.display()),
        _ => format!("cannot look at {}: {error}", file.display()),
    })
}

fn unreadable(file: &Path, error: StoreError) -> ConfigError {
    ConfigError(format!("cannot read {}: {:#}", file.display(), anyhow::Error::from(error)))
}

/// The ids of the databases in a folder that have one.
async fn ids_in(folder: &Path) -> anyhow::Result<BTreeMap<String, NonZeroI32>> {
    let mut ids = BTreeMap::new();
    for file in files::entries(folder)? {
        let is_database = file.extension().is_some_and(|extension| extension == "sqlite");
        let Some(name) = file.file_stem().and_then(|name| name.to_str()) else { continue };
        if is_database && fs::metadata(&file).is_ok_and(|found| found.len() > 0) {
            let id = id_of_file(&file).await.map_err(|error| unreadable(&file, error))?;
            ids.extend(id.map(|id| (name.to_owned(), id)));
        }
    }
    Ok(ids)
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
    let ours = [DATABASES, KEYS, LOCK, MANIFEST, SOCKET];
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
