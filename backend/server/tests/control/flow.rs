//! Flow control of sends and grabs (R-CTRL-1) and short lists (R-LIST-2).

use crate::{
    administrator,
    common::{
        ManualClock,
        person::{Answer, Person},
        server::TestServer,
    },
    degraded, refused, turn,
};
use hongbao_shared::{
    OrderNo,
    api::lists::{ListPage, SentItem},
};
use serde_json::json;
use std::sync::Arc;

/// A person, and a node, send so many and no more; whoever is refused hears when to come
/// back, and others are not touched by one person's limit.
#[tokio::test]
async fn sends_are_limited_per_person_and_per_node() {
    let server = TestServer::start().await;
    let admin = administrator(&server).await;
    let (group, people) = server.group_of(2).await;
    let body = json!({"group_id": group, "kind": "lucky", "total_fen": 10, "shares": 1});
    turn(&admin, &json!({"sends_per_user_per_minute": 2})).await.ok(200);
    for _ in 0..2 {
        people[0].post("/packets", &body).await.ok(201);
    }
    let refusal = people[0].post("/packets", &body).await;
    refused(&refusal, 429, "rate_limited");
    let wait_s = retry_after_s(&refusal);
    assert!((1..=30).contains(&wait_s), "{wait_s} s");
    people[1].post("/packets", &body).await.ok(201);

    let change = json!({"sends_per_user_per_minute": 0, "sends_per_second": 1});
    turn(&admin, &change).await.ok(200);
    let answers = futures::future::join_all((0..20).map(|_| people[0].post("/packets", &body)));
    let answers = answers.await;
    let taken = answers.iter().filter(|answer| answer.status == 201).count();
    assert!(taken >= 1, "one goes through");
    let refusal = answers.iter().find(|answer| answer.status != 201).unwrap();
    refused(refusal, 429, "rate_limited");
    assert_eq!(degraded(&admin).await, ["sends_limited@"], "R-CTRL-4");
    turn(&admin, &json!({"sends_per_second": 0})).await.ok(200);
    people[0].post("/packets", &body).await.ok(201);
}

fn retry_after_s(refusal: &Answer) -> u64 {
    refusal.headers["retry-after"].to_str().unwrap().parse().unwrap()
}

async fn grab(person: &Person, order_no: OrderNo) -> Answer {
    person.post(&format!("/packets/{order_no}/grab"), &json!({})).await
}

/// Whoever is refused hears when to come back, and nothing has changed.
async fn is_busy(person: &Person, order_no: OrderNo, claimed: u32) {
    let refusal = grab(person, order_no).await;
    refused(&refusal, 429, "packet_busy");
    assert_eq!(retry_after_s(&refusal), 1);
    assert_eq!(person.details(order_no).await.claimed, claimed);
}

/// R-CTRL-1: no more tickets of a packet are outstanding than a multiple of what is left, 20
/// at least. A ticket is outstanding until its holder has opened, it expires, or the packet
/// ends; and nobody is refused because of their own.
#[tokio::test]
async fn tickets_of_a_packet_are_limited_by_what_is_left() {
    let clock = Arc::new(ManualClock::at("2026-02-16T12:00:00.000Z"));
    let server = TestServer::start_with(Some(Arc::clone(&clock)), |config| {
        config.flow.tickets_per_share = 1;
    })
    .await;
    let (group, people) = server.group_of(23).await;
    people[0].top_up(1_000, "k").await;
    let order_no = people[0].send_packet(&group, 200, 2).await;
    let mut tickets = Vec::new();
    for person in &people[..20] {
        tickets.push(person.ticket(order_no).await);
    }
    is_busy(&people[20], order_no, 0).await;
    // A second ticket stands in for the first, which still opens.
    people[3].ticket(order_no).await;
    is_busy(&people[20], order_no, 0).await;

    people[3].open_with(order_no, &tickets[3]).await.ok(200);
    people[20].ticket(order_no).await;
    is_busy(&people[21], order_no, 1).await;
    assert_eq!(people[3].grab(order_no).await["state"], "opened", "and takes nobody's place");

    clock.advance_s(60);
    let last = people[21].ticket(order_no).await;
    for person in people[..20].iter().filter(|person| person.id != people[3].id) {
        person.ticket(order_no).await;
    }
    is_busy(&people[22], order_no, 1).await;
    people[21].open_with(order_no, &last).await.ok(200);
    assert_eq!(people[22].grab(order_no).await["state"], "finished");
}

/// R-CTRL-1: a person grabs so often in a minute and no more, whatever comes of it; others
/// are not touched by that.
#[tokio::test]
async fn grabs_are_limited_per_person() {
    let clock = Arc::new(ManualClock::at("2026-02-16T12:00:00.000Z"));
    let server = TestServer::start_with(Some(Arc::clone(&clock)), |config| {
        config.flow.per_person = true;
        config.flow.grabs_per_user_per_minute = 2;
    })
    .await;
    let (group, people) = server.group_of(2).await;
    people[0].top_up(1_000, "k").await;
    let order_no = people[0].send_packet(&group, 200, 2).await;
    people[1].open(order_no).await;
    people[1].grab(order_no).await;
    let refusal = grab(&people[1], order_no).await;
    refused(&refusal, 429, "rate_limited");
    assert_eq!(retry_after_s(&refusal), 30);
    people[0].grab(order_no).await;

    clock.advance_s(29);
    assert_eq!(retry_after_s(&grab(&people[1], order_no).await), 1);
    clock.advance_s(1);
    people[1].grab(order_no).await;
    refused(&grab(&people[1], order_no).await, 429, "rate_limited");
    // Set back, the clock gives nothing and takes nothing away.
    clock.advance_s(-3_600);
    refused(&grab(&people[1], order_no).await, 429, "rate_limited");
    clock.advance_s(30);
    people[1].grab(order_no).await;
}

/// With the switch on, lists end after two screens; off again, they go on.
#[tokio::test]
async fn lists_end_after_two_screens() {
    let server = TestServer::start().await;
    let admin = administrator(&server).await;
    let (group, people) = server.group_of(1).await;
    let sender = &people[0];
    sender.top_up(10_000, "k").await;
    let mut last = None;
    for _ in 0..45 {
        last = Some(sender.send_packet(&group, 10, 1).await);
    }
    let read = async || {
        let (mut orders, mut cursor) = (Vec::new(), String::new());
        loop {
            let page: ListPage<SentItem> = sender.get(&format!("/lists/sent{cursor}")).await.read();
            assert!(page.items.len() <= 20);
            orders.extend(page.items.iter().map(|item| item.order_no));
            match page.next_cursor {
                Some(next) => cursor = format!("?cursor={next}"),
                None => return (orders, page.count),
            }
        }
    };
    // Lists are written a moment later.
    degraded::until(async || read().await.0.len() == 45).await;
    let (all, count) = read().await;
    assert_eq!((count, all.first()), (45, last.as_ref()));
    turn(&admin, &json!({"two_screen_lists": true})).await.ok(200);
    let (short, count) = read().await;
    assert_eq!((short.as_slice(), count), (&all[..40], 45), "totals stay true");
    turn(&admin, &json!({"two_screen_lists": false})).await.ok(200);
    assert_eq!(read().await.0, all);
}
