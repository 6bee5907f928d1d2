//! Requests to a whole server in this process: bodies, paths, cursors, headers. No request is a 5xx;
//! whatever is refused is refused with a code that the OpenAPI document lists for the call; no answer
//! has a number with a fraction.
//!
//! An input is a request as it is sent, with `$ANN` and `$BEN` for tokens of two people, `$ID` for Ben's
//! id, `$GROUP`, `$PACKET` and `$CODE` for what Ann has made.
#![no_main]

#[path = "../../backend/server/tests/common/document.rs"]
#[expect(dead_code, reason = "tests ask for all of it")]
mod document;

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::ConnectInfo,
    http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri, header},
};
use hongbao::{http, node};
use hongbao_config::Config;
use hongbao_shared::ErrorCode;
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use std::{
    net::SocketAddr,
    sync::{Arc, LazyLock, Mutex},
};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

const ANSWER_BYTES_MAX: usize = 16 << 20;
/// Requests after which other people come in: what those before had is spent.
const REQUESTS_PER_PEOPLE: u32 = 500;

struct Stage {
    runtime: Runtime,
    router: Router,
    /// What stands for what in inputs.
    names: Vec<(&'static str, String)>,
    asked: u32,
}

static STAGE: LazyLock<Mutex<Stage>> = LazyLock::new(|| Mutex::new(Stage::set()));

impl Stage {
    fn set() -> Self {
        let runtime = Runtime::new().unwrap();
        let router = runtime.block_on(async {
            let mut config = Config::default();
            // In a folder of this process: `cargo xtask fuzz` says where such folders are, and removes them.
            config.storage.data = tempfile::tempdir().unwrap().keep();
            config.addresses.sign_ins_per_minute = 0;
            config.addresses.sign_ins_per_account_per_minute = 0;
            config.addresses.accounts_per_minute = 0;
            config.addresses.guests_per_minute = 0;
            config.flow.per_person = false;
            config.limits.demo = false;
            // Nobody outside hears of it.
            config.push.enabled = false;
            let app = Arc::new(node::start(config).await.unwrap());
            http::router(app, CancellationToken::new())
        });
        let mut stage = Self { runtime, router, names: Vec::new(), asked: 0 };
        stage.enter();
        stage
    }

    /// Two people in a group of their own, with a packet that is open.
    fn enter(&mut self) {
        self.asked = 0;
        self.names.clear();
        for (name, called) in [("$ANN", "Ann"), ("$BEN", "Ben")] {
            let guest = self.post("", "/session/guest", &json!({"name": called}));
            self.names.push((name, guest["token"].as_str().unwrap().to_owned()));
            if name == "$BEN" {
                self.names.push(("$ID", guest["user"]["id"].as_str().unwrap().to_owned()));
            }
        }
        let group = self.post("$ANN", "/groups", &json!({"name": "Family"}));
        let group = group["id"].as_str().unwrap().to_owned();
        let invited = self.post("$ANN", &format!("/groups/{group}/invitations"), &json!({}));
        let code = invited["code"].as_str().unwrap().to_owned();
        self.post("$BEN", "/groups/join", &json!({"code": code}));
        let terms = json!({
            "group_id": group, "kind": "lucky", "total_fen": 1_000, "shares": 5,
            "greeting": "Luck", "cover": "lantern",
        });
        let order = self.post("$ANN", "/packets", &terms);
        let order = order["order_no"].as_str().unwrap().to_owned();
        self.post("$ANN", &format!("/packets/{order}/pay"), &json!({"client_seed": "00"}));
        self.names.extend([("$GROUP", group), ("$PACKET", order), ("$CODE", code)]);
    }

    fn post(&self, who: &str, path: &str, body: &Value) -> Value {
        let text = format!(
            "POST /api/v1{path}\nauthorization: Bearer {who}\ncontent-type: application/json\n\n{body}"
        );
        let request = self.read(text.as_bytes()).unwrap();
        let (status, _, body) = self.ask(request);
        let said = String::from_utf8_lossy(&body);
        assert!(status.is_success(), "{path}: {status} {said}");
        serde_json::from_str(&said).unwrap_or_default()
    }

    /// The request that an input stands for; `None` for one that hyper would not let through.
    fn read(&self, input: &[u8]) -> Option<Request<Body>> {
        let at = input.windows(2).position(|two| two == b"\n\n");
        let (head, body) = at.map_or((input, &[][..]), |at| (&input[..at], &input[at + 2..]));
        let [head, body] = [head, body].map(|part| self.named(part));
        let mut lines = head.split(|byte| *byte == b'\n');
        let first = std::str::from_utf8(lines.next()?).ok()?;
        let (method, uri) = first.split_once(' ')?;
        let uri: Uri = uri.parse().ok().filter(|uri: &Uri| uri.path().starts_with('/'))?;
        let mut request = Request::new(Body::from(body));
        *request.method_mut() = Method::from_bytes(method.as_bytes()).ok()?;
        *request.uri_mut() = uri;
        for line in lines {
            let at = line.iter().position(|byte| *byte == b':')?;
            let name = HeaderName::from_bytes(&line[..at]).ok()?;
            let value = HeaderValue::from_bytes(line[at + 1..].trim_ascii()).ok()?;
            // One more, or none, is refused in plain words before any call is looked for.
            if name == header::HOST {
                return None;
            }
            request.headers_mut().append(name, value);
        }
        request.headers_mut().insert(header::HOST, HeaderValue::from_static("localhost"));
        let peer = SocketAddr::from(([127, 0, 0, 1], 4711));
        request.extensions_mut().insert(ConnectInfo(peer));
        Some(request)
    }

    fn named(&self, part: &[u8]) -> Vec<u8> {
        let mut part = part.to_owned();
        for (name, value) in &self.names {
            let find = |part: &[u8]| part.windows(name.len()).position(|at| at == name.as_bytes());
            while let Some(at) = find(&part) {
                part.splice(at..at + name.len(), value.bytes());
            }
        }
        part
    }

    fn ask(&self, request: Request<Body>) -> (StatusCode, String, Bytes) {
        self.runtime.block_on(async {
            let Ok(answer) = self.router.clone().oneshot(request).await;
            let answer: Response<Body> = answer;
            let status = answer.status();
            let kind = answer.headers().get(header::CONTENT_TYPE);
            let kind = kind.map_or("", |kind| kind.to_str().unwrap()).to_owned();
            // A stream of events has no end.
            let body = match kind.as_str() {
                "text/event-stream" => Bytes::new(),
                _ => to_bytes(answer.into_body(), ANSWER_BYTES_MAX).await.unwrap(),
            };
            (status, kind, body)
        })
    }
}

fn is_whole(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_u64() || number.is_i64(),
        Value::Array(items) => items.iter().all(is_whole),
        Value::Object(fields) => fields.values().all(is_whole),
        _ => true,
    }
}

fuzz_target!(|input: &[u8]| {
    let mut stage = STAGE.lock().unwrap();
    let Some(request) = stage.read(input) else { return };
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let (status, kind, body) = stage.ask(request);
    stage.asked += 1;
    // What was taken away may be what the next request needs.
    if stage.asked >= REQUESTS_PER_PEOPLE || method == Method::DELETE && status.is_success() {
        stage.enter();
    }
    let text = String::from_utf8_lossy(&body);
    // The web app has pages elsewhere, if it is built.
    if !path.starts_with("/api/v1/") {
        return;
    }
    assert!(!status.is_server_error(), "{method} {path}: {status} {text}");
    if method == Method::HEAD {
        return;
    }
    if status.is_client_error() {
        assert_eq!(kind, "application/problem+json", "{method} {path}: {status} {text}");
        let problem: Value = serde_json::from_slice(&body).unwrap();
        let code: ErrorCode = serde_json::from_value(problem["code"].clone()).unwrap();
        assert_eq!(code.status(), status.as_u16(), "{method} {path}: {text}");
        // Another method that is spelled like one of those is no call.
        if method.as_str().bytes().all(|byte| byte.is_ascii_uppercase()) {
            document::expects(&method, &path, status, &text);
        }
    } else if kind.starts_with("application/json") {
        let answer: Value = serde_json::from_slice(&body).unwrap();
        // The document itself has numbers of its own.
        assert!(is_whole(&answer) || path.ends_with("openapi.json"), "{method} {path}: {text}");
    }
});
