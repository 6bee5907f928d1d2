//! The data folder is verified as a whole at the start (R-STORE-6).

use crate::{common::server::TestServer, refused, said, text};
use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

const ONE_SHARD: (&str, &str) = ("HONGBAO_SITES_SHARDS", "1");

async fn start(server: &TestServer) -> Output {
    let mut command = server.command("server");
    command.args(["--listen", "127.0.0.1:0"]);
    said(command).await
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// A second server on the same folder; what only looks, or works beside one, does as before.
#[tokio::test]
async fn one_server_works_on_a_folder() {
    let mut server = TestServer::spawn(&[ONE_SHARD]);
    let (group, people) = server.group_of(2).await;
    people[0].top_up(500, "k").await;
    people[0].send_packet(&group, 500, 2).await;
    let sentence = "another server works on the data folder";
    refused(&start(&server).await, sentence);
    refused(&server.command("migrate").output().unwrap(), sentence);
    for command in [&["audit"][..], &["reconcile"], &["admin", "dead-letters"]] {
        let output = server.subcommand(command).output().unwrap();
        assert!(output.status.success(), "{command:?}: {}", text(&output.stderr));
    }
    assert_eq!(people[0].balance_fen().await, 0, "the first one goes on");

    // The lock ends with the process, however that ends.
    server.kill();
    server.restart();
    assert_eq!(server.terminate(), Some(0));
    let output = server.command("migrate").output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
}

/// A database that is gone, replaced by a blank or by another folder's: nobody makes it anew.
#[tokio::test]
async fn a_database_that_is_gone_or_replaced_is_named() {
    let mut other = TestServer::spawn(&[ONE_SHARD]);
    assert_eq!(other.terminate(), Some(0));
    let mut server = TestServer::spawn(&[ONE_SHARD]);
    let (_, people) = server.group_of(2).await;
    people[0].top_up(500, "k").await;
    assert_eq!(server.terminate(), Some(0));
    let db = server.folder.path().join("db");
    let aside = server.folder.path().join("aside.sqlite");
    for name in ["people", "ledger", "orders-S-0", "cold-N", "lists", "control"] {
        let file = db.join(format!("{name}.sqlite"));
        fs::rename(&file, &aside).unwrap();
        let gone = format!("{} is gone", file.display());
        for command in [&["audit"][..], &["reconcile"], &["migrate"], &["admin", "dead-letters"]] {
            refused(&server.subcommand(command).output().unwrap(), &gone);
        }
        refused(&start(&server).await, &gone);
        assert!(!file.exists(), "nobody makes it anew");

        let replaced =
            format!("{} is not the database that this folder was made with", file.display());
        fs::copy(other.folder.path().join("db").join(format!("{name}.sqlite")), &file).unwrap();
        refused(&start(&server).await, &replaced);
        fs::write(&file, b"").unwrap();
        refused(&start(&server).await, &replaced);
        fs::write(&file, "no database at all, but long enough to be taken for one".repeat(100))
            .unwrap();
        refused(&start(&server).await, &format!("{}", file.display()));
        fs::rename(&aside, &file).unwrap();
    }
    server.restart();
    let mut person = people[0].clone();
    person.url.clone_from(&server.url);
    assert_eq!(person.balance_fen().await, 500);
}

/// A restored folder is another one: files of the old one, which are of another moment, do not
/// slip in.
#[tokio::test]
async fn a_restored_folder_is_another() {
    let mut server = TestServer::spawn(&[ONE_SHARD]);
    assert_eq!(server.terminate(), Some(0));
    let places = tempfile::tempdir().unwrap();
    let backup = places.path().join("backup");
    let (from, to) = (server.folder.path(), places.path().join("data"));
    let run = |command: &str, data: &Path| {
        let mut process = Command::new(env!("CARGO_BIN_EXE_hongbao"));
        process.args([command, "--data"]).arg(data).env(ONE_SHARD.0, ONE_SHARD.1);
        if command != "migrate" {
            process.arg(&backup);
        }
        process.output().unwrap()
    };
    let done = run("backup", from);
    assert!(done.status.success(), "{}", text(&done.stderr));
    let done = run("restore", &to);
    assert!(done.status.success(), "{}", text(&done.stderr));
    let key = "keys/master.key";
    fs::copy(from.join(key), to.join(key)).unwrap();
    // As it was restored it is whole.
    let done = run("migrate", &to);
    assert!(done.status.success(), "{}", text(&done.stderr));
    let people = |data: &Path| data.join("db").join("people.sqlite");
    fs::copy(people(from), people(&to)).unwrap();
    let sentence = "people.sqlite is not the database that this folder was made with";
    refused(&run("migrate", &to), sentence);

    // One that was cut off leaves nothing that anybody starts on.
    let cut_off = places.path().join("cut off");
    fs::create_dir(&cut_off).unwrap();
    fs::copy(to.join("manifest.json"), cut_off.join("manifest.json")).unwrap();
    refused(&run("migrate", &cut_off), "is gone");
    fs::remove_file(people(from)).unwrap();
    fs::remove_dir_all(&backup).unwrap();
    refused(&run("backup", from), "people.sqlite is gone");
}

/// Fewer shards than the folder has: packets of the others could not be found.
#[tokio::test]
async fn shards_are_only_ever_added() {
    let mut server = TestServer::spawn(&[ONE_SHARD]);
    assert_eq!(server.terminate(), Some(0));
    assert!(server.try_start(&[("HONGBAO_SITES_SHARDS", "3")]));
    assert_eq!(server.terminate(), Some(0));
    let mut command = server.command("server");
    command.env("HONGBAO_SITES_SHARDS", "2");
    refused(
        &said(command).await,
        "orders-N-2.sqlite belongs to this folder, but sites.shards is 2",
    );
}

/// A folder from before manifests is taken as it is; from then on it is watched.
#[tokio::test]
async fn a_folder_without_a_manifest_is_adopted() {
    let mut server = TestServer::spawn(&[ONE_SHARD]);
    assert_eq!(server.terminate(), Some(0));
    let manifest = server.folder.path().join("manifest.json");
    fs::remove_file(&manifest).unwrap();
    for file in fs::read_dir(server.folder.path().join("db")).unwrap() {
        crate::forget_id(&file.unwrap().path()).await;
    }
    server.restart();
    assert_eq!(server.terminate(), Some(0));
    assert!(manifest.is_file());
    let people = server.folder.path().join("db").join("people.sqlite");
    fs::remove_file(&people).unwrap();
    refused(&start(&server).await, "people.sqlite is gone");
    fs::write(&manifest, "{").unwrap();
    refused(&start(&server).await, "manifest.json");
}

/// The databases themselves say what belongs to a folder whose manifest is gone: one that is gone
/// as well, or empty, is not made anew, and no shard is left out.
#[tokio::test]
async fn without_a_manifest_the_databases_tell_what_is_gone() {
    let mut server = TestServer::spawn(&[("HONGBAO_SITES_SHARDS", "2")]);
    let (_, people) = server.group_of(1).await;
    people[0].top_up(500, "k").await;
    assert_eq!(server.terminate(), Some(0));
    let manifest = server.folder.path().join("manifest.json");
    let aside = server.folder.path().join("aside.sqlite");
    fs::remove_file(&manifest).unwrap();
    for name in ["people", "orders-N-1"] {
        let file = server.folder.path().join("db").join(format!("{name}.sqlite"));
        let gone = format!("{} is gone", file.display());
        fs::rename(&file, &aside).unwrap();
        refused(&start(&server).await, &gone);
        assert!(!file.exists(), "nobody makes it anew");
        fs::write(&file, "").unwrap();
        refused(&start(&server).await, &gone);
        fs::rename(&aside, &file).unwrap();
    }
    let mut command = server.command("server");
    command.env("HONGBAO_SITES_SHARDS", "1");
    refused(&said(command).await, "belongs to this folder, but sites.shards is 1");
    assert!(!manifest.exists());
    server.restart();
    let mut person = people[0].clone();
    person.url.clone_from(&server.url);
    assert_eq!(person.balance_fen().await, 500);
    assert!(manifest.is_file(), "it is written anew");
}

/// What is locked is the folder, not a name in it; and a server whose folder goes away ends
/// before it opens the next file in another one.
#[cfg(unix)]
#[tokio::test]
async fn a_lock_is_not_lost_with_a_name() {
    let mut server = TestServer::spawn(&[ONE_SHARD]);
    let (_, people) = server.group_of(1).await;
    people[0].top_up(500, "k").await;
    let data = server.folder.path().to_owned();
    fs::remove_file(data.join("lock")).unwrap();
    let sentence = "another server works on the data folder";
    refused(&start(&server).await, sentence);
    let link = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(&data, link.path().join("data")).unwrap();
    let mut other = Command::new(env!("CARGO_BIN_EXE_hongbao"));
    other.args(["server", "--listen", "127.0.0.1:0", "--data"]).arg(link.path().join("data"));
    other.env(ONE_SHARD.0, ONE_SHARD.1);
    refused(&said(other).await, sentence);

    let moved = data.with_extension("moved");
    fs::rename(&data, &moved).unwrap();
    fs::create_dir(&data).unwrap();
    assert_eq!(server.ended().await.code(), Some(1));
    assert_eq!(fs::read_dir(&data).unwrap().count(), 0, "nothing is made in the other one");
    fs::remove_dir(&data).unwrap();
    fs::rename(&moved, &data).unwrap();
    server.restart();
    let mut person = people[0].clone();
    person.url.clone_from(&server.url);
    assert_eq!(person.balance_fen().await, 500);
    assert_eq!(server.terminate(), Some(0));
}

/// Password hashes and chats are nobody else's business.
#[cfg(unix)]
#[tokio::test]
async fn nobody_else_reads_the_data() {
    use std::os::unix::fs::PermissionsExt;
    let mut server = TestServer::in_folder(tempfile::tempdir().unwrap(), &[ONE_SHARD]);
    let data = server.folder.path().to_owned();
    let only_ours = |data: &Path| {
        for folder in [data, &data.join("db"), &data.join("keys")] {
            assert_eq!(mode(folder), 0o700, "{}", folder.display());
        }
        for file in fs::read_dir(data.join("db")).unwrap() {
            let file = file.unwrap().path();
            assert_eq!(mode(&file), 0o600, "{}", file.display());
        }
    };
    server.restart();
    server.guest("somebody").await;
    only_ours(&data);
    server.kill();
    // As versions before left it.
    for path in [&data, &data.join("db"), &data.join("keys")] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    for file in fs::read_dir(data.join("db")).unwrap() {
        fs::set_permissions(file.unwrap().path(), fs::Permissions::from_mode(0o644)).unwrap();
    }
    server.restart();
    server.guest("somebody else").await;
    only_ours(&data);

    // A folder that is made, and one that holds other things as well.
    let (made, shared) = (data.join("made"), tempfile::tempdir().unwrap());
    fs::set_permissions(shared.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(shared.path().join("other things"), "").unwrap();
    for data in [&made, shared.path()] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hongbao"));
        command.arg("migrate").arg("--data").arg(data).env(ONE_SHARD.0, ONE_SHARD.1);
        assert!(command.status().unwrap().success());
        assert_eq!(mode(&data.join("db")), 0o700);
    }
    assert_eq!(mode(&made), 0o700);
    assert_eq!(mode(shared.path()), 0o755, "not ours to close");
}

/// R-CTRL-7: as an unknown key of the file does.
#[test]
fn a_variable_that_nobody_reads_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let run = |name: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hongbao"));
        command.arg("migrate").arg("--data").arg(folder.path()).env(name, "5");
        command.env(ONE_SHARD.0, ONE_SHARD.1).output().unwrap()
    };
    refused(
        &run("HONGBAO_LIMITS_MAX_SHARE"),
        "nothing reads HONGBAO_LIMITS_MAX_SHARE: did you mean HONGBAO_LIMITS_MAX_SHARES or \
         HONGBAO_LIMITS_MAX_SHARE_FEN?",
    );
    refused(&run("HONGBAO_SITE_SHARDS"), "did you mean HONGBAO_SITES_SHARDS?");
    refused(&run("HONGBAO_LISTENS"), "did you mean HONGBAO_LISTEN?");
    // Nothing that is far off, and nothing that only tests set.
    for name in ["HONGBAO_LOG", "HONGBAO_BINS", "HONGBAO_CRASH", "HONGBAO_ZZZ"] {
        let nothing = format!("nothing reads {name}: docs/SETTINGS.md lists all settings\n");
        refused(&run(name), &nothing);
    }
    for name in ["HONGBAO_WRITE_DOCS", "HONGBAO_CRASH_POINT", "HONGBAO_SERVICE_HOST", "HONGBAOX"] {
        assert!(run(name).status.success(), "{name}");
    }
}

/// R-STORE-6: what root made in a folder of somebody else its service could not read. So nobody
/// writes for another: neither in a folder that holds data nor at a first start, nor among keys
/// that are kept elsewhere. Only root can make the scene, and only root can do the harm.
#[cfg(unix)]
#[tokio::test]
async fn nobody_writes_in_the_folder_of_another() {
    use std::os::unix::fs::{MetadataExt, lchown};
    const OTHER: u32 = 65_534;
    fn all_in(folder: &Path) -> Vec<std::path::PathBuf> {
        let mut all = vec![folder.to_owned()];
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { all.extend(all_in(&path)) } else { all.push(path) }
        }
        all
    }
    let give_away = |folder: &Path| {
        all_in(folder).iter().all(|path| lchown(path, Some(OTHER), Some(OTHER)).is_ok())
    };
    let mut server = TestServer::spawn(&[ONE_SHARD]);
    assert_eq!(server.terminate(), Some(0));
    let data = server.folder.path().to_owned();
    if !give_away(&data) {
        return;
    }
    // What only reads does so for everybody who may.
    for command in [&["audit"][..], &["keys", "list"], &["admin", "dead-letters"]] {
        let output = server.subcommand(command).output().unwrap();
        assert!(output.status.success(), "{command:?}: {}", text(&output.stderr));
    }
    let before = all_in(&data);
    let sentence = format!("{} belongs to the user with the id {OTHER}", data.display());
    for command in [
        &["keys", "add"][..],
        &["keys", "rotate"],
        &["keys", "forget", "01020304"],
        &["migrate"],
        &["reconcile"],
        &["admin", "grant", "nobody"],
        &["admin", "retry", "--all"],
        &["admin", "skip-numbers"],
    ] {
        let output = server.subcommand(command).output().unwrap();
        refused(&output, &sentence);
        refused(&output, &format!("sudo -u '#{OTHER}'"));
    }
    refused(&start(&server).await, &sentence);
    assert_eq!(all_in(&data), before);
    for path in all_in(&data) {
        assert_eq!(fs::metadata(&path).unwrap().uid(), OTHER, "{}", path.display());
    }

    // The first start, and a restore.
    let empty = tempfile::tempdir().unwrap();
    assert!(give_away(empty.path()));
    let run = |command: &[&str], data: &Path| {
        let mut process = Command::new(env!("CARGO_BIN_EXE_hongbao"));
        process.args(command).arg("--data").arg(data).env(ONE_SHARD.0, ONE_SHARD.1);
        process
    };
    let backup = tempfile::tempdir().unwrap();
    let backup = backup.path().join("backup");
    let done = run(&["backup"], &data).arg(&backup).output().unwrap();
    assert!(done.status.success(), "a copy is whose who makes it: {}", text(&done.stderr));
    let sentence = format!("{} belongs to the user with the id {OTHER}", empty.path().display());
    refused(&said(run(&["server"], empty.path())).await, &sentence);
    refused(&run(&["restore"], empty.path()).arg(&backup).output().unwrap(), &sentence);
    assert_eq!(all_in(empty.path()).len(), 1, "nothing was made");

    // Databases of one's own in it make it one's own.
    fs::create_dir(empty.path().join("db")).unwrap();
    assert!(run(&["migrate"], empty.path()).status().unwrap().success());
    let keys = tempfile::tempdir().unwrap();
    assert!(give_away(keys.path()));
    let rotated = run(&["keys", "rotate"], empty.path())
        .env("HONGBAO_STORAGE_KEYS", keys.path())
        .output()
        .unwrap();
    refused(&rotated, &format!("{} belongs to the user", keys.path().display()));
}
