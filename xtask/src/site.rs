//! The files of the web app on their way into `dist/`: content-hashed names, compressed siblings, and
//! an update in which every moment serves a whole app.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

/// What lies under this folder is named by its content and never changes; the server may let browsers
/// keep it for ever. Everything outside of it has to be asked for again.
const IMMUTABLE: &str = "assets";

/// Formats that compression makes smaller. The others (PNG, WOFF2, …) are compressed already.
const COMPRESSIBLE: [&str; 9] =
    ["css", "html", "ico", "js", "json", "svg", "txt", "wasm", "webmanifest"];

const BROTLI_QUALITY: i32 = 11;
const GZIP_LEVEL: u32 = 9;

#[derive(Default)]
pub(crate) struct Site {
    /// By path relative to `dist/`, with `/` on every system.
    files: BTreeMap<String, Vec<u8>>,
}

impl Site {
    /// A file that keeps its name, such as `favicon.svg`.
    pub(crate) fn add(&mut self, path: &str, bytes: Vec<u8>) {
        self.files.insert(path.to_owned(), bytes);
    }

    /// A file named by its content. Answers its URL.
    pub(crate) fn add_hashed(&mut self, stem: &str, extension: &str, bytes: Vec<u8>) -> String {
        let path = format!("{IMMUTABLE}/{stem}-{}.{extension}", hash([bytes.as_slice()]));
        let url = format!("/{path}");
        self.files.insert(path, bytes);
        url
    }

    /// Files that name each other by relative paths: the folder carries the hash of them all and the
    /// names inside stay, so that no reference has to be rewritten. Answers the folder's URL.
    pub(crate) fn add_hashed_folder(
        &mut self,
        stem: &str,
        files: BTreeMap<String, Vec<u8>>,
    ) -> String {
        let parts = files.iter().flat_map(|(name, bytes)| [name.as_bytes(), bytes.as_slice()]);
        let folder = format!("{IMMUTABLE}/{stem}-{}", hash(parts));
        for (name, bytes) in files {
            self.files.insert(format!("{folder}/{name}"), bytes);
        }
        format!("/{folder}")
    }

    /// Brings `dist` to exactly these files, with `.br` and `.gz` beside each if `compress`.
    ///
    /// A running server may be reading the folder, and a build may be cut short, so each file is
    /// renamed into place whole, `index.html` comes last because it makes the others reachable, and
    /// only then does the previous build go. A file that is there already is left untouched: that
    /// saves compressing it again, and its old time stamp saves the server's release build.
    pub(crate) fn install(&self, dist: &Path, compress: bool) -> Result<()> {
        fs::create_dir_all(dist)?;
        let mut wanted = BTreeSet::new();
        let (index, others): (Vec<_>, Vec<_>) =
            self.files.iter().partition(|(path, _)| path.as_str() == "index.html");
        for (path, bytes) in others.into_iter().chain(index) {
            let target = dist.join(path);
            let siblings = [with_suffix(&target, "br"), with_suffix(&target, "gz")];
            let compressible = compress && is_compressible(&target);
            let ready = fs::read(&target).is_ok_and(|there| there == *bytes)
                && (!compressible || siblings.iter().all(|sibling| sibling.is_file()));
            if !ready {
                if compressible {
                    write(&siblings[0], &brotli(bytes)?)?;
                    write(&siblings[1], &gzip(bytes)?)?;
                }
                write(&target, bytes)?;
            }
            if compressible {
                wanted.extend(siblings);
            }
            wanted.insert(target);
        }
        remove_others(dist, &wanted)
    }
}

/// Every file under `folder`, by its path relative to it, with `/` on every system.
pub(crate) fn read_folder(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    if folder.is_dir() {
        read_into(folder, "", &mut files)
            .with_context(|| format!("could not read {}", folder.display()))?;
    }
    Ok(files)
}

fn read_into(folder: &Path, prefix: &str, files: &mut BTreeMap<String, Vec<u8>>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            read_into(&entry.path(), &format!("{name}/"), files)?;
        } else {
            files.insert(name, fs::read(entry.path())?);
        }
    }
    Ok(())
}

fn hash<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        // The length keeps two lists of parts apart that merely join to the same bytes.
        hasher.update(part.len().to_be_bytes());
        hasher.update(part);
    }
    let mut start = [0; 8];
    start.copy_from_slice(&hasher.finalize()[..8]);
    format!("{:016x}", u64::from_be_bytes(start))
}

/// Whether this is the compressed sibling of another file.
pub(crate) fn is_compressed(path: &str) -> bool {
    matches!(path.rsplit_once('.'), Some((_, "br" | "gz")))
}

fn is_compressible(path: &Path) -> bool {
    path.extension().is_some_and(|extension| COMPRESSIBLE.iter().any(|one| extension == *one))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}

fn brotli(bytes: &[u8]) -> Result<Vec<u8>> {
    let parameters = brotli::enc::BrotliEncoderParams {
        quality: BROTLI_QUALITY,
        size_hint: bytes.len(),
        ..Default::default()
    };
    let mut out = Vec::new();
    brotli::BrotliCompress(&mut &*bytes, &mut out, &parameters)?;
    Ok(out)
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder =
        flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(GZIP_LEVEL));
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let unfinished = with_suffix(path, "unfinished");
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&unfinished, bytes))
        .and_then(|()| fs::rename(&unfinished, path))
        .with_context(|| format!("could not write {}", path.display()))
}

fn remove_others(folder: &Path, wanted: &BTreeSet<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            remove_others(&path, wanted)?;
            if fs::read_dir(&path)?.next().is_none() {
                fs::remove_dir(&path)?;
            }
        } else if !wanted.contains(&path) {
            fs::remove_file(&path)
                .with_context(|| format!("could not remove {}", path.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Read as _;

    use super::{Site, read_folder};
    use crate::test_folder::TestFolder;

    #[test]
    fn names_follow_the_content() {
        let mut site = Site::default();
        let one = site.add_hashed("style", "css", b"a{}".to_vec());
        assert_eq!(site.add_hashed("style", "css", b"a{}".to_vec()), one);
        assert_ne!(site.add_hashed("style", "css", b"b{}".to_vec()), one);
        assert!(one.starts_with("/assets/style-"), "{one}");
        assert!(one.contains(".css"), "{one}");
    }

    #[test]
    fn installs_compressed_siblings_and_removes_the_previous_build() {
        let dist = TestFolder::new();
        let mut old = Site::default();
        old.add_hashed("style", "css", b"old{}".to_vec());
        old.add("index.html", b"old".to_vec());
        old.install(dist.path(), true).unwrap();

        let mut new = Site::default();
        let url = new.add_hashed("style", "css", b"new{}".to_vec());
        new.add("index.html", b"new".to_vec());
        new.add("icon.png", b"png".to_vec());
        new.install(dist.path(), true).unwrap();

        let files = read_folder(dist.path()).unwrap();
        let names: Vec<_> = files.keys().map(String::as_str).collect();
        let style = url.trim_start_matches('/');
        let (br, gz) = (format!("{style}.br"), format!("{style}.gz"));
        assert_eq!(
            names,
            [style, &br, &gz, "icon.png", "index.html", "index.html.br", "index.html.gz"]
        );
        let mut plain = Vec::new();
        brotli::Decompressor::new(files["index.html.br"].as_slice(), 4096)
            .read_to_end(&mut plain)
            .unwrap();
        assert_eq!(plain, b"new");
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(files["index.html.gz"].as_slice())
            .read_to_end(&mut plain)
            .unwrap();
        assert_eq!(plain, b"new");
    }

    #[test]
    fn what_is_in_place_already_is_left_alone() {
        let dist = TestFolder::new();
        let mut site = Site::default();
        site.add("index.html", b"same".to_vec());
        site.install(dist.path(), true).unwrap();
        fs::write(dist.path().join("index.html.br"), b"marker").unwrap();
        site.install(dist.path(), true).unwrap();
        assert_eq!(fs::read(dist.path().join("index.html.br")).unwrap(), b"marker");
    }

    #[test]
    fn uncompressed_builds_leave_no_stale_siblings() {
        let dist = TestFolder::new();
        let mut site = Site::default();
        site.add("index.html", b"text".to_vec());
        site.install(dist.path(), true).unwrap();
        site.install(dist.path(), false).unwrap();
        let files = read_folder(dist.path()).unwrap();
        assert_eq!(files.keys().collect::<Vec<_>>(), ["index.html"]);
    }
}
