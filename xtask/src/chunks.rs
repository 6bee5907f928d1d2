//! Parts of the web app that a browser fetches when they are needed.
//!
//! What `#[wasm_split]` marks is cut out of the module that the linker made, together with all that
//! only the marked parts need; what several of them need goes into chunks of their own. The main
//! module keeps its memory and its tables, and the parts are instantiated beside it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow};
use wasm_split_cli_support::{Options, transform};

use crate::segments::{Gaps, slim};

/// The script that loads the parts, beside the glue.
pub(crate) const LOADERS: &str = "./parts.js";

/// What the linker must do for a module that is cut: tell where it put what, and leave data apart.
/// Merged, the texts of all parts are one block, which stays in the main module whole.
pub(crate) fn flags() -> [String; 1] {
    ["-Clink-args=--emit-relocs --no-merge-data-segments".to_owned()]
}

/// Cuts `wasm`. The parts and the script that loads them go into `folder`; answers the main module,
/// which wasm-bindgen goes on with, and the parts. `glue` is the main module's script, as the
/// loaders import it.
pub(crate) fn split(wasm: &Path, folder: &Path, glue: &str) -> Result<(PathBuf, Vec<PathBuf>)> {
    let input = fs::read(wasm)?;
    let main = wasm.with_extension("main.wasm");
    let mut options = Options::new(&input);
    options.output_dir = folder;
    options.main_out_path = &main;
    options.main_module = glue;
    options.link_name = LOADERS;
    let cut = transform(options)
        .map_err(|report| anyhow!("{report:?}"))
        .with_context(|| format!("could not cut {} into parts", wasm.display()))?;
    for part in &cut.split_modules {
        slim(part, Gaps::AreNotOurs)?;
    }
    Ok((main, cut.split_modules))
}
