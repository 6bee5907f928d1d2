//! The same for administrators: by REST and by command.

use crate::{
    common::{
        person::{Answer, Person, send},
        server::TestServer,
    },
    files::{LEDGER, ORDERS, PEOPLE, antidote, poison, sql, until},
};
use reqwest::Method;
use serde_json::{Value, json};
use std::process::{Command, Output};

fn hongbao(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hongbao")).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

const ONE_SHARD: [(&str, &str); 2] =
    [("HONGBAO_SITES_SHARDS", "1"), ("HONGBAO_RECONCILE_INTERVAL_S", "0")];

fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.refused(), (status, code.to_owned()));
}

async fn balance_becomes(person: &Person, fen: u64) {
    until("it is credited", async || person.balance_fen().await == fen).await;
}

/// R-MONEY-3 by REST: only for administrators, on a server that runs.
#[tokio::test]
async fn administrators_see_and_retry() {
    let server = TestServer::start_with(None, |config| {
        config.sites.shards = 1;
        config.reconcile.interval_s = 0;
    })
    .await;
    let data = server.folder.path().to_owned();
    let (group, people) = server.group_of(3).await;
    let (sender, stranger) = (&people[0], &people[1]);
    sender.top_up(10_000, "k").await;
    let calls = [
        (Method::GET, "/control/dead-letters"),
        (Method::POST, "/control/dead-letters/S0-1/retry"),
        (Method::GET, "/control/reconciliation"),
        (Method::POST, "/control/reconciliation"),
    ];
    for (method, path) in &calls {
        let answer = send(stranger.request(method.clone(), path)).await;
        refused(&answer, 403, "forbidden");
        let nobody = server.request(method.clone(), &format!("/api/v1{path}"));
        refused(&send(nobody).await, 401, "unauthenticated");
    }
    let admin = server.guest("administrator").await;
    server.app().accounts.grant_admin(&admin.id).await.unwrap();

    let order_no = sender.send_packet(&group, 600, 3).await;
    let when = format!("NEW.key = 'credit:{order_no}:0'");
    poison(&data, LEDGER, "transfers", &when).await;
    let amount = people[1].open(order_no).await.amount_fen.get();
    let list = async || admin.get("/control/dead-letters").await.ok(200)["items"].clone();
    until("it is dead", async || list().await.as_array().unwrap().len() == 1).await;
    let letter = list().await[0].clone();
    assert_eq!(letter["state"], "dead");
    assert_eq!(letter["destination"], "credit");
    assert_eq!(letter["orders"], json!([order_no.to_string()]));
    assert!(letter["error"].as_str().unwrap().contains(&order_no.to_string()), "{letter}");
    let failing = admin.get("/control/dead-letters?state=failing").await.ok(200);
    assert_eq!(failing["items"], json!([]));
    refused(&admin.get("/control/dead-letters?state=alive").await, 400, "invalid_query");
    refused(&admin.get("/control/dead-letters?cursor=x").await, 400, "invalid_cursor");
    for id in ["S0-01", "S7-1", "x", "ledger-0"] {
        let path = format!("/control/dead-letters/{id}/retry");
        refused(&admin.post(&path, &json!({})).await, 400, "invalid_id");
    }

    antidote(&data, LEDGER).await;
    let id = letter["id"].as_str().unwrap();
    let path = format!("/control/dead-letters/{id}/retry");
    let first = admin.post(&path, &json!({})).await.ok(200);
    assert_eq!(first, json!({"id": id, "retried": true}));
    balance_becomes(stranger, amount).await;
    assert_eq!(admin.post(&path, &json!({})).await.ok(200)["retried"], false);

    let asked = admin.post("/control/reconciliation", &json!({})).await.ok(202);
    assert_eq!(asked["running"], true);
    let state = async || admin.get("/control/reconciliation").await.ok(200);
    until("it has run", async || state().await["running"] == false).await;
    let report = state().await["last"].clone();
    assert_eq!((&report["is_clean"], &report["claims"]), (&json!(true), &json!(1)), "{report}");
    assert_eq!(report["left"], Value::Array(Vec::new()));
    server.shutdown().await;
}

/// The same by command, beside a running server and on a folder at rest.
#[tokio::test]
async fn commands_work_beside_a_server_and_at_rest() {
    let mut server = TestServer::spawn(&ONE_SHARD);
    let folder = server.folder.path().to_owned();
    let data = folder.to_str().unwrap();
    let (group, people) = server.group_of(3).await;
    people[0].top_up(10_000, "k").await;
    let order_no = people[0].send_packet(&group, 600, 3).await;
    poison(&folder, LEDGER, "transfers", &format!("NEW.key = 'credit:{order_no}:0'")).await;
    let amount = people[1].open(order_no).await.amount_fen.get();
    let listed = || text(&hongbao(&["admin", "dead-letters", "--data", data]).stdout);
    until("it is dead", async || listed().ends_with("1 letters\n")).await;
    let line = listed();
    let id = line.split('\t').next().unwrap().to_owned();
    assert!(id.starts_with("S0-") && line.contains(&order_no.to_string()), "{line}");
    // A dead letter is told, whatever else is in order; a credit is tried again (R-MONEY-6),
    // and dies again as long as its cause is there.
    let reconcile = |more: &[&str]| hongbao(&[&["reconcile", "--data", data], more].concat());
    let output = reconcile(&[]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let report = text(&output.stdout);
    assert!(report.contains("1 dead letters"), "{report}");
    assert!(report.contains("1 of them, credits and refunds, are tried again"), "{report}");
    until("it is dead again", async || listed().ends_with("1 letters\n")).await;
    antidote(&folder, LEDGER).await;
    let output = hongbao(&["admin", "retry", &id, "--data", data]);
    assert_eq!(text(&output.stdout), format!("{id} is retried\n"), "{}", text(&output.stderr));
    balance_becomes(&people[1], amount).await;
    let output = hongbao(&["admin", "retry", &id, "--data", data]);
    assert!(text(&output.stdout).starts_with(&format!("{id} is not dead")));

    // And once more, with the server gone before anybody could retry.
    poison(&folder, LEDGER, "transfers", &format!("NEW.key = 'credit:{order_no}:1'")).await;
    people[2].open(order_no).await;
    until("it is dead", async || listed().ends_with("1 letters\n")).await;
    assert_eq!(server.terminate(), Some(0));
    antidote(&folder, LEDGER).await;
    let output = hongbao(&["admin", "retry", "--all", "--data", data]);
    assert_eq!(text(&output.stdout), "1 letters are retried\n", "{}", text(&output.stderr));
    sql(&folder, ORDERS, "DELETE FROM outbox").await;
    for (more, expected) in [
        (&["--dry-run"][..], "would mend: 1 credit"),
        (&["--dry-run"][..], "would mend: 1 credit"),
        (&[], "mended: 1 credit"),
        (&[], "nothing is left to be looked at"),
    ] {
        let output = reconcile(more);
        let report = text(&output.stdout);
        assert!(output.status.success() && report.contains(expected), "{report}");
        assert!(report.ends_with("nothing is left to be looked at\n"), "{report}");
    }
    let output = hongbao(&["audit", "--at-rest", "--data", data]);
    assert!(output.status.success(), "{}", text(&output.stdout));
}

/// What commands do is in the journal, and the audit names the entry that somebody changes, takes
/// out or puts elsewhere (R-API-6).
#[tokio::test]
async fn commands_are_written_down_and_the_audit_follows() {
    let mut server = TestServer::spawn(&ONE_SHARD);
    let folder = server.folder.path().to_owned();
    let data = folder.to_str().unwrap();
    let run = |arguments: &[&str]| hongbao(&[arguments, &["--data", data]].concat());
    let boss = server.guest("Boss").await;
    for arguments in [
        &["admin", "grant", &boss.id][..],
        &["admin", "service", "add", "bot", "--scopes", "act"],
        &["admin", "service", "rotate", "bot"],
        &["admin", "service", "revoke", "bot"],
        &["admin", "retry", "--all"],
        &["reconcile", "--dry-run"],
        &["reconcile"],
        &["keys", "add"],
        &["keys", "rotate"],
        &["admin", "skip-numbers"],
    ] {
        let output = run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    }
    let journal = boss.get("/control/journal").await.ok(200);
    let entries = journal["items"].as_array().unwrap();
    let names: Vec<_> = entries.iter().map(|entry| entry["what"].as_str().unwrap()).collect();
    let expected = [
        "skip_numbers",
        "rotate_key",
        "add_key",
        "reconcile",
        "retry_dead_letters",
        "revoke_service",
        "rotate_service",
        "add_service",
        "make_administrator",
    ];
    assert_eq!(names, expected);
    assert!(entries.iter().all(|entry| entry.get("user_id").is_none()), "{journal}");
    let head = format!("journal: ends with entry 9 {}", journal["head"]["hash"].as_str().unwrap());
    let output = run(&["audit"]);
    assert!(output.status.success() && text(&output.stdout).contains(&head), "{output:?}");
    assert_eq!(server.terminate(), Some(0));

    let people = folder.join("db").join(PEOPLE);
    let sound = std::fs::read(&people).unwrap();
    for (change, sentence) in [
        ("UPDATE journal SET detail = '{}' WHERE seq = 4", "entry 4 does not follow"),
        ("DELETE FROM journal WHERE seq = 5", "entry 5 is missing"),
        (
            "UPDATE journal SET seq = 99 WHERE seq = 6; UPDATE journal SET seq = 6 WHERE seq = 7;
             UPDATE journal SET seq = 7 WHERE seq = 99",
            "entry 6 does not follow",
        ),
    ] {
        sql(&folder, PEOPLE, change).await;
        let output = run(&["audit"]);
        let report = text(&output.stdout);
        assert_eq!(output.status.code(), Some(1), "{report}");
        assert!(report.contains(&format!("journal_is_whole: journal: {sentence}")), "{report}");
        for left in ["-wal", "-shm"] {
            let _gone = std::fs::remove_file(folder.join("db").join(format!("{PEOPLE}{left}")));
        }
        std::fs::write(&people, &sound).unwrap();
    }
    assert!(run(&["audit", "--at-rest"]).status.success());
}

#[test]
fn wrong_commands_are_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    for (arguments, sentence) in [
        (&["admin", "retry", "S900-1"][..], "there is no database for the letter S900-1"),
        (&["admin", "dead-letters", "--data", "/nowhere"], "there is no data in /nowhere"),
        (&["reconcile", "--data", "/nowhere"], "there is no data in /nowhere"),
    ] {
        let given = arguments.contains(&"--data");
        let more: &[&str] = if given { &[] } else { &["--data", data] };
        let output = hongbao(&[arguments, more].concat());
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains(sentence), "{stderr}");
    }
    for arguments in
        [&["admin", "retry"][..], &["admin", "retry", "x"], &["admin", "retry", "S0-1", "--all"]]
    {
        assert_eq!(hongbao(arguments).status.code(), Some(2), "{arguments:?}");
    }
}
