//! The disk is full, and has room again.

use crate::{
    SETTINGS,
    common::server::TestServer,
    disk::{SmallDisk, limit_files},
    traffic::Traffic,
};
use std::{fs, os::unix::fs::symlink};

const DISK_MIB: u32 = 48;

/// A disk of its own for these databases; the others have room.
async fn full(databases: &[&str]) {
    let Some(disk) = SmallDisk::new(DISK_MIB) else {
        // As root alone; `files_that_cannot_grow` needs nothing.
        return;
    };
    let mut server = TestServer::spawn(&SETTINGS);
    server.guest("the first").await;
    assert_eq!(server.terminate(), Some(0));
    let files = server.folder.path().join("db");
    for database in databases {
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
        traffic.until_refused().await;
        traffic.go_on(5).await;
        disk.free();
        traffic.until_back().await;
    }
    traffic.until_at_rest().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_database_on_a_full_disk() {
    full(&["ledger", "people", "lists", "control", "orders-S-0", "orders-N-0", "cold-S", "cold-N"])
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_ledger_on_a_full_disk() {
    full(&["ledger"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_on_a_full_disk() {
    full(&["people"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shard_on_a_full_disk() {
    full(&["orders-S-0"]).await;
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
    traffic.until_refused().await;
    traffic.go_on(5).await;
    limit_files(process, None);
    traffic.until_back().await;
    traffic.until_at_rest().await;
}
