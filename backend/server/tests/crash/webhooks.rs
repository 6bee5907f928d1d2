//! What programs are told survives the end of a server between any two steps (R-API-5): each
//! event arrives at least once, under one id, and those of a packet in their order.

use crate::common::{
    person::{client, send},
    receiver::{Posted, Receiver, by_packet},
    server::TestServer,
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::{os::unix::process::ExitStatusExt, time::Duration};

const SIGABRT: i32 = 6;
const PEOPLE: [&str; 3] = ["ann", "bob", "cec"];
const SHARES: usize = 3;

/// Where it is aborted, and how often it passes before.
const ABORTED: [(&str, u32); 10] = [
    ("chat.card.after", 1),
    ("chat.lines.after", 2),
    ("credit.after", 1),
    ("webhooks.tell.before", 2),
    ("webhooks.tell.after", 2),
    ("webhooks.tell.after", 5),
    ("webhooks.post.before", 3),
    ("webhooks.post.after", 3),
    ("outbox.settle.before", 6),
    ("outbox.settle.after", 6),
];

/// A program that goes on after the server has come back.
struct Program {
    client: reqwest::Client,
    url: String,
    token: String,
}

impl Program {
    /// What is answered; nothing where the server is gone.
    async fn ask(
        &self,
        who: &str,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Option<(StatusCode, Value)> {
        let url = format!("{}/api/v1{path}", self.url);
        let request = self.client.request(method, url).bearer_auth(&self.token);
        let response = request.header("hongbao-for", format!("chat:{who}")).json(body).send().await;
        let response = response.ok()?;
        let (status, text) = (response.status(), response.text().await.ok()?);
        Some((status, serde_json::from_str(&text).unwrap_or_default()))
    }

    /// Until it is paid; nothing where the server is gone.
    async fn pay(&self, order_no: &str) -> Option<()> {
        loop {
            let path = format!("/packets/{order_no}/pay");
            let (status, answer) = self.ask("ann", Method::POST, &path, &json!({})).await?;
            match status {
                StatusCode::OK => return Some(()),
                StatusCode::ACCEPTED | StatusCode::SERVICE_UNAVAILABLE => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                _ => panic!("{order_no}: {answer}"),
            }
        }
    }

    async fn open_all(&self, order_no: &str) -> Option<()> {
        for who in PEOPLE {
            let path = format!("/packets/{order_no}/grab");
            let (_, grabbed) = self.ask(who, Method::POST, &path, &json!({})).await?;
            let Some(ticket) = grabbed["ticket"].as_str() else { continue };
            let path = format!("/packets/{order_no}/open");
            self.ask(who, Method::POST, &path, &json!({"ticket": ticket})).await?;
        }
        Some(())
    }
}

async fn send_until_gone(program: &Program, group: &str, sent: &mut Vec<String>) {
    loop {
        let packet =
            json!({"group_id": group, "kind": "lucky", "total_fen": 300, "shares": SHARES});
        let made = program.ask("ann", Method::POST, "/packets", &packet).await;
        let Some((StatusCode::CREATED, made)) = made else { return };
        let order_no = made["order_no"].as_str().unwrap().to_owned();
        // Whether it was paid only the server knows; it is asked again.
        sent.push(order_no.clone());
        if program.pay(&order_no).await.is_none() || program.open_all(&order_no).await.is_none() {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_crash_loses_an_event() {
    for (point, passes) in ABORTED {
        survives(point, passes).await;
    }
}

async fn survives(point: &str, passes: u32) {
    let receiver = Receiver::start().await;
    let settings = [("HONGBAO_WEBHOOKS_ALLOW_PRIVATE", "true"), ("HONGBAO_CREDIT_MODE", "queue")];
    let mut server = TestServer::spawn(&settings);
    let add = ["admin", "service", "add", "bot", "--scopes", "act,grant,webhooks"];
    let added = server.subcommand(&add).output().unwrap();
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    let added = String::from_utf8(added.stdout).unwrap();
    let token = added.split_whitespace().find(|word| word.starts_with("hbs_")).unwrap().to_owned();
    let mut program = Program { client: client(), url: server.url.clone(), token };
    let group = set_up(&program, &receiver).await;
    assert_eq!(server.terminate(), Some(0));

    let fail_points = format!("{point}={passes}*off->return");
    assert!(server.try_start(&[("FAILPOINTS", &fail_points)]), "{point}");
    program.url.clone_from(&server.url);
    let mut sent = Vec::new();
    let gone = send_until_gone(&program, &group, &mut sent);
    assert!(
        tokio::time::timeout(Duration::from_mins(1), gone).await.is_ok(),
        "{point}: not reached"
    );
    assert_eq!(server.wait().signal(), Some(SIGABRT), "{point}");

    server.restart();
    program.url.clone_from(&server.url);
    let mut paid = Vec::new();
    for order_no in sent {
        let path = format!("/packets/{order_no}/pay");
        let again = program.ask("ann", Method::POST, &path, &json!({})).await.unwrap();
        if again.1["code"] == "preorder_expired" {
            continue;
        }
        program.pay(&order_no).await.unwrap();
        program.open_all(&order_no).await.unwrap();
        paid.push(order_no);
    }
    let is_whole = |events: &[Posted]| events.len() == 2 + 2 * SHARES;
    let posted = receiver
        .until(&format!("{point}: all of {paid:?}"), |posted| {
            let packets = by_packet(posted);
            paid.iter().all(|order_no| packets.get(order_no).is_some_and(|events| is_whole(events)))
        })
        .await;
    for (order_no, events) in by_packet(&posted) {
        in_order(point, &order_no, &events);
    }
    // Nothing waits: what was told is what has happened.
    let url = format!("{}/api/v1/service/webhooks", server.url);
    for _ in 0..500 {
        let hooks = send(program.client.get(&url).bearer_auth(&program.token)).await.ok(200);
        if hooks["webhooks"][0]["pending"] == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let hooks = send(program.client.get(&url).bearer_auth(&program.token)).await.ok(200);
    assert_eq!(hooks["webhooks"][0]["pending"], 0, "{point}: {hooks}");
    assert_eq!(server.terminate(), Some(0));
    crate::stage::audit(&server, &["--at-rest"]);
}

async fn set_up(program: &Program, receiver: &Receiver) -> String {
    let ask = async |method, path: &str, body: Value| {
        let (status, answer) = program.ask("ann", method, path, &body).await.unwrap();
        assert!(status.is_success(), "{path}: {answer}");
        answer
    };
    let person = |name: &str| json!({"provider": "chat", "id": name, "name": name});
    ask(Method::PUT, "/service/people", json!({"people": PEOPLE.map(person)})).await;
    let room = json!({"provider": "chat", "id": "lobby", "name": "Lobby", "members": PEOPLE});
    let room = ask(Method::PUT, "/service/rooms", json!({"rooms": [room]})).await;
    ask(Method::POST, "/wallet/top-ups", json!({"amount_fen": 100_000, "key": "all"})).await;
    ask(Method::POST, "/service/webhooks", json!({"url": receiver.url})).await;
    room["rooms"][0]["group_id"].as_str().unwrap().to_owned()
}

/// Sent, opened share by share, finished; each share opened before it is credited.
fn in_order(point: &str, order_no: &str, events: &[Posted]) {
    let names: Vec<String> = events
        .iter()
        .map(|event| match event.data()["share"].as_u64() {
            Some(share) => format!("{} {share}", event.what()),
            None => event.what(),
        })
        .collect();
    let place = |name: &str| {
        let found = names.iter().position(|one| one == name);
        found.unwrap_or_else(|| panic!("{point} {order_no}: no {name} in {names:?}"))
    };
    assert_eq!(place("packet.sent"), 0, "{point} {order_no}: {names:?}");
    let mut before = 0;
    for share in 0..SHARES {
        let opened = place(&format!("packet.opened {share}"));
        assert!(before < opened, "{point} {order_no}: {names:?}");
        assert!(
            opened < place(&format!("packet.credited {share}")),
            "{point} {order_no}: {names:?}"
        );
        before = opened;
    }
    assert!(before < place("packet.finished"), "{point} {order_no}: {names:?}");
}
