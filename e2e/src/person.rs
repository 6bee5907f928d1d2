//! Somebody who uses the REST interface, where the screens are not the subject.

use crate::wait::wait_for;
use anyhow::{Context as _, Result, ensure};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// A guest with a bearer token.
#[derive(Clone, Debug)]
pub struct Person {
    http: reqwest::Client,
    base: String,
    token: String,
    id: String,
    name: String,
}

/// What to send.
#[derive(Clone, Copy, Debug)]
pub struct Sent<'a> {
    /// `lucky`, `equal` or `exclusive`.
    pub kind: &'a str,
    /// In fen.
    pub total_fen: i64,
    /// How many.
    pub shares: i64,
    /// The words.
    pub greeting: &'a str,
    /// For whom.
    pub recipient: Option<&'a Person>,
}

impl Person {
    pub(crate) async fn guest(base: &str, name: &str) -> Result<Self> {
        let http = reqwest::Client::builder().no_proxy().build()?;
        let mut person = Self {
            http,
            base: base.to_owned(),
            token: String::new(),
            id: String::new(),
            name: name.to_owned(),
        };
        let answer = person.post("/session/guest", json!({"name": name})).await?;
        person.token = text(&answer["token"])?;
        person.id = text(&answer["user"]["id"])?;
        Ok(person)
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// One call; status and body.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<(StatusCode, Value)> {
        let mut request = self.http.request(method, format!("{}/api/v1{path}", self.base));
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.with_context(|| format!("calling {path}"))?;
        let status = answer.status();
        let text = answer.text().await?;
        let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text)? };
        Ok((status, body))
    }

    pub async fn get(&self, path: &str) -> Result<Value> {
        self.must(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Result<Value> {
        self.must(Method::POST, path, Some(body)).await
    }

    async fn must(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value> {
        let (status, answer) = self.call(method.clone(), path, body).await?;
        ensure!(status.is_success(), "{method} {path}: {status} {answer}");
        Ok(answer)
    }

    /// Demo money into the wallet.
    pub async fn top_up(&self, amount_fen: i64) -> Result<()> {
        let key = format!("e2e-{amount_fen}");
        self.post("/wallet/top-ups", json!({"amount_fen": amount_fen, "key": key})).await?;
        Ok(())
    }

    /// A new group with these members; its id.
    pub async fn make_group(&self, name: &str, members: &[&Person]) -> Result<String> {
        let group = text(&self.post("/groups", json!({"name": name})).await?["id"])?;
        let path = format!("/groups/{group}/invitations");
        let code = self.post(&path, json!({})).await?["code"].clone();
        for member in members {
            member.post("/groups/join", json!({"code": code})).await?;
        }
        Ok(group)
    }

    pub async fn say(&self, group: &str, words: &str) -> Result<()> {
        self.post(&format!("/groups/{group}/messages"), json!({"text": words})).await?;
        Ok(())
    }

    /// Sends a packet and waits until it has landed; its number.
    pub async fn send(&self, group: &str, sent: Sent<'_>) -> Result<String> {
        let mut order = json!({
            "group_id": group, "kind": sent.kind, "total_fen": sent.total_fen,
            "shares": sent.shares, "greeting": sent.greeting,
        });
        if let Some(recipient) = sent.recipient {
            order["recipient_id"] = json!(recipient.id);
        }
        let order_no = text(&self.post("/packets", order).await?["order_no"])?;
        self.post(&format!("/packets/{order_no}/pay"), json!({"client_seed": "0123"})).await?;
        // The payment may answer 202 while the packet is still on its way (R-SEND-2).
        wait_for("the packet to land", async || {
            let (status, _) = self.call(Method::GET, &format!("/packets/{order_no}"), None).await?;
            Ok((status == StatusCode::OK).then_some(()))
        })
        .await?;
        Ok(order_no)
    }

    /// Opens a share; what it holds, in fen.
    pub async fn open(&self, order_no: &str) -> Result<i64> {
        let grabbed = self.post(&format!("/packets/{order_no}/grab"), json!({})).await?;
        let ticket = json!({"ticket": grabbed["ticket"]});
        let opened = self.post(&format!("/packets/{order_no}/open"), ticket).await?;
        opened["amount_fen"].as_i64().context("an amount")
    }

    /// Ends this session, as if it had expired.
    pub async fn end_session(&self) -> Result<()> {
        self.must(Method::DELETE, "/session", None).await.map(|_| ())
    }
}

fn text(value: &Value) -> Result<String> {
    Ok(value.as_str().with_context(|| format!("a text instead of {value}"))?.to_owned())
}
