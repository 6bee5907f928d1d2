//! Programs (R-API-5), and who may make which call (R-API-6).

use crate::common::{
    ManualClock,
    document::document,
    person::{Answer, Person, send},
    server::TestServer,
};
use hongbao_domain::store::people::Scopes;
use hongbao_engine::services::ServiceDraft;
use hongbao_shared::{Day, Limits, OrderNo, Shard, Site, api::services::Scope};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

const DAY: Duration = Duration::from_hours(24);
/// Longer than any test's clock runs.
const YEAR: Duration = Duration::from_hours(365 * 24);

/// A program, with the token of its service.
pub(crate) struct Bot {
    pub(crate) asking: Person,
}

impl Bot {
    pub(crate) async fn new(
        server: &TestServer,
        name: &str,
        scopes: &[Scope],
        calls_per_minute: u32,
    ) -> Self {
        let scopes = Scopes::of(scopes.iter().copied());
        let draft = ServiceDraft { name: name.into(), scopes, calls_per_minute, token_ttl: YEAR };
        let token = server.app().services.add(draft).await.unwrap();
        Self::with(server, token)
    }

    fn with(server: &TestServer, token: String) -> Self {
        let (url, client) = (server.url.clone(), server.client.clone());
        Self { asking: Person { url, client, id: String::new(), token } }
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        send(self.asking.request(Method::PUT, path).json(body)).await
    }

    /// A call for somebody.
    pub(crate) fn of(&self, who: &str, method: Method, path: &str) -> RequestBuilder {
        self.asking.request(method, path).header("hongbao-for", format!("chat:{who}"))
    }

    pub(crate) async fn post(&self, who: &str, path: &str, body: &Value) -> Answer {
        send(self.of(who, Method::POST, path).json(body)).await
    }

    pub(crate) async fn link(&self, names: &[&str]) -> Vec<String> {
        let person = |name: &&str| json!({"provider": "chat", "id": name, "name": name});
        let people: Vec<_> = names.iter().map(person).collect();
        let linked = self.put("/service/people", &json!({"people": people})).await.ok(200);
        let ids = linked["people"].as_array().unwrap().iter();
        ids.map(|person| person["user_id"].as_str().unwrap().to_owned()).collect()
    }

    pub(crate) async fn link_room(&self, id: &str, members: &[&str]) -> Answer {
        let room = json!({"provider": "chat", "id": id, "name": "Lobby", "members": members});
        self.put("/service/rooms", &json!({"rooms": [room]})).await
    }
}

/// The main job of a bot, from links to shares.
#[tokio::test]
async fn a_program_acts_for_its_people() {
    let server = TestServer::start().await;
    let bot = Bot::new(&server, "bot", &[Scope::Act, Scope::Grant], 10_000).await;
    let me = bot.asking.get("/service").await.ok(200);
    assert_eq!((&me["name"], &me["scopes"]), (&json!("bot"), &json!(["act", "grant"])));

    let ids = bot.link(&["ann", "bob", "cec"]).await;
    assert_eq!(bot.link(&["ann", "bob", "cec"]).await, ids, "the same people");
    let room = bot.link_room("lobby", &["ann", "bob"]).await.ok(200);
    let again = bot.link_room("lobby", &["ann", "bob", "cec"]).await.ok(200);
    assert_eq!(room, again, "the same group");
    let group = room["rooms"][0]["group_id"].as_str().unwrap();
    let path = format!("/groups/{group}");
    let shown = send(bot.of("bob", Method::GET, &path)).await.ok(200);
    let members = shown["members"].as_array().unwrap().iter().map(|member| &member["id"]);
    assert_eq!(members.collect::<Vec<_>>(), ids.iter().collect::<Vec<_>>());

    let order_no = send_by_bot(&bot, "ann", group, 2).await;
    // Tickets of all, in one call: two get a share, one is too late, one is not linked.
    let mut opens = Vec::new();
    for who in ["ann", "bob", "cec"] {
        let grabbed = bot.post(who, &format!("/packets/{order_no}/grab"), &json!({})).await.ok(200);
        opens.push(json!({"person": {"provider": "chat", "id": who}, "ticket": grabbed["ticket"]}));
    }
    opens.push(json!({"person": {"provider": "chat", "id": "dan"}, "ticket": "x"}));
    let body = json!({"opens": opens});
    let path = format!("/packets/{order_no}/opens");
    let opened = send(bot.asking.request(Method::POST, &path).json(&body)).await.ok(200);
    let each = opened["opens"].as_array().unwrap();
    let sum: u64 = each.iter().filter_map(|one| one["opened"]["amount_fen"].as_u64()).sum();
    assert_eq!(sum, 1000, "{opened}");
    let codes: Vec<_> = each.iter().filter_map(|one| one["refused"]["code"].as_str()).collect();
    assert_eq!(codes, ["packet_finished", "person_not_linked"]);
    assert_eq!(each[3]["person"]["id"], "dan", "in the order of the request");
    let again = send(bot.asking.request(Method::POST, &path).json(&body)).await.ok(200);
    assert_eq!(again, opened, "the same shares");

    // Whose act it was.
    let acts = server.app().services.acts("bot", 100).await.unwrap();
    let top_up = acts.iter().find(|act| act.call == "POST /api/v1/wallet/top-ups").unwrap();
    assert_eq!(top_up.user.unwrap().to_string(), ids[0]);
    let many = acts.iter().filter(|act| act.call.ends_with("/opens"));
    assert!(many.map(|act| act.user).eq([None, None]), "once a call");
    assert!(acts.iter().all(|act| !act.call.starts_with("GET")), "reading changes nothing");
}

#[tokio::test]
async fn what_a_program_names_badly_is_refused() {
    let server = TestServer::start_with(None, |config| config.limits = Limits::default()).await;
    let bot = Bot::new(&server, "bot", &[Scope::Act], 10_000).await;
    bot.link(&["ann"]).await;
    let ann = server.guest("Ann").await;
    let wallet = |who: Option<&str>| {
        let request = bot.asking.request(Method::GET, "/wallet");
        match who {
            Some(who) => request.header("hongbao-for", who),
            None => request,
        }
    };
    for (who, status, code) in [
        (None, 400, "person_required"),
        (Some("ann"), 400, "person_required"),
        (Some("Chat:ann"), 400, "person_required"),
        (Some("chat:bob"), 404, "person_not_linked"),
        (Some("mail:ann"), 404, "person_not_linked"),
    ] {
        assert_eq!(send(wallet(who)).await.refused(), (status, code.to_owned()), "{who:?}");
    }
    let refused = ann.request(Method::GET, "/wallet").header("hongbao-for", "chat:ann");
    assert_eq!(send(refused).await.refused(), (403, "forbidden".to_owned()), "a person's token");
    let one = |provider: &str, id: &str, name: &str| json!({"people": [{"provider": provider, "id": id, "name": name}]});
    for (body, code) in [
        (one("Chat", "a", "A"), "link_invalid"),
        (one("", "a", "A"), "link_invalid"),
        (one("chat", "", "A"), "link_invalid"),
        (one("chat", "a b", "A"), "link_invalid"),
        (one("chat", "a", ""), "name_invalid"),
        (
            json!({"people": vec![json!({"provider": "c", "id": "a", "name": "A"}); 101]}),
            "too_many_at_once",
        ),
    ] {
        assert_eq!(bot.put("/service/people", &body).await.refused(), (422, code.to_owned()));
    }
    let room = bot.link_room("lobby", &["ann", "bob"]).await;
    assert_eq!(room.refused(), (404, "person_not_linked".to_owned()));
    assert_eq!(bot.link_room("lobby", &[]).await.refused(), (422, "link_invalid".to_owned()));
    // A new name is a new name everywhere.
    bot.put("/service/people", &one("chat", "ann", "Annie")).await.ok(200);
    let me = send(bot.of("ann", Method::GET, "/me")).await.ok(200);
    assert_eq!(me["user"]["name"], "Annie");
    // What the house gives newcomers is for those who come by themselves.
    assert_eq!(me["balance_fen"], 0);
}

/// R-API-5: as many as the document says, by ids as long as they may be. People have no such
/// bodies.
#[tokio::test]
async fn as_many_as_a_program_may_name_fit_into_a_call() {
    let server = TestServer::start_with(None, |config| config.limits = Limits::default()).await;
    let bot = Bot::new(&server, "bot", &[Scope::Act, Scope::Grant], 1_000_000).await;
    let long = |number: usize| format!("{number:0>128}");
    let person = |number| json!({"provider": "chat", "id": long(number), "name": "福".repeat(20)});
    for part in 0..5 {
        let people: Vec<_> = (part * 100..part * 100 + 100).map(person).collect();
        bot.put("/service/people", &json!({"people": people})).await.ok(200);
    }
    let all: Vec<_> = (0..500).map(long).collect();
    let room = json!({"provider": "chat", "id": long(0), "name": "Lobby", "members": all});
    let linked = bot.put("/service/rooms", &json!({"rooms": [room]})).await.ok(200);
    let group = linked["rooms"][0]["group_id"].as_str().unwrap();
    let rooms: Vec<_> = (1..21)
        .map(|n| json!({"provider": "chat", "id": long(n), "name": "Lobby", "members": [long(n)]}))
        .collect();
    bot.put("/service/rooms", &json!({"rooms": rooms})).await.ok(200);

    let order_no = send_by_bot(&bot, &long(0), group, 100).await;
    let mut opens = Vec::new();
    for number in 0..100 {
        let path = format!("/packets/{order_no}/grab");
        let grabbed = bot.post(&long(number), &path, &json!({})).await.ok(200);
        let person = json!({"provider": "chat", "id": long(number)});
        opens.push(json!({"person": person, "ticket": grabbed["ticket"]}));
    }
    let body = json!({"opens": opens});
    assert!(body.to_string().len() > 16 * 1024, "more than other calls take");
    let path = format!("/packets/{order_no}/opens");
    let opened = bot.asking.post(&path, &body).await.ok(200);
    let each = opened["opens"].as_array().unwrap();
    assert!(each.iter().all(|one| one["opened"].is_object()), "{opened}");
    // Under a key as well.
    let keyed = bot.asking.request(Method::POST, &path).header("idempotency-key", "k");
    assert_eq!(send(keyed.json(&body)).await.ok(200)["opens"].as_array().unwrap().len(), 100);

    let large = json!({"opens": [], "x": "x".repeat(128 * 1024)});
    assert_eq!(bot.asking.post(&path, &large).await.refused(), (413, "body_too_large".to_owned()));
    let other = json!({"amount_fen": 1, "key": "x".repeat(16 * 1024)});
    let refused = bot.post(&long(0), "/wallet/top-ups", &other).await.refused();
    assert_eq!(refused, (413, "body_too_large".to_owned()));
}

async fn send_by_bot(bot: &Bot, who: &str, group: &str, shares: u32) -> String {
    let money = json!({"amount_fen": 1000, "key": "welcome"});
    bot.post(who, "/wallet/top-ups", &money).await.ok(201);
    let packet = json!({"group_id": group, "kind": "lucky", "total_fen": 1000, "shares": shares});
    let order_no = bot.post(who, "/packets", &packet).await.ok(201)["order_no"].clone();
    let order_no = order_no.as_str().unwrap().to_owned();
    loop {
        let paid = bot.post(who, &format!("/packets/{order_no}/pay"), &json!({})).await;
        if paid.status != StatusCode::ACCEPTED {
            paid.ok(200);
            return order_no;
        }
    }
}

/// Tokens expire, are rotated with an overlap, and revoked; each program has its own limit.
#[tokio::test]
async fn tokens_of_programs_end() {
    let clock = Arc::new(ManualClock::at("2026-02-16T12:00:00.000Z"));
    let server = TestServer::start_with(Some(Arc::clone(&clock)), |_| {}).await;
    let services = &server.app().services;
    let (old, few) = (
        Bot::new(&server, "bot", &[Scope::Act], 10_000).await,
        Bot::new(&server, "few", &[Scope::Act], 2).await,
    );
    let status = async |bot: &Bot| bot.asking.get("/service").await.status.as_u16();
    for expected in [200, 200, 429] {
        assert_eq!(status(&few).await, expected);
    }
    assert_eq!(status(&old).await, 200, "another's limit");
    let token = services.rotate("bot", DAY * 30, Duration::from_hours(1)).await.unwrap();
    let new = Bot::with(&server, token);
    assert_eq!((status(&old).await, status(&new).await), (200, 200), "both while they overlap");
    clock.advance_s(3600);
    assert_eq!((status(&old).await, status(&new).await), (401, 200));
    assert_eq!(status(&Bot::with(&server, "hbs_nonsense".to_owned())).await, 401);
    services.revoke("bot").await.unwrap();
    assert_eq!(status(&new).await, 401);
    assert!(services.revoke("bot").await.is_err());
    // A cookie is a browser's.
    let token = services.rotate("few", DAY, DAY).await.unwrap();
    let cookie = format!("hongbao_session={token}");
    let asked = server.request(Method::GET, "/api/v1/service").header("cookie", cookie);
    assert_eq!(send(asked).await.refused().0, 401);
}

/// R-API-6: each cell of the table, each with somebody new.
#[tokio::test]
async fn who_may_do_what_is_as_the_document_says() {
    let server = TestServer::start().await;
    let mut bots = Vec::new();
    for scope in Scope::ALL {
        let bot = Bot::new(&server, scope.as_str(), &[scope], 1_000_000).await;
        bot.link(&["ann"]).await;
        bots.push((scope, bot));
    }
    let mut wrong = Vec::new();
    for (path, item) in document()["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            for role in hongbao::http::ROLES {
                let expected = operation["x-allowed"].as_array().unwrap().contains(&role.into());
                let (allowed, answered) = try_cell(&server, &bots, role, method, path).await;
                if allowed != expected {
                    wrong.push(format!("{method} {path} as {role}: {answered}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A path of the document, of something that could be.
pub(crate) fn some_path(path: &str) -> String {
    let (shard, day) = (Shard::new(0).unwrap(), Day::new(0).unwrap());
    let order_no = OrderNo::new(Site::S, shard, day, false, 1).unwrap();
    let id = if path.contains("sessions") {
        "0".repeat(32)
    } else if path.contains("dead-letters") {
        "ledger-1".to_owned()
    } else {
        "1".to_owned()
    };
    path.trim_start_matches("/api/v1")
        .replace("{order_no}", &order_no.to_string())
        .replace("{user_id}", "1")
        .replace("{code}", "aaaaaaaaaaaaaaaa")
        .replace("{id}", &id)
}

async fn try_cell(
    server: &TestServer,
    bots: &[(Scope, Bot)],
    role: &str,
    method: &str,
    path: &str,
) -> (bool, String) {
    let path = some_path(path);
    let method: Method = method.to_uppercase().parse().unwrap();
    let request = match role {
        "anonymous" => server.request(method, &format!("/api/v1{path}")),
        "person" | "administrator" => {
            let person = server.guest("Ann").await;
            if role == "administrator" {
                server.app().accounts.grant_admin(&person.id).await.unwrap();
            }
            person.request(method, &path)
        }
        scope => {
            let scope: Scope = scope.parse().unwrap();
            let bot = bots.iter().find(|(of, _)| *of == scope).map(|(_, bot)| bot).unwrap();
            bot.of("ann", method, &path)
        }
    };
    // Streams do not end: only the head is read, unless it may be a refusal.
    let response = request.json(&json!({})).send().await.unwrap();
    let status = response.status().as_u16();
    if status != 401 && status != 403 {
        return (true, status.to_string());
    }
    let code = response.json::<Value>().await.unwrap()["code"].as_str().unwrap().to_owned();
    let refused = ["unauthenticated", "forbidden", "scope_missing"].contains(&code.as_str());
    (!refused, format!("{status} {code}"))
}
