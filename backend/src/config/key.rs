//! The master key: seals server seeds and signs tickets (R-FAIR-5). It lives outside
//! of every database, so that a stolen one tells no share that is still to come.

use super::{Config, ConfigError, value::Value};
use crate::{
    crash::{self, Step},
    runtime::Entropy,
};
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Deserializer, de};
use sha2::Sha256;
use std::{
    fmt, fs, io,
    io::Write,
    path::{Path, PathBuf},
};

const EXPECTED: &str = "64 symbols of hex";

/// The key itself; `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey([u8; 32]);

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(hidden)")
    }
}

impl MasterKey {
    /// The key of the configuration, or else of the key file, which is made at the
    /// first start.
    pub fn obtain(config: &Config, entropy: &dyn Entropy) -> Result<Self, ConfigError> {
        if let Some(key) = &config.storage.master_key.0 {
            return Ok(key.clone());
        }
        let data = &config.storage.data;
        let file = data.join("keys").join("master.key");
        Self::from_file(&file, data, entropy)
            .map_err(|what| ConfigError(format!("{}: {what}", file.display())))
    }

    /// A key for one purpose: HMAC-SHA256 over the purpose's label, so that no use can
    /// be turned against another.
    pub fn derive(&self, label: &[u8]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any size");
        mac.update(b"hongbao/v1/key/");
        mac.update(label);
        mac.finalize().into_bytes().into()
    }

    pub(super) fn from_hex(text: &str) -> Result<Self, &'static str> {
        let bytes = HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes()).map_err(|_| EXPECTED)?;
        bytes.try_into().map(Self).map_err(|_| EXPECTED)
    }

    fn from_file(file: &Path, data: &Path, entropy: &dyn Entropy) -> Result<Self, String> {
        match fs::read_to_string(file) {
            Ok(text) => {
                only_for_owner(file)?;
                Self::from_hex(&text).map_err(|expected| format!("the file must hold {expected}"))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // A new key beside old data would open none of its packets.
                if has_databases(data) {
                    return Err("the key is missing, but there are databases that need it; put \
                                it back, or set HONGBAO_MASTER_KEY"
                        .to_owned());
                }
                create(file, &entropy.bytes32())
                    .map_err(|error| format!("cannot make the key: {error}"))?;
                // What the file holds, not what was drawn: another process may have been first.
                let text = fs::read_to_string(file).map_err(|error| error.to_string())?;
                Self::from_hex(&text).map_err(str::to_owned)
            }
            Err(error) => Err(format!("cannot read the key: {error}")),
        }
    }
}

/// Writes the key whole or not at all, and never over another.
fn create(file: &Path, key: &[u8; 32]) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let draft: PathBuf = folder.join(format!(".master.key.{}", std::process::id()));
    // A process of this number that died here may have left one, and its file may be that of
    // a key in use under another name: so it goes, rather than be written over.
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut opened = options.open(&draft)?;
    opened.write_all(HEXLOWER.encode(key).as_bytes())?;
    opened.write_all(b"\n")?;
    opened.sync_all()?;
    crash::before(Step::MasterKey);
    // Unlike a rename, a link does not replace what is there.
    let linked = fs::hard_link(&draft, file);
    crash::after(Step::MasterKey);
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    fs::File::open(folder)?.sync_all()
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

/// Is there a database in the data folder, or in a folder within it?
fn has_databases(data: &Path) -> bool {
    let entries = |folder: &Path| {
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path())
    };
    entries(data)
        .flat_map(|path| if path.is_dir() { entries(&path).collect() } else { vec![path] })
        .any(|path| {
            path.extension().is_some_and(|extension| {
                ["db", "sqlite", "sqlite3"].iter().any(|known| extension == *known)
            })
        })
}

/// The key as a setting: usually unset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MasterKeySetting(Option<MasterKey>);

impl MasterKeySetting {
    pub(super) const fn is_set(&self) -> bool {
        self.0.is_some()
    }
}

impl Value for MasterKeySetting {
    fn set(&mut self, text: &str) -> Result<(), &'static str> {
        self.0 = Some(MasterKey::from_hex(text)?);
        Ok(())
    }
    fn show(&self) -> String {
        String::new()
    }
}

impl<'de> Deserialize<'de> for MasterKeySetting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        MasterKey::from_hex(&text)
            .map(|key| Self(Some(key)))
            .map_err(|expected| de::Error::custom(format_args!("expected {expected}")))
    }
}
