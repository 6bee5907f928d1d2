//! What happens while a program is away for days.

use super::{Scene, kinds};
use crate::common::receiver::{Receiver, by_packet};
use reqwest::Method;
use serde_json::json;

/// Three days of nothing: what waited is dead and the webhook paused; replayed, all of it comes
/// under the ids that it had.
#[tokio::test]
async fn what_is_dead_is_replayed() {
    let scene = Scene::new().await;
    let group = scene.room().await;
    let receiver = Receiver::start().await;
    let (id, _) = scene.add(&receiver.url).await;
    receiver.answer(&[503; 3]);
    let order_no = scene.send(&group, 1).await;
    scene.open("bob", order_no).await;
    scene.tried(&id, 1).await;
    scene.clock.advance_s(10);
    scene.tried(&id, 2).await;
    scene.clock.advance_s(3 * 24 * 60 * 60);
    let mut hook = scene.get(&id).await;
    for _ in 0..1_000 {
        if hook["paused_because"].is_string() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        hook = scene.get(&id).await;
    }
    assert_eq!(
        (&hook["paused_because"], &hook["pending"]),
        (&json!("failing"), &json!(0)),
        "{hook}"
    );
    let failed = receiver.posted().len();
    // What happens now is not kept for it.
    let missed = scene.send(&group, 2).await;
    scene.open("cec", missed).await;
    let resumed = scene.call(Method::POST, &format!("/{id}/resume"), &json!({})).await.ok(200);
    assert!(resumed.get("paused_at").is_none() && resumed.get("failing_since").is_none());
    let replay = json!({"since": "2026-02-16T12:00:00.000Z"});
    let replayed = scene.call(Method::POST, &format!("/{id}/replay"), &replay).await.ok(200);
    let count = usize::try_from(replayed["events"].as_u64().unwrap()).unwrap();
    assert!(count >= 3, "sent, opened, finished at least: {replayed}");
    let posted = receiver
        .until("all of it arrived", |posted| {
            posted.iter().any(|post| post.what() == "packet.finished")
        })
        .await;
    assert!(posted[failed..].iter().any(|post| post.id == posted[0].id), "the same id");
    let events = &by_packet(&posted)[&order_no.to_string()];
    let chat: Vec<_> = kinds(events).into_iter().filter(|kind| kind != "packet.credited").collect();
    assert_eq!(chat, ["packet.sent", "packet.opened", "packet.finished"]);
    // One alone.
    let last = posted.last().unwrap().id.clone();
    let before = receiver.posted().len();
    let replay = json!({"event_id": last});
    for _ in 0..1_000 {
        let again = scene.call(Method::POST, &format!("/{id}/replay"), &replay).await;
        if again.status == 200 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let posted = receiver
        .until("it comes again", |posted| posted[before..].iter().any(|post| post.id == last));
    posted.await;
}

/// As many wait as may: the webhook is paused, the board says so, and the packets go on.
#[tokio::test]
async fn a_full_webhook_is_paused() {
    let scene = Scene::with(|config| config.webhooks.pending_max = 2).await;
    let group = scene.room().await;
    let receiver = Receiver::start().await;
    let (id, _) = scene.add(&receiver.url).await;
    receiver.answer(&[503]);
    let order_no = scene.send(&group, 2).await;
    receiver.count(1).await;
    scene.open("bob", order_no).await;
    scene.open("cec", order_no).await;
    let mut hook = scene.get(&id).await;
    for _ in 0..1_000 {
        if hook["paused_because"].is_string() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        hook = scene.get(&id).await;
    }
    assert_eq!((&hook["paused_because"], &hook["pending"]), (&json!("full"), &json!(2)), "{hook}");
    let degraded = || scene.server.app().degraded();
    for _ in 0..2_000 {
        if degraded().iter().any(|one| one.name == "webhooks_paused") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert!(degraded().iter().any(|one| one.name == "webhooks_paused"));
    // What waits arrives all the same.
    scene.clock.advance_s(10);
    let posted = receiver.count(3).await;
    assert_eq!(kinds(&posted), ["packet.sent", "packet.sent", "packet.opened"]);
}
