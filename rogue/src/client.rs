//! Somebody who makes calls and judges how they are answered.

use crate::{touch, world::World};
use reqwest::{Method, header};
use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::time::timeout;

/// A client waits no longer for an answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// Whoever insists does so for as long; every fault is over by then.
const INSIST_FOR: Duration = Duration::from_mins(2);
const PAUSE: Duration = Duration::from_millis(200);
/// So much of a body is kept in the history.
const SHOWN_MAX: usize = 300;

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Value,
    /// What Retry-After says, in seconds.
    pub(crate) retry_after: Option<u64>,
}

impl Reply {
    pub(crate) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    /// "Come back later": nothing is decided.
    pub(crate) fn is_later(&self) -> bool {
        matches!(self.status, 429 | 500..)
    }
}

/// Somebody with a session.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) id: String,
    token: String,
    http: reqwest::Client,
    /// Calls go to one server after the other, so that one that is said again meets another.
    calls: Arc<AtomicUsize>,
    /// Unless they go to this one.
    node: Option<usize>,
    pub(crate) world: Arc<World>,
}

impl Person {
    /// A new guest; `None` if there was no answer for too long.
    pub(crate) async fn arrive(name: &str, world: &Arc<World>) -> Option<Self> {
        let http = reqwest::Client::new();
        let first = name.bytes().map(usize::from).sum();
        let mut person = Self {
            id: String::new(),
            token: String::new(),
            http,
            calls: Arc::new(AtomicUsize::new(first)),
            node: None,
            world: Arc::clone(world),
        };
        let reply = person.insist(Method::POST, "/session/guest", json!({"name": name})).await?;
        reply.body["token"].as_str()?.clone_into(&mut person.token);
        reply.body["user"]["id"].as_str()?.clone_into(&mut person.id);
        Some(person)
    }

    /// The same person at one server only.
    pub(crate) fn at(&self, node: usize) -> Self {
        Self { node: Some(node), ..self.clone() }
    }

    /// One call; `None` if nobody knows what became of it.
    pub(crate) async fn call(&self, method: Method, path: &str, body: Value) -> Option<Reply> {
        self.call_for(method, path, body, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Option<Reply> {
        self.call(Method::POST, path, body).await
    }

    pub(crate) async fn get(&self, path: &str) -> Option<Reply> {
        self.call(Method::GET, path, Value::Null).await
    }

    /// The same, but who calls is gone after `gone_after`, whatever has come by then.
    pub(crate) async fn call_for(
        &self,
        method: Method,
        path: &str,
        body: Value,
        gone_after: Option<Duration>,
    ) -> Option<Reply> {
        let began = Instant::now();
        let turn = self.calls.fetch_add(1, Ordering::Relaxed) % self.world.nodes();
        let node = self.node.unwrap_or(turn);
        let what = format!("{} {method} {path} {body} at {node}", self.id);
        let places = touch::places(path);
        self.world.count("calls");
        // Dropping the call closes its connection.
        let sent = self.send(node, method, path, &body);
        let answered = timeout(gone_after.unwrap_or(PATIENCE), sent).await;
        let whole = self.world.whole_since(began, node, &places);
        match answered {
            Ok(Ok(reply)) => {
                let shown: String = reply.body.to_string().chars().take(SHOWN_MAX).collect();
                self.world.note(&format!("{what} -> {} {shown}", reply.status));
                if reply.status == 503 && whole {
                    self.world.violation(&format!(
                        "refused though nothing it needs is broken: {what} {shown}"
                    ));
                }
                Some(reply)
            }
            Ok(Err(error)) => {
                self.world.count("answers lost");
                self.world.note(&format!("{what} -> {error:#}"));
                if whole {
                    self.world.violation(&format!(
                        "no answer though nothing it needs is broken: {what}: {error:#}"
                    ));
                }
                None
            }
            Err(_) => {
                self.world.count("calls given up");
                self.world.note(&format!("{what} -> given up"));
                if whole && gone_after.is_none() {
                    self.world.violation(&format!("no answer in {PATIENCE:?}: {what}"));
                }
                None
            }
        }
    }

    /// Again and again until something is decided.
    pub(crate) async fn insist(&self, method: Method, path: &str, body: Value) -> Option<Reply> {
        let until = Instant::now() + INSIST_FOR;
        while Instant::now() < until && !self.world.is_lost() {
            match self.call(method.clone(), path, body.clone()).await {
                Some(reply) if !reply.is_later() => return Some(reply),
                Some(reply) => {
                    let pause = reply.retry_after.unwrap_or_default().min(2);
                    tokio::time::sleep(PAUSE + Duration::from_secs(pause)).await;
                }
                None => tokio::time::sleep(PAUSE).await,
            }
        }
        self.world.violation(&format!("nothing decided in {INSIST_FOR:?}: {method} {path}"));
        None
    }

    async fn send(
        &self,
        node: usize,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Result<Reply, reqwest::Error> {
        let url = format!("{}/api/v1{path}", self.world.url(node));
        let mut request = self.http.request(method.clone(), url);
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        if !body.is_null() {
            request = request.json(body);
        }
        let response = request.send().await?;
        let status = response.status().as_u16();
        let text = |name| {
            let value = response.headers().get(name).and_then(|value| value.to_str().ok());
            value.map(str::to_owned)
        };
        let kind = text(header::CONTENT_TYPE).unwrap_or_default();
        let retry_after = text(header::RETRY_AFTER).and_then(|seconds| seconds.parse().ok());
        let bytes = response.bytes().await?;
        let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let reply = Reply { status, body, retry_after };
        self.judge(&reply, &kind, &format!("{method} {path}"));
        Ok(reply)
    }

    /// What every refusal owes (R-API-2, R-STORE-4).
    fn judge(&self, reply: &Reply, kind: &str, what: &str) {
        let Reply { status, body, retry_after } = reply;
        if *status < 400 {
            return;
        }
        self.world.count("refusals");
        if *status >= 500 && *status != 503 {
            self.world.violation(&format!("{status} for {what}: {body}"));
        }
        let code = body["code"].as_str().unwrap_or_default();
        let problem = kind.starts_with("application/problem+json");
        if !problem || code.is_empty() || body["status"] != *status {
            self.world
                .violation(&format!("{status} for {what} is no problem+json with a code: {body}"));
        }
        if matches!(status, 429 | 503) && retry_after.is_none_or(|seconds| seconds == 0) {
            self.world.violation(&format!("{status} for {what} does not say when to come back"));
        }
    }
}
