//! Files and folders that are the owner's alone, and whole or not there at all.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Makes a folder, with those above it, that its owner alone may enter; one that is there
/// stays as it is.
pub fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// A file that is made with these is its owner's alone.
pub fn only_for_owner(options: &mut OpenOptions) {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    #[cfg(not(unix))]
    let _ = options;
}

/// Makes a file that is not there yet; all of it is on disk then.
pub fn write_new(file: &Path, content: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    only_for_owner(&mut options);
    let mut opened = options.open(file)?;
    opened.write_all(content)?;
    opened.write_all(b"\n")?;
    opened.sync_all()
}

/// Puts a file in the place of what is there, whole or not at all.
pub fn replace(file: &Path, content: &[u8]) -> io::Result<()> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    // A process of this number that ended here may have left one.
    let draft = file.with_file_name(format!(".{name}.{}", std::process::id()));
    remove_if_there(&draft)?;
    write_new(&draft, content)?;
    fs::rename(&draft, file)?;
    sync_folder(file.parent().unwrap_or(Path::new(".")))
}

/// What was made, renamed or removed in a folder is so on disk.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Removes a file, or finds that it is not there.
pub fn remove_if_there(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// What is in a folder; nothing, if it is not there.
pub fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| Ok(entry?.path())).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}
