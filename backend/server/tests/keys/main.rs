//! The key ring from outside: a real server whose keys are added, rotated, lost and
//! forgotten while it runs (R-STORE-7, R-FAIR-5).

#![expect(clippy::unwrap_used, reason = "helpers of tests, which Clippy does not take for tests")]

#[path = "../common/mod.rs"]
mod common;

mod gone;
mod pushes;
mod stores;

use common::{
    person::{Person, send},
    receiver::Receiver,
    server::TestServer,
};
use hongbao_shared::{OrderNo, api::packets::SeedMissing};
use reqwest::Method;
use serde_json::json;
use std::{
    fs,
    path::PathBuf,
    process::{Command, Output},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// `hongbao keys …` beside whatever runs.
fn keys(server: &TestServer, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hongbao"))
        .arg("keys")
        .args(arguments)
        .arg("--data")
        .arg(server.folder.path())
        .env("HONGBAO_TELEMETRY_FILTER", "warn")
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn done(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    text(&output.stdout)
}

/// Exit code 2 and one sentence that says this.
fn refused(output: &Output, sentence: &str) {
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.contains(sentence), "{stderr}");
}

/// The id of the key that seals, and of all.
fn listed(server: &TestServer) -> (String, Vec<String>) {
    let list = done(&keys(server, &["list"]));
    let ids = list.lines().map(|line| line[..8].to_owned()).collect();
    let sealing = list.lines().find(|line| line.contains("seals")).unwrap();
    (sealing[..8].to_owned(), ids)
}

/// Waits until a server that runs seals with this key: its notes say so.
async fn until_it_seals(server: &TestServer, id: &str) {
    for _ in 0..500 {
        let list = text(&keys(server, &["list"]).stdout);
        let line = list.lines().find(|line| line.starts_with(id)).unwrap();
        if !line.contains("never used") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the server does not notice {id}");
}

fn start_refused(server: &TestServer, sentence: &str) {
    let started = server.command("server").args(["--listen", "127.0.0.1:0"]).output().unwrap();
    refused(&started, sentence);
}

async fn finish(people: &[Person], order_no: OrderNo) {
    people[0].open(order_no).await;
    people[1].open(order_no).await;
    let details = people[1].details(order_no).await;
    assert!(hongbao_shared::proof::check(&details).unwrap().is_ok());
}

/// While packets are sent and opened without a pause, the key is rotated twice: nobody is
/// refused, tickets from before are good, and so is every proof, also after a restart.
#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_under_load_is_noticed_by_nobody() {
    let mut server = TestServer::spawn(&[]);
    let (group, people) = server.group_of(2).await;
    people[0].top_up(1_000_000, "start").await;
    let (first, _) = listed(&server);
    let before = people[0].send_packet(&group, 200, 2).await;
    let ticket = people[1].ticket(before).await;

    let stop = Arc::new(AtomicBool::new(false));
    let load = tokio::spawn({
        let (people, group, stop) = (people.clone(), group.clone(), Arc::clone(&stop));
        async move {
            let mut sent = Vec::new();
            while !stop.load(Ordering::SeqCst) {
                let order_no = people[0].send_packet(&group, 200, 2).await;
                people[1].open(order_no).await;
                sent.push(order_no);
            }
            sent
        }
    });
    let rotated = done(&keys(&server, &["rotate"]));
    let second = rotated[..8].to_owned();
    until_it_seals(&server, &second).await;
    let added = done(&keys(&server, &["add"]));
    let third = added[..8].to_owned();
    assert_eq!(listed(&server).0, second, "a key that was added does not seal yet");
    done(&keys(&server, &["rotate", &third]));
    until_it_seals(&server, &third).await;
    let after = people[0].send_packet(&group, 200, 2).await;
    stop.store(true, Ordering::SeqCst);
    let sent = load.await.unwrap();
    assert!(!sent.is_empty());

    people[1].open_with(before, &ticket).await.ok(200);
    let (sealing, ids) = listed(&server);
    assert_eq!(sealing, third);
    for id in [&first, &second, &third] {
        assert!(ids.contains(id), "{ids:?}");
    }
    assert_eq!(server.terminate(), Some(0));
    server.restart();
    let people: Vec<_> =
        people.into_iter().map(|person| Person { url: server.url.clone(), ..person }).collect();
    people[0].open(before).await;
    for order_no in sent {
        people[0].open(order_no).await;
        let details = people[1].details(order_no).await;
        assert!(hongbao_shared::proof::check(&details).unwrap().is_ok());
    }
    finish(&people, after).await;
    assert_eq!(server.terminate(), Some(0));
    let audit = server.command("audit").arg("--at-rest").output().unwrap();
    assert!(audit.status.success(), "{}", text(&audit.stdout));
}

/// What the data needs it says itself: without its key, or with another one, there is no
/// start, and the sentence names the key.
#[tokio::test(flavor = "multi_thread")]
async fn a_start_without_a_key_is_refused_by_name() {
    let mut server = TestServer::spawn(&[]);
    let (group, people) = server.group_of(2).await;
    people[0].top_up(1_000, "start").await;
    people[0].send_packet(&group, 200, 2).await;
    let (first, _) = listed(&server);
    let rotated = done(&keys(&server, &["rotate"]));
    let second = rotated[..8].to_owned();
    until_it_seals(&server, &second).await;
    assert_eq!(server.terminate(), Some(0));

    let folder = server.folder.path().join("keys");
    let master = folder.join("master.key");
    let kept = fs::read(&master).unwrap();
    let says = |id: &str| format!("the data needs the key {id}, which is missing; put it back");
    fs::remove_file(&master).unwrap();
    start_refused(&server, &says(&first));
    let list = keys(&server, &["list"]);
    assert_eq!(list.status.code(), Some(1), "{list:?}");
    let list = text(&list.stdout);
    assert!(list.lines().any(|line| line.starts_with(&first) && line.contains("MISSING")));

    // Another one in its place.
    write_key(&master, &"ab".repeat(32));
    start_refused(&server, &says(&first));
    fs::write(&master, kept).unwrap();

    // The one that seals, and then all of them.
    let sealing = folder.join(format!("{second}.key"));
    fs::rename(&sealing, server.folder.path().join("aside")).unwrap();
    start_refused(&server, &says(&second));
    fs::remove_file(folder.join("sealing")).unwrap();
    start_refused(&server, &says(&second));
    fs::remove_file(&master).unwrap();
    let all = if first < second { [&first, &second] } else { [&second, &first] };
    let all = format!("the data needs the keys {}, {}, which are missing", all[0], all[1]);
    start_refused(&server, &all);
}

/// A key that is lost for good: the details of what it sealed do without the proof, its
/// packets cannot be opened, and everything else goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_lost_takes_only_its_own_packets_with_it() {
    let mut server = TestServer::spawn(&[]);
    let (group, people) = server.group_of(2).await;
    people[0].top_up(1_000, "start").await;
    let over = people[0].send_packet(&group, 200, 2).await;
    finish(&people, over).await;
    let open = people[0].send_packet(&group, 200, 2).await;
    let (first, _) = listed(&server);
    let rotated = done(&keys(&server, &["rotate"]));
    until_it_seals(&server, &rotated[..8]).await;
    refused(&keys(&server, &["forget", "--lost", &first]), &format!("{first} is not lost"));
    assert_eq!(server.terminate(), Some(0));
    fs::remove_file(server.folder.path().join("keys").join("master.key")).unwrap();
    start_refused(&server, &format!("the data needs the key {first}"));
    done(&keys(&server, &["forget", "--lost", &first]));
    server.restart();
    let people: Vec<_> =
        people.into_iter().map(|person| Person { url: server.url.clone(), ..person }).collect();
    let details = people[1].details(over).await;
    assert_eq!(details.claims.unwrap().len(), 2);
    assert_eq!(details.fairness.server_seed, None);
    assert_eq!(details.fairness.missing, Some(SeedMissing::KeyMissing));
    let ticket = people[1].ticket(open).await;
    let refused = people[1].open_with(open, &ticket).await;
    assert_eq!(refused.refused(), (503, "unavailable".to_owned()));
    assert!(refused.headers.contains_key("retry-after"));
    let new = people[0].send_packet(&group, 200, 2).await;
    finish(&people, new).await;
}

fn write_key(file: &PathBuf, hex: &str) {
    fs::write(file, hex).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
    }
}

/// A key goes only when nothing needs it.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_needed_is_not_forgotten() {
    let mut server = TestServer::spawn(&[]);
    let (group, people) = server.group_of(2).await;
    people[0].top_up(1_000, "start").await;
    people[0].send_packet(&group, 200, 2).await;
    let (first, _) = listed(&server);
    refused(&keys(&server, &["forget", &first]), &format!("{first} seals"));
    let rotated = done(&keys(&server, &["rotate"]));
    let second = rotated[..8].to_owned();
    until_it_seals(&server, &second).await;
    refused(&keys(&server, &["forget", &first]), &format!("{first} was used until"));
    refused(&keys(&server, &["forget", "01020304"]), "there is no key 01020304");
    let added = done(&keys(&server, &["add"]));
    let third = added[..8].to_owned();
    done(&keys(&server, &["forget", &third]));
    assert!(!listed(&server).1.contains(&third));

    // What was used long ago.
    assert_eq!(server.terminate(), Some(0));
    age(&server).await;
    let needed =
        format!("{first} is needed: it sealed the seeds of 1 open packets, of 0 that were paid");
    refused(&keys(&server, &["forget", &first]), &needed);
    // The second has sealed nothing.
    server.restart();
    done(&keys(&server, &["rotate", &first]));
    until_used_again(&server, &first).await;
    assert_eq!(server.terminate(), Some(0));
    age(&server).await;
    assert_eq!(done(&keys(&server, &["forget", &second])), format!("{second} is forgotten\n"));
    server.restart();
    assert_eq!(listed(&server).1, [first]);
}

/// A key that has sealed goes when all of that is over, and proofs are shown as before: also
/// by a server that ran meanwhile, and by the audit.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_nothing_needs_any_more_is_forgotten() {
    let mut server = TestServer::spawn(&[]);
    let (group, people) = server.group_of(2).await;
    people[0].top_up(1_000, "start").await;
    let over = people[0].send_packet(&group, 200, 2).await;
    let (first, _) = listed(&server);
    let rotated = done(&keys(&server, &["rotate"]));
    until_it_seals(&server, &rotated[..8]).await;
    age(&server).await;
    let needed = format!("{first} is needed: it sealed the seeds of 1 open packets");
    refused(&keys(&server, &["forget", &first]), &needed);
    finish(&people, over).await;
    assert_eq!(done(&keys(&server, &["forget", &first])), format!("{first} is forgotten\n"));
    assert!(!server.folder.path().join("keys").join("master.key").exists());
    // The server reads its folder again each second: for as long as that takes, and after.
    for _ in 0..150 {
        let details = people[1].details(over).await;
        assert!(hongbao_shared::proof::check(&details).unwrap().is_ok());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(server.terminate(), Some(0));
    let audit = server.command("audit").arg("--at-rest").output().unwrap();
    assert!(audit.status.success(), "{}", text(&audit.stdout));
    server.restart();
    let people: Vec<_> =
        people.into_iter().map(|person| Person { url: server.url.clone(), ..person }).collect();
    let details = people[1].details(over).await;
    assert!(hongbao_shared::proof::check(&details).unwrap().is_ok());
    let new = people[0].send_packet(&group, 200, 2).await;
    finish(&people, new).await;
}

/// The secret of a webhook is sealed anew after a rotation, and signs as before (R-API-5).
#[tokio::test(flavor = "multi_thread")]
async fn secrets_of_webhooks_outlive_their_key() {
    let receiver = Receiver::start().await;
    let mut server = TestServer::spawn(&[("HONGBAO_WEBHOOKS_ALLOW_PRIVATE", "true")]);
    let add = ["admin", "service", "add", "bot", "--scopes", "webhooks"];
    let added = done(&server.subcommand(&add).output().unwrap());
    let token = added.split_whitespace().find(|word| word.starts_with("hbs_")).unwrap().to_owned();
    let bot = Person { token, ..server.guest("bot").await };
    let added = bot.post("/service/webhooks", &json!({"url": receiver.url})).await.ok(201);
    let (id, secret) =
        (added["webhook"]["id"].as_str().unwrap(), added["secret"].as_str().unwrap());
    let (first, _) = listed(&server);
    let rotated = done(&keys(&server, &["rotate"]));
    until_it_seals(&server, &rotated[..8]).await;
    until_forgotten(&server, &first).await;
    assert_eq!(server.terminate(), Some(0));
    server.restart();
    let bot = Person { url: server.url.clone(), ..bot };
    let test = format!("/service/webhooks/{id}/test");
    assert_eq!(bot.post(&test, &json!({})).await.ok(200)["status"], 204);
    assert!(receiver.count(1).await[0].is_signed_with(secret));
}

/// Forgets a key that seals nothing but a secret, once the server has sealed that anew by itself.
async fn until_forgotten(server: &TestServer, id: &str) {
    age(server).await;
    for _ in 0..300 {
        let forgotten = keys(server, &["forget", id]);
        if forgotten.status.success() {
            assert_eq!(done(&forgotten), format!("{id} is forgotten\n"));
            return;
        }
        refused(&forgotten, "and 1 secrets of webhooks and pushes");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{id} still seals a secret");
}

/// As if all keys had been used an hour before, and never since.
async fn age(server: &TestServer) {
    ledger(server, "UPDATE sealing_keys SET used_at = used_at - 3600000").await;
}

async fn until_used_again(server: &TestServer, id: &str) {
    for _ in 0..500 {
        let sql = format!(
            "SELECT count(*) FROM sealing_keys WHERE id = '{id}'
             AND used_at > (SELECT max(used_at) FROM sealing_keys WHERE id <> '{id}')"
        );
        if ledger(server, &sql).await == 1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the server does not seal with {id} again");
}

async fn ledger(server: &TestServer, statement: &str) -> i64 {
    let file = server.folder.path().join("db").join("ledger.sqlite");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let statement = sqlx::AssertSqlSafe(statement.to_owned());
    let answer: Option<i64> = sqlx::query_scalar(statement).fetch_optional(&pool).await.unwrap();
    pool.close().await;
    answer.unwrap_or_default()
}

/// Data from before keys had notes: the payments tell which key there was.
#[tokio::test(flavor = "multi_thread")]
async fn data_without_notes_tells_its_key_as_well() {
    let mut server = TestServer::spawn(&[]);
    let (group, people) = server.group_of(2).await;
    people[0].top_up(1_000, "start").await;
    let order_no = people[0].send_packet(&group, 200, 2).await;
    let (first, _) = listed(&server);
    assert_eq!(server.terminate(), Some(0));
    // Seals of that time named no key.
    let unnamed = "UPDATE payments SET payment = json_set(payment, '$.record.sealed_server_seed',
         substr(payment ->> '$.record.sealed_server_seed', 9))";
    ledger(&server, unnamed).await;
    ledger(&server, "DELETE FROM sealing_keys").await;
    let master = server.folder.path().join("keys").join("master.key");
    let kept = fs::read(&master).unwrap();
    write_key(&master, &"ab".repeat(32));
    start_refused(&server, "the seeds of paid packets were sealed with another key than");
    fs::write(&master, kept).unwrap();
    server.restart();
    assert_eq!(listed(&server), (first.clone(), vec![first]));
    let people: Vec<_> =
        people.into_iter().map(|person| Person { url: server.url.clone(), ..person }).collect();
    finish(&people, order_no).await;
}
