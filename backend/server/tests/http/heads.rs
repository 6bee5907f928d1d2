//! The heads of requests and answers: what browsers and proxies are told, and what is refused
//! by the head alone.

use crate::{
    common::{document::document, person::send, server::TestServer},
    services::some_path,
};
use hongbao_config::Network;
use reqwest::Method;
use serde_json::json;
use std::{
    io::{Read, Write},
    net::{IpAddr, Ipv4Addr, TcpStream},
    time::Duration,
};

const NEAR: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const FAR: &str = "198.51.100.7";

/// R-API-3: metrics are for the machine itself and whom a setting names; a proxy in front, trusted
/// or forgotten, does not make them everybody's.
#[tokio::test]
async fn metrics_are_not_for_everybody() {
    for (trusted, named) in [(false, false), (true, false), (false, true), (true, true)] {
        let server = TestServer::start_with(None, |config| {
            config.server.trusted_proxies.extend(trusted.then(|| Network::from(NEAR)));
            let network = || "198.51.100.0/24".parse::<Network>().unwrap();
            config.server.metrics_addresses.extend(named.then(network));
        })
        .await;
        let ask = || server.request(Method::GET, "/metrics");
        assert_eq!(send(ask()).await.status, 200);
        let forwarded = send(ask().header("x-forwarded-for", FAR)).await;
        let expected = if trusted && named { 200 } else { 403 };
        assert_eq!(forwarded.status, expected, "{trusted} {named}");
    }
}

/// Over https, browsers are told to stay there, and keep the session where no other host and nobody
/// on the way can set it; the cookie of before is read, and gone after a sign-out.
#[tokio::test]
async fn https_is_kept() {
    let server =
        TestServer::start_with(None, |config| config.server.trusted_proxies.push(NEAR.into()))
            .await;
    let post = |path: &str| server.request(Method::POST, &format!("/api/v1{path}"));
    let https = ("x-forwarded-proto", "https");
    let ann = json!({"name": "Ann"});
    let plain = send(post("/session/guest").json(&ann)).await;
    assert!(!plain.headers.contains_key("strict-transport-security"));
    let token = plain.ok(201)["token"].as_str().unwrap().to_owned();

    let secure = send(post("/session/guest").header(https.0, https.1).json(&ann)).await;
    assert_eq!(secure.headers["strict-transport-security"], "max-age=31536000");
    let set = secure.headers["set-cookie"].to_str().unwrap();
    let is_kept = set.starts_with("__Host-hongbao_session=") && set.ends_with("; Secure");
    assert!(is_kept && set.contains("; Path=/;"), "{set}");

    let cookie = set.split(';').next().unwrap();
    for cookie in [cookie.to_owned(), format!("hongbao_session={token}")] {
        let me = server.request(Method::GET, "/api/v1/me").header(https.0, https.1);
        send(me.header("cookie", &cookie)).await.ok(200);
        let end = || {
            let end = server.request(Method::DELETE, "/api/v1/session");
            end.header(https.0, https.1).header("cookie", &cookie).header("host", "hongbao.example")
        };
        let forged = send(end().header("origin", "http://hongbao.example")).await;
        assert_eq!(forged.refused(), (403, "forbidden".to_owned()));
        let ended = send(end().header("origin", "https://hongbao.example")).await;
        assert_eq!(ended.status, 204, "{}", ended.body);
        let gone: Vec<_> = ended.headers.get_all("set-cookie").iter().collect();
        assert_eq!(gone.len(), 2, "{gone:?}");
    }
}

#[tokio::test]
async fn pages_may_not_look_or_listen_and_files_say_what_is_allowed() {
    let server = TestServer::start().await;
    let page = server.request(Method::GET, "/").header("accept", "text/html");
    let policy = send(page).await.headers["permissions-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("camera=()") && policy.contains("microphone=()"), "{policy}");
    for path in ["/", "/assets/app.js", "/groups/1"] {
        let answer = send(server.request(Method::POST, path)).await;
        assert_eq!(answer.refused(), (405, "method_not_allowed".to_owned()), "{path}");
        assert_eq!(answer.headers["allow"], "GET, HEAD", "{path}");
    }
}

/// What is answered to these bytes, and nothing more is sent.
fn answered(server: &TestServer, says: &str) -> String {
    let mut stream = TcpStream::connect(server.url.strip_prefix("http://").unwrap()).unwrap();
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    stream.write_all(says.as_bytes()).unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// A request names the one host that it is for; more than is taken is refused before it is sent.
#[tokio::test(flavor = "multi_thread")]
async fn heads_that_no_call_takes_are_refused_at_once() {
    let server = TestServer::start().await;
    for (head, expected) in [
        ("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n", "HTTP/1.1 200"),
        ("GET /healthz HTTP/1.0\r\n\r\n", "HTTP/1.0 200"),
        ("GET /healthz HTTP/1.1\r\n\r\n", "HTTP/1.1 400"),
        ("GET /healthz HTTP/1.1\r\nhost: x\r\nhost: y\r\n\r\n", "HTTP/1.1 400"),
        (
            "POST /api/v1/groups HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
             content-length: 999999999\r\n\r\n",
            "HTTP/1.1 413",
        ),
    ] {
        assert_eq!(answered(&server, head), expected, "{head}");
    }
}

/// Each call answers in one form, and whoever excludes it is refused before anything is done.
#[tokio::test]
async fn what_is_answered_must_be_acceptable() {
    let server = TestServer::start().await;
    let ann = server.guest("Ann").await;
    let fine = [
        "*/*",
        "application/*",
        "application/json",
        "application/problem+json",
        "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    ];
    let ask = async |path: &str, accept: &str| {
        let asked = ann.request(Method::GET, path).header("accept", accept).send().await.unwrap();
        asked.status().as_u16()
    };
    for accept in fine {
        assert_eq!(ask("/me", accept).await, 200, "{accept}");
        assert_eq!(ask("/groups/1", accept).await, 404, "{accept}: also what is refused");
    }
    for accept in ["text/event-stream", "*/*", "text/*, application/json;q=0"] {
        assert_eq!(ask("/events", accept).await, 200, "{accept}");
    }
    for (path, accept) in [
        ("/me", "text/html"),
        ("/me", "text/event-stream"),
        ("/me", "application/json;q=0"),
        ("/groups/1", "image/png"),
        ("/events", "text/html"),
        ("/events", "application/json"),
    ] {
        assert_eq!(ask(path, accept).await, 406, "{path} {accept}");
    }
    let body = json!({"amount_fen": 5, "key": "a"});
    let top_up = |accept: &str| {
        ann.request(Method::POST, "/wallet/top-ups").header("accept", accept).json(&body)
    };
    let refused = send(top_up("text/xml")).await;
    assert_eq!(refused.refused(), (406, "not_acceptable".to_owned()));
    assert_eq!(refused.headers["content-type"], "application/problem+json");
    let before = ann.balance_fen().await;
    send(top_up("application/json")).await.ok(201);
    assert_eq!(ann.balance_fen().await, before + 5, "once");
    let away = ann.request(Method::DELETE, "/me/sessions").header("accept", "text/plain");
    assert_eq!(send(away).await.status, 204, "it answers nothing");
    // The document goes to whoever calls it what they like; what is not there is not there.
    let document = "application/vnd.oai.openapi+json";
    assert_eq!(ask("/openapi.json", document).await, 200);
    assert_eq!(ask("/nowhere", document).await, 404);
}

/// Whatever a call answers, nothing keeps it; the document and its page are asked for again, and
/// sent to those who do not have them.
#[tokio::test]
async fn answers_say_whether_they_may_be_kept() {
    let server = TestServer::start().await;
    let ann = server.guest("Ann").await;
    for (path, item) in document()["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let method: Method = method.to_uppercase().parse().unwrap();
            let answer = ann.request(method, &some_path(path)).json(&json!({}));
            let answer = answer.send().await.unwrap();
            assert_eq!(answer.headers()["cache-control"], "no-store", "{path}");
            for (status, response) in operation["responses"].as_object().unwrap() {
                let said = &response["headers"]["Cache-Control"]["schema"]["enum"];
                let is_answer = status.starts_with('2');
                assert_eq!(*said == json!(["no-store"]), is_answer, "{path} {status}");
            }
        }
    }
    for path in ["/api/v1/openapi.json", "/api/docs", "/api/docs/page.js", "/api/docs/page.css"] {
        let ask = || server.request(Method::GET, path);
        let first = ask().send().await.unwrap();
        assert_eq!(
            (first.status().as_u16(), &first.headers()["cache-control"]),
            (200, &"no-cache".parse().unwrap())
        );
        let tag = first.headers()["etag"].to_str().unwrap().to_owned();
        for (has, expected) in
            [(tag.clone(), 304), (format!("\"x\", W/{tag}"), 304), ("\"x\"".to_owned(), 200)]
        {
            let again = ask().header("if-none-match", &has).send().await.unwrap();
            assert_eq!(
                (again.status().as_u16(), again.headers()["etag"].to_str().unwrap()),
                (expected, &*tag),
                "{path} {has}"
            );
            assert_eq!(again.text().await.unwrap().is_empty(), expected == 304, "{path} {has}");
        }
    }
}

/// Every call that can be asked by `GET` can be by `HEAD`, and says by `OPTIONS` what it takes.
#[tokio::test]
async fn heads_and_options_are_answered() {
    let server = TestServer::start().await;
    let ann = server.guest("Ann").await;
    for (path, item) in document()["paths"].as_object().unwrap() {
        let methods: Vec<_> =
            item.as_object().unwrap().keys().map(|one| one.to_uppercase()).collect();
        let path = some_path(path);
        let options = ann.request(Method::OPTIONS, &path).send().await.unwrap();
        assert_eq!(options.status(), 204, "{path}");
        let allow = options.headers()["allow"].to_str().unwrap().to_owned();
        let allowed: Vec<_> = allow.split(',').map(str::trim).collect();
        for method in &methods {
            assert!(allowed.contains(&&**method), "{path}: {method} in {allow}");
        }
        if methods.iter().any(|method| method == "GET") {
            assert!(allowed.contains(&"HEAD"), "{path}: {allow}");
            let get = ann.request(Method::GET, &path).send().await.unwrap();
            let head = ann.request(Method::HEAD, &path).send().await.unwrap();
            assert_eq!(head.status(), get.status(), "{path}");
            assert_eq!(head.headers().get("content-type"), get.headers().get("content-type"));
            assert!(head.text().await.unwrap().is_empty(), "{path}");
        }
    }
    let unknown = send(server.request(Method::OPTIONS, "/api/v1/nowhere")).await;
    assert_eq!(unknown.refused(), (404, "not_found".to_owned()));
    let page = server.request(Method::OPTIONS, "/").send().await.unwrap();
    assert_eq!(
        (page.status().as_u16(), &page.headers()["allow"]),
        (204, &"GET, HEAD".parse().unwrap())
    );
}
