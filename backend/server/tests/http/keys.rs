//! `Idempotency-Key` (R-API-5): the same call under the same key is done once, and answered the
//! same.

use crate::{
    common::{
        ManualClock,
        document::document,
        person::{Answer, Person, send},
        server::TestServer,
    },
    postgres,
};
use hongbao::node::{Outside, open_stores};
use hongbao_config::Config;
use hongbao_storage::{Schema, SqlPeople};
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;

const KEY: &str = "idempotency-key";
const DAY_S: i64 = 24 * 60 * 60;

/// A server whose people are in files, and one whose people are in PostgreSQL.
async fn on_both(change: impl Fn(&mut Config)) -> [(TestServer, Arc<ManualClock>); 2] {
    let clock = || Arc::new(ManualClock::at("2026-02-16T12:00:00.000Z"));
    let files = clock();
    let on_files = TestServer::start_with(Some(Arc::clone(&files)), &change).await;
    let postgres = clock();
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::default();
    config.storage.data = folder.path().to_owned();
    let mut stores = open_stores(&config).await.unwrap();
    stores.people = Arc::new(SqlPeople::new(postgres::database(Schema::People).await));
    let outside =
        Outside { clock: Arc::clone(&postgres) as _, stores: Some(stores), ..Outside::default() };
    let on_postgres = TestServer::start_on(outside, change);
    [(on_files, files), (on_postgres.await, postgres)]
}

async fn keyed(who: &Person, key: &str, path: &str, body: &Value) -> Answer {
    send(who.request(Method::POST, path).header(KEY, key).json(body)).await
}

fn is_again(answer: &Answer) -> bool {
    answer.headers.get("idempotency-replayed").is_some_and(|value| value == "true")
}

async fn groups(who: &Person) -> usize {
    who.get("/groups").await.ok(200).as_array().unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_answer_comes_again() {
    for (server, clock) in on_both(|_| {}).await {
        let (ann, bob) = (server.guest("Ann").await, server.guest("Bob").await);
        let body = json!({"name": "Friends"});
        let first = keyed(&ann, "k1", "/groups", &body).await;
        first.ok(201);
        assert!(!is_again(&first));
        for _ in 0..3 {
            let again = keyed(&ann, "k1", "/groups", &body).await;
            assert_eq!((again.status, &again.body), (first.status, &first.body));
            assert_eq!(again.headers["content-type"], first.headers["content-type"]);
            assert_eq!(again.headers["cache-control"], "no-store");
            assert!(is_again(&again));
        }
        assert_eq!(groups(&ann).await, 1);
        // Somebody else's key is another key.
        keyed(&bob, "k1", "/groups", &body).await.ok(201);

        // Another body, path or method is another call.
        let reused = (409, "key_reused".to_owned());
        let other = json!({"name": "Others"});
        assert_eq!(keyed(&ann, "k1", "/groups", &other).await.refused(), reused);
        let top_up = json!({"amount_fen": 5, "key": "k1"});
        assert_eq!(keyed(&ann, "k1", "/wallet/top-ups", &top_up).await.refused(), reused);
        let patch = ann.request(Method::PATCH, "/me").header(KEY, "k1").json(&body);
        assert_eq!(send(patch).await.refused(), reused);
        assert_eq!(ann.balance_fen().await, 0);

        // A refusal comes again as well, whatever has become of its cause.
        let group = first.json()["id"].as_str().unwrap().to_owned();
        let packet = json!({"group_id": group, "kind": "lucky", "total_fen": 100, "shares": 1});
        let order_no = ann.pre_order(&packet).await;
        let pay = format!("/packets/{order_no}/pay");
        let poor = keyed(&ann, "k2", &pay, &json!({})).await;
        assert_eq!(poor.refused(), (409, "insufficient_balance".to_owned()));
        ann.top_up(100, "money").await;
        let again = keyed(&ann, "k2", &pay, &json!({})).await;
        assert_eq!((again.refused(), &again.body), (poor.refused(), &poor.body));
        keyed(&ann, "k3", &pay, &json!({})).await.ok(200);

        // Without an answer's body.
        let mute = |key: &str| {
            ann.request(Method::PUT, &format!("/groups/{group}/mute")).header(KEY, key.to_owned())
        };
        for again in [false, true] {
            let muted = send(mute("k4").json(&json!({"muted": true}))).await;
            assert_eq!((muted.status.as_u16(), muted.body.as_str()), (204, ""));
            assert_eq!(is_again(&muted), again);
        }

        // A day later, the key stands for nothing.
        clock.advance_s(DAY_S);
        keyed(&ann, "k1", "/groups", &other).await.ok(201);
        assert_eq!(groups(&ann).await, 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_at_once_is_done_once() {
    for (server, _) in on_both(|_| {}).await {
        let ann = server.guest("Ann").await;
        let calls = (0..12).map(|_| {
            let ann = ann.clone();
            async move { keyed(&ann, "k", "/groups", &json!({"name": "Friends"})).await }
        });
        let answers = futures::future::join_all(calls).await;
        let done: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
        assert!(!done.is_empty());
        assert_eq!(done.iter().filter(|answer| !is_again(answer)).count(), 1);
        assert!(done.iter().all(|answer| answer.body == done[0].body));
        for answer in answers.iter().filter(|answer| answer.status != 201) {
            assert_eq!(answer.refused(), (409, "key_in_use".to_owned()));
            assert_eq!(answer.headers["retry-after"], "1");
        }
        assert_eq!(groups(&ann).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_looked_at_and_bounded() {
    let server = TestServer::start_with(None, |config| {
        config.calls.keys_per_caller_max = 2;
    })
    .await;
    let ann = server.guest("Ann").await;
    let body = json!({"name": "Friends"});
    for key in ["a b".to_owned(), "k".repeat(65), "ü".to_owned(), String::new()] {
        let answer = keyed(&ann, &key, "/groups", &body).await;
        assert_eq!(answer.refused(), (422, "key_invalid".to_owned()), "{key}");
    }
    let twice = ann.request(Method::POST, "/groups").header(KEY, "a").header(KEY, "b");
    assert_eq!(send(twice.json(&body)).await.refused().1, "key_invalid");
    // The call's own refusals come first where nobody asks, or nothing is there.
    let nobody = server.request(Method::POST, "/api/v1/groups").header(KEY, "k").json(&body);
    assert_eq!(send(nobody).await.refused().1, "unauthenticated");
    assert_eq!(keyed(&ann, "k", "/nothing", &body).await.refused().1, "not_found");
    assert_eq!(keyed(&ann, "k", "/me", &body).await.refused().1, "method_not_allowed");
    // Reading needs no key, and has none.
    send(ann.request(Method::GET, "/groups").header(KEY, "a b")).await.ok(200);

    for key in ["k".repeat(64), "2".to_owned()] {
        keyed(&ann, &key, "/groups", &body).await.ok(201);
    }
    let full = keyed(&ann, "3", "/groups", &body).await;
    assert_eq!(full.refused(), (429, "rate_limited".to_owned()));
    assert!(full.headers.contains_key("retry-after"));
    assert!(is_again(&keyed(&ann, "2", "/groups", &body).await));
    assert_eq!(groups(&ann).await, 2);
}

/// What tells a token or takes a password is kept nowhere.
#[tokio::test]
async fn secrets_take_no_key() {
    let server = TestServer::start().await;
    let ann = server.guest("Ann").await;
    let registration = json!({"name": "Bob", "password": "correct horse battery staple"});
    for (method, path, body) in [
        (Method::POST, "/session/guest", json!({"name": "Bob"})),
        (Method::POST, "/accounts", registration.clone()),
        (Method::POST, "/session", registration.clone()),
        (Method::POST, "/me/account", registration),
        (Method::PUT, "/me/password", json!({"old": "a", "new": "b"})),
        (Method::DELETE, "/session", json!({})),
        (Method::DELETE, "/me/sessions", json!({})),
        (Method::DELETE, "/me/sessions/0123456789abcdef0123456789abcdef", json!({})),
    ] {
        let answer = send(ann.request(method, path).header(KEY, "k").json(&body)).await;
        assert_eq!(answer.refused(), (400, "key_not_taken".to_owned()), "{path}");
    }
    ann.get("/me").await.ok(200);
}

/// A message without a key of its own has that of the call, for good.
#[tokio::test]
async fn a_key_is_the_messages_own() {
    let clock = Arc::new(ManualClock::at("2026-02-16T12:00:00.000Z"));
    let server = TestServer::start_with(Some(Arc::clone(&clock)), |_| {}).await;
    let (group, people) = server.group_of(1).await;
    let path = format!("/groups/{group}/messages");
    let say = |text: &str| {
        let body = json!({"text": text});
        let (ann, path) = (people[0].clone(), path.clone());
        async move { keyed(&ann, "k", &path, &body).await }
    };
    let first = say("hello").await.ok(201);
    clock.advance_s(2 * DAY_S);
    let later = say("hello").await;
    assert!(!is_again(&later));
    assert_eq!(later.ok(201)["id"], first["id"], "posted once");
    clock.advance_s(2 * DAY_S);
    assert_eq!(say("other").await.refused(), (409, "key_reused".to_owned()));
}

/// Whoever was refused for who they are, or for how often, has their key still.
#[tokio::test]
async fn a_key_is_free_after_what_was_not_looked_at() {
    let clock = Arc::new(ManualClock::at("2026-02-16T12:00:00.000Z"));
    let server = TestServer::start_with(Some(Arc::clone(&clock)), |config| {
        config.flow.per_person = true;
        config.flow.groups_per_user_per_minute = 1;
    })
    .await;
    let ann = server.guest("Ann").await;
    let body = json!({"name": "Friends"});
    keyed(&ann, "1", "/groups", &body).await.ok(201);
    assert_eq!(keyed(&ann, "2", "/groups", &body).await.refused().0, 429);
    clock.advance_s(60);
    keyed(&ann, "2", "/groups", &body).await.ok(201);
    let switches = json!({"packets_on": true});
    let put = || ann.request(Method::PUT, "/control").header(KEY, "3").json(&switches);
    assert_eq!(send(put()).await.refused(), (403, "forbidden".to_owned()));
    server.app().accounts.grant_admin(&ann.id).await.unwrap();
    assert_ne!(send(put()).await.status, 403);
}

/// The process is killed before it has kept the answer: what can be done again is, and of the
/// rest it says that it does not know.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_says_what_it_knows() {
    let mut server = TestServer::spawn(&[]);
    let ann = server.guest("Ann").await;
    let kept = keyed(&ann, "kept", "/groups", &json!({"name": "Friends"})).await;
    let group = kept.ok(201)["id"].as_str().unwrap().to_owned();
    server.kill();
    let messages = format!("/groups/{group}/messages");
    let packet = json!({"group_id": group, "kind": "lucky", "total_fen": 100, "shares": 1});
    for (path, body) in [
        ("/wallet/top-ups".to_owned(), json!({"amount_fen": 70, "key": "money"})),
        (messages.clone(), json!({"text": "hello"})),
        ("/packets".to_owned(), packet),
        ("/groups".to_owned(), json!({"name": "More"})),
    ] {
        for point in ["call.begin.after", "call.answer.before", "call.answer.after"] {
            let key = format!("{point}:{}", path.rsplit('/').next().unwrap());
            assert!(server.try_start(&[("FAILPOINTS", &format!("{point}=return"))]));
            let ann = Person { url: server.url.clone(), ..ann.clone() };
            let request = ann.request(Method::POST, &path).header(KEY, &key).json(&body);
            assert!(request.send().await.is_err(), "{key}: it is aborted");
            server.ended().await;
            server.restart();
            let ann = Person { url: server.url.clone(), ..ann };
            let again = keyed(&ann, &key, &path, &body).await;
            let twice = keyed(&ann, &key, &path, &body).await;
            assert_eq!((again.status, &again.body), (twice.status, &twice.body), "{key}");
            if path == "/groups" && point != "call.answer.after" {
                assert_eq!(again.refused(), (409, "outcome_unknown".to_owned()), "{key}");
            } else {
                again.ok(201);
                assert!(is_again(&twice), "{key}");
            }
            let other = keyed(&ann, &key, "/groups/join", &json!({"code": "x"})).await;
            assert_eq!(other.refused(), (409, "key_reused".to_owned()), "{key}");
            server.kill();
        }
    }
    server.restart();
    let ann = Person { url: server.url.clone(), ..ann };
    assert_eq!(ann.balance_fen().await, 70, "once");
    let said = ann.get(&messages).await.ok(200);
    let texts = said["items"].as_array().unwrap().iter().filter(|line| line["text"] == "hello");
    assert_eq!(texts.count(), 3);
    // Under the first of three keys nothing was done.
    assert_eq!(groups(&ann).await, 1 + 2);
    let again = keyed(&ann, "kept", "/groups", &json!({"name": "Friends"})).await;
    assert_eq!(again.body, kept.body, "after all of it");
}

/// The document says which calls take the header, and how it looks.
#[test]
fn the_document_says_which_calls_take_it() {
    let create = &document()["paths"]["/api/v1/groups"]["post"];
    let parameters = create["parameters"].as_array().unwrap();
    let header = parameters.iter().find(|one| one["name"] == "Idempotency-Key").unwrap();
    assert_eq!((&header["in"], &header["required"]), (&json!("header"), &json!(false)));
    assert_eq!(header["schema"]["maxLength"], 64);
    let conflict = &create["responses"]["409"];
    for code in ["key_reused", "key_in_use", "outcome_unknown"] {
        assert!(conflict["x-codes"].as_array().unwrap().contains(&json!(code)), "{code}");
    }
    assert!(conflict["headers"]["Retry-After"].is_object());
}
