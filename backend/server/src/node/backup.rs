//! Backup and restore of a data folder (R-STORE-6).

use super::{
    folder::{self, DATABASES, Folder, KEYS, Lock},
    places::Places,
};
use anyhow::{Context, bail, ensure};
use hongbao_config::Config;
use hongbao_domain::{
    keys::KeyId,
    runtime::{Clock, SystemClock, SystemEntropy},
};
use hongbao_engine::{
    files::{self, entries, make_private},
    keys::{Keys, KeysFolder},
    packets::skip_numbers,
};
use hongbao_shared::{Site, Timestamp};
use hongbao_storage::{Database, FileCopy, Schema, SqlLedger, copy_files};
use serde::{Deserialize, Serialize};
use std::{fs, io, path::Path};

/// Written last, so that a backup without it was cut off.
const NOTE: &str = "backup.json";
const FORMAT: u32 = 1;

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
}

/// Copies all databases of the data folder as they are at one moment into `folder`, which is
/// made, or is empty; beside a running server, or without one. The keys come along if
/// `with_keys`: without them no packet that is still open can be opened, with them the backup
/// tells every share that is to come (R-FAIR-5).
pub async fn backup(config: &Config, folder: &Path, with_keys: bool) -> anyhow::Result<Backup> {
    let data = only_in_files(config)?;
    // Not a backup of what is left of them.
    Folder::verify(config, &Places::of(config, false)).await?;
    let names = databases(&data.join(DATABASES))?;
    ensure!(!names.is_empty(), "there are no databases in {}", data.display());
    make_empty(folder)?;
    make_private(&folder.join(DATABASES))?;
    let copies: Vec<_> = names
        .iter()
        .map(|name| FileCopy {
            from: data.join(DATABASES).join(name),
            to: folder.join(DATABASES).join(name),
        })
        .collect();
    let at = SystemClock.now();
    copy_files(&copies).await?;
    let keys = Keys::obtain(config, &SystemEntropy);
    let key_ids = keys.as_ref().map(Keys::ids).unwrap_or_default();
    if with_keys {
        let Some(keys) = keys?.folder().cloned() else {
            bail!(
                "the keys come from storage.master_key (HONGBAO_MASTER_KEY), and are not copied \
                 from there"
            );
        };
        copy_folder(keys.path(), &folder.join(KEYS))?;
    }
    let files = names
        .into_iter()
        .zip(&copies)
        .map(|(name, copy)| Ok(BackedUp { name, bytes: fs::metadata(&copy.to)?.len() }));
    let files = files.collect::<io::Result<_>>()?;
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let key_ids = key_ids.iter().map(ToString::to_string).collect();
    let backup = Backup { format: FORMAT, version, at, keys: with_keys, key_ids, files };
    files::replace(&folder.join(NOTE), serde_json::to_string_pretty(&backup)?.as_bytes())?;
    Ok(backup)
}

/// Puts a backup into the data folder, which must hold no databases yet. Numbers that were
/// given after the backup's moment are not given again (R-ORDER-2).
pub async fn restore(config: &Config, folder: &Path) -> anyhow::Result<Backup> {
    let data = only_in_files(config)?;
    let note = folder.join(NOTE);
    let text = fs::read_to_string(&note)
        .with_context(|| format!("{} is no whole backup", folder.display()))?;
    let backup: Backup = serde_json::from_str(&text)
        .with_context(|| format!("{} cannot be read", note.display()))?;
    ensure!(backup.format == FORMAT, "this version cannot read format {}", backup.format);
    // Numbers go on from the clock.
    let now = SystemClock.now();
    ensure!(
        backup.at <= now,
        "the backup is of {}, and the clock of this machine says {now}: set it first",
        backup.at
    );
    for file in &backup.files {
        let from = folder.join(DATABASES).join(&file.name);
        let bytes = fs::metadata(&from).map(|metadata| metadata.len());
        ensure!(bytes.is_ok_and(|bytes| bytes == file.bytes), "{} is damaged", from.display());
    }
    let _lock = Lock::take(config, "restore")?;
    let databases = data.join(DATABASES);
    ensure!(
        is_empty(&databases)?,
        "there are databases in {}; a backup goes into an empty folder",
        data.display()
    );
    if backup.keys {
        restore_keys(config, &backup, &folder.join(KEYS))?;
    }
    let names = backup.files.iter().map(|file| file.name.trim_end_matches(".sqlite").to_owned());
    folder::found(data, names, async {
        copy_folder(&folder.join(DATABASES), &databases)?;
        let file = databases.join("ledger.sqlite");
        let ledger = SqlLedger::new(Database::open_file(&file, Schema::Ledger).await?);
        let skipped = skip_numbers(&ledger, Site::ALL, now, &SystemEntropy).await;
        ledger.close().await;
        skipped
    })
    .await?;
    Ok(backup)
}

/// Puts the keys where this configuration looks for them, after it has been made sure that
/// all are there and are those that they are said to be.
fn restore_keys(config: &Config, backup: &Backup, from: &Path) -> anyhow::Result<()> {
    let found = KeysFolder::at(from.to_owned()).ids()?;
    let found: Vec<_> = found.iter().map(KeyId::to_string).collect();
    let lost = backup.key_ids.iter().filter(|id| !found.contains(id));
    let lost: Vec<_> = lost.map(String::as_str).collect();
    ensure!(lost.is_empty(), "{} lacks the keys {}", from.display(), lost.join(", "));
    let Some(to) = KeysFolder::changeable(config) else {
        bail!("the keys of the backup belong into a folder; leave storage.master_key out");
    };
    ensure!(is_empty(to.path())?, "there are keys in {to}");
    copy_folder(from, to.path())
}

fn only_in_files(config: &Config) -> anyhow::Result<&Path> {
    if config.fleet.is_some() {
        bail!("the databases of a fleet are backed up by their servers: docs/OPERATIONS.md");
    }
    Ok(&config.storage.data)
}

/// The names of the database files, in order.
fn databases(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for path in entries(folder)? {
        if path.extension().is_some_and(|extension| extension == "sqlite") {
            let name = path.file_name().and_then(|name| name.to_str());
            names.push(name.context("the name of a database is not Unicode")?.to_owned());
        }
    }
    names.sort_unstable();
    Ok(names)
}

fn is_empty(folder: &Path) -> io::Result<bool> {
    Ok(entries(folder)?.is_empty())
}

fn make_empty(folder: &Path) -> anyhow::Result<()> {
    let named = || format!("cannot make the folder {}", folder.display());
    make_private(folder).with_context(named)?;
    ensure!(is_empty(folder).with_context(named)?, "{} is not empty", folder.display());
    Ok(())
}

/// Copies the files of a folder, which has no folders within; all is on disk then.
fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    make_private(to)?;
    for path in entries(from)? {
        let target = to.join(path.file_name().context("an entry without a name")?);
        // Permissions come along.
        fs::copy(&path, &target).with_context(|| format!("cannot copy {}", path.display()))?;
        fs::File::open(&target)?.sync_all()?;
    }
    Ok(files::sync_folder(to)?)
}
