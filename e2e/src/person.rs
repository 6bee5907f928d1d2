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
        // A connection per call: one that is kept may belong to a server that was killed.
        let http = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build()?;
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

    pub fn id(&self) -> &str {
        &self.id
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

    pub async fn put(&self, path: &str, body: Value) -> Result<Value> {
        self.must(Method::PUT, path, Some(body)).await
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

    /// What is in the wallet, in fen, without what is on its way.
    pub async fn balance(&self) -> Result<i64> {
        self.get("/wallet").await?["balance_fen"].as_i64().context("a balance")
    }

    /// Waits until the wallet holds this much: crediting follows opening (R-MONEY-2).
    pub async fn holds(&self, balance_fen: i64) -> Result<()> {
        let what = format!("{} to have {balance_fen} fen", self.name);
        wait_for(&what, async || {
            let held = self.balance().await?;
            ensure!(held == balance_fen, "it is {held}");
            Ok(Some(()))
        })
        .await
    }

    /// A list of this person, such as `received`, once it has so many lines: they are
    /// written a while after what they tell of (R-LIST-1).
    pub async fn list(&self, name: &str, count: i64) -> Result<Value> {
        let path = format!("/lists/{name}");
        wait_for(&format!("{count} lines of {path}"), async || {
            let list = self.get(&path).await?;
            ensure!(list["count"] == count, "{list}");
            Ok(Some(list))
        })
        .await
    }

    /// The same person, once more signed in.
    pub async fn sign_in_again(&self, name: &str, password: &str) -> Result<Self> {
        let credentials = json!({"name": name, "password": password});
        let token = text(&self.post("/session", credentials).await?["token"])?;
        Ok(Self { token, ..self.clone() })
    }

    /// Waits until no money is on its way to this person.
    pub async fn settled(&self) -> Result<()> {
        wait_for("the credits to arrive", async || {
            let pending = self.get("/wallet").await?["pending_fen"].clone();
            Ok((pending.is_null() || pending == 0).then_some(()))
        })
        .await
    }

    /// Becomes an account that signs in with this password.
    pub async fn make_account(&self, name: &str, password: &str) -> Result<()> {
        let credentials = json!({"name": name, "password": password});
        self.post("/me/account", credentials).await.map(|_| ())
    }

    /// The code of a new invitation to a group.
    pub async fn invite(&self, group: &str) -> Result<String> {
        text(&self.post(&format!("/groups/{group}/invitations"), json!({})).await?["code"])
    }

    /// Joins by an invitation.
    pub async fn join(&self, code: &str) -> Result<()> {
        self.post("/groups/join", json!({"code": code})).await.map(|_| ())
    }

    /// The group's whole log as this person sees it, the oldest first.
    pub async fn log(&self, group: &str) -> Result<Vec<Value>> {
        let path = format!("/groups/{group}/messages");
        let mut page = self.get(&path).await?;
        let mut log = Vec::new();
        loop {
            log.extend(page["items"].as_array().context("items")?.iter().cloned());
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            page = self.get(&format!("{path}?cursor={cursor}")).await?;
        }
        log.reverse();
        Ok(log)
    }

    /// Waits until a packet is in this state.
    pub async fn packet_is(&self, order_no: &str, state: &str) -> Result<Value> {
        wait_for(&format!("{order_no} to be {state}"), async || {
            let packet = self.get(&format!("/packets/{order_no}")).await?;
            Ok((packet["state"] == state).then_some(packet))
        })
        .await
    }

    /// A new group with these members; its id.
    pub async fn make_group(&self, name: &str, members: &[&Person]) -> Result<String> {
        let group = text(&self.post("/groups", json!({"name": name})).await?["id"])?;
        if !members.is_empty() {
            let code = self.invite(&group).await?;
            for member in members {
                member.join(&code).await?;
            }
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
