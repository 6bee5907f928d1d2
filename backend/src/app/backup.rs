//! Backup and restore of a data folder (R-STORE-6).

use super::{
    folder::{self, DATABASES, Folder, KEYS, Lock},
    places::Places,
};
use crate::{
    config::Config,
    packets::skip_numbers,
    runtime::{Clock, SystemClock},
    store::sql::{Database, FileCopy, Schema, SqlLedger, copy_files},
};
use anyhow::{Context, bail, ensure};
use hongbao_shared::{Site, Timestamp};
use serde::{Deserialize, Serialize};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

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
    if with_keys {
        let keys = data.join(KEYS);
        ensure!(keys.is_dir(), "there are no keys in {}", data.display());
        copy_folder(&keys, &folder.join(KEYS))?;
    }
    let files = names
        .into_iter()
        .zip(&copies)
        .map(|(name, copy)| Ok(BackedUp { name, bytes: fs::metadata(&copy.to)?.len() }));
    let files = files.collect::<io::Result<_>>()?;
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let backup = Backup { format: FORMAT, version, at, keys: with_keys, files };
    write_whole(&folder.join(NOTE), serde_json::to_string_pretty(&backup)?.as_bytes())?;
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
        ensure!(is_empty(&data.join(KEYS))?, "there are keys in {}", data.display());
    }
    if backup.keys {
        copy_folder(&folder.join(KEYS), &data.join(KEYS))?;
    }
    let names = backup.files.iter().map(|file| file.name.trim_end_matches(".sqlite").to_owned());
    folder::found(data, names, async {
        copy_folder(&folder.join(DATABASES), &databases)?;
        let file = databases.join("ledger.sqlite");
        let ledger = SqlLedger::new(Database::open_file(&file, Schema::Ledger).await?);
        let skipped = skip_numbers(&ledger, Site::ALL).await;
        ledger.close().await;
        Ok(skipped?)
    })
    .await?;
    Ok(backup)
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

/// What is in a folder; nothing, if it is not there.
fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| Ok(entry?.path())).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
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

/// A folder that its owner alone may enter; one that is there stays as it is.
fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
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
    Ok(fs::File::open(to)?.sync_all()?)
}

fn write_whole(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = file.with_extension("partial");
    fs::write(&draft, bytes)?;
    fs::File::open(&draft)?.sync_all()?;
    fs::rename(&draft, file)?;
    fs::File::open(file.parent().unwrap_or(Path::new(".")))?.sync_all()
}
