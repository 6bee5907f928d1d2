//! Browsers are told of packets though a server ends between any two steps (R-WEB-8): of the newest
//! of a group at least, and of each packet by one tag.

use crate::common::{
    person::Person,
    push_service::{Browser, PushService},
    server::TestServer,
};
use reqwest::{Method, StatusCode};
use serde_json::json;
use std::{os::unix::process::ExitStatusExt, time::Duration};

const SIGABRT: i32 = 6;

/// Where it is aborted, and how often it passes before.
const ABORTED: [(&str, u32); 6] = [
    ("chat.card.after", 1),
    ("pushes.queue.before", 1),
    ("pushes.queue.after", 1),
    ("pushes.post.before", 1),
    ("pushes.post.after", 1),
    ("outbox.settle.before", 2),
];

/// What was sent, until the server is gone.
async fn send_until_gone(person: &Person, group: &str) -> Vec<String> {
    let mut sent = Vec::new();
    loop {
        let packet = json!({"group_id": group, "kind": "lucky", "total_fen": 30, "shares": 3});
        let asked = person.request(Method::POST, "/packets").json(&packet).send().await;
        let Ok(made) = asked else { return sent };
        let Ok(made) = made.json::<serde_json::Value>().await else { return sent };
        let order_no = made["order_no"].as_str().unwrap().to_owned();
        sent.push(order_no.clone());
        loop {
            let pay = person.request(Method::POST, &format!("/packets/{order_no}/pay"));
            match pay.json(&json!({})).send().await {
                Ok(answer) if answer.status() == StatusCode::OK => break,
                Ok(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                Err(_) => return sent,
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_crash_keeps_a_browser_untold() {
    for (point, passes) in ABORTED {
        survives(point, passes).await;
    }
}

async fn survives(point: &str, passes: u32) {
    let service = PushService::start().await;
    // One shard has one queue for the chat: which packet is the newest is its order.
    let settings = [("HONGBAO_PUSH_SERVICES", &*service.url), ("HONGBAO_SITES_SHARDS", "1")];
    let mut server = TestServer::spawn(&settings);
    let (group, mut people) = server.group_of(2).await;
    people[0].top_up(100_000, "money").await;
    let browser = Browser::of(&people[1], &service, "/send/bob").await;
    assert_eq!(server.terminate(), Some(0));

    let fail_points = format!("{point}={passes}*off->return");
    assert!(server.try_start(&[("FAILPOINTS", &fail_points)]), "{point}");
    people[0].url.clone_from(&server.url);
    let gone = tokio::time::timeout(Duration::from_mins(1), send_until_gone(&people[0], &group));
    let sent = gone.await.unwrap_or_else(|_| panic!("{point}: not reached"));
    assert_eq!(server.wait().signal(), Some(SIGABRT), "{point}");

    server.restart();
    people[0].url.clone_from(&server.url);
    let mut newest = None;
    for order_no in &sent {
        let path = format!("/packets/{order_no}/pay");
        let mut paid = people[0].post(&path, &json!({})).await;
        while paid.status == StatusCode::ACCEPTED {
            paid = people[0].post(&path, &json!({})).await;
        }
        if paid.status == StatusCode::OK {
            newest = Some(order_no.clone());
        }
    }
    let newest = newest.unwrap_or_else(|| panic!("{point}: nothing was paid"));
    let mut tags = Vec::new();
    for _ in 0..600 {
        let pushed = service.posted().clone();
        for one in &pushed[tags.len()..] {
            tags.push(browser.read(one)["message"]["tag"].as_str().unwrap().to_owned());
        }
        if tags.contains(&newest) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(tags.contains(&newest), "{point}: {newest} of {sent:?}, told {tags:?}");
    assert!(tags.iter().all(|tag| sent.contains(tag)), "{point}: {sent:?}, told {tags:?}");
    assert_eq!(server.terminate(), Some(0));
    crate::stage::audit(&server, &["--at-rest"]);
}
