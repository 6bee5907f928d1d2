//! Flow control of sends (R-CTRL-1) and short lists (R-LIST-2).

use crate::{administrator, common::server::TestServer, refused, turn};
use hongbao_shared::api::{
    lists::{ListPage, SentItem},
    packets::PacketDetails,
};
use serde_json::json;

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
    let wait: u64 = refusal.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=30).contains(&wait), "{wait} s");
    people[1].post("/packets", &body).await.ok(201);

    let change = json!({"sends_per_user_per_minute": 0, "sends_per_second": 1});
    turn(&admin, &change).await.ok(200);
    let answers = futures::future::join_all((0..20).map(|_| people[0].post("/packets", &body)));
    let answers = answers.await;
    let taken = answers.iter().filter(|answer| answer.status == 201).count();
    assert!(taken >= 1, "one goes through");
    let refusal = answers.iter().find(|answer| answer.status != 201).unwrap();
    refused(refusal, 429, "rate_limited");
    turn(&admin, &json!({"sends_per_second": 0})).await.ok(200);
    people[0].post("/packets", &body).await.ok(201);
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
    let all = loop {
        let (orders, count) = read().await;
        if orders.len() == 45 {
            assert_eq!((count, orders.first()), (45, last.as_ref()));
            break orders;
        }
        // Lists are written a moment later; reading the details meanwhile is as good as
        // any other call.
        let _: PacketDetails = sender.details(last.unwrap()).await;
    };
    turn(&admin, &json!({"two_screen_lists": true})).await.ok(200);
    let (short, count) = read().await;
    assert_eq!((short.as_slice(), count), (&all[..40], 45), "totals stay true");
    turn(&admin, &json!({"two_screen_lists": false})).await.ok(200);
    assert_eq!(read().await.0, all);
}
