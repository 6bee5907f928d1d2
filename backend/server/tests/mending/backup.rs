//! R-STORE-6: a backup beside a server that is busy holds one moment; it restores to data
//! that the audit finds clean, and no number is given again.

use crate::{
    common::{person::Person, server::TestServer},
    files::{sql, until},
};
use futures::future::join_all;
use hongbao_shared::OrderNo;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::{Command, Output},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

/// Who opened which share of which packet.
type Told = Arc<Mutex<BTreeMap<(OrderNo, usize), u64>>>;

async fn hongbao(arguments: &[&str], data: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hongbao"));
    command.args(arguments).arg("--data").arg(data);
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

fn stdout(output: &Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{} {stderr}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// One packet after the other, each opened by everybody, until `stop`.
async fn keep_busy(group: String, people: Vec<Person>, told: Told, stop: Arc<AtomicBool>) {
    while !stop.load(Ordering::Relaxed) {
        let shares = u32::try_from(people.len()).unwrap();
        let order_no = people[0].send_packet(&group, 1_000, shares).await;
        let opens = people
            .iter()
            .enumerate()
            .map(async |(who, person)| (who, person.open(order_no).await.amount_fen.get()));
        for (who, amount) in join_all(opens).await {
            told.lock().unwrap().insert((order_no, who), amount);
        }
    }
}

async fn more_than(told: &Told, count: usize) {
    until("more is told", async || told.lock().unwrap().len() > count).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_beside_a_busy_server_holds_one_moment() {
    let mut server = TestServer::spawn(&[]);
    let data = server.folder.path().to_owned();
    let (told, stop) = (Told::default(), Arc::new(AtomicBool::new(false)));
    let mut crowds = Vec::new();
    let mut parties = Vec::new();
    for _ in 0..3 {
        let (group, people) = server.group_of(4).await;
        people[0].top_up(1_000_000, "k").await;
        parties.push((group.clone(), people.clone()));
        let (told, stop) = (Arc::clone(&told), Arc::clone(&stop));
        crowds.push(tokio::spawn(keep_busy(group, people, told, stop)));
    }
    more_than(&told, 24).await;

    let backups = tempfile::tempdir().unwrap();
    let folder = backups.path().join("today");
    let to = folder.to_str().unwrap();
    let before = told.lock().unwrap().clone();
    let output = hongbao(&["backup", "--with-keys", to], &data).await;
    assert!(stdout(&output).contains("databases, "), "{output:?}");
    // It goes on, and what is told from here on is not in the backup.
    let count = told.lock().unwrap().len();
    more_than(&told, count + 12).await;
    stop.store(true, Ordering::Relaxed);
    for crowd in crowds {
        crowd.await.unwrap();
    }
    server.kill();
    let again = hongbao(&["backup", to], &data).await;
    assert_eq!(again.status.code(), Some(1), "a backup goes into an empty folder");

    let restored = tempfile::tempdir().unwrap();
    let place = restored.path().to_owned();
    stdout(&hongbao(&["restore", to], &place).await);
    // Money that is on its way is on its way, and nothing is missing.
    stdout(&hongbao(&["audit"], &place).await);
    let over = hongbao(&["restore", to], &place).await;
    assert!(String::from_utf8_lossy(&over.stderr).contains("there are databases in"), "{over:?}");

    let mut server = TestServer::in_folder(restored, &[]);
    server.restart();
    let at = |person: &Person| Person { url: server.url.clone(), ..person.clone() };
    let people: Vec<Vec<Person>> =
        parties.iter().map(|(_, people)| people.iter().map(at).collect()).collect();
    for ((order_no, who), amount) in &before {
        let mut mine = None;
        for party in &people {
            let answer = party[*who].get(&format!("/packets/{order_no}")).await;
            if answer.status.is_success() {
                let claims = answer.json()["claims"].as_array().unwrap().clone();
                mine = claims.into_iter().find(|claim| claim["user"]["id"] == party[*who].id);
            }
        }
        let mine = mine.unwrap_or_else(|| panic!("{who} opened {order_no}"));
        assert_eq!(mine["amount_fen"], *amount, "{order_no}");
    }
    let given = told.lock().unwrap().clone();
    for ((group, _), people) in parties.iter().zip(&people) {
        for _ in 0..4 {
            let order_no = people[0].send_packet(group, 100, 1).await;
            let repeated = given.keys().any(|(other, _)| *other == order_no);
            assert!(!repeated, "{order_no} was given before");
            people[1].open(order_no).await;
        }
    }
    assert_eq!(server.terminate(), Some(0));
    stdout(&hongbao(&["audit", "--at-rest"], &place).await);
}

/// The numbers of `count` packets that a new group sends.
async fn numbers(server: &TestServer, count: usize) -> Vec<OrderNo> {
    let (group, people) = server.group_of(1).await;
    people[0].top_up(1_000_000, "k").await;
    let mut numbers = Vec::new();
    for _ in 0..count {
        numbers.push(people[0].send_packet(&group, 100, 1).await);
    }
    numbers
}

/// R-ORDER-2: who restores a backup, goes on for a while, and restores it again, or a backup
/// of what was restored, gives numbers that nobody has.
#[tokio::test]
async fn a_backup_that_is_restored_again_repeats_no_number() {
    let backups = tempfile::tempdir().unwrap();
    let to = |name: &str| backups.path().join(name).to_str().unwrap().to_owned();
    let mut server = TestServer::spawn(&[]);
    let mut given = numbers(&server, 4).await;
    stdout(&hongbao(&["backup", "--with-keys", &to("first")], server.folder.path()).await);
    given.extend(numbers(&server, 4).await);
    assert_eq!(server.terminate(), Some(0));
    for (from, round) in [("first", 0), ("first", 1), ("first", 2), ("1", 3), ("1", 4)] {
        let restored = tempfile::tempdir().unwrap();
        stdout(&hongbao(&["restore", &to(from)], restored.path()).await);
        let mut server = TestServer::in_folder(restored, &[]);
        server.restart();
        given.extend(numbers(&server, 8).await);
        let name = to(&round.to_string());
        stdout(&hongbao(&["backup", "--with-keys", &name], server.folder.path()).await);
        given.extend(numbers(&server, 8).await);
        assert_eq!(server.terminate(), Some(0));
    }
    let different: BTreeSet<_> = given.iter().collect();
    assert_eq!(different.len(), given.len(), "{given:?}");
}

/// R-STORE-7: keys come along from wherever the settings say, go to wherever they say, and
/// are those that the backup names.
#[tokio::test]
async fn keys_of_another_folder_come_along() {
    let keys = tempfile::tempdir().unwrap();
    let place = keys.path().join("mine");
    let settings = [("HONGBAO_STORAGE_KEYS", place.to_str().unwrap())];
    let mut server = TestServer::spawn(&settings);
    let (group, people) = server.group_of(2).await;
    people[0].top_up(1_000, "k").await;
    let order_no = people[0].send_packet(&group, 200, 2).await;
    people[1].open(order_no).await;
    let to = keys.path().join("backup");
    let to = to.to_str().unwrap();
    let backup = server.command("backup").args(["--with-keys", to]).output().unwrap();
    stdout(&backup);
    assert_eq!(server.terminate(), Some(0));

    let restored = tempfile::tempdir().unwrap();
    let elsewhere = keys.path().join("elsewhere");
    let settings = [("HONGBAO_STORAGE_KEYS", elsewhere.to_str().unwrap())];
    let mut server = TestServer::in_folder(restored, &settings);
    let restore = || server.command("restore").arg(to).output().unwrap();
    let master = Path::new(to).join("keys").join("master.key");
    let kept = std::fs::read(&master).unwrap();
    std::fs::write(&master, "ab".repeat(32)).unwrap();
    let output = restore();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("lacks the keys"), "{said}");
    std::fs::write(&master, kept).unwrap();
    stdout(&restore());
    assert!(elsewhere.join("master.key").exists());
    server.restart();
    let people: Vec<_> =
        people.into_iter().map(|person| Person { url: server.url.clone(), ..person }).collect();
    people[0].open(order_no).await;
    assert_eq!(server.terminate(), Some(0));
}

/// Everything in a folder and below it.
fn inside(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        found.extend(inside(&path));
        found.push(path.display().to_string());
    }
    found.sort();
    found
}

/// R-STORE-6: what a backup holds is looked at before anything of it is restored.
#[tokio::test]
async fn a_backup_that_is_damaged_is_not_restored() {
    let mut server = TestServer::spawn(&[]);
    numbers(&server, 1).await;
    assert_eq!(server.terminate(), Some(0));
    let places = tempfile::tempdir().unwrap();
    let backup = places.path().join("backup");
    let (to, data) = (backup.to_str().unwrap(), places.path().join("data"));
    stdout(&hongbao(&["backup", to], server.folder.path()).await);
    for file in ["ledger.sqlite", "people.sqlite", "lists.sqlite"] {
        let file = backup.join("db").join(file);
        let whole = std::fs::read(&file).unwrap();
        // Anywhere, also in what no table uses and no look at the tables would find.
        for at in [30, whole.len() / 2, whole.len() - 1] {
            let mut flipped = whole.clone();
            flipped[at] ^= 1;
            std::fs::write(&file, flipped).unwrap();
            let refused = hongbao(&["restore", to], &data).await;
            let said = String::from_utf8_lossy(&refused.stderr).into_owned();
            assert!(!refused.status.success() && said.contains("is damaged"), "{at}: {said}");
            assert_eq!(inside(&data), [""; 0]);
        }
        std::fs::write(&file, whole).unwrap();
    }
    stdout(&hongbao(&["restore", to], &data).await);
}

/// R-STORE-6: a backup of a later version is refused in a sentence, before anything is restored.
#[tokio::test]
async fn a_backup_of_a_later_version_is_not_restored() {
    let mut server = TestServer::spawn(&[]);
    numbers(&server, 1).await;
    assert_eq!(server.terminate(), Some(0));
    let places = tempfile::tempdir().unwrap();
    let data = places.path().join("data");
    for file in ["ledger.sqlite", "people.sqlite", "orders-S-0.sqlite", "cold-N.sqlite"] {
        let backup = places.path().join(file);
        let to = backup.to_str().unwrap();
        stdout(&hongbao(&["backup", "--with-keys", to], server.folder.path()).await);
        let migration = "INSERT INTO _sqlx_migrations
                             (version, description, success, checksum, execution_time)
                         VALUES (999, 'tomorrow', 1, x'00', 0)";
        assert_eq!(sql(&backup, file, migration).await, 1);
        let note = backup.join("backup.json");
        let said = std::fs::read_to_string(&note).unwrap();
        let mut said: serde_json::Value = serde_json::from_str(&said).unwrap();
        for one in said["files"].as_array_mut().unwrap() {
            one.as_object_mut().unwrap().remove("sha256");
        }
        std::fs::write(&note, said.to_string()).unwrap();
        let refused = hongbao(&["restore", to], &data).await;
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(1), "{said}");
        assert!(said.contains(&format!("this one cannot read its {file}")), "{said}");
        assert!(!data.exists(), "{file}: {:?}", inside(&data));
    }
}

/// R-STORE-6: under its name a backup is whole, and it is in no folder that it is a backup of.
#[tokio::test]
async fn a_backup_that_fails_leaves_nothing() {
    let mut server = TestServer::spawn(&[]);
    numbers(&server, 1).await;
    assert_eq!(server.terminate(), Some(0));
    let data = server.folder.path();
    let before = inside(data);
    for within in ["", "db", "b", "keys/b", "b/c/d", "db/../b"] {
        let to = data.join(within);
        let refused = hongbao(&["backup", to.to_str().unwrap()], data).await;
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        let told = said.contains("is in the data folder") || said.contains("is not empty");
        assert!(!refused.status.success() && told, "{within}: {said}");
    }
    assert_eq!(inside(data), before);

    // The keys are others than those that the data names.
    let master = data.join("keys").join("master.key");
    let key = std::fs::read(&master).unwrap();
    std::fs::write(&master, "ab".repeat(32)).unwrap();
    let backups = tempfile::tempdir().unwrap();
    let to = backups.path().join("b");
    let to = to.to_str().unwrap();
    let refused = hongbao(&["backup", "--with-keys", to], data).await;
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success(), "{said}");
    assert_eq!(inside(backups.path()), [""; 0], "{said}");
    std::fs::write(&master, key).unwrap();
    stdout(&hongbao(&["backup", "--with-keys", to], data).await);
}

#[tokio::test]
async fn wrong_folders_are_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("backup");
    let to = to.to_str().unwrap();
    for (arguments, sentence) in
        [(["backup", to], "there are no databases in"), (["restore", to], "is no whole backup")]
    {
        let output = hongbao(&arguments, folder.path()).await;
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(stderr.contains(sentence), "{stderr}");
    }
}

/// What answers for a server in its data folder, and what a backup asks it.
const BARRIER: &str = "barrier";

/// R-STORE-6: a backup that is stopped, or whose disk is dead, stops nobody else for long: the
/// server has its writers wait, and knows for how long.
#[cfg(unix)]
#[tokio::test]
async fn a_backup_that_stands_still_does_not_hold_the_server() {
    use std::{io::Read, os::unix::net::UnixStream};
    let server = TestServer::spawn(&[]);
    let (_, people) = server.group_of(1).await;
    let socket = server.folder.path().join(BARRIER);
    let mut stands_still = UnixStream::connect(&socket).unwrap();
    let mut heard = Vec::new();
    let mut byte = [0];
    stands_still.read_exact(&mut byte).unwrap();
    assert_eq!(byte, *b"h", "writers wait");
    people[0].top_up(500, "k").await;
    // It is told that it was too late, whatever it says now.
    stands_still.read_to_end(&mut heard).unwrap();
    assert_eq!(heard, b"");
    // Others are served as before.
    let backups = tempfile::tempdir().unwrap();
    let to = backups.path().join("b");
    stdout(&hongbao(&["backup", to.to_str().unwrap()], server.folder.path()).await);
    drop(UnixStream::connect(&socket).unwrap());
    assert_eq!(people[0].balance_fen().await, 500);
}

/// One that the server did not wait for has seen several moments.
#[cfg(unix)]
#[tokio::test]
async fn a_backup_that_was_not_waited_for_fails() {
    use std::{
        io::{Read, Write},
        os::unix::net::UnixListener,
    };
    let mut server = TestServer::spawn(&[]);
    numbers(&server, 1).await;
    assert_eq!(server.terminate(), Some(0));
    let data = server.folder.path();
    let socket = data.join(BARRIER);
    assert!(!socket.exists(), "a server that has ended leaves none");
    let listener = UnixListener::bind(&socket).unwrap();
    let impatient = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"h").unwrap();
        stream.read_exact(&mut [0]).unwrap();
    });
    let backups = tempfile::tempdir().unwrap();
    let to = backups.path().join("b");
    let refused = hongbao(&["backup", to.to_str().unwrap()], data).await;
    impatient.join().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("took too long to begin"), "{said}");
    assert_eq!(inside(backups.path()), [""; 0]);
    // Nobody serves it any more: the backup waits for nobody.
    stdout(&hongbao(&["backup", to.to_str().unwrap()], data).await);
}
