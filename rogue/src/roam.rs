//! What a client does for as long as a round's traffic lasts: whatever people and their
//! programs may do, in any order.

use crate::{
    acts::{Cast, Outcome, number, patience},
    books::{Message, Packet, Paid, Promise, TopUp},
    dice::Dice,
};
use reqwest::Method;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

/// Between two calls of one client, at most.
const PAUSE_MAX_MS: u64 = 150;
/// What is open with one client; beyond that the oldest is brought to its end first.
const PENDING_MAX: usize = 8;
/// The most that a share may hold by default.
const MAX_SHARE_FEN: u64 = 20_000;

/// Acts until the moment; what is undecided then is left to [`Cast::keep`].
pub(crate) async fn roam(cast: Arc<Cast>, who: usize, mut dice: Dice, until: Instant) {
    let mut pending: Vec<Promise> = Vec::new();
    let mut serial = 0;
    while Instant::now() < until && !cast.world.is_lost() {
        let turn = cast.world.turn().await;
        serial += 1;
        let made = match dice.below(100) {
            0..8 => Some(cast.draw_top_up(who, serial, &mut dice)),
            8..26 => cast.draw_packet(who, serial, &mut dice).await,
            26..62 => cast.draw_open(who, &mut dice),
            62..76 => Some(cast.draw_words(who, serial, &mut dice)),
            76..84 => cast.look(who, &mut dice).await,
            84..88 => cast.cheat(who, &mut dice).await,
            88..91 => cast.read(who, &mut dice).await,
            _ => None,
        };
        if let Some(promise) = made {
            pending.push(promise);
        }
        let busy = pending.len() > PENDING_MAX;
        if !pending.is_empty() && (busy || !dice.one_in(4)) {
            // Mostly the newest; now and then one that waits.
            let at = if busy { 0 } else { pending.len() - 1 - dice.index(pending.len().min(3)) };
            let promise = pending.remove(at);
            let gone = patience(&mut dice);
            if cast.attempt(who, &promise, gone).await == Outcome::Unknown {
                pending.push(promise);
            } else if dice.one_in(5) {
                // Again, to the same answer.
                let gone = patience(&mut dice);
                cast.attempt(who, &promise, gone).await;
            }
        }
        drop(turn);
        tokio::time::sleep(dice.millis(0, PAUSE_MAX_MS)).await;
    }
    cast.keep(who, &pending).await;
}

impl Cast {
    /// Tries each until its outcome is known.
    async fn keep(&self, who: usize, pending: &[Promise]) {
        const PAUSE: Duration = Duration::from_millis(300);
        const KEPT_WITHIN: Duration = Duration::from_mins(2);
        for promise in pending {
            let until = Instant::now() + KEPT_WITHIN;
            while self.attempt_in_turn(who, promise).await == Outcome::Unknown {
                if self.world.is_lost() {
                    return;
                }
                if Instant::now() > until {
                    self.world.violation(&format!(
                        "{who} learns nothing in {KEPT_WITHIN:?} of {promise:?}"
                    ));
                    return;
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    async fn attempt_in_turn(&self, who: usize, promise: &Promise) -> Outcome {
        let _turn = self.world.turn().await;
        self.attempt(who, promise, None).await
    }

    /// What was without an outcome in a backup that was served since.
    pub(crate) async fn keep_again(&self) {
        let again = std::mem::take(&mut self.books.pages().again);
        for (who, promise) in again {
            self.keep(who, &[promise]).await;
        }
    }

    fn draw_top_up(&self, who: usize, serial: u64, dice: &mut Dice) -> Promise {
        let amount = dice.between(1, 60_000);
        let key = format!("t{who}-{serial}");
        let entry = TopUp { who, amount, answer: None };
        self.books.pages().top_ups.insert(key.clone(), entry);
        Promise::TopUp { key, amount }
    }

    fn groups_of(&self, who: usize) -> Vec<usize> {
        let own = |group: &usize| self.groups[*group].members.contains(&who);
        (0..self.groups.len()).filter(own).collect()
    }

    fn draw_words(&self, who: usize, serial: u64, dice: &mut Dice) -> Promise {
        let group = *dice.pick(&self.groups_of(who));
        let words = format!("w{who}-{serial}");
        let mut pages = self.books.pages();
        let after = pages.newest.get(&group).copied().unwrap_or_default();
        pages.messages.insert(words.clone(), Message { who, group, after, id: None });
        Promise::Say { words }
    }

    /// Pre-orders a packet.
    async fn draw_packet(&self, who: usize, serial: u64, dice: &mut Dice) -> Option<Promise> {
        let group = *dice.pick(&self.groups_of(who));
        let others: Vec<usize> =
            self.groups[group].members.iter().copied().filter(|member| *member != who).collect();
        let (kind, shares, each) = match dice.below(10) {
            0..2 => ("exclusive", 1, dice.between(1, MAX_SHARE_FEN)),
            2..4 => ("equal", dice.between(1, 6), dice.between(1, 3_000)),
            4 => ("lucky", dice.between(1, 9), 1),
            5 => ("lucky", dice.between(1, 2), MAX_SHARE_FEN),
            _ => ("lucky", dice.between(1, 9), dice.between(1, 2_000)),
        };
        let spare = if kind == "lucky" && each < 2_001 { dice.below(shares) } else { 0 };
        let total = shares * each + spare;
        let recipient = (kind == "exclusive").then(|| *dice.pick(&others));
        let mut body = json!({"group_id": self.groups[group].id, "kind": kind,
            "total_fen": total, "shares": shares, "greeting": format!("g{who}-{serial}")});
        if let Some(recipient) = recipient {
            body["recipient_id"] = self.people[recipient].id.as_str().into();
        }
        let person = &self.people[who];
        let reply = person.call_for(Method::POST, "/packets", body.clone(), patience(dice)).await?;
        if reply.is_later() {
            return None;
        }
        let order_no = reply.body["order_no"].as_str().filter(|_| reply.status == 201);
        let (Some(order_no), Some(commitment)) = (order_no, reply.body["commitment"].as_str())
        else {
            self.world.violation(&format!("pre-order {body} was answered {reply:?}"));
            return None;
        };
        // What was told before anything was paid (R-API-4): a part of a fen is a whole one.
        let fee = (total * crate::FEE_BP).div_ceil(10_000);
        if reply.body["fee_fen"] != fee {
            self.world.violation(&format!("{order_no} of {total} was to cost {fee}: {reply:?}"));
        }
        let client_seed = (!dice.one_in(4)).then(|| {
            let bytes = dice.between(0, 32);
            dice.hex(bytes)
        });
        let packet = Packet {
            sender: who,
            group,
            kind,
            total,
            fee,
            shares,
            recipient,
            commitment: commitment.to_owned(),
            client_seed,
            paid: Paid::No,
            told: BTreeMap::new(),
            asked: BTreeSet::new(),
            end: None,
            is_shown_over: false,
        };
        let mut pages = self.books.pages();
        let before = pages.packets.insert(order_no.to_owned(), packet);
        if before.is_some() || pages.lost.contains(order_no) {
            self.world.violation(&format!("{order_no} was given twice"));
        }
        // Some are never paid.
        if dice.one_in(8) {
            return None;
        }
        if let Some(packet) = pages.packets.get_mut(order_no) {
            packet.paid = Paid::Asked;
        }
        self.world.count("packets");
        Some(Promise::Pay { order_no: order_no.to_owned() })
    }

    /// Mostly one of the newest.
    fn any_packet(&self, who: usize, dice: &mut Dice) -> Option<String> {
        let groups = self.groups_of(who);
        let pages = self.books.pages();
        let seen = |packet: &&Packet| packet.paid != Paid::No && groups.contains(&packet.group);
        let mut numbers: Vec<(&String, &Packet)> =
            pages.packets.iter().filter(|(_, packet)| seen(packet)).collect();
        if !dice.one_in(5) {
            numbers.retain(|(_, packet)| packet.end.is_none() && !packet.told.contains_key(&who));
        }
        (!numbers.is_empty()).then(|| dice.pick(&numbers).0.clone())
    }

    fn draw_open(&self, who: usize, dice: &mut Dice) -> Option<Promise> {
        Some(Promise::Open { order_no: self.any_packet(who, dice)? })
    }

    /// Looks at a packet or at what is one's own.
    async fn look(&self, who: usize, dice: &mut Dice) -> Option<Promise> {
        let person = &self.people[who];
        match dice.below(6) {
            0 => {
                let reply = person.get("/wallet").await.filter(|reply| !reply.is_later())?;
                if reply.status != 200 || reply.body["balance_fen"].as_u64().is_none() {
                    self.world.violation(&format!("{who}'s wallet is {reply:?}"));
                }
            }
            1 => drop(person.get("/wallet/entries").await),
            2 => drop(person.get("/lists/sent").await),
            3 => drop(person.get("/lists/received").await),
            _ => {
                let order_no = self.any_packet(who, dice)?;
                self.look_at(who, &order_no).await;
            }
        }
        None
    }

    /// Details agree with what was told before, and show amounts to those alone who may
    /// see them (R-OPEN-5).
    async fn look_at(&self, who: usize, order_no: &str) -> Option<()> {
        let before = self.books.packet(order_no)?;
        let reply = self.people[who].get(&format!("/packets/{order_no}")).await?;
        if reply.is_later() || reply.status == 404 && before.told.is_empty() {
            return None;
        }
        let details = &reply.body;
        let state = details["state"].as_str().unwrap_or_default();
        let claimed = details["claimed"].as_u64().unwrap_or_default();
        let claims = details["claims"].as_array();
        let shown = claims.is_some() || !details["claimed_fen"].is_null();
        let after = self.books.packet(order_no)?;
        let may_see = after.told.contains_key(&who) || after.asked.contains(&who);
        let missing = before.told.iter().any(|(member, share)| {
            let id = &self.people[*member].id;
            let own = |claim: &&Value| number(&claim["user"]["id"]) == id.parse().ok();
            claims.is_some_and(|claims| match claims.iter().find(own) {
                Some(claim) => claim["amount_fen"] != share.amount,
                None => true,
            })
        });
        let behind = self.may_be_behind() && state == "open";
        // Its time is over by the clock before its end is stored: until then, and no longer,
        // details say that it is open to whom a grab says that it has expired.
        let ends = state == "open" && before.end.as_deref() == Some("expired");
        let in_time = before.end.as_ref().is_none_or(|end| end == state) || ends;
        let newest = in_time
            && !(before.is_shown_over && state == "open")
            && claimed >= before.told.len() as u64
            && !missing;
        let right = reply.status == 200
            && (newest || behind)
            && claimed <= before.shares
            && (state != "open" || !shown || may_see)
            && (state != "open" || details["fairness"]["server_seed"].is_null());
        if !right {
            self.world.violation(&format!("{who} is shown {reply:?}, was told {before:?}"));
        }
        if state != "open" {
            self.books.shown_over(order_no);
        }
        Some(())
    }

    /// What must be refused is refused, and changes nothing.
    async fn cheat(&self, who: usize, dice: &mut Dice) -> Option<Promise> {
        let person = &self.people[who];
        let order_no = self.any_packet(who, dice)?;
        let packet = self.books.packet(&order_no)?;
        let grab = format!("/packets/{order_no}/grab");
        let open = format!("/packets/{order_no}/open");
        let (what, reply, allowed): (_, _, &[u16]) = match dice.below(6) {
            0 => ("no ticket", person.post(&open, json!({})).await?, &[400]),
            1 => {
                let body = json!({"ticket": "AAAA", "amount_fen": 1});
                ("an unknown field", person.post(&open, body).await?, &[400])
            }
            2 => {
                let lower = order_no.to_lowercase();
                let path = format!("/packets/{lower}/grab");
                ("a number in small letters", person.post(&path, json!({})).await?, &[400])
            }
            3 => {
                let outside = (0..self.people.len())
                    .find(|who| !self.groups[packet.group].members.contains(who))?;
                let reply = self.people[outside].post(&grab, json!({})).await?;
                ("somebody from outside", reply, &[404])
            }
            4 if packet.paid == Paid::Yes => {
                let body = json!({"client_seed": dice.hex(31)});
                let path = format!("/packets/{order_no}/pay");
                let reply = self.people[packet.sender].post(&path, body).await?;
                ("another client seed", reply, &[409])
            }
            _ => {
                // Somebody else's ticket. Whoever has the share already is told it again.
                if packet.told.contains_key(&who) || packet.asked.contains(&who) {
                    return None;
                }
                let members = &self.groups[packet.group].members;
                let other = *members.iter().find(|member| **member != who)?;
                let grabbed = self.people[other].post(&grab, json!({})).await?;
                let ticket = grabbed.body["ticket"].as_str()?.to_owned();
                let reply = person.post(&open, json!({"ticket": ticket})).await?;
                ("somebody else's ticket", reply, &[403, 409])
            }
        };
        if !reply.is_later() && !allowed.contains(&reply.status) {
            self.world
                .violation(&format!("{who} tried {what} and is answered {reply:?}, {packet:?}"));
        }
        None
    }

    /// What was said stands where it was said.
    async fn read(&self, who: usize, dice: &mut Dice) -> Option<Promise> {
        let group = *dice.pick(&self.groups_of(who));
        let told: Vec<(String, u64)> = {
            let pages = self.books.pages();
            let own = pages.messages.iter().filter(|(_, message)| message.group == group);
            own.filter_map(|(words, message)| Some((words.clone(), message.id?))).collect()
        };
        let path = format!("/groups/{}/messages", self.groups[group].id);
        let reply = self.people[who].get(&path).await.filter(|reply| !reply.is_later())?;
        let items = reply.body["items"].as_array()?;
        let ids: Vec<u64> = items.iter().filter_map(|item| number(&item["id"])).collect();
        let sorted = ids.is_sorted_by(|newer, older| newer > older);
        let (first, last) = (ids.first().copied(), ids.last().copied());
        let missing = told.iter().find(|(words, id)| {
            Some(*id) >= last
                && !items
                    .iter()
                    .any(|item| number(&item["id"]) == Some(*id) && item["text"] == words.as_str())
        });
        if !sorted || missing.is_some() {
            self.world.violation(&format!(
                "group {group} shows {first:?} to {last:?}, sorted {sorted}, without {missing:?}"
            ));
        }
        None
    }
}
