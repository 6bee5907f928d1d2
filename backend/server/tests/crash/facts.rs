//! The last check: what everybody sees, through the public interface, is exactly what was
//! paid and opened; every claim is credited, every rest is back, the lists and the chat
//! are complete, and nothing is there twice.

use crate::{
    common::person::Person,
    databases, past,
    stage::{Stage, each},
    told::{Facts, Sent},
};
use hongbao::node::open_stores;
use hongbao_shared::{
    Fen, OrderNo,
    api::{
        Page,
        groups::{Message, MessageBody},
        lists::{ListPage, ReceivedItem, SentItem},
        packets::{PacketDetails, PacketState},
        wallet::{Entry, EntryKind},
    },
    proof,
};
use reqwest::StatusCode;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};

/// Packets by their numbers; `None` for those that were given up.
type Packets = BTreeMap<OrderNo, Option<PacketDetails>>;
/// What a person got out of which packet, and whether it was the best luck.
type Shares = BTreeMap<OrderNo, (i64, bool)>;

impl Stage {
    /// Everything at rest is as it must be.
    pub(crate) async fn check_all(&self) {
        let facts = self.cast.told.facts().clone();
        let packets = self.packets(&facts).await;
        for (n, person) in self.cast.people.iter().enumerate() {
            let shares = shares(&packets, person);
            let told = facts.opened.iter().filter(|((_, who), _)| *who == n);
            for ((order_no, _), opened) in told {
                assert_eq!(shares[order_no].0, opened.amount_fen.signed(), "{order_no} {n}");
            }
            statement(person, n, &facts, &packets, &shares).await;
            lists(person, n, &facts, &packets, &shares).await;
        }
        self.chat(&facts, &packets).await;
    }

    async fn packets(&self, facts: &Facts) -> Packets {
        let packets = facts.paid.iter().map(|(order_no, sent)| async move {
            let sender = &self.cast.people[sent.sender];
            let answer = sender.get(&format!("/packets/{order_no}")).await;
            if sent.stuck {
                assert_eq!(answer.refused().1, "packet_not_found", "{order_no}");
                return (*order_no, None);
            }
            assert_eq!(answer.status, StatusCode::OK, "{order_no} {answer:?}");
            let details: PacketDetails = answer.read();
            ended_well(&details, *sent);
            (*order_no, Some(details))
        });
        each(packets).await.into_iter().collect()
    }

    /// Each card once, each claim once, each end once.
    async fn chat(&self, facts: &Facts, packets: &Packets) {
        let group = &self.cast.group;
        for (n, reader) in self.cast.people.iter().enumerate() {
            let path = format!("/groups/{group}/messages");
            let (mut cards, mut finished, mut expired) = (Vec::new(), Vec::new(), Vec::new());
            // Lines and people that they tell of.
            let mut opened: BTreeMap<OrderNo, (u32, u32)> = BTreeMap::new();
            for message in pages::<Message>(reader, &path).await {
                match message.body {
                    MessageBody::Packet { packet } => cards.push(packet.order_no),
                    MessageBody::Opened { order_no, others, .. } => {
                        let told = opened.entry(order_no).or_default();
                        *told = (told.0 + 1, told.1 + 1 + others);
                    }
                    MessageBody::Finished { order_no, .. } => finished.push(order_no),
                    MessageBody::Expired { order_no, .. } => expired.push(order_no),
                    _ => {}
                }
            }
            let ended = |state| {
                let ended = packets.values().flatten().filter(move |packet| packet.state == state);
                ended.map(|packet| packet.order_no)
            };
            let own = |order_no: &OrderNo| facts.paid[order_no].sender == n;
            same(cards, packets.iter().filter_map(|(no, packet)| packet.as_ref().map(|_| *no)));
            same(finished, ended(PacketState::Finished));
            same(expired, ended(PacketState::Expired).filter(own));
            // A sender hears of everybody, whoever opened of that line alone.
            let mine = shares(packets, reader);
            for (order_no, packet) in packets {
                let (lines, people) = opened.remove(order_no).unwrap_or_default();
                let claimed = packet.as_ref().map_or(0, |packet| packet.claimed);
                if own(order_no) {
                    assert_eq!(people, claimed, "{order_no}: who opened it is told to {n}");
                } else {
                    let told = u32::from(mine.contains_key(order_no));
                    assert_eq!(lines, told, "{order_no}: {n} is told of their own share");
                }
            }
            assert!(opened.is_empty(), "lines of no packet: {opened:?}");
        }
    }
}

/// What was over before the server came up has left its hot tables, and nothing else has.
pub(crate) async fn old_days_are_cold(stage: &Stage) {
    if databases::file_of(stage.server.folder.path()).is_some() {
        return; // It has none.
    }
    let stores = open_stores(&past::config(stage.server.folder.path())).await.unwrap();
    for hot in stores.hot.values() {
        let mut days = hot.hot().days().await.unwrap();
        days.sort_by_key(|day| day.epoch_day);
        let (old, new) = days.split_at(past::OLD_DAYS.len());
        assert!(old.iter().all(|day| day.sealed && day.is_empty), "{days:?}");
        assert!(new.iter().all(|day| !day.is_empty), "{days:?}");
    }
    stores.close().await;
}

fn ended_well(packet: &PacketDetails, sent: Sent) {
    let order_no = packet.order_no;
    let claims = packet.claims.as_deref().unwrap();
    let sum: u64 = claims.iter().map(|claim| claim.amount_fen.get()).sum();
    assert_eq!(usize::try_from(packet.claimed).unwrap(), claims.len(), "{order_no}");
    assert_eq!((packet.kind, packet.shares), (sent.kind, sent.shares), "{order_no}");
    assert!(proof::check(packet).unwrap().is_ok(), "{order_no}");
    let returned = packet.refunded_fen.map_or(0, Fen::get);
    match packet.state {
        PacketState::Finished => assert_eq!((sum, returned), (sent.total_fen, 0), "{order_no}"),
        PacketState::Expired => assert_eq!(sum + returned, sent.total_fen, "{order_no}"),
        PacketState::Open => panic!("{order_no} is open"),
    }
}

fn shares(packets: &Packets, person: &Person) -> Shares {
    let mut shares = Shares::new();
    for packet in packets.values().flatten() {
        for claim in packet.claims.iter().flatten() {
            if claim.user.id.to_string() == person.id {
                let share = (claim.amount_fen.signed(), claim.best_luck);
                assert!(shares.insert(packet.order_no, share).is_none(), "one share each");
            }
        }
    }
    shares
}

/// Each line of the statement has its cause, each cause its line, and they add up.
async fn statement(person: &Person, n: usize, facts: &Facts, packets: &Packets, shares: &Shares) {
    let entries = pages::<Entry>(person, "/wallet/entries").await;
    let lines = |kind: EntryKind| {
        let lines = entries.iter().filter(move |entry| entry.kind == kind.into());
        lines.map(|entry| (entry.order_no, entry.amount_fen)).collect::<Vec<_>>()
    };
    let own = || facts.paid.iter().filter(|(_, sent)| sent.sender == n);
    let fen = |fen: u64| i64::try_from(fen).unwrap();
    let top_ups = facts.top_ups.iter().filter(|((who, _), _)| *who == n);
    same(lines(EntryKind::TopUp), top_ups.map(|(_, top_up)| (None, fen(top_up.amount_fen))));
    same(lines(EntryKind::Pay), own().map(|(no, sent)| (Some(*no), -fen(sent.total_fen))));
    let credits = shares.iter().map(|(order_no, (amount_fen, _))| (Some(*order_no), *amount_fen));
    same(lines(EntryKind::Credit), credits);
    let refunds = own().filter_map(|(order_no, sent)| {
        let rest = match &packets[order_no] {
            None => sent.total_fen,
            Some(packet) => packet.refunded_fen?.get(),
        };
        Some((Some(*order_no), fen(rest)))
    });
    same(lines(EntryKind::Refund), refunds);
    let sum: i64 = entries.iter().map(|entry| entry.amount_fen).sum();
    assert_eq!(sum, fen(person.balance_fen().await), "{n}");
}

/// The lists are complete, with their totals.
async fn lists(person: &Person, n: usize, facts: &Facts, packets: &Packets, shares: &Shares) {
    let own = facts.paid.iter().filter(|(no, sent)| sent.sender == n && packets[no].is_some());
    let (sent, total) = list::<SentItem>(person, "sent").await;
    assert_eq!(total, sent.iter().map(|item| item.total_fen.get()).sum::<u64>(), "{n}");
    let sent = sent.iter().map(|item| (item.order_no, item.total_fen.get()));
    same(sent.collect(), own.map(|(order_no, sent)| (*order_no, sent.total_fen)));
    let (received, total) = list::<ReceivedItem>(person, "received").await;
    assert_eq!(total, received.iter().map(|item| item.amount_fen.get()).sum::<u64>(), "{n}");
    let received =
        received.iter().map(|item| (item.order_no, (item.amount_fen.signed(), item.best_luck)));
    same(received.collect(), shares.iter().map(|(order_no, share)| (*order_no, *share)));
}

/// A whole list over all its years, and what the years say they add up to.
async fn list<T: DeserializeOwned>(person: &Person, which: &str) -> (Vec<T>, u64) {
    let newest: ListPage<T> = person.get(&format!("/lists/{which}")).await.read();
    let (mut items, mut total, mut count) = (Vec::new(), 0, 0);
    for year in newest.years {
        let path = format!("/lists/{which}?year={year}");
        let mut page: ListPage<T> = person.get(&path).await.read();
        total += page.total_fen.get();
        count += page.count;
        while let Some(cursor) = page.next_cursor.take() {
            items.append(&mut page.items);
            page = person.get(&format!("{path}&cursor={cursor}")).await.read();
        }
        items.append(&mut page.items);
    }
    assert_eq!(count, items.len() as u64, "{which}");
    (items, total)
}

/// All parts of something that is given in parts.
async fn pages<T: DeserializeOwned>(person: &Person, path: &str) -> Vec<T> {
    let mut page: Page<T> = person.get(path).await.read();
    let mut items = Vec::new();
    while let Some(cursor) = page.next_cursor.take() {
        items.append(&mut page.items);
        page = person.get(&format!("{path}?cursor={cursor}")).await.read();
    }
    items.append(&mut page.items);
    items
}

/// The same things, each as often here as there.
#[track_caller]
fn same<T: Ord + std::fmt::Debug>(mut found: Vec<T>, expected: impl Iterator<Item = T>) {
    found.sort();
    let mut expected: Vec<_> = expected.collect();
    expected.sort();
    if found != expected {
        let [found, expected]: [BTreeSet<_>; 2] =
            [found.iter().collect(), expected.iter().collect()];
        let missing: Vec<_> = expected.difference(&found).collect();
        let surplus: Vec<_> = found.difference(&expected).collect();
        panic!("missing {missing:?}, surplus {surplus:?}, or something is there twice");
    }
}
