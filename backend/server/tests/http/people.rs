//! Be somebody: name, picture, password, sessions (R-PEOPLE-1).

use crate::common::{
    person::{Answer, Person, send},
    server::TestServer,
};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};
use std::time::Duration;

async fn call(person: &Person, method: Method, path: &str, body: &Value) -> Answer {
    send(person.request(method, path).json(body)).await
}

async fn without_body(person: &Person, method: Method, path: &str) -> Answer {
    send(person.request(method, path)).await
}

/// Without the ledger people come in and do what needs no money; what they hold is told when it is
/// back (R-CTRL-6).
#[tokio::test]
async fn whoever_comes_needs_no_ledger() {
    let server = TestServer::start().await;
    let ann = server.guest("Ann").await;
    ann.top_up(500, "k").await;
    let file = server.folder.path().join("db/ledger.sqlite");
    let file = SqliteConnectOptions::new().filename(file).busy_timeout(Duration::from_secs(10));
    let mut ledger = SqliteConnection::connect_with(&file).await.unwrap();
    sqlx::raw_sql("ALTER TABLE accounts RENAME TO away").execute(&mut ledger).await.unwrap();
    for path in ["/me", "/session"] {
        let me = ann.get(path).await.ok(200);
        assert_eq!((&me["user"]["name"], me.get("balance_fen")), (&json!("Ann"), None), "{path}");
    }
    let renamed = call(&ann, Method::PATCH, "/me", &json!({"name": "Anna"})).await.ok(200);
    assert_eq!((&renamed["user"]["name"], renamed.get("balance_fen")), (&json!("Anna"), None));
    assert_eq!(ann.get("/wallet").await.refused(), (503, "unavailable".to_owned()));
    sqlx::raw_sql("ALTER TABLE away RENAME TO accounts").execute(&mut ledger).await.unwrap();
    ledger.close().await.unwrap();
    assert_eq!(ann.get("/me").await.ok(200)["balance_fen"], 500);
}

#[tokio::test]
async fn a_guest_grows_into_an_account() {
    let server = TestServer::start().await;
    let ann = server.guest("Ann").await;
    ann.top_up(500, "k").await;
    let change = json!({"name": "Anna", "avatar": "a07"});
    let me = call(&ann, Method::PATCH, "/me", &change).await.ok(200);
    assert_eq!(me["user"], json!({"id": ann.id, "name": "Anna", "avatar": "a07"}));
    assert_eq!((&me["balance_fen"], &me["is_guest"]), (&json!(500), &json!(true)));
    assert_eq!(ann.get("/me").await.ok(200), me);
    for (body, expected) in [
        (json!({"name": ""}), (422, "name_invalid")),
        (json!({"avatar": "a24"}), (422, "avatar_invalid")),
        (json!({"name": 5}), (400, "invalid_body")),
        (json!({"is_admin": true}), (400, "unknown_field")),
    ] {
        let answer = call(&ann, Method::PATCH, "/me", &body).await;
        assert_eq!(answer.refused(), (expected.0, expected.1.to_owned()), "{body}");
    }
    let change = json!({"current": "correct horse", "new": "battery staple"});
    let answer = call(&ann, Method::PUT, "/me/password", &change).await;
    assert_eq!(answer.refused(), (409, "guest_has_no_password".to_owned()));

    let credentials = json!({"name": "Anna", "password": "correct horse"});
    let me = ann.post("/me/account", &credentials).await.ok(200);
    assert_eq!((&me["balance_fen"], &me["is_guest"]), (&json!(500), &json!(false)));
    let answer = ann.post("/me/account", &credentials).await;
    assert_eq!(answer.refused(), (409, "already_account".to_owned()));
    let bob = server.guest("Bob").await;
    let answer = bob.post("/me/account", &credentials).await;
    assert_eq!(answer.refused(), (409, "name_taken".to_owned()));

    let sign_in = |password: &str| {
        let request = server.request(Method::POST, "/api/v1/session");
        send(request.json(&json!({"name": "anna", "password": password})))
    };
    let token = sign_in("correct horse").await.ok(201)["token"].as_str().unwrap().to_owned();
    let there = Person { token, ..ann.clone() };
    let answer = call(&ann, Method::PUT, "/me/password", &change).await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (204, ""));
    let answer = call(&ann, Method::PUT, "/me/password", &change).await;
    assert_eq!(answer.refused(), (401, "wrong_credentials".to_owned()));
    assert_eq!(there.get("/me").await.refused().0, 401);
    assert_eq!(ann.get("/me").await.ok(200), me);
    assert_eq!(sign_in("correct horse").await.refused().0, 401);
    sign_in("battery staple").await.ok(201);
}

#[tokio::test]
async fn sessions_are_listed_and_ended() {
    let server = TestServer::start().await;
    let ann = server.guest("Ann").await;
    ann.post("/me/account", &json!({"name": "Ann", "password": "correct horse"})).await.ok(200);
    let mut others = Vec::new();
    for agent in ["phone", "desk"] {
        let request = server.request(Method::POST, "/api/v1/session").header("user-agent", agent);
        let body = json!({"name": "Ann", "password": "correct horse"});
        let token = send(request.json(&body)).await.ok(201)["token"].as_str().unwrap().to_owned();
        others.push(Person { token, ..ann.clone() });
    }
    let list = async |person: &Person| {
        let mut sessions: Vec<Value> = person.get("/me/sessions").await.read();
        sessions.sort_by_key(|session| session["agent"].to_string());
        sessions
    };
    let sessions = list(&ann).await;
    let shown: Vec<_> = sessions.iter().map(|s| (&s["agent"], &s["is_current"])).collect();
    let expected = [("", true), ("desk", false), ("phone", false)]
        .map(|(agent, current)| (json!(agent), json!(current)));
    assert_eq!(shown, expected.iter().map(|(agent, current)| (agent, current)).collect::<Vec<_>>());
    let path = |session: &Value| format!("/me/sessions/{}", session["id"].as_str().unwrap());
    let (own, desk, phone) = (path(&sessions[0]), path(&sessions[1]), path(&sessions[2]));
    assert!(!sessions.iter().any(|s| s.to_string().contains(&ann.token)));

    let ended = without_body(&ann, Method::DELETE, &desk).await;
    assert_eq!((ended.status.as_u16(), ended.headers.get("set-cookie")), (204, None));
    assert_eq!(others[1].get("/me").await.refused().0, 401);
    let answer = without_body(&ann, Method::DELETE, &desk).await;
    assert_eq!(answer.refused(), (404, "session_not_found".to_owned()));
    let bob = server.guest("Bob").await;
    let answer = without_body(&bob, Method::DELETE, &phone).await;
    assert_eq!(answer.refused(), (404, "session_not_found".to_owned()));
    for bad in ["x", "%ff", &"A".repeat(32), &"a".repeat(31)] {
        let answer = without_body(&ann, Method::DELETE, &format!("/me/sessions/{bad}")).await;
        assert_eq!(answer.refused(), (400, "invalid_id".to_owned()), "{bad}");
    }

    let answer = without_body(&ann, Method::DELETE, "/me/sessions").await;
    assert_eq!(answer.status.as_u16(), 204);
    assert_eq!(others[0].get("/me").await.refused().0, 401);
    assert_eq!(list(&ann).await.len(), 1);
    let ended = without_body(&ann, Method::DELETE, &own).await;
    assert_eq!(ended.status.as_u16(), 204);
    assert!(ended.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(ann.get("/me").await.refused().0, 401);
}

/// Trying passwords is counted wherever it is done.
#[tokio::test]
async fn passwords_are_tried_a_few_times_only() {
    let server = TestServer::start_with(None, |config| {
        config.addresses.sign_ins_per_minute = 2;
        config.addresses.sign_ins_per_account_per_minute = 0;
        config.addresses.accounts_per_minute = 2;
    })
    .await;
    let ann = server.guest("Ann").await;
    let credentials = json!({"name": "Ann", "password": "correct horse"});
    ann.post("/me/account", &credentials).await.ok(200);
    let guess = json!({"current": "wrong horse", "new": "battery staple"});
    for expected in [401, 401, 429] {
        let answer = call(&ann, Method::PUT, "/me/password", &guess).await;
        assert_eq!(answer.refused().0, expected);
    }
    ann.post("/me/account", &credentials).await.refused();
    assert_eq!(ann.post("/me/account", &credentials).await.refused().0, 429);
}
