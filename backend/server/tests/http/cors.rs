//! Calls from pages of other origins.

use crate::common::{
    person::{Answer, send},
    server::TestServer,
};
use reqwest::Method;
use serde_json::json;

const FORUM: &str = "https://forum.example.com";

async fn server() -> TestServer {
    TestServer::start_with(None, |config| {
        config.server.cors_origins = vec![FORUM.parse().unwrap()];
    })
    .await
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer.headers.get(name).map(|value| value.to_str().unwrap())
}

fn allowed(answer: &Answer) -> Option<&str> {
    header(answer, "access-control-allow-origin")
}

/// A page that is named comes in, calls with its token, and reads answers and refusals.
#[tokio::test]
async fn a_page_that_is_named_may_call() {
    let server = server().await;
    let asked = server
        .request(Method::OPTIONS, "/api/v1/wallet/top-ups")
        .header("origin", FORUM)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization,content-type,idempotency-key");
    let answer = send(asked).await;
    assert_eq!(
        (answer.status.as_u16(), answer.body.as_str(), allowed(&answer)),
        (204, "", Some(FORUM))
    );
    assert!(header(&answer, "access-control-allow-methods").unwrap().contains("POST"));
    let taken = header(&answer, "access-control-allow-headers").unwrap();
    for name in ["authorization", "content-type", "idempotency-key", "hongbao-for"] {
        assert!(taken.contains(name), "{name} in {taken}");
    }
    assert_eq!(header(&answer, "access-control-allow-credentials"), None, "no cookies");

    let ann = server.guest("Ann").await;
    let top_up = ann.request(Method::POST, "/wallet/top-ups").header("origin", FORUM);
    let answer = send(top_up.json(&json!({"amount_fen": 100, "key": "one"}))).await;
    assert_eq!((answer.status.as_u16(), allowed(&answer)), (201, Some(FORUM)));
    assert!(header(&answer, "access-control-expose-headers").unwrap().contains("retry-after"));
    let refused = server.request(Method::GET, "/api/v1/me").header("origin", FORUM);
    let refused = send(refused).await;
    assert_eq!((refused.status.as_u16(), allowed(&refused)), (401, Some(FORUM)));
    assert_eq!(header(&refused, "vary"), Some("origin"));
}

/// Nobody else: other origins, pages that have none, and what is no call; and where no setting
/// names one, nothing has changed.
#[tokio::test]
async fn nobody_else_may() {
    let named = server().await;
    let silent = TestServer::start().await;
    for (server, origin, path) in [
        (&named, "https://forum.example.com.evil.example", "/api/v1/limits"),
        (&named, "http://forum.example.com", "/api/v1/limits"),
        (&named, "null", "/api/v1/limits"),
        (&named, FORUM, "/healthz"),
        (&named, FORUM, "/"),
        (&silent, FORUM, "/api/v1/limits"),
    ] {
        let get = server.request(Method::GET, path).header("origin", origin);
        assert_eq!(allowed(&send(get).await), None, "{origin} {path}");
        let asked = server
            .request(Method::OPTIONS, path)
            .header("origin", origin)
            .header("access-control-request-method", "GET");
        let answer = send(asked).await;
        assert_eq!((answer.status.as_u16(), allowed(&answer)), (204, None), "{origin} {path}");
    }
    // The cookie is for our own pages, whatever is named.
    let signed_in = named.request(Method::POST, "/api/v1/session/guest");
    let signed_in = send(signed_in.json(&json!({"name": "Bob"}))).await;
    let cookie = header(&signed_in, "set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let post = named
        .request(Method::POST, "/api/v1/groups")
        .header("origin", FORUM)
        .header("cookie", cookie)
        .json(&json!({"name": "Friends"}));
    assert_eq!(send(post).await.refused(), (403, "forbidden".to_owned()));
}
