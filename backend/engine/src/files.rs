//! Files and folders that are the owner's alone, and whole or not there at all. What the system
//! says of a file does not name it; these do.

use hongbao_config::ConfigError;
use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Names the file in what went wrong with it.
fn of(path: &Path) -> impl FnOnce(io::Error) -> io::Error {
    move |error| io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// Somebody else's folder: what root, for instance, makes in it is closed to whoever the folder
/// belongs to, and the next start of that one's service fails of it. So nobody writes for
/// another. To give away what is made would be one more thing to forget at each file.
#[derive(Clone, Copy, Debug)]
pub struct OfAnother {
    /// The id of the user whose it is.
    owner: u32,
    /// The id of the user who writes here.
    us: u32,
}

/// Whose a folder is, if that is not who writes here; nobody's, if it is not there.
#[cfg(unix)]
pub fn of_another(folder: &Path) -> Option<OfAnother> {
    use std::os::unix::fs::MetadataExt;
    let (owner, us) = (fs::metadata(folder).ok()?.uid(), rustix::process::geteuid().as_raw());
    (owner != us).then_some(OfAnother { owner, us })
}

/// Nobody asks here.
#[cfg(not(unix))]
pub fn of_another(_folder: &Path) -> Option<OfAnother> {
    None
}

impl OfAnother {
    /// Is it root that would write?
    pub fn is_for_root(&self) -> bool {
        self.us == 0
    }

    /// Tells both, and how it is done.
    pub fn refuses(&self, folder: &Path) -> ConfigError {
        let Self { owner, us } = self;
        ConfigError(format!(
            "{} belongs to the user with the id {owner}, and this runs as the one with the id {us}, \
             whose files that one could not read: run it as its owner (`sudo -u '#{owner}' hongbao \
             …`), or give the folder and all that is in it to whoever works with it",
            folder.display()
        ))
    }
}

/// Makes a folder, with those above it, that its owner alone may enter; one that is there
/// stays as it is.
pub fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(of(folder))
}

/// A file that is made with these is its owner's alone.
fn only_for_owner(options: &mut OpenOptions) {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    #[cfg(not(unix))]
    let _ = options;
}

/// Makes a file, or opens one that is there as it is, to be written to.
pub fn make(file: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    only_for_owner(&mut options);
    options.open(file).map_err(of(file))
}

/// Puts a file in the place of what is there, whole or not at all.
pub fn replace(file: &Path, content: &[u8]) -> io::Result<()> {
    by_draft(file, content, |draft| fs::rename(draft, file))
}

/// Makes a file whole or not at all, by a draft that is on disk when `put` gives it its name; no
/// draft is left.
pub fn by_draft(
    file: &Path,
    content: &[u8],
    put: impl FnOnce(&Path) -> io::Result<()>,
) -> io::Result<()> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let draft = file.with_file_name(format!(".{name}.{}", std::process::id()));
    // A process of this number that died here may have left one, and its file may be in use
    // under another name: so it goes, rather than be written over.
    remove_if_there(&draft)?;
    let made = write_new(&draft, content).and_then(|()| put(&draft).map_err(of(file)));
    let removed = remove_if_there(&draft);
    made.and(removed)?;
    sync_folder(file.parent().unwrap_or(Path::new(".")))
}

/// Makes a file that is not there yet; all of it is on disk then.
fn write_new(file: &Path, content: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    only_for_owner(&mut options);
    let write = |mut opened: File| {
        opened.write_all(content)?;
        opened.write_all(b"\n")?;
        opened.sync_all()
    };
    options.open(file).and_then(write).map_err(of(file))
}

/// How much room there is for whoever writes where a file is; `None` if nobody says.
pub fn free_bytes(file: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(file).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}

/// What was made, renamed or removed in a folder is so on disk.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(of(folder))
}

/// Removes a file, or finds that it is not there.
pub fn remove_if_there(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(of(file)(error)),
        _ => Ok(()),
    }
}

/// What is in a folder; nothing, if it is not there.
pub fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| Ok(entry.map_err(of(folder))?.path())).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(of(folder)(error)),
    }
}
