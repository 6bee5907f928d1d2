//! Settings: a file, and variables. What is wrong is said in one sentence that gives no value away; what is
//! taken is taken again.
#![no_main]

use hongbao_config::{Config, Flags};
use libfuzzer_sys::fuzz_target;
use std::{collections::BTreeMap, ffi::OsString, fs, path::PathBuf, sync::LazyLock};

/// In a folder of this process: `cargo xtask fuzz` says where such folders are, and removes them.
static FILE: LazyLock<PathBuf> =
    LazyLock::new(|| tempfile::tempdir().unwrap().keep().join("hongbao.toml"));

// A file, and lines `VARIABLE=value` before it.
fuzz_target!(|text: &str| {
    // Names are looked up for it, and nobody is to be asked for those that are made up here.
    if text.to_lowercase().contains("listen") || text.contains("\\u") || text.contains("\\U") {
        return;
    }
    let (before, file) = text.split_once("\n---\n").unwrap_or(("", text));
    let variables: BTreeMap<_, _> = before.lines().filter_map(|line| line.split_once('=')).collect();
    fs::write(&*FILE, file).unwrap();
    let flags = Flags { file: Some(FILE.clone()), ..Flags::default() };
    let variable = |name: &str| variables.get(name).map(OsString::from);
    match Config::load(&flags, &variable) {
        Ok(config) => {
            config.zone().unwrap();
            assert_eq!(Config::load(&flags, &variable).unwrap(), config);
        }
        Err(error) => {
            let sentence = error.to_string();
            assert!(!sentence.is_empty() && !sentence.contains('\n'), "{sentence:?}");
            let key = variables.get("HONGBAO_MASTER_KEY").filter(|key| key.len() > 20);
            assert!(key.is_none_or(|key| !sentence.contains(key)), "{sentence:?}");
        }
    }
});
