//! What people do of which the outcome counts: each can be asked again under the same key,
//! and must then be answered the same (R-API-2).

use crate::{
    books::{Books, Paid, Promise, Share},
    client::{Person, Reply},
    dice::Dice,
    world::World,
};
use reqwest::Method;
use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// Callers that go away do so within this many milliseconds.
const GONE_WITHIN_MS: u64 = 40;

/// The people of a round, their groups, and what they were told.
#[derive(Debug)]
pub(crate) struct Cast {
    pub(crate) people: Vec<Person>,
    pub(crate) groups: Vec<Group>,
    pub(crate) books: Books,
    /// Is the traffic over, so that every server has had time to hear of everything?
    pub(crate) resting: AtomicBool,
    pub(crate) world: Arc<World>,
}

/// A group and its members.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) id: String,
    pub(crate) members: Vec<usize>,
}

/// Whether a promise is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Decided,
    Unknown,
}

/// How patient a caller is: now and then one is gone before the answer.
pub(crate) fn patience(dice: &mut Dice) -> Option<Duration> {
    dice.one_in(12).then(|| dice.millis(0, GONE_WITHIN_MS))
}

impl Cast {
    fn wrong(&self, what: &str) -> Outcome {
        self.world.violation(what);
        Outcome::Decided
    }

    fn check(&self, contradiction: Option<String>) -> Outcome {
        match contradiction {
            Some(what) => self.wrong(&what),
            None => Outcome::Decided,
        }
    }

    /// A grab and details may be answered from a node's memory, which can be behind
    /// another's for a while (R-CACHE-1); an open may not.
    pub(crate) fn may_be_behind(&self) -> bool {
        self.world.nodes() > 1 && !self.resting.load(Ordering::Relaxed)
    }

    /// Tries once.
    pub(crate) async fn attempt(
        &self,
        who: usize,
        promise: &Promise,
        gone_after: Option<Duration>,
    ) -> Outcome {
        match promise {
            Promise::TopUp { key, amount } => self.top_up(who, key, *amount, gone_after).await,
            Promise::Pay { order_no } => self.pay(who, order_no, gone_after).await,
            Promise::Say { words } => self.say(who, words, gone_after).await,
            Promise::Open { order_no } => self.open(who, order_no, gone_after).await,
        }
    }

    /// A decided answer to a post, or `None`.
    async fn post(
        &self,
        who: usize,
        path: &str,
        body: Value,
        gone_after: Option<Duration>,
    ) -> Option<Reply> {
        let person = self.people.get(who)?;
        let reply = person.call_for(Method::POST, path, body, gone_after).await;
        reply.filter(|reply| !reply.is_later())
    }

    async fn top_up(
        &self,
        who: usize,
        key: &str,
        amount: u64,
        gone_after: Option<Duration>,
    ) -> Outcome {
        if !self.books.pages().top_ups.contains_key(key) {
            return Outcome::Decided;
        }
        let body = json!({"amount_fen": amount, "key": key});
        let Some(reply) = self.post(who, "/wallet/top-ups", body, gone_after).await else {
            return Outcome::Unknown;
        };
        if reply.status != 201 || reply.body["amount_fen"] != amount {
            return self.wrong(&format!("top-up {key} answered {reply:?}"));
        }
        let mut pages = self.books.pages();
        let Some(entry) = pages.top_ups.get_mut(key) else { return Outcome::Decided };
        let before = entry.answer.get_or_insert_with(|| reply.body.clone());
        if *before != reply.body {
            let what = format!("top-up {key} was {before}, now {}", reply.body);
            drop(pages);
            return self.wrong(&what);
        }
        Outcome::Decided
    }

    async fn pay(&self, who: usize, order_no: &str, gone_after: Option<Duration>) -> Outcome {
        let Some(packet) = self.books.packet(order_no) else { return Outcome::Decided };
        let body = match &packet.client_seed {
            Some(seed) => json!({"client_seed": seed}),
            None => json!({}),
        };
        let path = format!("/packets/{order_no}/pay");
        let Some(reply) = self.post(who, &path, body, gone_after).await else {
            return Outcome::Unknown;
        };
        let was_paid = packet.paid == Paid::Yes;
        match (reply.status, reply.code()) {
            (200 | 202, _) => {
                let mut pages = self.books.pages();
                if let Some(packet) = pages.packets.get_mut(order_no) {
                    packet.paid = Paid::Yes;
                }
                drop(pages);
                let seed = packet.client_seed.as_deref().unwrap_or_default();
                let details = &reply.body;
                let same = details["order_no"] == order_no
                    && (reply.status == 202
                        || details["total_fen"] == packet.total
                            && details["fairness"]["commitment"] == packet.commitment.as_str()
                            && details["fairness"]["client_seed"] == seed);
                if same {
                    Outcome::Decided
                } else {
                    self.wrong(&format!("{packet:?} was paid as {details}"))
                }
            }
            (410, "preorder_expired") | (409, "insufficient_balance") if !was_paid => {
                if let Some(packet) = self.books.pages().packets.get_mut(order_no) {
                    packet.paid = Paid::No;
                }
                Outcome::Decided
            }
            _ => self.wrong(&format!("paying {packet:?} answered {reply:?}")),
        }
    }

    async fn say(&self, who: usize, words: &str, gone_after: Option<Duration>) -> Outcome {
        let told = self.books.pages().messages.get(words).cloned();
        let Some(message) = told else { return Outcome::Decided };
        let Some(group) = self.groups.get(message.group) else { return Outcome::Decided };
        let body = json!({"text": words, "key": words});
        let path = format!("/groups/{}/messages", group.id);
        let Some(reply) = self.post(who, &path, body, gone_after).await else {
            return Outcome::Unknown;
        };
        let id = number(&reply.body["id"]);
        let Some(id) = id.filter(|_| reply.status == 201 && reply.body["text"] == words) else {
            return self.wrong(&format!("saying {words:?} answered {reply:?}"));
        };
        let mut pages = self.books.pages();
        let newest = pages.newest.entry(message.group).or_default();
        *newest = id.max(*newest);
        let told = pages.messages.get_mut(words).and_then(|message| message.id.replace(id));
        drop(pages);
        if id <= message.after || told.is_some_and(|told| told != id) {
            return self.wrong(&format!("{message:?}, {words:?}, now is entry {id}"));
        }
        Outcome::Decided
    }

    /// Grabs, and opens if that may be.
    async fn open(&self, who: usize, order_no: &str, gone_after: Option<Duration>) -> Outcome {
        let Some(packet) = self.books.packet(order_no) else { return Outcome::Decided };
        let grab = format!("/packets/{order_no}/grab");
        let Some(reply) = self.post(who, &grab, json!({}), gone_after).await else {
            return Outcome::Unknown;
        };
        let state = reply.body["state"].as_str().unwrap_or_else(|| reply.code());
        match (reply.status, state) {
            (200, "can_open") => {
                if packet.told.contains_key(&who) && !self.may_be_behind() {
                    self.world.violation(&format!("{who} may open {order_no} again: {packet:?}"));
                }
                let Some(ticket) = reply.body["ticket"].as_str() else {
                    return self.wrong(&format!("no ticket for {order_no}: {reply:?}"));
                };
                self.open_with(who, order_no, ticket, gone_after).await
            }
            (200, "opened") => {
                let Some(amount) = reply.body["amount_fen"].as_u64() else {
                    return self.wrong(&format!("{order_no} opened without amount: {reply:?}"));
                };
                if !packet.told.contains_key(&who) && !packet.asked.contains(&who) {
                    self.world
                        .violation(&format!("{who} never asked to open {order_no}: {reply:?}"));
                }
                self.check(self.books.opened(order_no, who, Share { amount, place: None }))
            }
            // Its time is over as far as this node knows; another may know of a share.
            (200, "expired") if self.may_be_behind() => Outcome::Decided,
            (200, end @ ("finished" | "expired")) => {
                if let Some(packet) = self.books.pages().packets.get_mut(order_no) {
                    packet.asked.remove(&who);
                }
                self.check(self.books.over(order_no, who, end))
            }
            (200, "not_for_you") if packet.recipient.is_some_and(|recipient| recipient != who) => {
                Outcome::Decided
            }
            // On its way, or paid by somebody who does not know it yet.
            (404, "packet_not_found") if packet.paid != Paid::Yes => Outcome::Decided,
            (404, "packet_not_found") if self.is_landing(&packet, order_no).await => {
                Outcome::Unknown
            }
            _ => self.wrong(&format!("{who} grabs {packet:?} and is answered {reply:?}")),
        }
    }

    /// A second tap with the same ticket is answered the same.
    async fn open_again(&self, who: usize, path: &str, ticket: &str, first: &Value) {
        // About every other time.
        if !ticket.ends_with(|last: char| last.is_ascii_lowercase()) {
            return;
        }
        let Some(again) = self.post(who, path, json!({"ticket": ticket}), None).await else {
            return;
        };
        let late = again.code() == "ticket_expired";
        if !late && (again.status != 200 || again.body != *first) {
            self.world.violation(&format!("{who} opens {path} again, {first}, now {again:?}"));
        }
    }

    /// Is it paid and still on its way, as a repeated payment says?
    async fn is_landing(&self, packet: &crate::books::Packet, order_no: &str) -> bool {
        let path = format!("/packets/{order_no}/pay");
        // Landed meanwhile is fine as well: the grab was before.
        match self.post(packet.sender, &path, json!({}), None).await {
            Some(reply) => matches!(reply.status, 200 | 202),
            None => true,
        }
    }

    async fn open_with(
        &self,
        who: usize,
        order_no: &str,
        ticket: &str,
        gone_after: Option<Duration>,
    ) -> Outcome {
        // What must hold of a share that nobody can have taken before this moment.
        let (fresh, end, newest) = {
            let mut pages = self.books.pages();
            let Some(packet) = pages.packets.get_mut(order_no) else { return Outcome::Decided };
            let fresh = packet.asked.insert(who) && !packet.told.contains_key(&who);
            let places = packet.told.values().filter_map(|share| Some(share.place.as_ref()?.0));
            (fresh, packet.end.clone(), places.max())
        };
        let path = format!("/packets/{order_no}/open");
        let body = json!({"ticket": ticket});
        let Some(reply) = self.post(who, &path, body, gone_after).await else {
            return Outcome::Unknown;
        };
        match (reply.status, reply.code()) {
            (200, _) => {
                let body = &reply.body;
                let seq = body["seq"].as_u64();
                let (Some(amount), Some(seq), Some(at)) =
                    (body["amount_fen"].as_u64(), seq, body["opened_at"].as_str())
                else {
                    return self.wrong(&format!("{order_no} opened without a share: {body}"));
                };
                if fresh && (end.is_some() || newest >= Some(seq)) {
                    self.world.violation(&format!(
                        "{who} opened {order_no}, which was {end:?}, after share {newest:?}: {body}"
                    ));
                }
                self.world.count("opened");
                self.open_again(who, &path, ticket, body).await;
                let share = Share { amount, place: Some((seq, at.to_owned())) };
                self.check(self.books.opened(order_no, who, share))
            }
            (409, code @ ("packet_finished" | "packet_expired")) => {
                if let Some(packet) = self.books.pages().packets.get_mut(order_no) {
                    packet.asked.remove(&who);
                }
                let end = code.trim_start_matches("packet_");
                self.check(self.books.over(order_no, who, end))
            }
            // The server was stalled, or its clock was set.
            (403, "ticket_expired") => Outcome::Unknown,
            _ => self.wrong(&format!("{who} opens {order_no} and is answered {reply:?}")),
        }
    }
}

/// A number that may stand as text.
pub(crate) fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}
