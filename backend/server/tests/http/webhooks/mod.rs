//! Webhooks of programs (R-API-5): what they hear, signed, in order, again and again.

mod certificates;
mod days;
mod refused;
mod unwilling;

use crate::{
    common::{
        ManualClock, end_due,
        person::{Answer, send},
        receiver::{Posted, Receiver, by_packet},
        server::TestServer,
    },
    services::Bot,
};
use hongbao_config::{Config, CreditMode};
use hongbao_shared::{OrderNo, api::services::Scope};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

/// A server that posts to this machine, and a program with ann, bob and cec in its room.
pub(crate) struct Scene {
    pub(crate) server: TestServer,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) bot: Bot,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let clock = Arc::new(ManualClock::at("2026-02-16T12:00:00.000Z"));
        let server = TestServer::start_with(Some(Arc::clone(&clock)), |config| {
            config.webhooks.allow_private = true;
            change(config);
        })
        .await;
        let scopes = [Scope::Act, Scope::Grant, Scope::Webhooks];
        let bot = Bot::new(&server, "bot", &scopes, 1_000_000).await;
        bot.link(&["ann", "bob", "cec"]).await;
        Self { server, clock, bot }
    }

    pub(crate) async fn call(&self, method: Method, path: &str, body: &Value) -> Answer {
        let request = self.bot.asking.request(method, &format!("/service/webhooks{path}"));
        send(request.json(body)).await
    }

    /// Adds a webhook: its id and its secret.
    pub(crate) async fn add(&self, url: &str) -> (String, String) {
        let added = self.call(Method::POST, "", &json!({"url": url})).await.ok(201);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&added["webhook"]["id"]), text(&added["secret"]))
    }

    pub(crate) async fn get(&self, id: &str) -> Value {
        self.bot.asking.get(&format!("/service/webhooks/{id}")).await.ok(200)
    }

    pub(crate) async fn attempts(&self, id: &str) -> Vec<Value> {
        let path = format!("/service/webhooks/{id}/attempts");
        self.bot.asking.get(&path).await.ok(200)["attempts"].as_array().unwrap().clone()
    }

    /// Waits until so many attempts are written down: only then is it known when the next is due.
    pub(crate) async fn tried(&self, id: &str, times: usize) {
        for _ in 0..1_000 {
            if self.attempts(id).await.len() >= times {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("not tried {times} times: {:?}", self.attempts(id).await);
    }

    /// The room: its group.
    pub(crate) async fn room(&self) -> String {
        let room = self.bot.link_room("lobby", &["ann", "bob", "cec"]).await.ok(200);
        room["rooms"][0]["group_id"].as_str().unwrap().to_owned()
    }

    /// Ann sends a packet.
    pub(crate) async fn send(&self, group: &str, shares: u32) -> OrderNo {
        static SENT: AtomicU32 = AtomicU32::new(0);
        let key = SENT.fetch_add(1, Ordering::Relaxed).to_string();
        let money = json!({"amount_fen": 1000, "key": key});
        self.bot.post("ann", "/wallet/top-ups", &money).await.ok(201);
        let packet = json!({
            "group_id": group, "kind": "lucky", "total_fen": 1000, "shares": shares, "greeting": "恭喜",
        });
        let order_no = self.bot.post("ann", "/packets", &packet).await.ok(201)["order_no"].clone();
        let order_no: OrderNo = order_no.as_str().unwrap().parse().unwrap();
        let path = format!("/packets/{order_no}/pay");
        while self.bot.post("ann", &path, &json!({})).await.status == StatusCode::ACCEPTED {}
        order_no
    }

    pub(crate) async fn open(&self, who: &str, order_no: OrderNo) {
        let path = format!("/packets/{order_no}");
        let grabbed = self.bot.post(who, &format!("{path}/grab"), &json!({})).await.ok(200);
        let ticket = json!({"ticket": grabbed["ticket"]});
        self.bot.post(who, &format!("{path}/open"), &ticket).await.ok(200);
    }
}

fn kinds(events: &[Posted]) -> Vec<String> {
    events.iter().map(Posted::what).collect()
}

/// The life of two packets, as a program hears it.
#[tokio::test]
async fn a_program_hears_what_happens_in_its_room() {
    let scene = Scene::new().await;
    let receiver = Receiver::start().await;
    let (_, secret) = scene.add(&receiver.url).await;
    let group = scene.room().await;
    let joined = receiver.count(2).await;
    assert_eq!(kinds(&joined), ["member.joined", "member.joined"]);
    let linked = |name: &str| json!({"provider": "chat", "id": name});
    assert_eq!(joined[0].data()["person"]["linked"], linked("bob"), "ann made the room");
    assert_eq!(joined[1].data()["room"], linked("lobby"));

    let all = scene.send(&group, 2).await;
    scene.open("ann", all).await;
    scene.open("bob", all).await;
    let some = scene.send(&group, 3).await;
    scene.open("cec", some).await;
    receiver
        .until("shares are credited", |posted| {
            posted.iter().filter(|post| post.what() == "packet.credited").count() == 3
        })
        .await;
    scene.clock.advance_s(25 * 60 * 60);
    end_due(scene.server.app()).await;
    let posted = receiver
        .until("it is refunded", |posted| {
            posted.iter().any(|post| post.what() == "packet.refunded")
                && posted.iter().any(|post| post.what() == "packet.finished")
        })
        .await;
    assert!(posted.iter().all(|post| post.is_signed_with(&secret)), "each is signed");
    assert!(posted.iter().all(|post| post.path == "/hooks?of=test"));

    let packets = by_packet(&posted);
    let first = &packets[&all.to_string()];
    let chat: Vec<_> = kinds(first).into_iter().filter(|kind| kind != "packet.credited").collect();
    assert_eq!(chat, ["packet.sent", "packet.opened", "packet.opened", "packet.finished"]);
    let place = |kind: &str, share: u64| {
        first.iter().position(|post| post.what() == kind && post.data()["share"] == share).unwrap()
    };
    for share in [0, 1] {
        assert!(place("packet.opened", share) < place("packet.credited", share));
    }
    let sent = first[0].data();
    assert_eq!((&sent["shares"], &sent["greeting"]), (&json!(2), &json!("恭喜")));
    assert_eq!((&sent["sender"]["linked"], &sent["room"]), (&linked("ann"), &linked("lobby")));
    assert!(sent.get("amount_fen").is_none(), "what is in it is for those who have opened it");
    let opened = first.iter().find(|post| post.what() == "packet.opened").unwrap().data();
    assert_eq!((&opened["person"]["linked"], &opened["share"]), (&linked("ann"), &json!(0)));
    assert!(opened.get("amount_fen").is_none());
    let amounts = first.iter().filter_map(|post| post.data()["amount_fen"].as_u64());
    assert_eq!(amounts.sum::<u64>(), 1000, "what was credited");
    let finished = first.iter().find(|post| post.what() == "packet.finished").unwrap().data();
    assert!(finished["best_luck"]["linked"].is_object(), "{finished}");

    let second = &packets[&some.to_string()];
    let chat: Vec<_> = kinds(second).into_iter().filter(|kind| kind != "packet.credited").collect();
    assert_eq!(chat, ["packet.sent", "packet.opened", "packet.expired", "packet.refunded"]);
    let amounts = second.iter().filter_map(|post| post.data()["amount_fen"].as_u64());
    assert_eq!(amounts.sum::<u64>(), 1000, "what was credited, and what went back");
}

/// A packet that cannot be read takes its own news away, and no other's.
#[tokio::test]
async fn one_packet_that_cannot_be_read_silences_no_other() {
    let scene = Scene::with(|config| config.credit.mode = CreditMode::Deferred).await;
    let receiver = Receiver::start().await;
    scene.add(&receiver.url).await;
    let group = scene.room().await;
    let mut sent = Vec::new();
    for _ in 0..2 {
        let order_no = scene.send(&group, 2).await;
        scene.open("bob", order_no).await;
        sent.push(order_no);
    }
    let both = |posted: &[Posted], what: &str| {
        posted.iter().filter(|post| post.what() == what).count() == 2
    };
    receiver.until("both are told", |posted| both(posted, "packet.opened")).await;
    // Both are credited in one go, a minute later; the first cannot be read any more.
    let file = format!("db/orders-{}-{}.sqlite", sent[0].site(), sent[0].shard());
    let file = SqliteConnectOptions::new().filename(scene.server.folder.path().join(file));
    let mut orders = SqliteConnection::connect_with(&file).await.unwrap();
    let spoil = format!(
        "PRAGMA ignore_check_constraints = ON; UPDATE packets_{:02} SET kind = 9 WHERE order_no = {}",
        sent[0].day().get() + 1,
        sent[0].to_bits()
    );
    let spoilt = sqlx::raw_sql(AssertSqlSafe(spoil)).execute(&mut orders).await.unwrap();
    assert_eq!(spoilt.rows_affected(), 1);
    orders.close().await.unwrap();
    scene.clock.advance_s(60);
    receiver.until("both are credited", |posted| both(posted, "packet.credited")).await;
}

/// What happens elsewhere is not told.
#[tokio::test]
async fn a_program_hears_only_of_its_own() {
    let scene = Scene::new().await;
    let receiver = Receiver::start().await;
    scene.add(&receiver.url).await;
    let (group, people) = scene.server.group_of(2).await;
    people[0].top_up(100, "money").await;
    let order_no = people[0].send_packet(&group, 100, 1).await;
    people[1].open(order_no).await;
    // Another program has linked another room.
    let scopes = [Scope::Act, Scope::Grant, Scope::Webhooks];
    let other = Bot::new(&scene.server, "other", &scopes, 1_000_000).await;
    other.link(&["dan", "eve"]).await;
    other.link_room("den", &["dan", "eve"]).await.ok(200);
    // Its own comes after all of that.
    scene.room().await;
    let posted = receiver.count(2).await;
    assert_eq!(kinds(&posted), ["member.joined", "member.joined"]);
    assert_eq!(posted[0].data()["room"]["id"], "lobby");
    // One that asks for one kind hears that kind.
    let choosy = Receiver::start().await;
    let body = json!({"url": choosy.url, "events": ["packet.finished"]});
    scene.call(Method::POST, "", &body).await.ok(201);
    let group = scene.room().await;
    let order_no = scene.send(&group, 1).await;
    scene.open("bob", order_no).await;
    let heard = choosy.count(1).await;
    assert_eq!(kinds(&heard), ["packet.finished"]);
    let all = receiver.until("it is finished", |posted| {
        posted.iter().any(|post| post.what() == "packet.finished")
    });
    let all = all.await;
    let same = all.iter().find(|post| post.what() == "packet.finished").unwrap();
    assert_eq!(same.id, heard[0].id, "one id for one event");
}

/// The code of docs/WEBHOOKS.md takes what is ours and nothing else.
#[tokio::test]
async fn the_verification_of_the_documentation_works() {
    let scene = Scene::new().await;
    let receiver = Receiver::start().await;
    let (id, secret) = scene.add(&receiver.url).await;
    scene.call(Method::POST, &format!("/{id}/test"), &json!({})).await.ok(200);
    let posted = receiver.count(1).await.remove(0);
    let document = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/WEBHOOKS.md");
    let document = std::fs::read_to_string(document).unwrap();
    let code = document.split("```python\n").nth(1).unwrap().split("```").next().unwrap();
    let signatures = posted.signatures.join(" ");
    let asked = format!(
        "{code}
time.time = lambda: {at}
headers = {{'webhook-id': {id:?}, 'webhook-timestamp': '{at}', 'webhook-signature': {signatures:?}}}
body = {body:?}.encode()
assert verify({secret:?}, headers, body)
assert not verify({secret:?}, headers, body + b' ')
assert not verify({secret:?}, headers | {{'webhook-id': 'evt_other'}}, body)
assert not verify('whsec_' + 'A' * 43 + '=', headers, body)
time.time = lambda: {at} + 600
assert not verify({secret:?}, headers, body)
",
        at = posted.timestamp,
        id = posted.id,
        body = posted.body,
    );
    let python = std::process::Command::new("python3").args(["-c", &asked]).output().unwrap();
    assert!(python.status.success(), "{}", String::from_utf8_lossy(&python.stderr));
}
