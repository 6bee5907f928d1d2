//! At rest: everything that was told against everything that is said now.

use crate::{
    acts::{Cast, Group, Outcome, number},
    books::{Packet, Paid, Promise, Share},
    client::Person,
    fair,
};
use reqwest::Method;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

/// Packets end, credits and lists arrive, within as long after the traffic.
const REST_WITHIN: Duration = Duration::from_mins(2);
const PAUSE: Duration = Duration::from_secs(1);
/// Pages of anything that are read before something is wrong.
const PAGES_MAX: usize = 200;

/// A movement of a wallet: kind, signed amount, packet.
type Movement = (String, i64, Option<String>);

/// Waits until all has come to rest and agrees with the books, and tells what does not.
pub(crate) async fn reckon(cast: &Cast) {
    cast.resting.store(true, Ordering::Relaxed);
    let until = Instant::now() + REST_WITHIN;
    let mut right = BTreeSet::new();
    loop {
        let differences = cast.differences(&mut right).await;
        if differences.is_empty() {
            return;
        }
        if Instant::now() > until || cast.world.is_lost() {
            for difference in differences {
                cast.world.violation(&format!("after {REST_WITHIN:?} of rest: {difference}"));
            }
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

impl Cast {
    /// What is not yet, or never will be, as the books say. Packets that are over and
    /// `right` are not looked at again.
    async fn differences(&self, right: &mut BTreeSet<String>) -> Vec<String> {
        let mut differences = Vec::new();
        let paid: Vec<String> = {
            let pages = self.books.pages();
            let paid = pages.packets.iter().filter(|(_, packet)| packet.paid != Paid::No);
            paid.map(|(order_no, _)| order_no.clone())
                .filter(|order_no| !right.contains(order_no))
                .collect()
        };
        for order_no in &paid {
            match self.over(order_no).await {
                Some(faults) if faults.is_empty() => drop(right.insert(order_no.clone())),
                Some(faults) => {
                    differences.extend(faults.iter().map(|fault| format!("{order_no}: {fault}")));
                }
                None => return vec![format!("{order_no} does not end")],
            }
        }
        for who in 0..self.people.len() {
            differences.extend(self.wallet(who).await);
            differences.extend(self.lists(who).await);
        }
        for group in 0..self.groups.len() {
            differences.extend(self.words(group).await);
        }
        differences
    }

    /// What is wrong with a packet that should be over; `None` while it is not.
    async fn over(&self, order_no: &str) -> Option<Vec<String>> {
        let packet = self.books.packet(order_no)?;
        let sender = &self.people[packet.sender];
        let reply =
            sender.insist(Method::GET, &format!("/packets/{order_no}"), Value::Null).await?;
        let details = reply.body;
        if !matches!(details["state"].as_str(), Some("finished" | "expired")) {
            return None;
        }
        // One who has a share hears so again, and one who has none that it is over; more
        // would meet the limit of grabs.
        let members = self.groups[packet.group].members.iter();
        let (with, without): (Vec<usize>, Vec<usize>) =
            members.copied().partition(|who| packet.told.contains_key(who));
        let turn = usize::try_from(packet.total).unwrap_or_default();
        let one = |of: &[usize]| of.get(turn % of.len().max(1)).copied();
        for who in one(&with).into_iter().chain(one(&without)) {
            let promise = Promise::Open { order_no: order_no.to_owned() };
            if self.attempt(who, &promise, None).await == Outcome::Unknown {
                return None;
            }
        }
        let packet = self.books.packet(order_no)?;
        let mut faults = fair::faults(&details);
        faults.extend(self.promised(&packet, &details));
        let others = self.groups[packet.group].members.iter();
        if let Some(other) = others.copied().find(|member| *member != packet.sender) {
            let path = format!("/packets/{order_no}");
            let seen = self.people[other].insist(Method::GET, &path, Value::Null).await?;
            if seen.body["claims"] != details["claims"] {
                faults.push("two members see different claims".to_owned());
            }
        }
        Some(faults)
    }

    /// What its sender, and those who opened, were told.
    fn promised(&self, packet: &Packet, details: &Value) -> Vec<String> {
        let mut faults = Vec::new();
        let seed = packet.client_seed.as_deref().unwrap_or_default();
        let fairness = &details["fairness"];
        let terms = details["total_fen"] == packet.total
            && details["shares"] == packet.shares
            && details["kind"] == packet.kind
            && fairness["commitment"] == packet.commitment.as_str()
            && fairness["client_seed"] == seed
            && packet.end.as_ref().is_none_or(|end| details["state"] == end.as_str());
        if !terms {
            faults.push(format!("{packet:?} became {details}"));
        }
        let mut claims: BTreeMap<u64, Share> = BTreeMap::new();
        for claim in details["claims"].as_array().into_iter().flatten() {
            let who = number(&claim["user"]["id"]).unwrap_or_default();
            let amount = claim["amount_fen"].as_u64().unwrap_or_default();
            let seq = claim["seq"].as_u64().unwrap_or(u64::MAX);
            let at = claim["opened_at"].as_str().unwrap_or_default().to_owned();
            if claims.insert(who, Share { amount, place: Some((seq, at)) }).is_some() {
                faults.push(format!("{who} has two shares"));
            }
        }
        for (who, told) in &packet.told {
            let claim = claims.remove(&self.people[*who].id.parse().unwrap_or_default());
            let same = claim.as_ref().is_some_and(|claim| {
                claim.amount == told.amount && (told.place.is_none() || claim.place == told.place)
            });
            if !same {
                faults.push(format!("{who} was told {told:?}, and there is {claim:?}"));
            }
        }
        if !claims.is_empty() {
            faults.push(format!("shares that nobody was told of: {claims:?}"));
        }
        faults
    }

    /// Every movement that a wallet must show, and no other (R-MONEY-1).
    fn movements(&self, who: usize) -> Vec<Movement> {
        let pages = self.books.pages();
        let signed = |fen: u64| i64::try_from(fen).unwrap_or(i64::MAX);
        let mut due: Vec<Movement> = Vec::new();
        for top_up in pages.top_ups.values().filter(|top_up| top_up.who == who) {
            due.push(("top_up".to_owned(), signed(top_up.amount), None));
        }
        for (order_no, packet) in &pages.packets {
            if packet.paid == Paid::No {
                continue;
            }
            let place = Some(order_no.clone());
            if let Some(share) = packet.told.get(&who) {
                due.push(("credit".to_owned(), signed(share.amount), place.clone()));
            }
            if packet.sender == who {
                due.push(("pay".to_owned(), -signed(packet.total), place.clone()));
                due.push(("fee".to_owned(), -signed(packet.fee), place.clone()));
                let given: u64 = packet.told.values().map(|share| share.amount).sum();
                if given < packet.total {
                    due.push(("refund".to_owned(), signed(packet.total - given), place));
                }
            }
        }
        due.sort();
        due
    }

    async fn wallet(&self, who: usize) -> Vec<String> {
        let person = &self.people[who];
        let due = self.movements(who);
        let sum: i64 = due.iter().map(|(_, amount, _)| amount).sum();
        let wallet = person.insist(Method::GET, "/wallet", Value::Null).await;
        let balance = wallet.and_then(|reply| reply.body["balance_fen"].as_i64());
        let mut differences = Vec::new();
        if balance != Some(sum) {
            differences.push(format!("{who} should have {sum} fen and has {balance:?}"));
        }
        let Some((entries, _)) = pages_of(person, "/wallet/entries?").await else {
            return vec![format!("{who}'s statement cannot be read")];
        };
        let mut found: Vec<Movement> = entries
            .iter()
            .map(|entry| {
                let text = |name: &str| entry[name].as_str().map(str::to_owned);
                let amount = entry["amount_fen"].as_i64().unwrap_or_default();
                (text("kind").unwrap_or_default(), amount, text("order_no"))
            })
            .collect();
        found.sort();
        if found != due {
            let missing: Vec<_> = due.iter().filter(|entry| !found.contains(entry)).collect();
            let odd: Vec<_> = found.iter().filter(|entry| !due.contains(entry)).collect();
            differences.push(format!("{who}'s statement lacks {missing:?}, has {odd:?} too much"));
        }
        // Newest first: each balance is the one before plus the amount.
        let mut held = 0;
        for entry in entries.iter().rev() {
            held += entry["amount_fen"].as_i64().unwrap_or_default();
            if entry["balance_fen"] != held || held < 0 {
                differences.push(format!("{who}'s statement does not add up at {entry}"));
                break;
            }
        }
        differences
    }

    /// What was sent and received (R-LIST-1).
    async fn lists(&self, who: usize) -> Vec<String> {
        let (mut sent, mut received) = (Vec::new(), Vec::new());
        for (order_no, packet) in &self.books.pages().packets {
            if packet.paid != Paid::No && packet.sender == who {
                sent.push((order_no.clone(), packet.total));
            }
            if let Some(share) = packet.told.get(&who) {
                received.push((order_no.clone(), share.amount));
            }
        }
        let mut differences = Vec::new();
        for (name, amount, mut due) in
            [("sent", "total_fen", sent), ("received", "amount_fen", received)]
        {
            let Some((items, page)) = pages_of(&self.people[who], &format!("/lists/{name}?")).await
            else {
                differences.push(format!("{who}'s list {name} cannot be read"));
                continue;
            };
            let mut found: Vec<(String, u64)> = items
                .iter()
                .map(|item| {
                    let order_no = item["order_no"].as_str().unwrap_or_default();
                    (order_no.to_owned(), item[amount].as_u64().unwrap_or_default())
                })
                .collect();
            found.sort();
            due.sort();
            let sum: u64 = due.iter().map(|(_, amount)| amount).sum();
            if found != due || page["count"] != due.len() || page["total_fen"] != sum {
                let (count, total) = (&page["count"], &page["total_fen"]);
                let missing: Vec<_> = due.iter().filter(|item| !found.contains(item)).collect();
                differences.push(format!(
                    "{who}'s list {name}: {count} items of {total} fen, should be {} of {sum}, lacks {missing:?}",
                    due.len(),
                ));
            }
        }
        differences
    }

    /// Every word once, where it was said, and a card for every packet (R-PEOPLE-3).
    async fn words(&self, group: usize) -> Vec<String> {
        let Group { id, members } = &self.groups[group];
        let path = format!("/groups/{id}/messages?");
        let Some((items, _)) = pages_of(&self.people[members[0]], &path).await else {
            return vec![format!("the chat of {id} cannot be read")];
        };
        let mut found: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for item in &items {
            let card = item["packet"]["order_no"].as_str();
            if let Some(text) = item["text"].as_str().or(card) {
                found.entry(text.to_owned()).or_default().extend(number(&item["id"]));
            }
        }
        let mut differences = Vec::new();
        let pages = self.books.pages();
        let said = pages.messages.iter().filter(|(_, message)| message.group == group);
        for (words, message) in said {
            let places = found.remove(words).unwrap_or_default();
            if places.len() != 1 || message.id.is_some_and(|id| places[0] != id) {
                differences.push(format!(
                    "{words:?} by {} stands at {places:?}, not {:?}",
                    message.who, message.id
                ));
            }
        }
        for (order_no, packet) in &pages.packets {
            let cards = found.remove(order_no).unwrap_or_default().len();
            let due = usize::from(packet.paid != Paid::No);
            if packet.group == group && cards != due {
                differences.push(format!("{order_no} has {cards} cards in the chat, not {due}"));
            }
        }
        if !found.is_empty() {
            differences.push(format!("the chat of {id} has what nobody said: {found:?}"));
        }
        differences
    }
}

/// All items of something that comes in pages, and its first page.
async fn pages_of(person: &Person, path: &str) -> Option<(Vec<Value>, Value)> {
    let mut items = Vec::new();
    let mut first = None;
    let mut cursor: Option<String> = None;
    for _ in 0..PAGES_MAX {
        let place = match &cursor {
            Some(cursor) => format!("{path}cursor={cursor}"),
            None => path.trim_end_matches('?').to_owned(),
        };
        let page = person.insist(Method::GET, &place, Value::Null).await?.body;
        items.extend(page["items"].as_array()?.iter().cloned());
        cursor = page["next_cursor"].as_str().map(str::to_owned);
        first.get_or_insert(page);
        if cursor.is_none() {
            return Some((items, first?));
        }
    }
    None
}
