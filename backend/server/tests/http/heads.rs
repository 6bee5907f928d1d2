//! The heads of requests and answers: what browsers and proxies are told, and what is refused
//! by the head alone.

use crate::common::{person::send, server::TestServer};
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
            config.server.trusted_proxies.extend(trusted.then_some(NEAR));
            config.server.metrics_addresses.extend(named.then(|| FAR.parse::<IpAddr>().unwrap()));
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
        TestServer::start_with(None, |config| config.server.trusted_proxies.push(NEAR)).await;
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
