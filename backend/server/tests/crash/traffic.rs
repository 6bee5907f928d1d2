//! The load: people send packets of all kinds and open them, until the server is gone.

use crate::{
    common::{person::Person, server::TestServer},
    told::{Sent, Told},
};
use futures::future::join_all;
use hongbao_shared::{Kind, OrderNo, api::packets::Opened};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tokio::time::sleep;

/// How many of the cast send all the time.
pub(crate) const SENDERS: usize = 2;
/// Everybody opens what they may.
pub(crate) const MEMBERS: usize = 6;

/// Shorter than the second after which a call that was cut off is taken for lost.
const ASKS_AGAIN_AFTER: Duration = Duration::from_millis(200);

/// A group of people, and what they were told.
#[derive(Clone, Debug)]
pub(crate) struct Cast {
    pub(crate) group: String,
    pub(crate) people: Vec<Person>,
    pub(crate) told: Arc<Told>,
}

/// One call that may be cut off at any moment; `None` if it was.
pub(crate) async fn call(person: &Person, path: &str, body: &Value) -> Option<(StatusCode, Value)> {
    sent(person.request(Method::POST, path).json(body)).await
}

async fn sent(request: RequestBuilder) -> Option<(StatusCode, Value)> {
    let response = request.send().await.ok()?;
    let status = response.status();
    Some((status, response.json().await.ok()?))
}

/// A packet of each kind in turn. What is lucky or exclusive is emptied; of what is equal
/// two shares are left over, which go back.
pub(crate) fn packet(round: usize, sender: usize) -> Sent {
    let (kind, total_fen, shares) = match round % 3 {
        0 => (Kind::Lucky, 900, 6),
        1 => (Kind::Equal, 800, 8),
        _ => (Kind::Exclusive, 70, 1),
    };
    Sent { sender, kind, total_fen, shares, stuck: false }
}

/// For whom a sender's exclusive packets are.
pub(crate) const fn recipient_of(sender: usize) -> usize {
    (sender + 1) % MEMBERS
}

impl Cast {
    /// The same people at a server that has another address by now.
    pub(crate) fn at(&self, server: &TestServer) -> Self {
        let at = |person: &Person| Person { url: server.url.clone(), ..person.clone() };
        Self { people: self.people.iter().map(at).collect(), ..self.clone() }
    }

    /// All senders send, round after round, until the server is gone.
    pub(crate) async fn until_it_is_gone(&self) {
        let senders = (0..SENDERS).map(|sender| {
            let cast = self.clone();
            tokio::spawn(async move { for_ever(&cast, sender).await })
        });
        for sender in join_all(senders).await {
            sender.unwrap();
        }
    }

    /// Each sender sends one packet of each kind; nothing is in the way.
    pub(crate) async fn one_turn(&self) {
        let senders = (0..SENDERS).map(|sender| async move {
            for round in 0..3 {
                self.round(sender, round).await.expect("the server is there");
            }
        });
        join_all(senders).await;
    }

    /// Money, a packet, and everybody opens it; `None` if the server is gone.
    async fn round(&self, sender: usize, round: usize) -> Option<()> {
        let person = &self.people[sender];
        let (key, amount_fen) = self.told.new_top_up(sender);
        self.top_up(sender, &key, amount_fen).await?;

        let sent = packet(round, sender);
        let mut order = json!({
            "group_id": self.group, "kind": sent.kind,
            "total_fen": sent.total_fen, "shares": sent.shares,
        });
        if sent.kind == Kind::Exclusive {
            order["recipient_id"] = json!(self.people[recipient_of(sender)].id);
        }
        let (status, order) = call(person, "/packets", &order).await?;
        assert_eq!(status, StatusCode::CREATED, "{order}");
        let order_no: OrderNo = order["order_no"].as_str().unwrap().parse().unwrap();
        self.told.pre_ordered(order_no, sent);
        let (status, paid) = call(person, &format!("/packets/{order_no}/pay"), &json!({})).await?;
        assert!(status.is_success(), "{paid}");
        self.told.paid(order_no);
        if status == StatusCode::ACCEPTED {
            return Some(());
        }
        let opens = (0..self.people.len()).map(|who| self.open(order_no, who));
        join_all(opens).await.into_iter().collect()
    }

    pub(crate) async fn top_up(&self, who: usize, key: &str, amount_fen: u64) -> Option<()> {
        let body = json!({"amount_fen": amount_fen, "key": key});
        let (status, answer) = loop {
            let request = self.people[who].request(Method::POST, "/wallet/top-ups");
            let answered = sent(request.header("idempotency-key", key).json(&body)).await?;
            // On a fleet, what was cut off is done by another node for all that one knows,
            // until it must be gone: whoever asks is told to ask again.
            if answered.1["code"] != "key_in_use" {
                break answered;
            }
            sleep(ASKS_AGAIN_AFTER).await;
        };
        assert_eq!(status, StatusCode::CREATED, "{answer}");
        self.told.topped_up(who, key);
        Some(())
    }

    /// Grabs, and opens if that may be; `None` if the server is gone.
    pub(crate) async fn open(&self, order_no: OrderNo, who: usize) -> Option<()> {
        let person = &self.people[who];
        let grab = format!("/packets/{order_no}/grab");
        let (status, grabbed) = call(person, &grab, &json!({})).await?;
        assert!(status.is_success(), "{grabbed}");
        let Some(ticket) = grabbed["ticket"].as_str() else {
            let state = grabbed["state"].as_str().unwrap();
            assert!(["not_for_you", "finished", "expired", "opened"].contains(&state), "{grabbed}");
            return Some(());
        };
        let open = format!("/packets/{order_no}/open");
        let (status, opened) = call(person, &open, &json!({"ticket": ticket})).await?;
        if status.is_success() {
            let opened: Opened = serde_json::from_value(opened).unwrap();
            self.told.opened(order_no, who, &opened);
        } else {
            assert_eq!(opened["code"], "packet_expired", "{opened}");
        }
        Some(())
    }
}

async fn for_ever(cast: &Cast, sender: usize) {
    for round in 0.. {
        if cast.round(sender, round).await.is_none() {
            return;
        }
    }
}
