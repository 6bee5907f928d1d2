//! When a stream ends.

use crate::{
    common::{person::send, server::TestServer},
    events::{Event, Events, say},
};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn strangers_hear_nothing() {
    let server = TestServer::start().await;
    let (group, people) = server.group_of(1).await;
    let path = format!("/groups/{group}/events");
    let stranger = server.guest("stranger").await;
    let not_found = (404, "group_not_found".to_owned());
    assert_eq!(Events::refused(&stranger, &path, None).await, not_found);
    assert_eq!(Events::refused(&people[0], "/groups/7/events", None).await, not_found);
    for path in [format!("/api/v1{path}"), "/api/v1/events".to_owned()] {
        let answer = send(server.request(Method::GET, &path)).await;
        assert_eq!(answer.refused(), (401, "unauthenticated".to_owned()));
    }
}

/// Whoever leaves, or is removed, hears that and then nothing more. The line that says so is
/// the last that is for them: a stream that looks right after the commit brings it.
#[tokio::test]
async fn a_stream_ends_with_the_membership() {
    let server = TestServer::start().await;
    let (group, people) = server.group_of(3).await;
    let path = format!("/groups/{group}/events");
    for (who, by) in [(1, 1), (2, 0)] {
        let mut events = Events::open(&people[who], &path, None).await;
        let member = format!("/groups/{group}/members/{}", people[who].id);
        let answer = send(people[by].request(Method::DELETE, &member)).await;
        assert_eq!(answer.status, 204, "{answer:?}");
        let mut last = events.next().await.unwrap();
        if last.name == "message" {
            let kind = if who == by { "left" } else { "removed" };
            assert_eq!(last.data["type"], kind, "{last:?}");
            assert_eq!(last.data["user"]["id"], people[who].id, "{last:?}");
            last = events.next().await.unwrap();
        }
        assert_eq!(last, Event { name: "gone".to_owned(), data: json!({}) });
        assert_eq!(events.next().await, None);
        let refused = Events::refused(&people[who], &path, events.last_id.as_deref()).await;
        assert_eq!(refused.1, "group_not_found");
    }
}

#[tokio::test]
async fn a_stream_ends_with_the_session() {
    let server = TestServer::start().await;
    let (group, people) = server.group_of(2).await;
    let mut events = Events::open(&people[1], &format!("/groups/{group}/events"), None).await;
    let mut hints = Events::open(&people[1], "/events", None).await;
    assert_eq!(send(people[1].request(Method::DELETE, "/session")).await.status, 204);
    say(&people[0], &group, "not for you any more").await;
    assert_eq!(events.next().await, None);
    assert_eq!(hints.next().await, None);
}

/// One stream more than a person may have ends their oldest.
#[tokio::test]
async fn the_oldest_stream_gives_way() {
    let server = TestServer::start_with(None, |config| config.live.streams_per_user_max = 2).await;
    let (group, people) = server.group_of(2).await;
    let path = format!("/groups/{group}/events");
    let mut first = Events::open(&people[0], &path, None).await;
    let mut second = Events::open(&people[0], &path, None).await;
    let mut other = Events::open(&people[1], &path, None).await;
    let mut third = Events::open(&people[0], &path, None).await;
    // It hears why, so that it does not come back at once and end another.
    assert_eq!(first.next().await, Some(Event { name: "replaced".to_owned(), data: json!({}) }));
    assert_eq!(first.next().await, None);
    let said = say(&people[1], &group, "still there?").await;
    for events in [&mut second, &mut third, &mut other] {
        assert_eq!(events.next_of("message").await, said);
    }
    let groups = &server.app().groups;
    assert_eq!(groups.wakes().present(group.parse().unwrap()).len(), 2);
}

/// Open streams hold up no shutdown, and nobody is there any more (R-API-3).
#[tokio::test]
async fn shutdown_waits_for_no_stream() {
    let server = TestServer::start().await;
    let (group, people) = server.group_of(2).await;
    let mut events = Events::open(&people[0], &format!("/groups/{group}/events"), None).await;
    let mut hints = Events::open(&people[1], "/events", None).await;
    let app = server.app().clone();
    let began = std::time::Instant::now();
    let (ended, _) = tokio::join!(events.next(), server.shutdown());
    assert_eq!((ended, hints.next().await), (None, None));
    // A stream that held it up would be cut off after five seconds.
    assert!(began.elapsed() < std::time::Duration::from_secs(4));
    assert!(app.groups.wakes().present_groups().is_empty());
}
