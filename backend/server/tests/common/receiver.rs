//! A program that hears what happens: it checks every signature, and answers what it is told to.

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri, header::LOCATION},
    response::{IntoResponse, Response},
};
use data_encoding::{BASE64, HEXLOWER};
use serde_json::Value;
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};
use tokio::{net::TcpListener, task::JoinHandle};

/// What was posted.
#[derive(Clone, Debug)]
pub(crate) struct Posted {
    pub(crate) path: String,
    pub(crate) id: String,
    pub(crate) signatures: Vec<String>,
    pub(crate) timestamp: String,
    pub(crate) body: String,
}

impl Posted {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// What it tells, without the name of its kind.
    pub(crate) fn what(&self) -> String {
        self.json()["type"].as_str().unwrap().to_owned()
    }

    pub(crate) fn data(&self) -> Value {
        self.json()["data"].clone()
    }

    /// Is one of its signatures made with this secret?
    pub(crate) fn is_signed_with(&self, secret: &str) -> bool {
        self.signatures.contains(&sign(secret, &self.id, &self.timestamp, &self.body))
    }
}

/// By `openssl`, which shares no code with ours.
fn sign(secret: &str, id: &str, timestamp: &str, body: &str) -> String {
    use std::{io::Write, process::Stdio};
    let key = BASE64.decode(secret.strip_prefix("whsec_").unwrap().as_bytes()).unwrap();
    let key = format!("hexkey:{}", HEXLOWER.encode(&key));
    let mut openssl = std::process::Command::new("openssl")
        .args(["dgst", "-sha256", "-mac", "HMAC", "-macopt", &key, "-binary"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let signed = format!("{id}.{timestamp}.{body}");
    openssl.stdin.take().unwrap().write_all(signed.as_bytes()).unwrap();
    format!("v1,{}", BASE64.encode(&openssl.wait_with_output().unwrap().stdout))
}

/// Where it listens; gone when it is dropped.
pub(crate) struct Receiver {
    pub(crate) url: String,
    heard: Arc<Heard>,
    serving: JoinHandle<()>,
}

#[derive(Default)]
struct Heard {
    posted: Mutex<Vec<Posted>>,
    /// What is answered first; then 204.
    answers: Mutex<VecDeque<u16>>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        Self::listen("127.0.0.1:0").await
    }

    async fn listen(address: &str) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let url = format!("http://{}/hooks?of=test", listener.local_addr().unwrap());
        let heard = Arc::<Heard>::default();
        let router = Router::new().fallback(hear).with_state(Arc::clone(&heard));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, heard, serving }
    }

    /// Answers these statuses first; 0 never answers.
    pub(crate) fn answer(&self, statuses: &[u16]) {
        self.heard.answers.lock().unwrap().extend(statuses);
    }

    pub(crate) fn posted(&self) -> MutexGuard<'_, Vec<Posted>> {
        self.heard.posted.lock().unwrap()
    }

    /// Waits until something is so of what was posted.
    pub(crate) async fn until(&self, what: &str, is_so: impl Fn(&[Posted]) -> bool) -> Vec<Posted> {
        for _ in 0..3_000 {
            {
                let posted = self.posted();
                if is_so(&posted) {
                    return posted.clone();
                }
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{what}: {:#?}", self.posted());
    }

    /// Waits for so many posts.
    pub(crate) async fn count(&self, count: usize) -> Vec<Posted> {
        self.until(&format!("{count} posts"), |posted| posted.len() >= count).await
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn hear(
    State(heard): State<Arc<Heard>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "application/json");
    heard.posted.lock().unwrap().push(Posted {
        path: uri.to_string(),
        id: header("webhook-id"),
        signatures: header("webhook-signature").split(' ').map(str::to_owned).collect(),
        timestamp: header("webhook-timestamp"),
        body: String::from_utf8(body.to_vec()).unwrap(),
    });
    let status = heard.answers.lock().unwrap().pop_front().unwrap_or(204);
    if status == 0 {
        std::future::pending::<()>().await;
    }
    (StatusCode::from_u16(status).unwrap(), [(LOCATION, "/elsewhere")], "thanks").into_response()
}

/// The events of each packet in the order of their first arrival; one that came again is the
/// same to its last byte.
pub(crate) fn by_packet(posted: &[Posted]) -> BTreeMap<String, Vec<Posted>> {
    let mut packets: BTreeMap<String, Vec<Posted>> = BTreeMap::new();
    for post in posted {
        let Some(order_no) = post.data()["order_no"].as_str().map(str::to_owned) else { continue };
        let events = packets.entry(order_no).or_default();
        match events.iter().find(|before| before.id == post.id) {
            Some(before) => assert_eq!(before.body, post.body, "{}", post.id),
            None => events.push(post.clone()),
        }
    }
    packets
}
