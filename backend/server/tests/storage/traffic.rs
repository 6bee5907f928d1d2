//! People who write into every database, and keep what they were answered.

use crate::common::{
    person::{Answer, Person, send},
    server::TestServer,
};
use futures::future::join_all;
use hongbao_shared::OrderNo;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How long after there is room again everything must work (R-STORE-4).
const BACK_WITHIN: Duration = Duration::from_secs(10);
/// How long what waits for a retry may wait, and what a slow machine adds.
const AT_REST_WITHIN: Duration = Duration::from_secs(100);
const ASK_EVERY: Duration = Duration::from_millis(100);
/// How long until a full disk must have been noticed: SQLite writes over what its log holds
/// already, and what nobody writes to is tried every ten seconds.
const NOTICED_WITHIN: Duration = Duration::from_mins(1);
const OPENERS: usize = 3;

/// A group that never tires.
pub(crate) struct Traffic {
    pub(crate) server: TestServer,
    group: String,
    people: Vec<Person>,
    packet: OrderNo,
    round: u32,
}

impl Traffic {
    pub(crate) async fn on(server: TestServer) -> Self {
        let (group, people) = server.group_of(OPENERS).await;
        people[0].top_up(2_000_000, "for-packets").await;
        let packet = people[0].send_packet(&group, 10_000, 100).await;
        Self { server, group, people, packet, round: 0 }
    }

    /// One call of every kind that writes.
    pub(crate) async fn round(&mut self) -> Vec<Answer> {
        self.round += 1;
        let round = self.round;
        let sender = &self.people[0];
        let guest = self.server.request(Method::POST, "/api/v1/session/guest");
        let mut answers = vec![
            send(guest.json(&json!({"name": format!("guest {round}")}))).await,
            self.top_up(&format!("top-up-{round}")).await,
            self.message(&"long ".repeat(100)).await,
        ];
        let request = self.packet();
        let made = sender.post("/packets", &request).await;
        if made.status.is_success() {
            let order_no: OrderNo = made.json()["order_no"].as_str().unwrap().parse().unwrap();
            let pay = async || sender.post(&format!("/packets/{order_no}/pay"), &json!({})).await;
            let mut paid = pay().await;
            // It lands later: on a machine that is busy, or because its shard takes no writes.
            if paid.status == 202 && self.is_ready().await {
                paid = pay().await;
            }
            if paid.status == 200 {
                self.packet = order_no;
            }
            answers.push(paid);
        }
        answers.push(made);
        answers.extend(
            join_all(self.people.iter().map(|person| self.open(person)))
                .await
                .into_iter()
                .flatten(),
        );
        answers
    }

    /// Until it is noticed that there is no room. Nothing is ever answered as a fault.
    pub(crate) async fn until_unready(&mut self) {
        let since = Instant::now();
        loop {
            sound(&self.round().await);
            if !self.is_ready().await {
                return;
            }
            assert!(since.elapsed() < NOTICED_WITHIN, "a full disk is not noticed");
        }
    }

    /// Until the board says so of the whole node, or no longer.
    pub(crate) async fn until(&self, name: &str, is_so: bool) {
        let since = Instant::now();
        while self.is_degraded(name, "").await != is_so {
            assert!(since.elapsed() < BACK_WITHIN, "{name} is not {is_so}");
            tokio::time::sleep(ASK_EVERY).await;
        }
    }

    /// Until the board says so of this place; what nobody writes to is tried now and then.
    pub(crate) async fn until_degraded(&mut self, name: &str, place: &str) {
        let since = Instant::now();
        while !self.is_degraded(name, place).await {
            assert!(since.elapsed() < NOTICED_WITHIN, "{name} of {place} is not shown");
            sound(&self.round().await);
        }
    }

    /// A packet that was paid in time is opened by everyone; everything that adds is refused.
    pub(crate) async fn only_what_is_paid_goes_on(&mut self) {
        for person in &self.people {
            let answers = self.open(person).await;
            assert_eq!((answers.len(), sound(&answers)), (2, 0), "grabbed and opened");
        }
        let answers = self.round().await;
        let refused: Vec<_> = answers.iter().filter(|one| !one.status.is_success()).collect();
        assert_eq!(sound(&answers), 4, "guest, top-up, message, packet: {refused:?}");
        assert!(refused.iter().all(|one| one.headers["retry-after"] == "5"), "{refused:?}");
        for links in ["people", "rooms"] {
            let path = format!("/api/v1/service/{links}");
            let answer = send(self.server.request(Method::PUT, &path)).await;
            assert_eq!(answer.refused(), (503, "unavailable".to_owned()), "{links}");
        }
    }

    /// Rounds in which whatever is refused is refused with a code.
    pub(crate) async fn go_on(&mut self, rounds: u32) {
        for _ in 0..rounds {
            sound(&self.round().await);
        }
    }

    /// Everything works, soon after there is room.
    pub(crate) async fn until_back(&mut self) {
        let since = Instant::now();
        loop {
            let refused = sound(&self.round().await);
            if refused == 0 && self.is_ready().await {
                break;
            }
            assert!(since.elapsed() < BACK_WITHIN, "{refused} calls are still refused");
            tokio::time::sleep(ASK_EVERY).await;
        }
        assert_eq!(sound(&self.round().await), 0, "it stays so");
    }

    pub(crate) async fn is_ready(&self) -> bool {
        let answer = send(self.server.request(Method::GET, "/readyz")).await;
        if answer.status != 200 {
            assert_eq!(answer.refused(), (503, "unavailable".to_owned()));
        }
        answer.status == 200
    }

    /// Is this on the board: a rung and its place?
    pub(crate) async fn is_degraded(&self, name: &str, place: &str) -> bool {
        let metrics = send(self.server.request(Method::GET, "/metrics")).await.body;
        let line = format!("hongbao_degraded{{name=\"{name}\",place=\"{place}\"}} 1");
        metrics.lines().any(|one| one == line)
    }

    /// Everything has arrived, nothing is dead: the audit at rest is clean (R-MONEY-5).
    pub(crate) async fn until_at_rest(&self) {
        let since = Instant::now();
        loop {
            let audit = self.server.command("audit").arg("--at-rest").output().unwrap();
            if audit.status.success() {
                break;
            }
            let report = String::from_utf8_lossy(&audit.stdout).into_owned();
            assert!(since.elapsed() < AT_REST_WITHIN, "{report}");
            tokio::time::sleep(ASK_EVERY).await;
        }
        let letters = self.server.subcommand(&["admin", "dead-letters"]).output().unwrap();
        let letters = String::from_utf8_lossy(&letters.stdout).into_owned();
        assert!(letters.ends_with("0 letters\n"), "{letters}");
    }

    fn packet(&self) -> Value {
        json!({"group_id": self.group, "kind": "lucky", "total_fen": 300, "shares": OPENERS})
    }

    async fn top_up(&self, key: &str) -> Answer {
        self.people[0].post("/wallet/top-ups", &json!({"amount_fen": 300, "key": key})).await
    }

    async fn message(&self, text: &str) -> Answer {
        let body = json!({"text": text, "key": format!("message-{}", self.round)});
        self.people[1].post(&format!("/groups/{}/messages", self.group), &body).await
    }

    /// A grab and, if it may open, an open; the packet may be one that was opened before.
    async fn open(&self, person: &Person) -> Vec<Answer> {
        let grabbed = person.post(&format!("/packets/{}/grab", self.packet), &json!({})).await;
        let ticket = grabbed.status.is_success().then(|| grabbed.json()["ticket"].clone());
        let mut answers = vec![grabbed];
        if let Some(Value::String(ticket)) = ticket {
            answers.push(person.open_with(self.packet, &ticket).await);
        }
        answers
    }
}

/// How many were refused, or put off (a packet that lands later); each refusal with a code
/// and when to come back, none as a fault.
fn sound(answers: &[Answer]) -> usize {
    let hindered = |answer: &&Answer| !matches!(answer.status.as_u16(), 200 | 201);
    let hindered = answers.iter().filter(hindered);
    hindered
        .map(|answer| {
            if answer.status != 202 {
                let (status, code) = answer.refused();
                assert_eq!(status, 503, "{code}: {answer:?}");
                assert!(answer.headers.contains_key("retry-after"), "{answer:?}");
            }
        })
        .count()
}
