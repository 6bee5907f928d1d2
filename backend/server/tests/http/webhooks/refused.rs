//! What is refused, and whom nothing is posted to.

use super::Scene;
use crate::common::receiver::Receiver;
use reqwest::Method;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

#[tokio::test]
async fn what_is_asked_badly_is_refused() {
    let scene = Scene::with(|config| config.webhooks.per_service_max = 2).await;
    let add = async |body: &Value| scene.call(Method::POST, "", body).await.refused();
    for url in [
        "",
        "nowhere",
        "ftp://a.example/",
        "https://",
        "https://a:b@c.example/",
        "http://a:0/",
        "http://a:99999/",
        "http://[::1]:x/",
        "http://a/b#c",
        "https://红包.example/",
    ] {
        assert_eq!(add(&json!({"url": url})).await, (422, "webhook_url_invalid".into()), "{url}");
    }
    let ftp = scene.call(Method::POST, "", &json!({"url": "ftp://a.example/"})).await;
    assert!(ftp.body.contains("has to begin with https:// or http://."), "{ftp:?}");
    let long = format!("https://example.org/{}", "a".repeat(2048));
    assert_eq!(add(&json!({"url": long})).await.1, "webhook_url_invalid");
    assert_eq!(add(&json!({})).await.1, "invalid_body");
    let unknown = json!({"url": "https://example.org/", "events": ["packet.lost"]});
    assert_eq!(add(&unknown).await.1, "invalid_body");
    let (id, _) = scene.add("https://example.org/1").await;
    assert_eq!(add(&json!({"url": "https://example.org/1"})).await, (409, "webhook_exists".into()));
    scene.add("https://example.org/2").await;
    let third = json!({"url": "https://example.org/3"});
    assert_eq!(add(&third).await, (409, "too_many_webhooks".into()));
    let listed = scene.bot.asking.get("/service/webhooks").await.ok(200);
    assert_eq!(listed["webhooks"].as_array().unwrap().len(), 2);
    assert!(!listed.to_string().contains("whsec"), "told once");

    let replay = format!("/{id}/replay");
    for body in [json!({}), json!({"event_id": "a", "since": "2026-02-16T12:00:00Z"})] {
        let refused = scene.call(Method::POST, &replay, &body).await.refused();
        assert_eq!(refused, (422, "replay_invalid".into()));
    }
    let refused = scene.call(Method::POST, &replay, &json!({"event_id": "a"})).await.refused();
    assert_eq!(refused, (404, "webhook_event_not_found".into()));
    let since = json!({"since": "2026-02-16T12:00:00Z"});
    assert_eq!(scene.call(Method::POST, &replay, &since).await.ok(200)["events"], 0);
    let gone = scene.call(Method::DELETE, &format!("/{id}"), &json!({})).await;
    assert_eq!(gone.status, 204);
    for (method, path, body) in [
        (Method::GET, "", json!({})),
        (Method::DELETE, "", json!({})),
        (Method::POST, "/secret", json!({})),
        (Method::POST, "/test", json!({})),
        (Method::POST, "/resume", json!({})),
        (Method::POST, "/replay", since),
        (Method::GET, "/attempts", json!({})),
    ] {
        let refused = scene.call(method, &format!("/{id}{path}"), &body).await.refused();
        assert_eq!(refused, (404, "webhook_not_found".into()), "{path}");
    }
}

/// Nothing is posted to what stands beside the server, whatever it is called.
#[tokio::test]
async fn private_addresses_are_refused() {
    let scene = Scene::with(|config| config.webhooks.allow_private = false).await;
    let receiver = Receiver::start().await;
    let port = receiver.url.split(['/', ':']).nth(4).unwrap();
    for url in [
        receiver.url.clone(),
        format!("https://127.0.0.1:{port}/"),
        "https://[::1]/".to_owned(),
        "https://[::ffff:127.0.0.1]/".to_owned(),
        "https://169.254.169.254/latest".to_owned(),
        "https://10.0.0.1/".to_owned(),
    ] {
        let refused = scene.call(Method::POST, "", &json!({"url": url})).await.refused();
        assert_eq!(refused, (422, "webhook_url_invalid".into()), "{url}");
    }
    // A name says nothing: the address that it has when it is called counts.
    let (id, _) = scene.add(&format!("https://localhost:{port}/")).await;
    let tested = scene.call(Method::POST, &format!("/{id}/test"), &json!({})).await.ok(200);
    let error = tested["error"].as_str().unwrap();
    assert!(error.ends_with("is a private address; nothing is posted to those."), "{error}");
    assert!(receiver.posted().is_empty());
}

/// A stolen database signs nothing; another secret signs beside the one before for a day.
#[tokio::test]
async fn secrets_are_sealed_and_rotated() {
    let scene = Scene::new().await;
    let receiver = Receiver::start().await;
    let (id, first) = scene.add(&receiver.url).await;
    let test = format!("/{id}/test");
    scene.call(Method::POST, &test, &json!({})).await.ok(200);
    let rotated = scene.call(Method::POST, &format!("/{id}/secret"), &json!({})).await.ok(200);
    let second = rotated["secret"].as_str().unwrap();
    assert_eq!(rotated["old_until"], "2026-02-17T12:00:00.000Z");
    scene.call(Method::POST, &test, &json!({})).await.ok(200);
    scene.clock.advance_s(24 * 60 * 60);
    scene.call(Method::POST, &test, &json!({})).await.ok(200);
    let posted = receiver.count(3).await;
    let by =
        |secret: &str| posted.iter().map(|post| post.is_signed_with(secret)).collect::<Vec<_>>();
    assert_eq!(by(&first), [true, true, false]);
    assert_eq!(by(second), [false, true, true]);
    assert_eq!(posted[0].what(), "webhook.test");

    let folder = scene.server.shutdown().await;
    let secrets = [first.as_str(), second].map(|secret| {
        let written = secret.strip_prefix("whsec_").unwrap().as_bytes();
        (written.to_vec(), data_encoding::BASE64.decode(written).unwrap())
    });
    let databases = files(folder.path());
    assert!(databases.len() > 3, "{databases:?}");
    for path in databases {
        let bytes = std::fs::read(&path).unwrap();
        for (written, raw) in &secrets {
            for secret in [written, raw] {
                let found = bytes.windows(secret.len()).any(|window| window == secret.as_slice());
                assert!(!found, "{} holds a secret", path.display());
            }
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}
