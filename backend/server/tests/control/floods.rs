//! One person cannot crowd out others: what each may do in a minute, by default (R-CTRL-1,
//! R-CTRL-6).

use crate::{
    common::{
        ManualClock,
        person::{Answer, Person, send},
        server::TestServer,
    },
    refused,
};
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;

/// More than any limit of a minute.
const FLOOD: usize = 2_000;

async fn server() -> TestServer {
    let clock = Arc::new(ManualClock::at("2026-02-16T12:00:00.000Z"));
    TestServer::start_with(Some(clock), |config| config.flow.per_person = true).await
}

/// Calls until it is refused as too often, with a time to come back; how often it was not.
async fn flood(call: impl AsyncFn(usize) -> Answer) -> usize {
    for time in 0..FLOOD {
        let answer = call(time).await;
        if answer.status == 429 {
            refused(&answer, 429, "rate_limited");
            let after: u64 = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
            assert!((1..=60).contains(&after), "{after} s");
            return time;
        }
        assert!(answer.status.as_u16() < 500, "{answer:?}");
    }
    panic!("{FLOOD} calls in a minute, and none is refused");
}

/// Somebody who pre-orders without end is refused; what others have ordered can be paid
/// (fault 11 of the review of ordinary days).
#[tokio::test]
async fn one_person_cannot_crowd_out_the_orders_of_others() {
    let server = server().await;
    let (group, people) = server.group_of(2).await;
    let [flooder, other] = &people[..] else { panic!("two") };
    other.top_up(100, "k").await;
    let body = json!({"group_id": group, "kind": "lucky", "total_fen": 10, "shares": 1});
    let order_no = other.pre_order(&body).await;
    assert!(flood(async |_| flooder.post("/packets", &body).await).await >= 60);
    let later = other.pre_order(&body).await;
    for order_no in [order_no, later] {
        other.pay(order_no).await;
    }
}

/// With no limit per person and room for ten, nobody's order is lost: what the memory does
/// not hold the database does (R-SEND-4).
#[tokio::test]
async fn orders_beyond_the_memory_are_kept_in_the_database() {
    let server = TestServer::start_with(None, |config| config.cache.preorders_max = 10).await;
    let (group, people) = server.group_of(2).await;
    let body = json!({"group_id": group, "kind": "lucky", "total_fen": 10, "shares": 1});
    people[1].top_up(1_000, "k").await;
    let mut orders = Vec::new();
    for _ in 0..15 {
        people[0].pre_order(&body).await;
        orders.push(people[1].pre_order(&body).await);
    }
    for order_no in orders {
        people[1].pay(order_no).await;
    }
}

/// Every way to write or to look up has its limit, and nobody else is touched by it.
#[tokio::test]
async fn every_call_has_a_limit_per_person() {
    let server = server().await;
    let (group, people) = server.group_of(2).await;
    let [flooder, other] = &people[..] else { panic!("two") };
    let in_group = |path: &str| format!("/groups/{group}{path}");
    let put = async |person: &Person, method: Method, path: &str, body: &Value| {
        send(person.request(method, path).json(body)).await
    };
    let calls: [(Method, String, Value); 9] = [
        (Method::DELETE, in_group("/members/1"), Value::Null),
        (Method::POST, in_group("/messages"), json!({"text": "Hi"})),
        (Method::POST, "/wallet/top-ups".into(), json!({"amount_fen": 1, "key": "k"})),
        (Method::POST, in_group("/invitations"), json!({})),
        (Method::POST, "/groups".into(), json!({"name": "G"})),
        (Method::PATCH, "/me".into(), json!({"name": "N"})),
        (Method::PUT, in_group("/read"), json!({"message_id": "1"})),
        (Method::GET, "/packets/S00000000000000".into(), Value::Null),
        (Method::POST, "/groups/join".into(), json!({"code": "abcdefghijklmnop"})),
    ];
    for (method, path, body) in &calls {
        let path = path.replace("S00000000000000", &unknown_number());
        flood(async |_| put(flooder, method.clone(), &path, body).await).await;
        let answer = put(other, method.clone(), &path, body).await;
        assert_ne!(answer.status, 429, "{path}: somebody else's limit");
    }
    // A reused key is the client's fault each time; so is a stream that is begun again.
    let stream = async |_| {
        let request = flooder.request(Method::GET, &in_group("/events"));
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let body = if status == 429 { response.text().await.unwrap() } else { String::new() };
        Answer { status, headers, body }
    };
    flood(stream).await;
}

/// A canonical number that was never given.
fn unknown_number() -> String {
    use hongbao_shared::{Day, OrderNo, Shard, Site};
    let (shard, day) = (Shard::new(0).unwrap(), Day::of_epoch_day(20_500));
    OrderNo::new(Site::S, shard, day, false, 77).unwrap().to_string()
}

/// A chat takes so much in a minute and no more, whoever writes.
#[tokio::test]
async fn a_group_has_a_limit_of_its_own() {
    let clock = Arc::new(ManualClock::at("2026-02-16T12:00:00.000Z"));
    let server = TestServer::start_with(Some(clock), |config| {
        config.flow.per_person = true;
        config.flow.messages_per_user_per_minute = 0;
        config.flow.messages_per_group_per_minute = 4;
    })
    .await;
    let (group, people) = server.group_of(2).await;
    let path = format!("/groups/{group}/messages");
    for time in 0..4 {
        people[time % 2].post(&path, &json!({"text": "Hi"})).await.ok(201);
    }
    for person in &people {
        refused(&person.post(&path, &json!({"text": "Hi"})).await, 429, "rate_limited");
    }
    let (elsewhere, others) = server.group_of(1).await;
    let path = format!("/groups/{elsewhere}/messages");
    others[0].post(&path, &json!({"text": "Hi"})).await.ok(201);
}
