//! Disks that are full: a small file system of its own, or a limit on the size of files.

use std::{
    fs::{File, remove_file},
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};
use tempfile::TempDir;

/// A file system in memory of so many MiB.
pub(crate) struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    /// `None` where this process may not mount.
    pub(crate) fn new(mib: u32) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={mib}m"), "hongbao-test"])
            .arg(folder.path())
            .output();
        mounted.is_ok_and(|output| output.status.success()).then(|| Self { folder })
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    fn ballast(&self) -> PathBuf {
        self.path().join("ballast")
    }

    /// Takes all the room that is left, but for so many bytes.
    pub(crate) fn fill_but(&self, bytes: u64) {
        self.fill();
        let ballast = File::options().write(true).open(self.ballast()).unwrap();
        let size = ballast.metadata().unwrap().len();
        ballast.set_len(size.checked_sub(bytes).unwrap()).unwrap();
    }

    /// Takes all the room that is left.
    pub(crate) fn fill(&self) {
        let mut ballast = File::create(self.ballast()).unwrap();
        for size in [1 << 20, 1 << 12, 1] {
            let piece = vec![1_u8; size];
            while ballast.write_all(&piece).is_ok() {}
        }
    }

    /// Gives it back.
    pub(crate) fn free(&self) {
        remove_file(self.ballast()).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a server that is killed a moment later may still hold files.
        let _unmounted = Command::new("umount").arg("--lazy").arg(self.folder.path()).status();
    }
}

/// Sets the most bytes that a file of this process may have, or takes the limit away. What
/// goes beyond it fails like a broken disk (`EFBIG`), if the process ignores the signal.
pub(crate) fn limit_files(process: u32, bytes: Option<u64>) {
    let soft = bytes.map_or_else(|| "unlimited".to_owned(), |bytes| bytes.to_string());
    let limit = format!("--fsize={soft}:");
    let limited =
        Command::new("prlimit").args(["--pid", &process.to_string(), &limit]).status().unwrap();
    assert!(limited.success());
}
