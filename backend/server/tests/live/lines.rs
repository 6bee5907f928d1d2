//! Who hears what becomes of a packet (R-PEOPLE-2, R-MONEY-4), over REST and live.

use crate::{
    common::{ManualClock, person::Person, server::TestServer},
    events::{Events, id, log, say},
};
use hongbao_shared::{OrderNo, proof};
use serde_json::Value;
use std::sync::Arc;

/// The lines about packets that somebody has heard, in short.
fn short(messages: &[Value], names: &[(&str, &Person)]) -> Vec<String> {
    let name = |user: &Value| {
        let found = names.iter().find(|(_, person)| user["id"] == person.id.as_str());
        found.map_or("?", |(name, _)| *name)
    };
    let line = |message: &Value| {
        let user = name(&message["user"]);
        Some(match message["type"].as_str().unwrap() {
            "packet" => format!("{user} sent"),
            "opened" => {
                let (sender, others) = (name(&message["sender"]), &message["others"]);
                format!("{user} opened {sender}'s with {others}")
            }
            "finished" => format!("{user}'s is gone, best {}", name(&message["best_luck"])),
            "expired" => format!("{user} gets {} back", message["refunded_fen"]),
            "text" => format!("{user}: {}", message["text"].as_str().unwrap()),
            _ => return None,
        })
    };
    messages.iter().filter_map(line).collect()
}

/// Reads a stream up to a message with this text; the messages, and the last card of
/// each packet.
async fn heard(events: &mut Events, text: &str) -> (Vec<Value>, Vec<(String, Value)>) {
    let (mut messages, mut cards) = (Vec::new(), Vec::new());
    loop {
        let event = events.next().await.expect("the stream goes on");
        match event.name.as_str() {
            "message" if event.data["text"] == text => return (messages, cards),
            "message" => messages.push(event.data),
            "packet" => {
                let order_no = event.data["order_no"].as_str().unwrap().to_owned();
                cards.retain(|(of, _)| *of != order_no);
                cards.push((order_no, event.data));
            }
            other => panic!("{other}"),
        }
    }
}

/// Waits until a line of this kind about the packet stands in somebody's log.
async fn until(person: &Person, group: &str, kind: &str, order_no: OrderNo) {
    let order_no = order_no.to_string();
    for _ in 0..1_000 {
        let messages = log(person, group).await;
        let is_it = |message: &Value| message["type"] == kind && message["order_no"] == *order_no;
        if messages.iter().any(is_it) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("{kind} of {order_no} does not come");
}

#[tokio::test]
async fn everyone_hears_what_is_for_them() {
    let clock = Arc::new(ManualClock::at("2026-02-16T12:00:00.000Z"));
    let server = TestServer::start_with(Some(Arc::clone(&clock)), |config| {
        // A session and a ticket outlive what is to expire.
        config.limits.packet_lifetime_s = 60;
    })
    .await;
    let (group, people) = server.group_of(4).await;
    let [sender, first, second, other] = &people[..] else { panic!() };
    let names = [("S", sender), ("A", first), ("B", second), ("C", other)];
    sender.top_up(10_000, "k").await;
    let path = format!("/groups/{group}/events");
    let mut streams = Vec::new();
    for person in &people {
        streams.push(Events::open(person, &path, None).await);
    }

    let order_no = sender.send_packet(&group, 1_000, 2).await;
    first.open(order_no).await;
    until(first, &group, "opened", order_no).await;
    clock.advance_s(2);
    second.open(order_no).await;
    until(other, &group, "finished", order_no).await;
    let left = sender.send_packet(&group, 900, 3).await;
    let taken = other.open(left).await.amount_fen.get();
    until(other, &group, "opened", left).await;
    clock.advance_s(60);
    until(sender, &group, "expired", left).await;
    say(sender, &group, "the end").await;

    let details = other.details(order_no).await;
    assert!(proof::check(&details).unwrap().is_ok());
    let best = details.claims.unwrap().into_iter().find(|claim| claim.best_luck).unwrap();
    let best = if best.user.id.to_string() == first.id { "A" } else { "B" };
    let gone = format!("S's is gone, best {best}");
    let back = format!("S gets {} back", 900 - taken);
    let (gone, back) = (gone.as_str(), back.as_str());
    let opened = |who| format!("{who} opened S's with 0");
    let (by_a, by_b, by_c) = (opened("A"), opened("B"), opened("C"));
    let expected = [
        vec!["S sent", &by_a, &by_b, gone, "S sent", &by_c, back],
        vec!["S sent", &by_a, gone, "S sent"],
        vec!["S sent", &by_b, gone, "S sent"],
        vec!["S sent", gone, "S sent", &by_c],
    ];
    for ((person, events), expected) in people.iter().zip(&mut streams).zip(expected) {
        let (messages, cards) = heard(events, "the end").await;
        assert_eq!(short(&messages, &names), expected, "live");
        let mut rest = log(person, &group).await;
        assert_eq!(rest.pop().unwrap()["text"], "the end");
        let rest: Vec<_> = rest.into_iter().filter(|one| id(one) > 4).collect();
        assert_eq!(short(&rest, &names), expected, "by page");
        let finished = rest.iter().find(|one| one["type"] == "finished").unwrap();
        assert_eq!((&finished["shares"], &finished["took_ms"]), (&2.into(), &2_000.into()));
        // Cards change for everyone, whoever may read the line.
        for (order_no, change) in cards {
            let card = rest.iter().find(|one| one["packet"]["order_no"] == *order_no).unwrap();
            assert_eq!(change["state"], card["packet"]["state"], "{order_no}");
            assert_eq!(change["progress"], card["packet"]["progress"], "{order_no}");
        }
        let mine = |one: &Value| one["packet"]["order_no"] == left.to_string();
        let state = &rest.iter().find(|one| mine(one)).unwrap()["packet"]["state"];
        assert_eq!(state, if person.id == other.id { "opened" } else { "expired" });
    }
}

/// A busy packet makes a line per batch and a card per look, not an event per claim.
#[tokio::test(flavor = "multi_thread")]
async fn many_opens_are_few_events() {
    const MEMBERS: usize = 60;
    let server = TestServer::start().await;
    let (group, people) = server.group_of(MEMBERS).await;
    people[0].top_up(100_000, "k").await;
    let mut events = Events::open(&people[0], &format!("/groups/{group}/events"), None).await;
    let order_no = people[0].send_packet(&group, 6_000, 60).await;
    let mut tickets = Vec::new();
    for person in &people {
        tickets.push((person, person.ticket(order_no).await));
    }
    let opens = tickets.iter().map(|(person, ticket)| person.open_with(order_no, ticket));
    for answer in futures::future::join_all(opens).await {
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    until(&people[0], &group, "finished", order_no).await;
    say(&people[0], &group, "the end").await;
    let (messages, cards) = heard(&mut events, "the end").await;
    let lines: Vec<_> = messages.iter().filter(|one| one["type"] == "opened").collect();
    let openers: u64 = lines.iter().map(|line| line["others"].as_u64().unwrap() + 1).sum();
    assert_eq!(openers, 60, "each once");
    assert!(lines.len() <= 60);
    assert_eq!(cards.last().unwrap().1["progress"]["claimed"], 60);
    assert_eq!(cards.last().unwrap().1["state"], "opened");
}
