//! Where a stream begins and goes on.

use crate::{
    common::{person::send, server::TestServer},
    events::{Event, Events, id, say},
};
use reqwest::Method;
use serde_json::{Value, json};

/// Without a place a stream begins with what comes next; with one, right after it, and
/// the header of a browser that comes back wins over the query of its first call.
#[tokio::test]
async fn a_stream_goes_on_where_it_was() {
    let server = TestServer::start().await;
    let (group, people) = server.group_of(2).await;
    let path = format!("/groups/{group}/events");
    say(&people[0], &group, "before").await;
    let mut now = Events::open(&people[1], &path, None).await;
    let headers = now.response.headers();
    assert_eq!(headers["content-type"], "text/event-stream");
    assert_eq!(headers["cache-control"], "no-store");
    assert_eq!(headers["x-accel-buffering"], "no");
    let first = say(&people[0], &group, "first").await;
    let event = now.next().await.unwrap();
    assert_eq!(event, Event { name: "message".to_owned(), data: first.clone() });
    assert_eq!(now.last_id.as_deref(), first["id"].as_str());

    let second = say(&people[0], &group, "second").await;
    let third = say(&people[0], &group, "third").await;
    let after = format!("{path}?after={}", id(&first));
    let mut later = Events::open(&people[1], &after, None).await;
    assert_eq!(later.next_of("message").await, second);
    assert_eq!(later.next_of("message").await, third);
    let mut back = Events::open(&people[1], &after, second["id"].as_str()).await;
    assert_eq!(back.next_of("message").await, third);
    assert_eq!(now.next_of("message").await, second);

    for bad in ["", "x", "-1", "01", "1.0", "1,2", "99999999999999999999"] {
        let refusal = (400, "invalid_query".to_owned());
        assert_eq!(Events::refused(&people[1], &path, Some(bad)).await, refusal, "{bad:?}");
        let query = format!("{path}?after={bad}");
        assert_eq!(Events::refused(&people[1], &query, None).await, refusal, "{bad:?}");
    }
    let unknown = format!("{path}?from=1");
    assert_eq!(Events::refused(&people[1], &unknown, None).await.1, "invalid_query");
}

/// Whoever is far behind, or comes from a log that is no more, begins anew.
#[tokio::test]
async fn far_behind_is_a_reset() {
    let server = TestServer::start().await;
    let (group, people) = server.group_of(2).await;
    let path = format!("/groups/{group}/events");
    let group_id = group.parse().unwrap();
    let user = people[0].id.parse().unwrap();
    let mut newest = 0;
    for n in 0..501 {
        let message = hongbao_shared::api::groups::NewMessage { text: n.to_string(), key: None };
        let posted = server.app().groups.post_text(user, group_id, message).await.unwrap();
        newest = posted.id.get();
    }
    let near = (newest - 500).to_string();
    let mut events = Events::open(&people[1], &path, Some(&near)).await;
    for n in 1..501 {
        assert_eq!(events.next_of("message").await["text"], n.to_string());
    }
    for far in [newest - 501, newest + 1] {
        let mut events = Events::open(&people[1], &path, Some(&far.to_string())).await;
        let reset = Event { name: "reset".to_owned(), data: json!({}) };
        assert_eq!(events.next().await.unwrap(), reset, "{far} of {newest}");
        assert_eq!(events.last_id.unwrap(), newest.to_string());
    }
}

/// Other groups are hinted at; to somebody who reads none, all are.
#[tokio::test]
async fn other_groups_are_hinted_at() {
    let server = TestServer::start().await;
    let (here, people) = server.group_of(2).await;
    let there = people[1].post("/groups", &json!({"name": "there"})).await.ok(201);
    let there = there["id"].as_str().unwrap().to_owned();
    let hint = |group: &str| -> Value { json!({"group_id": group}) };

    let mut at_here = Events::open(&people[0], &format!("/groups/{here}/events"), None).await;
    let mut anywhere = Events::open(&people[0], "/events", None).await;
    people[1].bring(&there, &people[0]).await;
    assert_eq!(at_here.next_of("groups").await, hint(&there), "joined");
    assert_eq!(anywhere.next_of("groups").await, hint(&there));
    let said = say(&people[1], &here, "hello").await;
    assert_eq!(at_here.next_of("message").await, said);
    assert_eq!(anywhere.next_of("groups").await, hint(&here));
    say(&people[1], &there, "hello").await;
    assert_eq!(at_here.next_of("groups").await, hint(&there));
    assert_eq!(anywhere.last_id, None, "hints are no place");
}

/// R-WEB-1: what one reads on one device is heard of on the others, and by nobody else.
#[tokio::test]
async fn what_was_read_elsewhere_is_hinted_at() {
    let server = TestServer::start().await;
    let (group, people) = server.group_of(2).await;
    let said = say(&people[1], &group, "hello").await;
    let mut reader = Events::open(&people[0], "/events", None).await;
    let mut other = Events::open(&people[1], "/events", None).await;
    let path = format!("/groups/{group}/read");
    let read = json!({"message_id": said["id"]});
    assert_eq!(send(people[0].request(Method::PUT, &path).json(&read)).await.status, 204);
    assert_eq!(reader.next_of("groups").await, json!({"group_id": group}));
    // Nothing that had been read before is news.
    assert_eq!(send(people[0].request(Method::PUT, &path).json(&read)).await.status, 204);
    let next = people[0].post("/groups", &json!({"name": "next"})).await.ok(201);
    let next = next["id"].as_str().unwrap();
    people[0].bring(next, &people[1]).await;
    assert_eq!(other.next_of("groups").await, json!({"group_id": next}));
    assert_eq!(reader.next_of("groups").await, json!({"group_id": next}));
    say(&people[1], next, "hello").await;
    assert_eq!(reader.next_of("groups").await, json!({"group_id": next}));
}
