//! The disk is full, and has room again.

use crate::{
    SETTINGS,
    common::server::TestServer,
    disk::{SmallDisk, limit_files},
    traffic::Traffic,
};
use std::{fs, os::unix::fs::symlink};

const DISK_MIB: u32 = 48;

/// A disk of its own for these databases, each with its place on the board; the others have
/// room.
async fn full(databases: &[(&str, &str)]) {
    let Some(disk) = SmallDisk::new(DISK_MIB) else { return };
    let mut server = TestServer::spawn(&SETTINGS);
    server.guest("the first").await;
    assert_eq!(server.terminate(), Some(0));
    let files = server.folder.path().join("db");
    for (database, _) in databases {
        let file = format!("{database}.sqlite");
        let (here, there) = (files.join(&file), disk.path().join(&file));
        fs::copy(&here, &there).unwrap();
        fs::remove_file(&here).unwrap();
        symlink(there, here).unwrap();
    }
    server.restart();
    let mut traffic = Traffic::on(server).await;
    traffic.go_on(3).await;
    for _ in 0..2 {
        disk.fill();
        traffic.until_unready().await;
        let mut shown = false;
        for (_, place) in databases {
            shown |= traffic.is_degraded("storage_refuses_writes", place).await;
        }
        assert!(shown, "R-CTRL-4");
        traffic.go_on(5).await;
        disk.free();
        traffic.until_back().await;
        for (_, place) in databases {
            assert!(!traffic.is_degraded("storage_refuses_writes", place).await, "{place}");
        }
    }
    traffic.until_at_rest().await;
}

macro_rules! full {
    ($($name:ident: $($database:literal at $place:literal),+;)+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                full(&[$(($database, $place)),+]).await;
            }
        )+
    };
}

full! {
    the_ledger: "ledger" at "ledger";
    people: "people" at "people";
    lists: "lists" at "lists";
    switches: "control" at "control";
    a_shard: "orders-S-0" at "S0";
    cold_storage: "cold-S" at "cold S";
    all_of_them: "ledger" at "ledger", "people" at "people", "lists" at "lists",
        "control" at "control", "orders-S-0" at "S0", "orders-N-0" at "N0",
        "cold-S" at "cold S", "cold-N" at "cold N";
}

/// Every database, and an I/O error instead of a full disk.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_cannot_grow() {
    let mut server = TestServer::in_folder(tempfile::tempdir().unwrap(), &SETTINGS);
    server.restart_under("trap '' XFSZ; exec \"$0\" \"$@\"");
    let process = server.process_id();
    let mut traffic = Traffic::on(server).await;
    traffic.go_on(3).await;
    limit_files(process, Some(4096));
    traffic.until_unready().await;
    traffic.go_on(5).await;
    limit_files(process, None);
    traffic.until_back().await;
    traffic.until_at_rest().await;
}

/// Below the floor people add nothing, and what is paid is opened and credited.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn little_room() {
    let Some(disk) = SmallDisk::new(DISK_MIB) else { return };
    let folder = tempfile::tempdir_in(disk.path()).unwrap();
    let mut settings = SETTINGS.to_vec();
    settings.push(("HONGBAO_STORAGE_FREE_MIN_MIB", "8"));
    let mut server = TestServer::in_folder(folder, &settings);
    server.restart();
    let mut traffic = Traffic::on(server).await;
    disk.fill_but(4 << 20);
    traffic.until("disk_low", true).await;
    traffic.only_what_is_paid_goes_on().await;
    assert!(traffic.is_ready().await, "it can do what it is there for");
    disk.free();
    traffic.until("disk_low", false).await;
    traffic.until_back().await;
    traffic.until_at_rest().await;
}

/// The first start is all or nothing: where there was no room for some of it, the next one begins
/// again. With none at all, and with enough for the keys, or for some of the databases.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_start_begins_again() {
    let Some(disk) = SmallDisk::new(DISK_MIB) else { return };
    let settings = [&SETTINGS[..], &[("HONGBAO_STORAGE_FREE_MIN_MIB", "0")]].concat();
    let mut failed = 0;
    for kib in [0, 4, 8, 16, 64, 128, 256, 512, 1024, 2048, 4096] {
        let mut server =
            TestServer::in_folder(tempfile::tempdir_in(disk.path()).unwrap(), &settings);
        disk.fill_but(kib << 10);
        if server.try_start(&[]) {
            assert_eq!(server.terminate(), Some(0));
        } else {
            failed += 1;
            assert!(!server.wait().success());
        }
        if kib == 0 {
            let output = server.command("server").args(["--listen", "127.0.0.1:0"]).output();
            let stderr = String::from_utf8(output.unwrap().stderr).unwrap();
            assert!(stderr.contains("master.key") && stderr.contains("No space left"), "{stderr}");
            let left = fs::read_dir(server.folder.path().join("keys")).unwrap().count();
            assert_eq!(left, 0, "no draft of a key");
        }
        disk.free();
        server.restart();
        server.guest("the first").await;
        assert_eq!(server.terminate(), Some(0));
    }
    assert!(failed > 3, "{failed}");
}

/// A server that has ended, and then no room, or no right, to write a byte: what only reads does
/// so, what writes says why it cannot, and leaves nothing behind.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_only_reads_needs_no_room() {
    let Some(disk) = SmallDisk::new(DISK_MIB) else { return };
    let folder = tempfile::tempdir_in(disk.path()).unwrap();
    let settings = [&SETTINGS[..], &[("HONGBAO_STORAGE_FREE_MIN_MIB", "0")]].concat();
    let mut server = TestServer::in_folder(folder, &settings);
    server.restart();
    let mut traffic = Traffic::on(server).await;
    traffic.go_on(3).await;
    traffic.until_at_rest().await;
    assert_eq!(traffic.server.terminate(), Some(0));
    let server = &mut traffic.server;
    let keys = server.folder.path().join("keys");
    let run = |words: &[&str]| {
        let output = server.subcommand(words).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let read = || {
        for words in [&["audit", "--at-rest"][..], &["keys", "list"], &["admin", "dead-letters"]] {
            let (code, stderr) = run(words);
            assert_eq!(code, Some(0), "{words:?}: {stderr}");
        }
    };
    let before = fs::read_dir(&keys).unwrap().count();
    disk.fill();
    read();
    let (code, stderr) = run(&["keys", "rotate"]);
    assert!(code != Some(0) && stderr.contains("No space left"), "{stderr}");
    assert_eq!(fs::read_dir(&keys).unwrap().count(), before, "no draft, and no key");
    let (code, stderr) = run(&["server", "--listen", "127.0.0.1:0"]);
    assert!(code != Some(0) && stderr.contains("the disk is full"), "{stderr}");
    disk.free();
    disk.read_only(true);
    read();
    disk.read_only(false);
    server.restart();
    server.guest("the last").await;
    assert_eq!(server.terminate(), Some(0));
}
