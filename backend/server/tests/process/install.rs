//! The installer of the archive, run below a folder (R-API-3): what it puts where serves, and is
//! upgraded after a backup.

use crate::text;
use std::{
    fs,
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};
use tempfile::TempDir;

const BINARY: &str = env!("CARGO_BIN_EXE_hongbao");

/// What an archive unpacks to.
fn unpacked(folder: &Path) -> PathBuf {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/install");
    for name in ["install.sh", "hongbao.service"] {
        fs::copy(sources.join(name), folder.join(name)).unwrap();
    }
    fs::copy(BINARY, folder.join("hongbao")).unwrap();
    folder.join("install.sh")
}

/// As on a machine whose new files are nobody else's to read.
fn install(script: &Path, root: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new("sh");
    command.args(["-c", r#"umask 077; exec sh "$0" "$@""#]).arg(script).args(arguments);
    command.env("DESTDIR", root).output().unwrap()
}

#[track_caller]
fn succeeded(output: &Output) -> String {
    let said = text(&output.stdout) + &text(&output.stderr);
    assert!(output.status.success(), "{said}");
    said
}

/// The command of the unit, with all its paths below `root`, at a free port: serves until it is
/// asked to end.
fn serve_once(root: &Path) {
    let unit = fs::read_to_string(root.join("etc/systemd/system/hongbao.service")).unwrap();
    let line = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
    let below = |word: &str| match word.strip_prefix('/') {
        Some(path) => root.join(path).into_os_string(),
        None => word.into(),
    };
    let mut words = line.split(' ').map(below);
    let mut command = Command::new(words.next().unwrap());
    command.args(words).args(["--listen", "127.0.0.1:0"]);
    let mut server = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut first).unwrap();
    let asked = Command::new("kill").args(["-TERM", &server.id().to_string()]).status();
    assert!(asked.unwrap().success());
    assert!(server.wait().unwrap().success());
    assert!(first.starts_with("Hongbao is at http://"), "{first}");
}

/// Adds to the settings; all of them.
fn add(root: &Path, more: &str) -> String {
    let settings = root.join("etc/hongbao/hongbao.toml");
    let all = fs::read_to_string(&settings).unwrap() + more;
    fs::write(&settings, &all).unwrap();
    all
}

/// The one backup that was made.
fn backup(root: &Path) -> PathBuf {
    let mut backups = fs::read_dir(root.join("var/backups/hongbao")).unwrap();
    backups.next().unwrap().unwrap().path()
}

/// An upgrade copies by the settings of the installation: more shards than by default, and keys
/// that lie elsewhere, or in the settings themselves.
#[test]
fn what_the_settings_say_is_copied() {
    let archive = TempDir::new().unwrap();
    let script = unpacked(archive.path());
    for in_settings in [false, true] {
        let root = TempDir::new().unwrap();
        let root = root.path();
        succeeded(&install(&script, root, &[]));
        let keys = if in_settings {
            format!("master_key = '{}'", "0f".repeat(32))
        } else {
            format!("keys = '{}'", root.join("keys").display())
        };
        add(root, &format!("[sites]\nshards = 6\n[storage]\n{keys}\n"));
        serve_once(root);
        let said = succeeded(&install(&script, root, &[]));
        assert_eq!(said.contains("and is not copied"), in_settings, "{said}");
        let backup = backup(root);
        assert!(backup.join("db/orders-N-5.sqlite").is_file(), "{}", backup.display());
        assert_eq!(backup.join("keys").is_dir(), !in_settings);
    }
}

#[test]
fn what_it_installs_serves_and_is_upgraded_after_a_backup() {
    let (archive, root) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let (script, root) = (unpacked(archive.path()), root.path());
    let said = succeeded(&install(&script, root, &[]));
    assert!(said.contains("Installed: hongbao "), "{said}");
    let mode = |path: &str| fs::metadata(root.join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("usr/local/bin/hongbao"), 0o755);
    assert_eq!(mode("var/lib/hongbao"), 0o700, "closed to others");
    for (path, expected) in
        [("etc/hongbao", 0o755), ("etc/hongbao/hongbao.toml", 0o644), ("usr/local/bin", 0o755)]
    {
        assert_eq!(mode(path), expected, "{path}: the service reads it as a user of its own");
    }
    // What was changed stays, and what was stored is copied before anything else.
    let settings = root.join("etc/hongbao/hongbao.toml");
    let mine = add(root, "[sites]\nshards = 1\n");
    serve_once(root);
    let said = succeeded(&install(&script, root, &[]));
    assert!(said.contains("a backup in "), "{said}");
    assert_eq!(fs::read_to_string(&settings).unwrap(), mine);
    assert_eq!(mode("var/backups/hongbao"), 0o700);
    assert!(backup(root).join("backup.json").is_file());
    serve_once(root);

    // What cannot be copied is not touched.
    fs::remove_file(root.join("var/lib/hongbao/db/ledger.sqlite")).unwrap();
    fs::write(archive.path().join("hongbao.service"), "another").unwrap();
    let output = install(&script, root, &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("nothing is changed"), "{}", text(&output.stderr));
    let unit = fs::read_to_string(root.join("etc/systemd/system/hongbao.service")).unwrap();
    assert!(unit.contains("ExecStart="), "the unit is as before");

    let said = succeeded(&install(&script, root, &["--uninstall"]));
    assert!(said.contains("Hongbao is gone"), "{said}");
    assert!(!root.join("usr/local/bin/hongbao").exists());
    assert!(settings.exists() && root.join("var/lib/hongbao/db").is_dir(), "data stay");
    assert_eq!(install(&script, root, &["--force"]).status.code(), Some(1), "it knows no other");
}
