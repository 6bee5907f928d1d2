//! Connections that are cut during a storm, across a server that is killed: every
//! screen ends equal to what the server says, no entry missing or doubled (R-WEB-1).

use crate::{
    common::{person::Person, server::TestServer},
    events::{Events, id, log, say},
};
use futures::{StreamExt, future::join_all, stream};
use hongbao_shared::OrderNo;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};
use tokio::sync::{mpsc, watch};

const MEMBERS: usize = 5;
const PACKETS: usize = 200;
const CUTS: usize = 20;
const SENDING_AT_ONCE: usize = 4;
const END: &str = "the end";

/// What one screen has seen.
#[derive(Debug, Default)]
struct Screen {
    began_after: i64,
    messages: Vec<Value>,
    cards: BTreeMap<String, Value>,
    cuts: usize,
}

impl Screen {
    fn take(&mut self, name: &str, data: Value) {
        match name {
            "message" => {
                if let Some(order_no) = data["packet"]["order_no"].as_str() {
                    let card = card(&data["packet"]);
                    self.cards.insert(order_no.to_owned(), card);
                }
                self.messages.push(data);
            }
            "packet" => {
                let order_no = data["order_no"].as_str().unwrap().to_owned();
                let known = self.cards.insert(order_no, card(&data));
                assert!(known.is_some(), "a card changes after it has come");
            }
            other => panic!("{other} is not expected"),
        }
    }
}

/// What changes of a card.
fn card(of: &Value) -> Value {
    json!({"state": of["state"], "progress": of["progress"]})
}

/// Listens until the last message, and is cut off again and again.
async fn listen(
    person: Person,
    group: String,
    mut url: watch::Receiver<String>,
    begun: mpsc::Sender<()>,
    seed: usize,
) -> Screen {
    let path = format!("/groups/{group}/events");
    let mut screen = Screen::default();
    let mut last_id = None;
    loop {
        let here = Person { url: url.borrow_and_update().clone(), ..person.clone() };
        let Ok(mut events) = Events::try_open(&here, &path, last_id.as_deref()).await else {
            // The server is gone; it comes back somewhere else.
            url.changed().await.unwrap();
            continue;
        };
        assert_eq!(events.response.status(), StatusCode::OK);
        if last_id.is_none() {
            last_id = Some(events.first_id().await);
            screen.began_after = last_id.as_ref().unwrap().parse().unwrap();
            begun.send(()).await.unwrap();
        }
        let cut_after = (screen.cuts < CUTS).then_some(1 + (seed * 7 + screen.cuts * 11) % 23);
        let mut taken = 0;
        while let Some(event) = events.next().await {
            let is_end = event.data["text"] == END;
            screen.take(&event.name, event.data);
            last_id.clone_from(&events.last_id);
            if is_end {
                return screen;
            }
            taken += 1;
            if cut_after == Some(taken) {
                screen.cuts += 1;
                break;
            }
        }
    }
}

/// Sends packets, several at once, and has everybody open each of them.
async fn send_and_open(people: &[Person], group: &str, count: usize) {
    let packets = (0..count).map(|n| async move {
        let sender = &people[n % 3];
        let order_no = sender.send_packet(group, 300, 3).await;
        join_all(people.iter().map(|person| open(person, order_no))).await;
        if n % 10 == 0 {
            say(sender, group, "新年快乐").await;
        }
    });
    stream::iter(packets).buffer_unordered(SENDING_AT_ONCE).collect::<Vec<_>>().await;
}

async fn open(person: &Person, order_no: OrderNo) {
    let Some(ticket) = person.grab(order_no).await["ticket"].as_str().map(str::to_owned) else {
        return;
    };
    let answer = person.open_with(order_no, &ticket).await;
    if !answer.status.is_success() {
        assert_eq!(answer.refused().1, "packet_finished");
    }
}

fn at(people: &[Person], url: &str) -> Vec<Person> {
    people.iter().map(|person| Person { url: url.to_owned(), ..person.clone() }).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_seen_through_cut_connections() {
    let mut server = TestServer::spawn(&[("HONGBAO_SITES_WEIGHTS", "S=50,N=50")]);
    let (group, people) = server.group_of(MEMBERS).await;
    for person in &people[..3] {
        person.top_up(1_000_000, "plenty").await;
    }
    let (url, moved) = watch::channel(server.url.clone());
    let (begun, mut begins) = mpsc::channel(1);
    // Everybody listens, and two of them twice.
    let listeners: Vec<_> = (0..MEMBERS + 2)
        .map(|n| {
            let person = people[n % MEMBERS].clone();
            let (group, moved, begun) = (group.clone(), moved.clone(), begun.clone());
            (n % MEMBERS, tokio::spawn(listen(person, group, moved, begun, n)))
        })
        .collect();
    for _ in &listeners {
        begins.recv().await.unwrap();
    }

    send_and_open(&people, &group, PACKETS / 2).await;
    // Lines are still on their way; they come after the restart.
    server.kill();
    server.restart();
    url.send(server.url.clone()).unwrap();
    let people = at(&people, &server.url);
    send_and_open(&people, &group, PACKETS / 2).await;
    until_all_are_gone(&people[0], &group).await;
    say(&people[0], &group, END).await;

    for (n, listener) in listeners {
        let screen = tokio::time::timeout(Duration::from_mins(2), listener).await;
        let screen = screen.expect("every screen comes to the end").unwrap();
        assert_eq!(screen.cuts, CUTS);
        compare(&screen, &people[n], &group).await;
    }
    let gauge = people[0].client.request(Method::GET, format!("{}/metrics", server.url));
    let metrics = gauge.send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("hongbao_live_streams"), "{metrics}");
}

async fn compare(screen: &Screen, person: &Person, group: &str) {
    let ids: Vec<_> = screen.messages.iter().map(id).collect();
    assert!(ids.is_sorted_by(|a, b| a < b), "in order, and none doubled");
    let stored: Vec<_> =
        log(person, group).await.into_iter().filter(|one| id(one) > screen.began_after).collect();
    let stored_ids: Vec<_> = stored.iter().map(id).collect();
    assert_eq!(ids, stored_ids, "none is missing");
    let mut packets = 0;
    for (seen, stored) in screen.messages.iter().zip(&stored) {
        let Some(order_no) = stored["packet"]["order_no"].as_str() else {
            assert_eq!(seen, stored);
            continue;
        };
        assert_eq!(screen.cards[order_no], card(&stored["packet"]), "the card of {order_no}");
        packets += 1;
    }
    assert_eq!(packets, PACKETS);
}

/// Waits until every packet's last line has been delivered.
async fn until_all_are_gone(person: &Person, group: &str) {
    for _ in 0..1_000 {
        let messages = log(person, group).await;
        if messages.iter().filter(|one| one["type"] == "finished").count() == PACKETS {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("lines are missing");
}
