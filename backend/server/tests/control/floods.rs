//! One person cannot crowd out others: what each may do in a minute, by default (R-CTRL-1,
//! R-CTRL-6).

use crate::{
    common::{ManualClock, fragile::Fragile, person::Answer, server::TestServer},
    refused,
};
use hongbao::node::Outside;
use reqwest::Method;
use serde_json::json;
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
        assert_ne!(answer.status, 500, "{answer:?}");
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

/// Looking up, too, has its limit, and nobody else is touched by it; every call that writes is
/// tried in `http::limits`.
#[tokio::test]
async fn looking_has_a_limit_per_person() {
    let server = server().await;
    let (group, people) = server.group_of(2).await;
    let [flooder, other] = &people[..] else { panic!("two") };
    let path = format!("/packets/{}", unknown_number());
    flood(async |_| flooder.get(&path).await).await;
    assert_ne!(other.get(&path).await.status, 429, "somebody else's limit");
    // So has a stream that is begun again.
    let stream = async |_| {
        let request = flooder.request(Method::GET, &format!("/groups/{group}/events"));
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let body = if status == 429 { response.text().await.unwrap() } else { String::new() };
        Answer { status, headers, body }
    };
    flood(stream).await;
}

/// Nor does it cost less while nobody can look everywhere.
#[tokio::test]
async fn looking_has_a_limit_without_a_cache() {
    let cache = Arc::new(Fragile::new());
    let outside = Outside {
        clock: Arc::new(ManualClock::at("2026-02-16T12:00:00.000Z")),
        shared: Some(Arc::clone(&cache) as _),
        ..Outside::default()
    };
    let server = TestServer::start_on(outside, |config| config.flow.per_person = true).await;
    let person = server.guest("Flooder").await;
    cache.set_down(true);
    let path = format!("/packets/{}/pay", unknown_number());
    assert!(flood(async |_| person.post(&path, &json!({})).await).await >= 60);
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
