//! A small disk of its own for the server's data, which can be made full at once.

use anyhow::{Context as _, Result, ensure};
use hongbao_fleet::Watchdog;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use tokio::process::Command;

/// More than a run needs, and above every floor of free room that a server may keep.
/// Memory is taken only by what is written.
const ROOMY: &str = "size=2g";
const FILLS_MAX: u32 = 100;

/// A folder, on a file system in memory where this process may mount one.
#[derive(Debug)]
pub(crate) struct Disk {
    // In the order in which they go: what unmounts, then the folder.
    mounted: Option<Watchdog>,
    folder: TempDir,
}

impl Disk {
    pub(crate) async fn new() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("hongbao-rogue-").tempdir()?;
        let mount = mount(&["-t", "tmpfs", "-o", ROOMY, "tmpfs"], folder.path()).await;
        let mounted = match mount {
            Ok(()) => {
                let unmount = format!("umount -l '{}'", folder.path().display());
                Some(Watchdog::new(&unmount, Path::new("/nonexistent"))?)
            }
            Err(_) => None,
        };
        Ok(Self { mounted, folder })
    }

    /// Can it be made full? Mounting needs a privilege that not everybody has.
    pub(crate) fn can_be_full(&self) -> bool {
        self.mounted.is_some()
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    /// Leaves so many KiB free, and no more.
    pub(crate) async fn fill(&self, free_kib: u64) -> Result<()> {
        let mut outcome = Ok(());
        // While it is looked at, more is written, and less than there is cannot be had.
        for _ in 0..FILLS_MAX {
            let used = self.used_kib().await?;
            outcome = self.remount(&format!("remount,size={}k", used + free_kib)).await;
            if outcome.is_ok() {
                break;
            }
        }
        outcome
    }

    async fn used_kib(&self) -> Result<u64> {
        let mut df = Command::new("df");
        let output = df.args(["-k", "--output=used"]).arg(self.path()).output().await?;
        let text = String::from_utf8_lossy(&output.stdout);
        let used = text.lines().nth(1).and_then(|line| line.trim().parse().ok());
        used.context("what df says")
    }

    /// Gives room again.
    pub(crate) async fn empty(&self) -> Result<()> {
        self.remount(&format!("remount,{ROOMY}")).await
    }

    async fn remount(&self, options: &str) -> Result<()> {
        mount(&["-o", options], self.path()).await
    }
}

async fn mount(arguments: &[&str], folder: &Path) -> Result<()> {
    let output = Command::new("mount").args(arguments).arg(folder).output().await?;
    ensure!(output.status.success(), "mount: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
