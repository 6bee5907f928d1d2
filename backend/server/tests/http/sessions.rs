//! Who is asking: tokens, cookies, addresses.

use crate::common::{
    person::{Answer, send},
    server::TestServer,
};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::json;

fn code(answer: &Answer) -> String {
    answer.refused().1
}

#[tokio::test]
async fn a_token_opens_and_its_end_closes() {
    let server = TestServer::start().await;
    let ann = server.guest("Ann").await;
    assert_eq!(ann.get("/me").await.ok(200)["user"]["name"], "Ann");
    assert_eq!(ann.get("/me").await.ok(200)["is_guest"], true);

    let ended = send(ann.request(Method::DELETE, "/session")).await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT);
    let cookie = ended.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("hongbao_session=; ") && cookie.contains("Max-Age=0"), "{cookie}");
    for token in [ann.token.as_str(), "", "nonsense", &"a".repeat(5000)] {
        let request = server.request(Method::GET, "/api/v1/me").bearer_auth(token);
        let answer = send(request).await;
        assert_eq!(answer.refused(), (401, "unauthenticated".to_owned()));
        assert_eq!(answer.headers["www-authenticate"], "Bearer realm=\"hongbao\"");
    }
    assert_eq!(code(&send(server.request(Method::GET, "/api/v1/me")).await), "unauthenticated");
}

/// R-PEOPLE-5: a page can always ask who is signed in; that it is nobody is no error.
#[tokio::test]
async fn who_is_signed_in_can_be_asked_by_anybody() {
    let server = TestServer::start().await;
    let ann = server.guest("Ann").await;
    let ask = || server.request(Method::GET, "/api/v1/session");
    let cookie = |token: &str| ask().header("cookie", format!("hongbao_session={token}"));
    assert_eq!(send(cookie(&ann.token)).await.ok(200), ann.get("/me").await.ok(200));
    assert_eq!(send(ask().bearer_auth(&ann.token)).await.ok(200)["user"]["name"], "Ann");
    for nobody in [ask(), cookie(""), cookie("nonsense"), cookie(&"a".repeat(5000))] {
        assert_eq!(send(nobody).await.ok(200), json!(null));
    }
    send(ann.request(Method::DELETE, "/session")).await;
    assert_eq!(send(cookie(&ann.token)).await.ok(200), json!(null));
}

#[tokio::test]
async fn accounts_sign_in_with_their_password_alone() {
    let server = TestServer::start().await;
    let post = |path: &str, name: &str, password: &str| {
        let request = server.request(Method::POST, &format!("/api/v1{path}"));
        send(request.json(&json!({"name": name, "password": password})))
    };
    let right = "correct horse";
    assert_eq!(post("/accounts", "Ann", right).await.ok(201)["user"]["name"], "Ann");
    for (path, name, password, expected) in [
        ("/accounts", "ann", right, (409, "name_taken")),
        ("/accounts", "Bob", "short", (422, "password_invalid")),
        ("/accounts", "Bob", &"x".repeat(129), (422, "password_invalid")),
        ("/accounts", "", right, (422, "name_invalid")),
        ("/accounts", "a\u{202e}b", right, (422, "name_invalid")),
        ("/accounts", &"n".repeat(21), right, (422, "name_invalid")),
        ("/session", "Ann", "wrong horse", (401, "wrong_credentials")),
        ("/session", "Ann", "", (401, "wrong_credentials")),
        ("/session", "Nobody", right, (401, "wrong_credentials")),
    ] {
        let answer = post(path, name, password).await;
        assert_eq!(answer.refused(), (expected.0, expected.1.to_owned()), "{path} {name}");
    }
    post("/session", "Ann", right).await.ok(201);
}

/// A page that shows one person never acts as another, whoever signed in meanwhile.
#[tokio::test]
async fn a_call_can_say_whom_it_expects_to_be() {
    let server = TestServer::start().await;
    let (ann, bob) = (server.guest("Ann").await, server.guest("Bob").await);
    let id = ann.get("/me").await.ok(200)["user"]["id"].as_str().unwrap().to_owned();
    let groups = async || bob.get("/groups").await.ok(200).as_array().unwrap().len();
    let make = || bob.request(Method::POST, "/groups").json(&json!({"name": "G"}));
    let top_up = json!({"amount_fen": 100, "key": "one"});
    for call in [
        make(),
        bob.request(Method::POST, "/wallet/top-ups").json(&top_up),
        bob.request(Method::DELETE, "/session"),
        bob.request(Method::GET, "/wallet"),
    ] {
        for expected in [id.as_str(), "", "nonsense"] {
            let answer = send(call.try_clone().unwrap().header("hongbao-person", expected)).await;
            assert_eq!(answer.refused(), (409, "person_changed".to_owned()));
        }
    }
    assert_eq!(
        (groups().await, bob.get("/wallet").await.ok(200)["balance_fen"].as_i64()),
        (0, Some(0))
    );
    let own = bob.get("/me").await.ok(200)["user"]["id"].as_str().unwrap().to_owned();
    send(make().header("hongbao-person", &own)).await.ok(201);
    assert_eq!(groups().await, 1);
}

/// The cookie works like the token, but only for pages of ours.
#[tokio::test]
async fn the_cookie_is_for_our_own_pages() {
    let server = TestServer::start().await;
    let request = server.request(Method::POST, "/api/v1/session/guest");
    let answer = send(request.json(&json!({"name": "Ann"}))).await;
    let cookie = answer.headers["set-cookie"].to_str().unwrap();
    for flag in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age="] {
        assert!(cookie.contains(flag), "{flag}: {cookie}");
    }
    assert!(!cookie.contains("Secure"), "plain http: {cookie}");
    let cookie = cookie.split(';').next().unwrap().to_owned();

    let with_cookie = |method, path: &str| {
        server.request(method, &format!("/api/v1{path}")).header("cookie", &cookie)
    };
    send(with_cookie(Method::GET, "/me")).await.ok(200);
    let make = || with_cookie(Method::POST, "/groups").json(&json!({"name": "G"}));
    let own = server.url.clone();
    let from = |request: RequestBuilder, name: &'static str, value: &str| {
        send(request.header(name, value))
    };
    from(make(), "sec-fetch-site", "same-origin").await.ok(201);
    from(make(), "origin", &own).await.ok(201);
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("referer", own.as_str()),
    ] {
        assert_eq!(
            from(make(), name, value).await.refused(),
            (403, "forbidden".to_owned()),
            "{name}"
        );
    }
    // A token is only ever sent on purpose.
    let token = answer.json()["token"].as_str().unwrap().to_owned();
    let request = make().bearer_auth(token).header("sec-fetch-site", "cross-site");
    send(request).await.ok(201);
    assert_eq!(send(with_cookie(Method::GET, "/groups")).await.json().as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn the_cookie_is_secure_behind_tls() {
    let server = TestServer::start_with(None, |config| {
        config.server.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    })
    .await;
    let request = server.request(Method::POST, "/api/v1/session/guest");
    let request = request.header("x-forwarded-proto", "https").json(&json!({"name": "Ann"}));
    let answer = send(request).await;
    assert!(answer.headers["set-cookie"].to_str().unwrap().ends_with("; Secure"), "{answer:?}");
}

#[tokio::test]
async fn addresses_have_their_limits() {
    let server = TestServer::start_with(None, |config| {
        config.addresses.guests_per_minute = 2;
        config.addresses.guests_at_once = 0;
        config.server.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    })
    .await;
    let guest = |forwarded: &'static str| {
        let request = server.request(Method::POST, "/api/v1/session/guest");
        send(request.header("x-forwarded-for", forwarded).json(&json!({"name": "Ann"})))
    };
    guest("1.1.1.1").await.ok(201);
    // What stands to the left is the client's own claim and changes nothing.
    guest("7.7.7.7, 1.1.1.1").await.ok(201);
    let answer = guest("8.8.8.8, 1.1.1.1").await;
    assert_eq!(answer.refused(), (429, "rate_limited".to_owned()));
    let after: u64 = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&after), "{after}");
    guest("2.2.2.2").await.ok(201);
}

#[tokio::test]
async fn guests_can_be_kept_out() {
    let server = TestServer::start_with(None, |config| config.guests.enabled = false).await;
    let request = server.request(Method::POST, "/api/v1/session/guest");
    let answer = send(request.json(&json!({"name": "Ann"}))).await;
    assert_eq!(answer.refused(), (403, "guests_off".to_owned()));
}
