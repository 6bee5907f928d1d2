//! The binary from outside.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which Clippy does not take for tests")]

#[path = "common/mod.rs"]
mod common;

use common::{person::send, server::TestServer};
use reqwest::Method;
use serde_json::{Value, json};
use std::{
    ffi::OsStr,
    io::Write,
    process::{Command, Output, Stdio},
};

fn hongbao<S: AsRef<OsStr>>(arguments: &[S]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hongbao")).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Exit code 2 and exactly one line that says this.
fn refused(output: &Output, sentence: &str) {
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.starts_with("hongbao: ") && stderr.contains(sentence), "{stderr}");
    assert!(output.stdout.is_empty());
}

fn split(arguments: &[&str]) -> Vec<Vec<u64>> {
    let output = hongbao(&[&["split", "--format", "csv"], arguments].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    let lines = text(&output.stdout);
    lines.lines().map(|line| line.split(',').map(|n| n.parse().unwrap()).collect()).collect()
}

/// Every subcommand stands in the document of them, with all of its own.
#[test]
fn the_document_names_every_subcommand() {
    let document = include_str!("../../../docs/COMMANDS.md");
    let (mut missing, mut count) = (Vec::new(), 0);
    let mut waiting = vec![Vec::new()];
    while let Some(path) = waiting.pop() {
        let help = text(&hongbao(&[&path[..], &["--help".to_owned()]].concat()).stdout);
        let Some((_, listed)) = help.split_once("Commands:\n") else { continue };
        let names = listed.lines().take_while(|line| !line.is_empty());
        let names = names.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
        for name in names.filter_map(|line| line.split_whitespace().next()) {
            let path = [&path[..], &[name.to_owned()]].concat();
            if name == "help" {
                continue;
            }
            // Some stand in one line with their like: `hongbao keys list\|add`.
            let group = format!("`hongbao {}", path[..path.len() - 1].join(" "));
            let is_there = document.lines().any(|line| {
                line.contains(&format!("`hongbao {}", path.join(" ")))
                    || path.len() > 1
                        && line.split(&*group).skip(1).any(|rest| {
                            let words = rest.split('`').next().unwrap_or_default();
                            words.split(['\\', '|', ' ']).any(|word| word == name)
                        })
            });
            count += 1;
            if !is_there {
                missing.push(path.join(" "));
            }
            waiting.push(path);
        }
    }
    assert!(missing.is_empty(), "docs/COMMANDS.md lacks {missing:?}");
    assert!(count > 20, "{count} subcommands");
}

#[test]
fn splits_are_lines_of_amounts() {
    let lines = split(&["--total-fen", "20000", "--shares", "7", "--samples", "50"]);
    assert_eq!(lines.len(), 50);
    for line in &lines {
        assert_eq!((line.len(), line.iter().sum::<u64>()), (7, 20_000));
        assert!(line.iter().all(|share| (1..=20_000).contains(share)), "{line:?}");
    }
    assert_ne!(lines[0], lines[1]);
    let equal = ["--total-fen", "10", "--shares", "5", "--samples", "2", "--kind", "equal"];
    assert_eq!(split(&equal), vec![vec![2; 5]; 2]);
}

#[test]
fn the_same_seed_splits_the_same() {
    let seed = "0123456789abcdef".repeat(4);
    let terms = ["--total-fen", "9999", "--shares", "4", "--seed", &seed];
    let sample = |count| split(&[&terms[..], &["--samples", count]].concat());
    let many = sample("5");
    assert_eq!(many, sample("5"));
    assert_eq!(many[..2], sample("2"), "a line does not depend on how many follow");
    let upper = seed.to_uppercase();
    let upper = ["--total-fen", "9999", "--shares", "4", "--seed", &upper, "--samples", "5"];
    assert_eq!(many, split(&upper));
}

/// The first line is the split under the seed itself: the published vectors (R-FAIR-4).
#[test]
fn the_first_sample_is_that_of_the_vectors() {
    let vectors: Value =
        serde_json::from_str(include_str!("../../../docs/fairness-vectors.json")).unwrap();
    let vectors = vectors.as_array().unwrap();
    let mut checked = 0;
    for vector in vectors.iter().filter(|vector| vector["kind"] == "lucky") {
        let number = |field: &str| vector[field].to_string();
        let line = split(&[
            "--total-fen",
            &number("total_fen"),
            "--shares",
            &number("shares"),
            "--max-share-fen",
            &number("max_share_fen"),
            "--seed",
            vector["seed"].as_str().unwrap(),
        ]);
        assert_eq!(Value::from(line[0].clone()), vector["amounts"], "{}", vector["name"]);
        checked += 1;
    }
    assert!(checked > 5);
}

#[test]
fn splits_that_cannot_be_are_one_sentence() {
    let terms = |total, shares, more: &[&'static str]| {
        let all = [&["split", "--total-fen", total, "--shares", shares], more].concat();
        hongbao(&all)
    };
    refused(&terms("0", "1", &[]), "--total-fen must be 1 to");
    refused(&terms("3", "5", &[]), "there are more shares than fen");
    refused(&terms("3", "0", &[]), "a packet has at least one share");
    refused(&terms("40001", "2", &[]), "a share would exceed the most that a share may hold");
    refused(&terms("5", "2", &["--kind", "equal"]), "must divide by its shares");
    refused(&terms("5", "2", &["--max-share-fen", "0"]), "--max-share-fen must be 1 to");
    refused(&terms("5", "2", &["--seed", "abc"]), "--seed must be 32 bytes as 64 symbols of hex");
    // clap's own: what is not a number at all.
    assert_eq!(terms("1.5", "2", &[]).status.code(), Some(2));
}

#[test]
fn a_reader_who_has_seen_enough_is_no_error() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_hongbao"))
        .args(["split", "--total-fen", "100", "--shares", "10", "--samples", "10000000"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_wrong_configuration_is_one_sentence() {
    let server = |variable: &str, value: &str, more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hongbao"));
        let folder = tempfile::tempdir().unwrap();
        command.args(["server", "--listen", "127.0.0.1:0", "--data"]).arg(folder.path());
        command.args(more).env(variable, value).output().unwrap()
    };
    refused(
        &server("HONGBAO_LIMITS_MAX_SHARES", "many", &[]),
        "HONGBAO_LIMITS_MAX_SHARES must be a whole number",
    );
    refused(&server("HONGBAO_TIME_ZONE", "Mars", &[]), "there is no time zone \"Mars\"");
    refused(&server("A", "b", &["--config", "/nowhere"]), "cannot read /nowhere");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hongbao.toml");
    std::fs::write(&file, "[server]\nport = 1\n").unwrap();
    refused(&server("HONGBAO_CONFIG", file.to_str().unwrap(), &[]), "line 2: unknown field `port`");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let data = folder.path().join("data");
    let output = hongbao(&["server", "--listen", &taken, "--data", data.to_str().unwrap()]);
    refused(&output, &format!("cannot listen at {taken}: "));
    assert!(!data.exists(), "nothing was touched");
}

#[test]
fn databases_can_be_made_beforehand() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    for _ in 0..2 {
        let output = hongbao(&["migrate", "--data", data]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert_eq!(text(&output.stdout), format!("the databases in {data} are up to date\n"));
    }
}

/// A finished packet verifies from its file and from standard input; changed by a
/// fen, it does not.
#[tokio::test]
async fn details_are_verified() {
    let server = TestServer::start().await;
    let (group, people) = server.group_of(2).await;
    people[0].top_up(500, "k").await;
    let order_no = people[0].send_packet(&group, 500, 2).await;
    let open = people[0].get(&format!("/packets/{order_no}")).await.body;
    for person in &people {
        person.open(order_no).await;
    }
    let finished = people[0].get(&format!("/packets/{order_no}")).await.body;
    let folder = tempfile::tempdir().unwrap();
    let verify = |text: &str| {
        let file = folder.path().join("details.json");
        std::fs::write(&file, text).unwrap();
        hongbao(&["verify", file.to_str().unwrap()])
    };
    let output = verify(&finished);
    assert!(output.status.success());
    assert!(text(&output.stdout).ends_with("everything matches\n"), "{}", text(&output.stdout));

    let mut child = Command::new(env!("CARGO_BIN_EXE_hongbao"))
        .args(["verify", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(finished.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());

    let mut changed: Value = serde_json::from_str(&finished).unwrap();
    for (claim, by) in [(0, 1), (1, -1)] {
        let amount = &mut changed["claims"][claim]["amount_fen"];
        *amount = (amount.as_i64().unwrap() + by).into();
    }
    let output = verify(&changed.to_string());
    assert_eq!(output.status.code(), Some(1));
    let report = text(&output.stdout);
    assert!(report.contains("2 shares: MISMATCH") && report.contains("share 0: paid"), "{report}");
    let output = verify(&open);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("cannot be checked: the packet is still open"));
    refused(&verify("{}"), "does not hold a packet's details");
    refused(&hongbao(&["verify", "/nowhere.json"]), "cannot read /nowhere.json");
}

/// A server that ends by itself leaves nothing on its way.
#[tokio::test]
async fn an_ended_server_is_at_rest() {
    let mut server = TestServer::spawn(&[]);
    let (group, people) = server.group_of(3).await;
    people[0].top_up(700, "k").await;
    let order_no = people[0].send_packet(&group, 700, 3).await;
    for person in &people[1..] {
        person.open(order_no).await;
    }
    assert_eq!(server.terminate(), Some(0));
    let data = server.folder.path().to_str().unwrap();
    let output = hongbao(&["audit", "--at-rest", "--data", data]);
    let report = text(&output.stdout);
    assert!(output.status.success(), "{report}{}", text(&output.stderr));
    assert!(report.contains("1 packets, 2 claims"), "{report}");
    assert!(report.ends_with("every fen is where it should be\n"), "{report}");
}

/// The house gives a newcomer money, once, whatever becomes of it and of the setting (R-WEB-6);
/// the books say so, and the audit knows it (R-MONEY-5).
#[tokio::test]
async fn newcomers_are_given_money_once() {
    let given = |fen: &str| [("HONGBAO_LIMITS_WELCOME_GRANT_FEN", fen.to_owned())];
    let mut server = TestServer::spawn(&[("HONGBAO_LIMITS_WELCOME_GRANT_FEN", "20000")]);
    let (group, mut people) = server.group_of(2).await;
    assert_eq!(people[0].get("/me").await.ok(200)["balance_fen"], 20_000);
    assert_eq!(people[0].get("/session").await.ok(200)["balance_fen"], 20_000);
    assert_eq!(people[0].balance_fen().await, 20_000);
    // The first packet needs nothing else, and whoever has spent all is no newcomer.
    people[0].send_packet(&group, 20_000, 2).await;
    assert_eq!(people[0].balance_fen().await, 0);
    let page = people[0].get("/wallet/entries").await.ok(200);
    let kinds: Vec<_> =
        page["items"].as_array().unwrap().iter().map(|line| &line["kind"]).collect();
    assert_eq!(kinds, ["pay", "welcome"]);
    // Whatever comes first: a payment, or money of one's own.
    let (payer, saver) = (server.guest("Payer").await, server.guest("Saver").await);
    let alone = payer.post("/groups", &json!({"name": "Alone"})).await.ok(201);
    payer.send_packet(alone["id"].as_str().unwrap(), 20_000, 2).await;
    saver.top_up(100, "own").await;
    assert_eq!(saver.balance_fen().await, 20_100);
    for fen in ["300", "0"] {
        assert_eq!(server.terminate(), Some(0));
        let [(name, value)] = given(fen);
        assert!(server.try_start(&[(name, &value)]), "it starts with {fen}");
        for person in &mut people {
            person.url.clone_from(&server.url);
        }
        assert_eq!(people[0].balance_fen().await, 0, "another setting is no second welcome");
        let next = server.guest("Next").await;
        assert_eq!(next.balance_fen().await, fen.parse::<u64>().unwrap());
    }
    assert_eq!(server.terminate(), Some(0));
    let data = server.folder.path().to_str().unwrap();
    let output = hongbao(&["audit", "--at-rest", "--data", data]);
    assert!(output.status.success(), "{}", text(&output.stdout));
}

/// What the house gives each day and what is granted is known to the audit (R-API-4).
#[tokio::test]
async fn the_audit_knows_what_the_house_gives() {
    let mut server = TestServer::spawn(&[
        ("HONGBAO_LIMITS_WELCOME_GRANT_FEN", "20"),
        ("HONGBAO_TREASURY_DAILY_ALLOWANCE_FEN", "7"),
    ]);
    let (ann, boss) = (server.guest("Ann").await, server.guest("Boss").await);
    let data = server.folder.path().to_str().unwrap().to_owned();
    let output = hongbao(&["admin", "grant", &boss.id, "--data", &data]);
    assert!(output.status.success(), "{}", text(&output.stdout));
    let grant = json!({"user_id": ann.id, "amount_fen": 5, "key": "k"});
    boss.post("/grants", &grant).await.ok(201);
    assert_eq!(ann.balance_fen().await, 32);
    assert_eq!(boss.balance_fen().await, 27);
    assert_eq!(server.terminate(), Some(0));
    let output = hongbao(&["audit", "--data", &data]);
    assert!(output.status.success(), "{}", text(&output.stdout));
}

/// SIGTERM ends a server with exit code 0, and what was answered is there afterwards,
/// as it is after `kill -9`.
#[tokio::test]
async fn a_server_ends_and_starts_again() {
    let mut server = TestServer::spawn(&[]);
    let (group, people) = server.group_of(2).await;
    people[0].top_up(500, "k").await;
    let order_no = people[0].send_packet(&group, 500, 2).await;
    let opened = people[1].open(order_no).await;
    server.kill();
    // What the killed server was delivering is on its way.
    let data = server.folder.path().to_str().unwrap().to_owned();
    let output = hongbao(&["audit", "--data", &data]);
    assert!(output.status.success(), "{}", text(&output.stdout));
    server.restart();
    let mut member = people[1].clone();
    member.url.clone_from(&server.url);
    assert_eq!(member.grab(order_no).await["amount_fen"], opened.amount_fen.get());

    assert_eq!(server.terminate(), Some(0));
    assert!(server.request(Method::GET, "/healthz").send().await.is_err(), "nobody is there");
    server.restart();
    send(server.request(Method::GET, "/readyz")).await.status.is_success().then_some(()).unwrap();

    let output = hongbao(&["admin", "grant", &people[0].id, "--data", &data]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let mut owner = people[0].clone();
    owner.url.clone_from(&server.url);
    assert_eq!(owner.get("/me").await.ok(200)["is_admin"], true);
    refused(&hongbao(&["audit", "--data", "/nowhere"]), "there is no data in /nowhere");
    let output = hongbao(&["admin", "grant", "nobody", "--data", &data]);
    refused(&output, "there is nobody with the id or account name \"nobody\"");
    refused(
        &hongbao(&["admin", "grant", "1", "--data", "/nowhere"]),
        "there is no data in /nowhere",
    );
}

/// R-API-5: accounts of programs, beside a running server.
#[tokio::test]
async fn programs_are_added_rotated_and_revoked() {
    let server = TestServer::spawn(&[]);
    let data = server.folder.path().to_str().unwrap().to_owned();
    let service = |arguments: &[&str]| {
        hongbao(&[&["admin", "service"], arguments, &["--data", data.as_str()]].concat())
    };
    let told = |output: Output| {
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout).trim().to_owned()
    };
    let ask = async |token: &str, method: Method, path: &str, body: Value| {
        let request = server.request(method, &format!("/api/v1{path}"));
        send(request.bearer_auth(token).json(&body)).await
    };
    let first = told(service(&["add", "bot", "--scopes", "act,read", "--days", "1"]));
    assert!(first.starts_with("hbs_"), "{first}");
    let asked = ask(&first, Method::GET, "/service", Value::Null).await.ok(200);
    assert_eq!(asked["scopes"], serde_json::json!(["act", "read"]));
    let people = serde_json::json!({"people": [{"provider": "chat", "id": "ann", "name": "Ann"}]});
    let linked = ask(&first, Method::PUT, "/service/people", people.clone()).await.ok(200);
    assert!(told(service(&["acts", "bot"])).ends_with("PUT /api/v1/service/people"));
    let second = told(service(&["rotate", "bot", "--overlap-hours", "1"]));
    assert_ne!(first, second);
    for token in [&first, &second] {
        ask(token, Method::GET, "/service", Value::Null).await.ok(200);
    }
    let listed = told(service(&["list"]));
    assert!(listed.starts_with("bot\tact,read\t6000 calls a minute\tseen 2"), "{listed}");
    let unused = told(service(&["rotate", "bot"]));
    told(service(&["revoke", "bot"]));
    assert!(told(service(&["list"])).contains("revoked"));
    refused(&service(&["revoke", "bot"]), "no program of this name");
    refused(&service(&["rotate", "nobody"]), "no program of this name");
    refused(&service(&["add", "bot", "--scopes", "act"]), "there is a program of this name");
    // It comes back with the people that it linked, and without the tokens that it had.
    let third = told(service(&["rotate", "bot"]));
    assert!(told(service(&["list"])).contains("until 2"));
    let again = ask(&third, Method::PUT, "/service/people", people).await.ok(200);
    assert_eq!(again, linked);
    assert_eq!(ask(&unused, Method::GET, "/service", Value::Null).await.refused().0, 401);
    refused(&service(&["add", "a b", "--scopes", "act"]), "without spaces");
    assert_eq!(service(&["add", "other", "--scopes", "fly"]).status.code(), Some(2));
    // Nothing of a token is where somebody could take it from.
    let stored = std::fs::read(server.folder.path().join("people.db")).unwrap_or_default();
    assert!(!stored.windows(second.len()).any(|part| part == second.as_bytes()));
}
