//! Backup and restore of a data folder (R-STORE-6).

use super::{
    barrier::{Held, databases},
    folder::{self, Folder, KEYS, Lock},
    places::{DATABASES, Places, schema_of},
};
use anyhow::{Context, bail, ensure};
use data_encoding::HEXLOWER;
use hongbao_config::Config;
use hongbao_domain::{
    keys::KeyId,
    runtime::{Clock, SystemClock, SystemEntropy},
    store::keys::KeyStore,
};
use hongbao_engine::{
    files::{self, entries, make_private},
    keys::{Keys, KeysFolder, lacks},
    packets::skip_numbers,
};
use hongbao_shared::{Site, Timestamp};
use hongbao_storage::{Database, FileCopy, Schema, Snapshots, SqlKeys, SqlLedger, is_usable};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeSet,
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

/// What a backup says of itself, and by which it is checked before it is restored.
const NOTE: &str = "backup.json";
const FORMAT: u32 = 1;
const LEDGER: &str = "ledger.sqlite";
/// Where the databases of a restore are until they are all that they should be.
const DRAFT: &str = "db.restoring";
/// How much of a file is read at once.
const PIECE_BYTES: usize = 1 << 16;

/// What a backup says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backup {
    format: u32,
    /// The version that made it; that one or a later one restores it.
    pub version: String,
    /// The moment that it holds.
    pub at: Timestamp,
    /// Are the keys in it?
    pub keys: bool,
    /// The ids of the keys that its data may need, in it or elsewhere.
    #[serde(default)]
    pub key_ids: Vec<String>,
    /// Its databases.
    pub files: Vec<BackedUp>,
}

/// One database of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackedUp {
    /// Its file's name.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// What it holds, by its SHA-256 in hex; a backup of an older program does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
}

/// Copies all databases of the data folder as they are at one moment into `folder`, which is
/// not there, or is empty; beside a running server, or without one. It is there whole or not at
/// all. The keys come along if `with_keys`: without them no packet that is still open can be
/// opened, with them the backup tells every share that is to come (R-FAIR-5).
pub async fn backup(config: &Config, folder: &Path, with_keys: bool) -> anyhow::Result<Backup> {
    let data = only_in_files(config)?;
    // Not a backup of what is left of them.
    Folder::verify(config, &Places::of(config, false)).await?;
    let names = databases(&data.join(DATABASES))?;
    let names = names.iter().map(|file| {
        let name = file.file_name().and_then(|name| name.to_str());
        Ok(name.context("the name of a database is not Unicode")?.to_owned())
    });
    let names = names.collect::<anyhow::Result<Vec<_>>>()?;
    ensure!(!names.is_empty(), "there are no databases in {}", data.display());
    let failed = || format!("cannot make a backup in {}", folder.display());
    let folder = std::path::absolute(folder).with_context(failed)?;
    ensure!(is_empty(&folder).with_context(failed)?, "{} is not empty", folder.display());
    let (Some(parent), Some(name)) = (folder.parent(), folder.file_name()) else {
        bail!("{} has no name", folder.display());
    };
    ensure!(
        !is_within(&folder, data)?,
        "{} is in the data folder: a backup belongs somewhere else",
        folder.display()
    );
    make_private(parent).with_context(failed)?;
    let draft = format!(".{}.{}", name.to_string_lossy(), std::process::id());
    let draft = Draft::new(parent.join(draft)).with_context(failed)?;
    let backup = fill(config, &names, &draft.0, with_keys).await?;
    draft.put(&folder).with_context(failed)?;
    Ok(backup)
}

async fn fill(
    config: &Config,
    names: &[String],
    folder: &Path,
    with_keys: bool,
) -> anyhow::Result<Backup> {
    let (from, to) = (config.storage.data.join(DATABASES), folder.join(DATABASES));
    make_private(&to)?;
    let copies: Vec<_> =
        names.iter().map(|name| FileCopy { from: from.join(name), to: to.join(name) }).collect();
    let mut snapshots = Snapshots::open(&copies).await?;
    let held = Held::begin(config).await?;
    let at = SystemClock.now();
    snapshots.look().await?;
    held.end().await?;
    snapshots.fill().await?;
    let database = Database::open_file(&to.join(LEDGER), Schema::Ledger).await?;
    let known = SqlKeys::new(database.clone()).known().await;
    SqlLedger::new(database).close().await;
    let needed: Vec<_> = known?.into_iter().map(|key| key.id).collect();
    let keys = Keys::read(config);
    let ids = keys.as_ref().map(Keys::ids).unwrap_or_default();
    if with_keys {
        let keys = keys?;
        let Some(there) = keys.folder() else {
            bail!(
                "the keys come from storage.master_key (HONGBAO_MASTER_KEY), and are not copied \
                 from there"
            );
        };
        let lost: Vec<_> = needed.iter().copied().filter(|id| !ids.contains(id)).collect();
        if !lost.is_empty() {
            return Err(lacks(&lost, &there.to_string()).into());
        }
        let to = folder.join(KEYS);
        make_private(&to)?;
        for path in entries(there.path())? {
            copy_file(&path, &to)?;
        }
        files::sync_folder(&to)?;
    }
    let key_ids: BTreeSet<_> = ids.iter().chain(&needed).map(ToString::to_string).collect();
    let files = copies.iter().zip(names).map(|(copy, name)| {
        let (bytes, sha256) = content_of(&copy.to)?;
        Ok(BackedUp { name: name.clone(), bytes, sha256: Some(sha256) })
    });
    let backup = Backup {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        at,
        keys: with_keys,
        key_ids: key_ids.into_iter().collect(),
        files: files.collect::<anyhow::Result<_>>()?,
    };
    files::sync_folder(&to)?;
    files::replace(&folder.join(NOTE), serde_json::to_string_pretty(&backup)?.as_bytes())?;
    Ok(backup)
}

/// Puts a backup into the data folder, which must hold no databases yet; all of it has been
/// looked at before anything is written. Numbers that were given after the backup's moment are
/// not given again (R-ORDER-2).
pub async fn restore(config: &Config, folder: &Path) -> anyhow::Result<Backup> {
    let data = only_in_files(config)?;
    let now = SystemClock.now();
    let backup = checked(folder, now).await?;
    let _lock = Lock::take(config, "restore")?;
    ensure!(
        is_empty(&data.join(DATABASES))?,
        "there are databases in {}; a backup goes into an empty folder",
        data.display()
    );
    // One that was killed may have left it.
    let _none = fs::remove_dir_all(data.join(DRAFT));
    let draft = Draft::new(data.join(DRAFT))?;
    if backup.keys {
        restore_keys(config, &folder.join(KEYS))?;
    }
    let names = backup.files.iter().map(|file| file.name.trim_end_matches(".sqlite").to_owned());
    folder::found(data, &draft.0, names, async {
        for BackedUp { name, .. } in &backup.files {
            copy_file(&folder.join(DATABASES).join(name), &draft.0)?;
        }
        let file = draft.0.join(LEDGER);
        let ledger = SqlLedger::new(Database::open_file(&file, Schema::Ledger).await?);
        let skipped = skip_numbers(&ledger, Site::ALL, now, &SystemEntropy).await;
        ledger.close().await;
        skipped
    })
    .await?;
    draft.put(&data.join(DATABASES))?;
    Ok(backup)
}

/// What a backup says of itself, if that is what it holds.
async fn checked(folder: &Path, now: Timestamp) -> anyhow::Result<Backup> {
    let note = folder.join(NOTE);
    let text = fs::read_to_string(&note)
        .with_context(|| format!("{} is no whole backup", folder.display()))?;
    let backup: Backup = serde_json::from_str(&text)
        .with_context(|| format!("{} cannot be read", note.display()))?;
    ensure!(backup.format == FORMAT, "this version cannot read format {}", backup.format);
    // Numbers go on from the clock.
    ensure!(
        backup.at <= now,
        "the backup is of {}, and the clock of this machine says {now}: set it first",
        backup.at
    );
    for file in &backup.files {
        let from = folder.join(DATABASES).join(&file.name);
        let is_plain = from.file_name().is_some_and(|name| *name == *file.name);
        ensure!(is_plain, "{} names the file {}", note.display(), file.name);
        let damaged = || format!("{} is damaged", from.display());
        let (bytes, sha256) = content_of(&from).with_context(damaged)?;
        let is_same = file.sha256.as_ref().is_none_or(|sum| *sum == sha256);
        ensure!(bytes == file.bytes && is_same, damaged());
        ensure!(
            is_usable(&from, schema_of(&file.name)).await.with_context(damaged)?,
            "version {} made the backup, and this one cannot read its {}",
            backup.version,
            file.name
        );
    }
    if backup.keys {
        let from = folder.join(KEYS);
        let found = KeysFolder::at(from.clone()).ids()?;
        let found: Vec<_> = found.iter().map(KeyId::to_string).collect();
        let lost = backup.key_ids.iter().filter(|id| !found.contains(id));
        let lost: Vec<_> = lost.map(String::as_str).collect();
        ensure!(lost.is_empty(), "{} lacks the keys {}", from.display(), lost.join(", "));
    }
    Ok(backup)
}

/// Puts the keys where this configuration looks for them.
fn restore_keys(config: &Config, from: &Path) -> anyhow::Result<()> {
    let Some(to) = KeysFolder::changeable(config) else {
        bail!("the keys of the backup belong into a folder; leave storage.master_key out");
    };
    ensure!(is_empty(to.path())?, "there are keys in {to}");
    make_private(to.path())?;
    for path in entries(from)? {
        copy_file(&path, to.path())?;
    }
    Ok(files::sync_folder(to.path())?)
}

fn only_in_files(config: &Config) -> anyhow::Result<&Path> {
    if config.fleet.is_some() {
        bail!("the databases of a fleet are backed up by their servers: docs/OPERATIONS.md");
    }
    Ok(&config.storage.data)
}

fn is_empty(folder: &Path) -> io::Result<bool> {
    Ok(entries(folder)?.is_empty())
}

/// Is this, or will it be, in that folder, whatever links lead there?
fn is_within(path: &Path, folder: &Path) -> io::Result<bool> {
    let folder = fs::canonicalize(folder)?;
    let there = path.ancestors().find_map(|above| fs::canonicalize(above).ok());
    Ok(there.is_some_and(|there| there.starts_with(folder)))
}

/// Its size and its SHA-256.
fn content_of(file: &Path) -> anyhow::Result<(u64, String)> {
    let named = || format!("cannot read {}", file.display());
    let mut opened = fs::File::open(file).with_context(named)?;
    let (mut bytes, mut hash) = (0_u64, Sha256::new());
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let read = opened.read(&mut piece).with_context(named)?;
        let Some(read) = piece.get(..read).filter(|read| !read.is_empty()) else { break };
        hash.update(read);
        bytes = bytes.saturating_add(read.len() as u64);
    }
    Ok((bytes, HEXLOWER.encode(&hash.finalize())))
}

/// Copies a file into a folder; it is on disk then.
fn copy_file(from: &Path, folder: &Path) -> anyhow::Result<()> {
    let to = folder.join(from.file_name().context("an entry without a name")?);
    // Permissions come along.
    fs::copy(from, &to).with_context(|| format!("cannot copy {}", from.display()))?;
    Ok(fs::File::open(&to)?.sync_all()?)
}

/// A folder that is being filled, and that goes if it never gets its name.
#[derive(Debug)]
struct Draft(PathBuf);

impl Draft {
    fn new(folder: PathBuf) -> io::Result<Self> {
        make_private(&folder)?;
        Ok(Self(folder))
    }

    /// Gives it its name; an empty folder of that name gives way. All of it is on disk then.
    fn put(self, name: &Path) -> io::Result<()> {
        files::sync_folder(&self.0)?;
        match fs::remove_dir(name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => fs::rename(&self.0, name)?,
        }
        files::sync_folder(name.parent().unwrap_or(Path::new(".")))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}
