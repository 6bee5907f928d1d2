//! A sender who has not opened learns no amount from any answer (R-OPEN-5).

use crate::common::{
    person::{Answer, Person, send},
    server::TestServer,
};
use hongbao_shared::OrderNo;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

const TOTAL_FEN: u64 = 50_021;

/// All calls that the server's own document lists, as the sender; and once the sender
/// has opened, the same walk finds what it looks for.
#[tokio::test]
async fn no_answer_tells_a_sender_what_others_got() {
    let server = TestServer::start().await;
    let (group, people) = server.group_of(3).await;
    let sender = &people[0];
    sender.top_up(100_000, "start").await;
    let body = json!({"group_id": group, "kind": "lucky", "total_fen": TOTAL_FEN, "shares": 3});
    let order_no = sender.pre_order(&body).await;
    let pay = format!("/packets/{order_no}/pay");
    sender.post(&pay, &json!({})).await.ok(200);
    sender.wait_for_card(&group, order_no).await;
    let taken = people[1].open(order_no).await.amount_fen.get();
    let secrets = [taken, TOTAL_FEN - taken];
    // The lines in the chat and the lists come later than the share.
    wait_for(sender, &format!("/groups/{group}/messages"), "opened").await;
    wait_for(sender, "/lists/sent", "\"claimed\":1").await;

    for (what, answer) in walk(&server, sender, &group, order_no).await {
        assert_eq!(told(&answer, &secrets), None, "{what}: {answer}");
    }
    let details = sender.get(&format!("/packets/{order_no}")).await.ok(200);
    for hidden in ["claims", "claims_cursor", "claimed_fen", "refunded_fen"] {
        assert!(details.get(hidden).is_none(), "{hidden}: {details}");
    }
    assert_eq!(details["total_fen"], TOTAL_FEN, "what they paid they know");
    assert_eq!((&details["claimed"], &details["shares"]), (&json!(1), &json!(3)));
    assert_eq!(details["openers"][0]["user"]["id"], people[1].id.as_str());
    let claims = sender.get(&format!("/packets/{order_no}/claims")).await;
    assert_eq!(claims.refused(), (403, "forbidden".to_owned()));

    sender.open(order_no).await;
    let mut finders = Vec::new();
    for (what, answer) in walk(&server, sender, &group, order_no).await {
        if told(&answer, &[taken]).is_some() {
            finders.push(what);
        }
    }
    let path = format!("/packets/{order_no}");
    let expected = [format!("GET {path}"), format!("GET {path}/claims"), format!("POST {pay}")];
    finders.retain(|what| expected.contains(what));
    finders.sort();
    assert_eq!(finders, expected, "the walk notices amounts");
}

/// Every `GET` of the document, the streams from their beginning, and what can be
/// repeated without changing anything.
async fn walk(
    server: &TestServer,
    person: &Person,
    group: &str,
    order_no: OrderNo,
) -> Vec<(String, Value)> {
    let document = send(server.request(Method::GET, "/api/v1/openapi.json")).await.ok(200);
    let mut answers = Vec::new();
    for (path, calls) in document["paths"].as_object().unwrap() {
        if calls.get("get").is_none() {
            continue;
        }
        let path = path.strip_prefix("/api/v1").unwrap();
        let number = order_no.to_string();
        let filled = path.replace("{order_no}", &number).replace("{id}", group);
        let filled = filled.replace("{code}", "0000-0000");
        assert!(!filled.contains('{'), "{filled}: this walk knows of no such parameter");
        if path.ends_with("/events") {
            for event in stream(person, &filled).await {
                answers.push((format!("GET {filled}"), event));
            }
            continue;
        }
        answers.push((format!("GET {filled}"), person.get(&filled).await.json()));
    }
    for call in ["pay", "grab"] {
        let path = format!("/packets/{order_no}/{call}");
        answers.push((format!("POST {path}"), person.post(&path, &json!({})).await.json()));
    }
    assert!(answers.len() > 12, "{answers:?}");
    answers
}

/// What a group's stream tells from its beginning up to the share that was opened; hints
/// of all groups have no beginning to read from, and say of a group only that it changed.
async fn stream(person: &Person, path: &str) -> Vec<Value> {
    let from_the_start =
        if path == "/events" { path.to_owned() } else { format!("{path}?after=0") };
    let mut response = person.request(Method::GET, &from_the_start).send().await.unwrap();
    assert_eq!(response.status(), 200, "{path}");
    let mut text = String::new();
    while path != "/events" && !text.contains("\"type\":\"opened\"") {
        text.push_str(std::str::from_utf8(&response.chunk().await.unwrap().unwrap()).unwrap());
    }
    let data = text.lines().filter_map(|line| line.strip_prefix("data:"));
    data.filter_map(|data| serde_json::from_str(data.trim()).ok()).collect()
}

/// The first of these amounts that is told anywhere in an answer, as a number or in words.
fn told(answer: &Value, secrets: &[u64]) -> Option<String> {
    match answer {
        Value::Object(fields) => fields.iter().find_map(|(name, value)| {
            if name == "server_seed" { Some(name.clone()) } else { told(value, secrets) }
        }),
        Value::Array(items) => items.iter().find_map(|item| told(item, secrets)),
        Value::Number(number) => secrets
            .iter()
            .find(|secret| number.as_i64().map(i64::unsigned_abs) == Some(**secret))
            .map(ToString::to_string),
        Value::Null | Value::Bool(_) | Value::String(_) => None,
    }
}

async fn wait_for(person: &Person, path: &str, words: &str) {
    for _ in 0..3_000 {
        let Answer { body, .. } = person.get(path).await;
        if body.contains(words) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{path} never says {words}");
}
