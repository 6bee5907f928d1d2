//! The keys folder: a file for each key, and one that says which of them seals.
//!
//! `master.key` is the first key, `ID.key` are those that were added, `sealing` holds
//! the id of the one that seals; without it that is the first. A file is written whole
//! or not at all, so that a server that reads at any moment reads a ring.

use super::{Key, Ring};
use crate::files;
use hongbao_config::{Config, ConfigError, MasterKey};
use hongbao_domain::{
    crash::{self, Step},
    keys::KeyId,
    runtime::Entropy,
};
use std::{
    collections::BTreeSet,
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

const FIRST: &str = "master.key";
const SEALING: &str = "sealing";
const EXTENSION: &str = "key";

/// Where the keys are, when they are not in the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeysFolder(PathBuf);

impl fmt::Display for KeysFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.display().fmt(f)
    }
}

impl KeysFolder {
    pub fn of(config: &Config) -> Self {
        let storage = &config.storage;
        let named = !storage.keys.as_os_str().is_empty();
        Self(if named { storage.keys.clone() } else { storage.data.join("keys") })
    }

    /// In this folder.
    pub fn at(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The folder, unless the keys come from the configuration.
    pub fn changeable(config: &Config) -> Option<Self> {
        config.storage.master_key.keys().is_empty().then(|| Self::of(config))
    }

    /// Makes the first key, unless there is one; never beside data, of which it would open
    /// nothing.
    pub fn make_first(&self, data: &Path, entropy: &dyn Entropy) -> Result<(), ConfigError> {
        let file = self.0.join(FIRST);
        let wrong = |what: String| ConfigError(format!("{}: {what}", file.display()));
        if !self.files().map_err(|error| wrong(error.to_string()))?.is_empty() {
            return Ok(());
        }
        if holds_data(data) {
            let what = "the key is missing, but there are databases that need it; put it back, or \
                        set HONGBAO_MASTER_KEY";
            return Err(wrong(what.to_owned()));
        }
        let made = create(&file, MasterKey::from_bytes(entropy.bytes32()).to_hex().as_bytes());
        made.map_err(|error| wrong(format!("cannot make the key: {error}")))
    }

    /// The ring that the folder holds now.
    pub(super) fn read(&self) -> Result<Ring, ConfigError> {
        let wrong = |what: String| ConfigError(format!("{self}: {what}"));
        let keys = self.keys()?;
        let first = keys.first().ok_or_else(|| {
            wrong(
                "there is no key; where there is data, put back those that it was made with; \
                 only where there is none `hongbao keys add` makes the first, to be the same on \
                 every node"
                    .to_owned(),
            )
        })?;
        let sealing = match fs::read_to_string(self.0.join(SEALING)) {
            Ok(text) => {
                text.trim().parse().map_err(|what| wrong(format!("{SEALING} must be {what}")))?
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => first.id(),
            Err(error) => return Err(wrong(format!("cannot read {SEALING}: {error}"))),
        };
        Ring::new(&keys, sealing).map_err(wrong)
    }

    /// Adds a key that opens, and does not seal yet unless it is the first of all.
    pub fn add(&self, entropy: &dyn Entropy) -> Result<KeyId, ConfigError> {
        if self.keys()?.len() >= super::KEYS_MAX {
            let most = super::KEYS_MAX;
            return Err(ConfigError(format!(
                "{self}: there are {most} keys already; forget one first"
            )));
        }
        let key = MasterKey::from_bytes(entropy.bytes32());
        let id = key.id();
        create(&self.file(id), key.to_hex().as_bytes())
            .map_err(|error| ConfigError(format!("{self}: cannot make a key: {error}")))?;
        Ok(id)
    }

    /// Has a key of the folder seal from now on.
    pub fn seal_with(&self, id: KeyId) -> Result<(), ConfigError> {
        let wrong = |what: String| ConfigError(format!("{self}: {what}"));
        if !self.keys()?.iter().any(|key| key.id() == id) {
            return Err(wrong(format!("there is no key {id}")));
        }
        files::replace(&self.0.join(SEALING), id.to_string().as_bytes())
            .map_err(|error| wrong(format!("cannot write {SEALING}: {error}")))
    }

    /// Takes a key away; whoever calls has made sure that nothing needs it.
    pub fn remove(&self, id: KeyId) -> Result<(), ConfigError> {
        let wrong = |what: String| ConfigError(format!("{self}: {what}"));
        let files = self.files().map_err(|error| wrong(error.to_string()))?;
        for file in files {
            if read_key(&file)?.id() == id {
                fs::remove_file(&file).map_err(|error| wrong(error.to_string()))?;
            }
        }
        files::sync_folder(&self.0).map_err(|error| wrong(error.to_string()))
    }

    /// Which keys stand in the folder, whether they are a ring or not. An error where a file
    /// cannot be read, so that nobody knows; one that holds no key is none.
    pub(super) fn standing(&self) -> io::Result<BTreeSet<KeyId>> {
        let mut ids = BTreeSet::new();
        for file in self.files()? {
            match fs::read(&file) {
                Ok(text) => {
                    let key = MasterKey::from_hex(&String::from_utf8_lossy(&text));
                    ids.extend(key.ok().map(|key| key.id()));
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(ids)
    }

    /// The ids of all keys, whether they are a ring or not.
    pub fn ids(&self) -> Result<Vec<KeyId>, ConfigError> {
        Ok(self.keys()?.iter().map(MasterKey::id).collect())
    }

    /// When a file came or went; of two changes within a tick of its file system the second may
    /// be missed, until the whole ring is read again.
    pub(super) fn changed(&self) -> Option<SystemTime> {
        fs::metadata(&self.0).and_then(|folder| folder.modified()).ok()
    }

    /// The keys that can be read, whether they are a ring or not; no more than a ring may hold.
    pub(super) fn readable(&self) -> Vec<Arc<Key>> {
        let files = self.files().unwrap_or_default();
        let keys = files.iter().take(super::KEYS_MAX).filter_map(|file| read_key(file).ok());
        keys.map(|key| Arc::new(Key::new(&key))).collect()
    }

    fn file(&self, id: KeyId) -> PathBuf {
        self.0.join(format!("{id}.{EXTENSION}"))
    }

    /// All keys, the first of all first.
    fn keys(&self) -> Result<Vec<MasterKey>, ConfigError> {
        let files = self.files().map_err(|error| ConfigError(format!("{self}: {error}")))?;
        files.iter().map(|file| read_key(file)).collect()
    }

    /// The files of keys, the first of all first, the others by their names.
    fn files(&self) -> io::Result<Vec<PathBuf>> {
        let mut files = files::entries(&self.0)?;
        // A draft begins with a dot, and has no other extension than its number.
        files.retain(|path| path.extension().is_some_and(|extension| extension == EXTENSION));
        files.sort_by_key(|file| (file.file_name().is_none_or(|name| name != FIRST), file.clone()));
        Ok(files)
    }
}

fn read_key(file: &Path) -> Result<MasterKey, ConfigError> {
    let wrong = |what: String| ConfigError(format!("{}: {what}", file.display()));
    let text =
        fs::read_to_string(file).map_err(|error| wrong(format!("cannot read the key: {error}")))?;
    only_for_owner(file).map_err(wrong)?;
    let key = MasterKey::from_hex(&text)
        .map_err(|expected| wrong(format!("the file must hold {expected}")))?;
    let name = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    match name.parse::<KeyId>() {
        Ok(named) if named != key.id() => {
            Err(wrong(format!("the file holds the key {}, not {named}", key.id())))
        }
        _ => Ok(key),
    }
}

/// Writes a key whole or not at all, and never over another.
fn create(file: &Path, key: &[u8]) -> io::Result<()> {
    files::make_private(file.parent().unwrap_or(Path::new(".")))?;
    files::by_draft(file, key, |draft| {
        crash::before(Step::MasterKey);
        // Unlike a rename, a link does not replace what is there.
        let linked = fs::hard_link(draft, file);
        crash::after(Step::MasterKey);
        match linked {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            other => other,
        }
    })
}

#[cfg(unix)]
fn only_for_owner(file: &Path) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(file).map_err(|error| error.to_string())?.permissions().mode();
    let for_others = mode & 0o077;
    if for_others == 0 { Ok(()) } else { Err("others may read the key; `chmod 600` it".to_owned()) }
}

#[cfg(not(unix))]
fn only_for_owner(_file: &Path) -> Result<(), String> {
    Ok(())
}

/// Is there a database in the data folder, or in a folder within it? An empty file is none: a
/// first start that was cut off may have left it.
fn holds_data(data: &Path) -> bool {
    let entries = |folder: &Path| {
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path())
    };
    entries(data)
        .flat_map(|path| if path.is_dir() { entries(&path).collect() } else { vec![path] })
        .filter(|path| {
            path.extension().is_some_and(|extension| {
                ["db", "sqlite", "sqlite3"].iter().any(|known| extension == *known)
            })
        })
        // Where nobody knows, there is one.
        .any(|path| fs::metadata(path).map_or(true, |found| found.len() > 0))
}
