//! What answers carry, and what those who run the server see.

use crate::common::{person::send, server::TestServer};
use hongbao::{http, node::open_stores};
use hongbao_config::CreditMode;
use hongbao_shared::api::packets::PacketState;
use reqwest::{Method, StatusCode};
use serde_json::json;
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// R-PEOPLE-3, R-MONEY-2: right after an open a wallet may not know of the share yet, be it as
/// money on its way or in the balance; never is it there twice, and soon it is there.
#[tokio::test]
async fn a_wallet_right_after_an_open_never_shows_too_much() {
    for mode in [CreditMode::Split, CreditMode::Queue, CreditMode::Deferred] {
        let server = TestServer::start_with(None, |config| config.credit.mode = mode).await;
        let (group, people) = server.group_of(2).await;
        people[0].top_up(1_000_000, "k").await;
        let shown = async || {
            let wallet = people[1].get("/wallet").await.ok(200);
            let fen = |name: &str| wallet[name].as_u64().unwrap();
            fen("balance_fen") + fen("pending_fen")
        };
        let mut opened = 0;
        for total in [300, 40_000, 300, 40_000] {
            let order_no = people[0].send_packet(&group, total, 2).await;
            opened += people[1].open(order_no).await.amount_fen.get();
            assert!(shown().await <= opened, "{mode:?}");
        }
        let arrives = async {
            while shown().await != opened {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(Duration::from_mins(1), arrives).await.expect("it is shown");
    }
}

/// The whole way, over HTTP: send, pay, grab, open, finish, check the proof.
#[tokio::test]
async fn a_packet_lives() {
    let server = TestServer::start().await;
    let (group, people) = server.group_of(3).await;
    people[0].top_up(1_000, "k").await;
    let order_no = people[0].send_packet(&group, 1_000, 2).await;
    assert_eq!(people[0].balance_fen().await, 0);

    let first = people[1].open(order_no).await;
    assert_eq!(people[1].grab(order_no).await["amount_fen"], first.amount_fen.get());
    let hidden = people[2].details(order_no).await;
    assert_eq!((hidden.claims, hidden.total_fen, hidden.fairness.server_seed), (None, None, None));
    let second = people[0].open(order_no).await;
    assert_eq!(first.amount_fen.get() + second.amount_fen.get(), 1_000);

    let details = people[2].details(order_no).await;
    assert_eq!(details.state, PacketState::Finished);
    assert!(hongbao_shared::proof::check(&details).unwrap().is_ok());
    assert_eq!(people[2].grab(order_no).await["state"], "finished");
    people[2].wait_for_card(&group, order_no).await;

    // Credits are on their way; draining brings them in.
    let app = server.app().clone();
    let id = people[1].id.parse().unwrap();
    let folder = server.shutdown().await;
    drop(app);
    let mut config = hongbao_config::Config::default();
    config.storage.data = folder.path().to_owned();
    let stores = open_stores(&config).await.unwrap();
    let wallet = hongbao_domain::store::ledger::Account::Wallet(id);
    assert_eq!(stores.ledger.account(wallet).await.unwrap().balance, first.amount_fen.signed());
}

#[tokio::test]
async fn every_answer_is_guarded() {
    let server = TestServer::start().await;
    let mut ids = BTreeSet::new();
    for path in ["/", "/groups/7", "/assets/gone.js", "/api/v1/limits", "/api/docs", "/healthz"] {
        let request = server.request(Method::GET, path).header("accept", "text/html");
        let answer = send(request).await;
        let header = |name: &str| answer.headers.get(name).map(|v| v.to_str().unwrap().to_owned());
        assert_eq!(header("x-content-type-options").unwrap(), "nosniff", "{path}");
        assert_eq!(header("referrer-policy").unwrap(), "no-referrer", "{path}");
        assert!(ids.insert(header("x-request-id").unwrap()), "{path}: an id of its own");
        let html = header("content-type").unwrap().starts_with("text/html");
        assert_eq!(header("content-security-policy").is_some(), html, "{path}");
        if path.starts_with("/api/v1/") {
            assert_eq!(header("cache-control").unwrap(), "no-store", "{path}");
        }
    }
}

#[tokio::test]
async fn those_who_run_it_can_look() {
    let server = TestServer::start().await;
    assert_eq!(send(server.request(Method::GET, "/healthz")).await.status, StatusCode::OK);
    assert_eq!(send(server.request(Method::GET, "/readyz")).await.status, StatusCode::OK);
    let secret = "a-code-that-must-not-be-logged";
    let ann = server.guest("Ann").await;
    ann.post("/groups/join", &json!({"code": secret})).await;
    send(server.request(Method::GET, &format!("/join/{secret}"))).await;
    let metrics = send(server.request(Method::GET, "/metrics")).await;
    assert!(metrics.headers["content-type"].to_str().unwrap().starts_with("text/plain"));
    let measured = "route=\"/api/v1/groups/join\",status=\"404\"";
    assert!(metrics.body.contains(measured), "by route: {}", metrics.body);
    assert!(!metrics.body.contains(secret) && !metrics.body.contains(&ann.token));
}

/// Alive, but not to be sent anything new.
#[tokio::test]
async fn a_draining_server_is_not_ready() {
    let server = TestServer::start().await;
    let draining = CancellationToken::new();
    let router = http::router(Arc::clone(server.app()), draining.clone());
    let get = async |path: &str| {
        let request = axum::http::Request::get(path)
            .header("host", "x")
            .body(axum::body::Body::empty())
            .unwrap();
        router.clone().oneshot(request).await.unwrap()
    };
    assert_eq!(get("/readyz").await.status().as_u16(), 200);
    draining.cancel();
    let answer = get("/readyz").await;
    assert_eq!(answer.status().as_u16(), 503);
    assert_eq!(answer.headers()["retry-after"], "1");
    assert_eq!(get("/healthz").await.status().as_u16(), 200);
}
