//! Where things are.

use std::path::{Path, PathBuf};

/// The folder that Cargo builds into, wherever that is: this program lies in
/// `<target>/<profile>/deps/`.
fn profile_folder() -> PathBuf {
    let program = std::env::current_exe().expect("a test knows where it is");
    program.ancestors().nth(2).expect("tests lie in <target>/<profile>/deps").to_owned()
}

/// The server under test.
pub(crate) fn server_binary() -> PathBuf {
    std::env::var_os("HONGBAO_BIN").map_or_else(
        || profile_folder().join(format!("hongbao{}", std::env::consts::EXE_SUFFIX)),
        PathBuf::from,
    )
}

/// A program that a variable may name.
pub(crate) fn chromedriver() -> PathBuf {
    std::env::var_os("CHROMEDRIVER").map_or_else(|| "chromedriver".into(), PathBuf::from)
}

/// Debian has Firefox and no geckodriver: `cargo xtask test` builds one where it is missing.
pub(crate) fn geckodriver() -> PathBuf {
    let version = include_str!("../geckodriver.version").trim();
    let built = profile_folder().parent().expect("<target>").join("tools");
    let built = built.join(format!("geckodriver-{version}/bin/geckodriver"));
    let found = || if built.is_file() { built } else { "geckodriver".into() };
    std::env::var_os("GECKODRIVER").map_or_else(found, PathBuf::from)
}

/// What looks for barriers; `cargo xtask test` puts it there.
pub(crate) fn axe() -> PathBuf {
    profile_folder()
        .parent()
        .expect("<target>")
        .join("accessibility/node_modules/axe-core/axe.min.js")
}

/// Where failures leave what they saw, and pictures that nobody asked to keep.
pub(crate) fn leftovers() -> PathBuf {
    made(profile_folder().parent().expect("<target>").join("e2e"))
}

/// Where pictures go: into the documentation only on request, so that a test run never
/// changes the tree.
pub(crate) fn pictures() -> PathBuf {
    if std::env::var_os("HONGBAO_SCREENSHOTS").is_some_and(|value| value == "1") {
        made(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/images"))
    } else {
        leftovers()
    }
}

fn made(folder: PathBuf) -> PathBuf {
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    folder
}
