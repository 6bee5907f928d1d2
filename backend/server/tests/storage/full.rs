//! The disk is full, and has room again.

use crate::{
    SETTINGS,
    common::server::TestServer,
    disk::{Limit, SmallDisk},
    traffic::Traffic,
};
use hongbao_domain::planted::Bug;
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{
    fs::{self, File},
    os::unix::fs::symlink,
    path::Path,
    time::Duration,
};
use tokio::task::JoinError;

const DISK_MIB: u32 = 48;
/// Every database, and its place on the board.
const ALL: [(&str, &str); 8] = [
    ("ledger", "ledger"),
    ("people", "people"),
    ("lists", "lists"),
    ("control", "control"),
    ("orders-S-0", "S0"),
    ("orders-N-0", "N0"),
    ("cold-S", "cold S"),
    ("cold-N", "cold N"),
];

/// Where the log goes.
#[derive(PartialEq)]
enum Log {
    Elsewhere,
    OnTheDisk,
}

/// A disk of its own for these databases, each with its place on the board; the others have
/// room.
async fn full(databases: &[(&str, &str)], log: Log) {
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
    let lines = disk.path().join("log");
    assert!(server.try_start_as(|command| {
        if log == Log::OnTheDisk {
            command.stderr(File::create(&lines).unwrap()).env("HONGBAO_TELEMETRY_FILTER", "info");
        }
    }));
    let mut traffic = Traffic::on(server).await;
    traffic.go_on(3).await;
    for _ in 0..2 {
        disk.fill();
        traffic.until_unready().await;
        traffic.go_on(5).await;
        for (_, place) in databases {
            traffic.until_degraded("storage_refuses_writes", place).await;
        }
        disk.free();
        traffic.until_back().await;
        for (_, place) in databases {
            assert!(!traffic.is_degraded("storage_refuses_writes", place).await, "{place}");
        }
    }
    assert_eq!(lines.exists() && fs::metadata(&lines).unwrap().len() > 0, log == Log::OnTheDisk);
    traffic.until_at_rest().await;
}

macro_rules! full {
    ($($name:ident: $databases:expr, $log:expr;)+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                full(&$databases, $log).await;
            }
        )+
    };
}

full! {
    the_ledger: [("ledger", "ledger")], Log::Elsewhere;
    people: [("people", "people")], Log::Elsewhere;
    lists: [("lists", "lists")], Log::Elsewhere;
    switches: [("control", "control")], Log::Elsewhere;
    a_shard: [("orders-S-0", "S0")], Log::Elsewhere;
    cold_storage: [("cold-S", "cold S")], Log::Elsewhere;
    all_of_them: ALL, Log::Elsewhere;
    all_of_them_and_the_log: ALL, Log::OnTheDisk;
}

/// Every database, and an I/O error instead of a full disk.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_cannot_grow() {
    cannot_grow(&[]).await.unwrap();
}

/// A connection whose commit has failed and that is used again would be noticed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_is_used_again_is_noticed() {
    let planted = format!("{}=return", Bug::ConnectionStaysPoisoned.name());
    cannot_grow(&[("FAILPOINTS", &planted)]).await.unwrap_err();
}

/// Fails if anything is answered as it must not be once no file may grow any more, or does not
/// work again as soon as they may.
async fn cannot_grow(settings: &[(&str, &str)]) -> Result<(), JoinError> {
    let settings = [&SETTINGS[..], settings].concat();
    let mut server = TestServer::in_folder(tempfile::tempdir().unwrap(), &settings);
    server.restart_under("trap '' XFSZ; exec \"$0\" \"$@\"");
    let process = server.process_id();
    let mut traffic = Traffic::on(server).await;
    traffic.go_on(3).await;
    let judged = tokio::spawn(async move {
        Limit::File.set(process, Some(4096));
        traffic.until_unready().await;
        traffic.go_on(5).await;
        Limit::File.set(process, None);
        traffic.until_back().await;
        traffic.until_at_rest().await;
    });
    judged.await
}

/// What a write asks for while it is to find no memory: far more than [`SPARE`], and as long as a
/// value of SQLite may be.
const HUNGER: &str = "SELECT hex(zeroblob(450000000))";
/// What is left of memory then; nothing else in a server takes as much.
const SPARE: u64 = 400 << 20;

/// Every database, and no memory for what is written.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_memory_for_a_write() {
    // An arena for each thread would take it up.
    let settings = [&SETTINGS[..], &[("MALLOC_ARENA_MAX", "1")]].concat();
    let server = TestServer::spawn(&settings);
    let (process, databases) = (server.process_id(), server.folder.path().join("db"));
    let mut traffic = Traffic::on(server).await;
    traffic.go_on(3).await;
    for _ in 0..2 {
        Limit::Memory.set(process, Some(memory(process) + SPARE));
        hunger(&databases, true).await;
        traffic.until_unready().await;
        traffic.go_on(5).await;
        hunger(&databases, false).await;
        Limit::Memory.set(process, None);
        traffic.until_back().await;
    }
    traffic.until_at_rest().await;
}

/// What a process has of memory, as it sees it itself.
fn memory(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let kib = status.lines().find_map(|line| line.strip_prefix("VmSize:")).unwrap();
    kib.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}

/// Makes every write ask for a lot of memory, or no longer.
async fn hunger(databases: &Path, is_so: bool) {
    for (database, _) in ALL {
        let options = SqliteConnectOptions::new()
            .filename(databases.join(format!("{database}.sqlite")))
            .busy_timeout(Duration::from_secs(30));
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        let tables = "SELECT name FROM sqlite_schema
                      WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name";
        let tables: Vec<String> =
            sqlx::query_scalar(tables).fetch_all(&mut connection).await.unwrap();
        for (table, event) in tables.iter().flat_map(|name| [(name, "INSERT"), (name, "UPDATE")]) {
            let name = format!("{event}_{table}");
            let change = if is_so {
                format!("CREATE TRIGGER {name} BEFORE {event} ON {table} BEGIN {HUNGER}; END")
            } else {
                format!("DROP TRIGGER {name}")
            };
            sqlx::raw_sql(AssertSqlSafe(change)).execute(&mut connection).await.unwrap();
        }
        connection.close().await.unwrap();
    }
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
