//! A push service that a test plays, and browsers that are told by it; what is sealed for one is read
//! by Node's own cryptography.

use super::{
    heard::Heard,
    person::{Person, send},
};
use axum::{
    body::Bytes,
    http::{HeaderMap, Uri},
};
use data_encoding::BASE64URL_NOPAD;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use std::process::Command;

/// What came for a browser.
#[derive(Clone, Debug)]
pub(crate) struct Pushed {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    body: Vec<u8>,
}

/// Takes what is for browsers.
pub(crate) type PushService = Heard<Pushed>;

impl PushService {
    pub(crate) async fn start() -> Self {
        let read = |uri: &Uri, headers: &HeaderMap, body: &Bytes| Pushed {
            path: uri.to_string(),
            headers: headers.clone(),
            body: body.to_vec(),
        };
        Self::listen(201, read).await
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
