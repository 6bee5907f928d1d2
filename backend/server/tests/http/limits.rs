//! Every call that writes has a limit, by default (R-CTRL-1, R-CTRL-6): per person, per program for
//! all that it calls, or per address where nobody is known yet.

use crate::{
    common::{
        ManualClock,
        document::document,
        person::{Answer, send},
        server::TestServer,
    },
    services::{Bot, some_path},
};
use hongbao_config::{Addresses, Flow};
use hongbao_shared::api::services::Scope;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use std::sync::Arc;

/// More than any limit of a minute.
const FLOOD: usize = 2_000;

/// What needs no limit of its own, and why.
const WITHOUT: [(&str, &str, &str); 2] = [
    ("post", "/packets/{order_no}/open", "it takes a ticket, and grabs are limited"),
    ("delete", "/session", "a session ends once, and beginning one is limited"),
];

/// What the handler is asked where it would refuse an empty object before it counts.
const BODIES: [(&str, &str, &str); 16] = [
    ("post", "/accounts", r#"{"name": "flooder", "password": "a long password"}"#),
    ("post", "/session", r#"{"name": "flooder", "password": "a long password"}"#),
    ("post", "/session/guest", r#"{"name": "flooder"}"#),
    ("post", "/groups", r#"{"name": "G"}"#),
    ("post", "/groups/demo", r#"{"language": "zh"}"#),
    ("post", "/groups/join", r#"{"code": "aaaaaaaaaaaaaaaa"}"#),
    ("post", "/groups/{id}/messages", r#"{"text": "Hi"}"#),
    ("put", "/groups/{id}/mute", r#"{"muted": true}"#),
    ("put", "/groups/{id}/pin", r#"{"pinned": true}"#),
    ("put", "/groups/{id}/read", r#"{"message_id": "1"}"#),
    ("post", "/me/account", r#"{"name": "flooder", "password": "a long password"}"#),
    ("put", "/me/password", r#"{"current": "a long password", "new": "another password"}"#),
    ("patch", "/me", r#"{"name": "N"}"#),
    ("post", "/packets", r#"{"group_id": "GROUP", "kind": "lucky", "total_fen": 10, "shares": 1}"#),
    ("put", "/session/push", r#"{"endpoint": "", "public_key": "", "auth": "", "language": "en"}"#),
    ("post", "/wallet/top-ups", r#"{"amount_fen": 1, "key": "k"}"#),
];

fn body(method: &str, path: &str) -> Value {
    let listed = BODIES.iter().find(|(of, at, _)| (*of, *at) == (method, path));
    listed.map_or_else(|| json!({}), |(_, _, body)| serde_json::from_str(body).unwrap())
}

/// Calls until it is refused as too often, with a time to come back.
async fn flood(what: &str, call: impl Fn() -> RequestBuilder) -> Result<(), String> {
    let mut last = None;
    for _ in 0..FLOOD {
        let answer: Answer = send(call()).await;
        if answer.status == 429 {
            let after: u64 = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
            assert!((1..=60).contains(&after), "{what}: {after} s");
            return Ok(());
        }
        assert!(answer.status.as_u16() < 500, "{what}: {answer:?}");
        last = Some(answer);
    }
    Err(format!("{what}: {FLOOD} calls in a minute, and none is refused: {last:?}"))
}

#[tokio::test]
async fn every_call_that_writes_has_one() {
    let clock = Arc::new(ManualClock::at("2026-02-16T12:00:00.000Z"));
    let server = TestServer::start_with(Some(clock), |config| {
        config.flow = Flow::default();
        config.addresses = Addresses::default();
        config.limits.demo = true;
        // All come from one address, and each call is tried by somebody new.
        config.addresses.guests_per_minute = 100;
        config.addresses.accounts_per_minute = 100;
        config.addresses.sign_ins_per_minute = 100;
    })
    .await;
    for (method, path, _) in WITHOUT {
        let path = format!("/api/v1{path}");
        assert!(document()["paths"][&path][method].is_object(), "there is no {method} {path}");
    }
    let mut calls = Vec::new();
    for (template, item) in document()["paths"].as_object().unwrap() {
        let path = template.trim_start_matches("/api/v1");
        for (method, operation) in item.as_object().unwrap() {
            let excused = |(of, at, _): &(&str, &str, &str)| *of == method && *at == path;
            if method != "get" && !WITHOUT.iter().any(excused) {
                let allowed = operation["x-allowed"].as_array().unwrap().iter();
                calls.push((method, path, allowed.filter_map(Value::as_str).collect::<Vec<_>>()));
            }
        }
    }
    assert!(calls.len() > 30, "{calls:?}");
    // Those whom nobody knows come last: their limit is that of this machine's address.
    calls.sort_by_key(|(_, _, allowed)| allowed.contains(&"anonymous"));
    let mut unlimited = Vec::new();
    for (place, (method, path, allowed)) in calls.into_iter().enumerate() {
        let (what, body) = (format!("{method} {path}"), body(method, path));
        let (method, path): (Method, _) = (method.to_uppercase().parse().unwrap(), some_path(path));
        let flooded = if allowed.contains(&"anonymous") {
            let path = format!("/api/v1{path}");
            flood(&what, || server.request(method.clone(), &path).json(&body)).await
        } else if allowed.contains(&"person") {
            let (group, people) = server.group_of(2).await;
            let [person, other] = &people[..] else { panic!("two") };
            let body: Value =
                serde_json::from_str(&body.to_string().replace("GROUP", &group)).unwrap();
            let flooded = flood(&what, || person.request(method.clone(), &path).json(&body)).await;
            let answer = send(other.request(method, &path).json(&body)).await;
            assert_ne!(answer.status, 429, "{what}: somebody else's limit");
            flooded
        } else {
            let scope: Scope = allowed.iter().find_map(|role| role.parse().ok()).unwrap();
            let bot = Bot::new(&server, &format!("bot{place}"), &[scope], 3).await;
            flood(&what, || bot.asking.request(method.clone(), &path).json(&body)).await
        };
        unlimited.extend(flooded.err());
    }
    assert!(unlimited.is_empty(), "{}", unlimited.join("\n"));
}
