//! A program that hears what happens: it checks every signature, and answers what it is told to.

use super::heard::Heard;
use axum::{
    body::Bytes,
    http::{HeaderMap, Uri},
};
use data_encoding::{BASE64, HEXLOWER};
use serde_json::Value;
use std::collections::BTreeMap;

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

pub(crate) type Receiver = Heard<Posted>;

impl Receiver {
    pub(crate) async fn start() -> Self {
        let mut receiver = Self::listen(204, read).await;
        receiver.url.push_str("/hooks?of=test");
        receiver
    }
}

fn read(uri: &Uri, headers: &HeaderMap, body: &Bytes) -> Posted {
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "application/json");
    Posted {
        path: uri.to_string(),
        id: header("webhook-id"),
        signatures: header("webhook-signature").split(' ').map(str::to_owned).collect(),
        timestamp: header("webhook-timestamp"),
        body: String::from_utf8(body.to_vec()).unwrap(),
    }
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
