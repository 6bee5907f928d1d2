//! A group of people who send and open packets for as long as they are told, say every call
//! again until it is answered, and remember every answer.

use crate::watch::{Kind, Watch};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

const PEOPLE: usize = 4;
const SHARES: usize = 3;
/// As many packets as are opened while the ledger is gone.
const RESERVE: usize = 60;
/// A client that hears nothing for so long asks again.
const PATIENCE: Duration = Duration::from_secs(15);
/// Whoever is hasty leaves before so many milliseconds.
const MOMENTS_MS: u64 = 24;
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(100);

/// Told to everyone: how long, and what is allowed to happen.
#[derive(Debug, Default)]
pub(crate) struct Orders {
    pub(crate) stop: AtomicBool,
    /// A node is being killed: its connections end in the middle of a call.
    pub(crate) calls_may_break: AtomicBool,
    /// Each call is made once before, and left after a moment.
    pub(crate) hasty: AtomicBool,
}

/// One opened share, as it was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Opened {
    pub(crate) order_no: String,
    pub(crate) person: usize,
    pub(crate) seq: u64,
    pub(crate) amount_fen: u64,
}

pub(crate) struct Crew {
    url: String,
    client: Client,
    group: String,
    tokens: Vec<String>,
    watch: Arc<Watch>,
    orders: Arc<Orders>,
    pub(crate) opened: Vec<Opened>,
    /// Packets that nobody has opened, so that there is something to open while nobody
    /// can pay.
    ready: VecDeque<String>,
    /// Whoever has begun to pay pays to the end.
    begun: Option<String>,
    /// Packets that were paid, also those that had not landed when last seen.
    pub(crate) paid: Vec<String>,
    round: u64,
    name: String,
}

/// An answer that is final.
enum Said {
    Well(Value),
    No(Value),
}

impl Crew {
    pub(crate) async fn gather(
        url: String,
        name: String,
        watch: Arc<Watch>,
        orders: Arc<Orders>,
    ) -> Self {
        let client = Client::builder().timeout(PATIENCE).build().unwrap();
        let mut crew = Self {
            url,
            client,
            group: String::new(),
            tokens: Vec::new(),
            watch,
            orders,
            opened: Vec::new(),
            ready: VecDeque::new(),
            begun: None,
            paid: Vec::new(),
            round: 0,
            name,
        };
        for person in 0..PEOPLE {
            crew.tokens.push(String::new());
            let body = json!({"name": format!("{} {person}", crew.name)});
            let guest = crew.must(person, Method::POST, "/session/guest", &body).await;
            guest["token"].as_str().unwrap().clone_into(&mut crew.tokens[person]);
        }
        let group = crew.must(0, Method::POST, "/groups", &json!({"name": "crew"})).await;
        crew.group = group["id"].as_str().unwrap().to_owned();
        let path = format!("/groups/{}/invitations", crew.group);
        let code = crew.must(0, Method::POST, &path, &json!({})).await["code"].clone();
        for person in 1..PEOPLE {
            crew.must(person, Method::POST, "/groups/join", &json!({"code": code})).await;
        }
        let body = json!({"amount_fen": 1_000_000, "key": "all"});
        crew.must(0, Method::POST, "/wallet/top-ups", &body).await;
        while crew.ready.len() < RESERVE {
            crew.pay_one().await;
        }
        crew
    }

    async fn must(&self, person: usize, method: Method, path: &str, body: &Value) -> Value {
        match self.call(("set-up", None), person, method, path, body, true).await {
            Some(Said::Well(value)) => value,
            Some(Said::No(problem)) => panic!("{path}: {problem}"),
            None => panic!("{path} was not answered"),
        }
    }

    /// Rounds until the end; each sends a packet, opens one, and looks around.
    pub(crate) async fn work(mut self) -> Self {
        while !self.orders.stop.load(Ordering::Relaxed) {
            self.round += 1;
            self.round().await;
        }
        self
    }

    /// So many rounds.
    pub(crate) async fn rounds(mut self, count: u64) -> Self {
        for _ in 0..count {
            self.round += 1;
            self.round().await;
        }
        self
    }

    async fn round(&mut self) {
        self.pay_one().await;
        if self.ready.len() < RESERVE {
            self.pay_one().await;
        }
        if let Some(order_no) = self.ready.pop_front() {
            for person in 1..=SHARES {
                // What is not to be had now is opened at the end.
                self.open(&order_no, person, false).await;
            }
        }
        let text = json!({"text": "hello", "key": format!("{}", self.round)});
        let path = format!("/groups/{}/messages", self.group);
        self.call(("chat", None), 1, Method::POST, &path, &text, false).await;
        self.call(("lists", None), 0, Method::GET, "/lists/sent", &Value::Null, false).await;
        self.call(("wallet", None), 1, Method::GET, "/wallet", &Value::Null, false).await;
    }

    /// Pays for a packet; one that was begun comes before a new one, since its money may
    /// have moved.
    async fn pay_one(&mut self) {
        let order_no = match self.begun.take() {
            Some(begun) => begun,
            None => match self.send().await {
                Some(new) => new,
                None => return,
            },
        };
        let site = order_no.chars().next();
        let pay = format!("/packets/{order_no}/pay");
        match self.call(("pay", site), 0, Method::POST, &pay, &json!({}), false).await {
            Some(Said::Well(_)) => {
                self.paid.push(order_no.clone());
                self.ready.push_back(order_no);
            }
            Some(Said::No(problem)) if problem["code"] == "preorder_expired" => {}
            Some(Said::No(problem)) => {
                self.watch.wrong(format!("{order_no} cannot be paid: {problem}"));
            }
            None => self.begun = Some(order_no),
        }
    }

    /// The number of a new packet, if it is to be had.
    async fn send(&self) -> Option<String> {
        let body =
            json!({"group_id": self.group, "kind": "lucky", "total_fen": 100, "shares": SHARES});
        match self.call(("send", None), 0, Method::POST, "/packets", &body, false).await? {
            Said::Well(order) => order["order_no"].as_str().map(str::to_owned),
            Said::No(problem) => {
                self.watch.wrong(format!("a packet cannot be sent: {problem}"));
                None
            }
        }
    }

    /// Grabs and opens; `None` if that was not to be had.
    pub(crate) async fn open(
        &mut self,
        order_no: &str,
        person: usize,
        must: bool,
    ) -> Option<Opened> {
        let site = order_no.chars().next();
        let body = json!({});
        let path = format!("/packets/{order_no}/grab");
        let grabbed = self.call(("grab", site), person, Method::POST, &path, &body, must).await;
        let Some(Said::Well(grabbed)) = grabbed else { return None };
        let ticket = grabbed["ticket"].as_str()?.to_owned();
        let path = format!("/packets/{order_no}/open");
        let body = json!({"ticket": ticket});
        match self.call(("open", site), person, Method::POST, &path, &body, must).await? {
            Said::Well(answer) => {
                let opened = Opened {
                    order_no: order_no.to_owned(),
                    person,
                    seq: answer["seq"].as_u64().unwrap(),
                    amount_fen: answer["amount_fen"].as_u64().unwrap(),
                };
                self.opened.push(opened.clone());
                Some(opened)
            }
            Said::No(problem) => {
                // With as many shares as there are people, nobody comes too late.
                self.watch.wrong(format!("{order_no} does not open: {problem}"));
                None
            }
        }
    }

    /// Asks until there is an answer that is no refusal for now; gives up, unless it `must`
    /// be, after a few.
    async fn call(
        &self,
        kind: Kind,
        person: usize,
        method: Method,
        path: &str,
        body: &Value,
        must: bool,
    ) -> Option<Said> {
        let attempts_max = if must { 600 } else { 3 };
        let request = || {
            let url = format!("{}/api/v1{path}", self.url);
            let request = self.client.request(method.clone(), url);
            let request = request.bearer_auth(&self.tokens[person]);
            if method == Method::GET { request } else { request.json(body) }
        };
        for attempt in 0..attempts_max {
            if self.orders.hasty.load(Ordering::Relaxed) {
                // Another moment each time, so that some leave at each step.
                let moment = Duration::from_millis((self.round + attempt) % MOMENTS_MS);
                let _left = tokio::time::timeout(moment, request().send()).await;
            }
            match request().send().await {
                Ok(response) => match self.read(kind, response).await {
                    Some(said) => return Some(said),
                    None => self.watch.refused(kind),
                },
                Err(error) => {
                    self.watch.refused(kind);
                    if !self.orders.calls_may_break.load(Ordering::Relaxed) {
                        self.watch.wrong(format!("{kind:?}: {error:?}"));
                    }
                }
            }
            tokio::time::sleep(BETWEEN_ATTEMPTS).await;
        }
        None
    }

    /// `None` for "not now".
    async fn read(&self, kind: Kind, response: Response) -> Option<Said> {
        let status = response.status().as_u16();
        let back = response.headers().contains_key("retry-after");
        let text = response.text().await.unwrap_or_default();
        let body: Value = serde_json::from_str(&text).unwrap_or_default();
        match status {
            200..=299 => {
                self.watch.well(kind);
                Some(Said::Well(body))
            }
            429 | 503 => {
                if !back || body["code"].as_str().is_none() {
                    self.watch.wrong(format!("{kind:?}: {status} without a time to come: {text}"));
                }
                None
            }
            502 | 504 if self.orders.calls_may_break.load(Ordering::Relaxed) => None,
            400..=499 => Some(Said::No(body)),
            _ => {
                self.watch.wrong(format!("{kind:?}: {status}: {text}"));
                None
            }
        }
    }

    /// Everything that was ever answered is answered the same again, and every packet that
    /// was paid for has come, and opens to the end.
    pub(crate) async fn check(mut self) -> usize {
        for before in std::mem::take(&mut self.opened) {
            let path = format!("/packets/{}", before.order_no);
            let details = self.must(before.person, Method::GET, &path, &Value::Null).await;
            let seq = usize::try_from(before.seq).unwrap();
            let claim = &details["claims"][seq];
            assert_eq!(claim["amount_fen"], before.amount_fen, "{before:?}: {details}");
        }
        for order_no in std::mem::take(&mut self.paid) {
            for person in 1..=SHARES {
                let path = format!("/packets/{order_no}/grab");
                let grabbed = self.must(person, Method::POST, &path, &json!({})).await;
                if grabbed["state"] == "can_open" {
                    self.open(&order_no, person, true).await.unwrap();
                }
            }
        }
        self.opened.len()
    }
}
