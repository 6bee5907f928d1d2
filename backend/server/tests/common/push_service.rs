//! A push service that a test plays, and browsers that are told by it; what is sealed for one is read
//! by Node's own cryptography.

use super::person::{Person, send};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
};
use data_encoding::BASE64URL_NOPAD;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use std::{
    collections::VecDeque,
    process::Command,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{net::TcpListener, task::JoinHandle};

/// What came for a browser.
#[derive(Clone)]
pub(crate) struct Pushed {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    body: Vec<u8>,
}

/// Takes what is for browsers; gone when it is dropped.
pub(crate) struct PushService {
    pub(crate) url: String,
    heard: Arc<Heard>,
    serving: JoinHandle<()>,
}

#[derive(Default)]
struct Heard {
    pushed: Mutex<Vec<Pushed>>,
    /// What is answered first; then 201.
    answers: Mutex<VecDeque<u16>>,
}

async fn hear(
    State(heard): State<Arc<Heard>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let pushed = Pushed { path: uri.to_string(), headers, body: body.to_vec() };
    heard.pushed.lock().unwrap().push(pushed);
    let status = heard.answers.lock().unwrap().pop_front().unwrap_or(201);
    StatusCode::from_u16(status).unwrap()
}

impl PushService {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let heard = Arc::<Heard>::default();
        let router = Router::new().fallback(hear).with_state(Arc::clone(&heard));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, heard, serving }
    }

    pub(crate) fn answer(&self, statuses: &[u16]) {
        self.heard.answers.lock().unwrap().extend(statuses);
    }

    pub(crate) fn pushed(&self) -> Vec<Pushed> {
        self.heard.pushed.lock().unwrap().clone()
    }

    /// Waits until so many came.
    pub(crate) async fn count(&self, count: usize) -> Vec<Pushed> {
        for _ in 0..3_000 {
            let pushed = self.pushed();
            if pushed.len() >= count {
                return pushed;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{} of {count} came", self.pushed().len());
    }
}

impl Drop for PushService {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

pub(crate) fn node(arguments: &[&str]) -> Value {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/common/browser.mjs");
    let output = Command::new("node").arg(script).args(arguments).output();
    let output = output.expect("node: `cargo xtask test` installs it");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A call that answers nothing.
pub(crate) async fn done(call: RequestBuilder) {
    let answer = send(call).await;
    assert_eq!(answer.status, 204, "{}", answer.body);
}

/// A browser that has been told where it is told.
pub(crate) struct Browser {
    pub(crate) keys: Value,
    pub(crate) path: String,
}

impl Browser {
    /// Of this person, who is told at this place.
    pub(crate) async fn of(person: &Person, service: &PushService, path: &str) -> Self {
        let browser = Self { keys: node(&["keys"]), path: path.to_owned() };
        let told = browser.subscription(&service.url, "en");
        done(person.request(Method::PUT, "/session/push").json(&told)).await;
        browser
    }

    pub(crate) fn subscription(&self, url: &str, language: &str) -> Value {
        json!({
            "endpoint": format!("{url}{}", self.path), "public_key": self.keys["public_key"],
            "auth": self.keys["auth"], "language": language,
        })
    }

    /// What was pushed, and by whom.
    pub(crate) fn read(&self, pushed: &Pushed) -> Value {
        let authorization = pushed.headers["authorization"].to_str().unwrap();
        let body = BASE64URL_NOPAD.encode(&pushed.body);
        node(&["read", &self.keys.to_string(), authorization, &body])
    }
}
