//! Who runs a server that refuses to run as root.

use anyhow::{Context, Result, bail};
use std::{
    fs,
    os::unix::{fs::chown, process::CommandExt},
    path::Path,
    process::Command,
};

/// Tried in this order; Debian's package of PostgreSQL makes the first.
const NAMES: [&str; 2] = ["postgres", "nobody"];

/// Another account than root; none where this process is not root.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Account(Option<(&'static str, u32, u32)>);

impl Account {
    pub(crate) fn other_than_root() -> Result<Self> {
        let status = fs::read_to_string("/proc/self/status").context("/proc is missing")?;
        let uid = status.lines().find_map(|line| line.strip_prefix("Uid:"));
        if uid.and_then(|uid| uid.split_whitespace().nth(1)) != Some("0") {
            return Ok(Self(None));
        }
        let accounts = fs::read_to_string("/etc/passwd").context("/etc/passwd is missing")?;
        for name in NAMES {
            let line = accounts.lines().map(|line| line.split(':').collect::<Vec<_>>());
            for fields in line {
                if let [found, _, uid, gid, ..] = *fields
                    && found == name
                {
                    return Ok(Self(Some((name, uid.parse()?, gid.parse()?))));
                }
            }
        }
        bail!("PostgreSQL does not run as root, and there is no account {} to run it", NAMES[0]);
    }

    pub(crate) fn name(self) -> Option<&'static str> {
        self.0.map(|(name, _, _)| name)
    }

    /// Lets a program run under this account.
    pub(crate) fn lend(self, command: &mut Command) -> &mut Command {
        if let Self(Some((_, uid, gid))) = self {
            command.uid(uid).gid(gid);
        }
        command
    }

    /// Hands a folder over.
    pub(crate) fn own(self, folder: &Path) -> Result<()> {
        if let Self(Some((_, uid, gid))) = self {
            chown(folder, Some(uid), Some(gid))?;
        }
        Ok(())
    }
}
