//! Disks that are full: a small file system of its own, or a limit on the size of files.

use std::{
    fs::{File, remove_file},
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};
use tempfile::TempDir;

/// Set where a test runs as root of a namespace of its own.
const AS_ROOT: &str = "TEST_AS_ROOT_OF_NAMESPACE";

/// A file system in memory of so many MiB.
pub(crate) struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    /// `None` where this process may not mount: then this test has passed as root of a namespace
    /// of its own. A system that allows neither fails it.
    pub(crate) fn new(mib: u32) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={mib}m"), "hongbao-test"])
            .arg(folder.path())
            .output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self { folder });
        }
        assert!(std::env::var_os(AS_ROOT).is_none(), "root of a namespace may not mount either");
        let test = std::thread::current().name().expect("tests have names").to_owned();
        let passed = Command::new("unshare")
            .args(["--map-root-user", "--mount"])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", &test])
            .env(AS_ROOT, "1")
            .status();
        let passed = passed.is_ok_and(|status| status.success());
        assert!(
            passed,
            "{test} failed, or may not mount: run it as root, or allow user namespaces"
        );
        None
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

    /// Nothing can be written on it, or again everything.
    pub(crate) fn read_only(&self, is_so: bool) {
        let how = if is_so { "remount,ro" } else { "remount,rw" };
        let done = Command::new("mount").args(["-o", how]).arg(self.path()).status().unwrap();
        assert!(done.success());
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

/// What a process may take.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Limit {
    /// The bytes of a file. What goes beyond fails like a broken disk (`EFBIG`), if the process
    /// ignores the signal.
    File,
    /// The bytes of memory, as the process sees it.
    Memory,
}

impl Limit {
    /// Lets this process have so many bytes at the most, or as many as it wants.
    pub(crate) fn set(self, process: u32, bytes: Option<u64>) {
        let soft = bytes.map_or_else(|| "unlimited".to_owned(), |bytes| bytes.to_string());
        let limit = match self {
            Self::File => format!("--fsize={soft}:"),
            Self::Memory => format!("--as={soft}:"),
        };
        let limited =
            Command::new("prlimit").args(["--pid", &process.to_string(), &limit]).status().unwrap();
        assert!(limited.success());
    }
}
