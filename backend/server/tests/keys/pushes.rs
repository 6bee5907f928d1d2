//! The key that says to push services who pushes (R-WEB-8), and the keys that seal it.

use super::{done, keys, listed, until_forgotten, until_it_seals};
use crate::common::server::TestServer;
use serde_json::Value;
use std::fs;

async fn public_key(server: &TestServer) -> String {
    let answer = reqwest::get(format!("{}/api/v1/push", server.url)).await.unwrap();
    let answer: Value = answer.json().await.unwrap();
    answer["public_key"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

/// Browsers subscribe to it for good: it outlives a restart, and the key that sealed it.
#[tokio::test(flavor = "multi_thread")]
async fn it_outlives_the_key_that_sealed_it() {
    let mut server = TestServer::spawn(&[]);
    let subscribed_to = public_key(&server).await;
    let (first, _) = listed(&server);
    let rotated = done(&keys(&server, &["rotate"]));
    until_it_seals(&server, &rotated[..8]).await;
    until_forgotten(&server, &first).await;
    assert_eq!(server.terminate(), Some(0));
    server.restart();
    assert_eq!(public_key(&server).await, subscribed_to);
    assert_eq!(server.terminate(), Some(0));
}

/// Where that is lost for good, there is another, and browsers are told again once the app is opened.
#[tokio::test(flavor = "multi_thread")]
async fn it_is_drawn_anew_where_the_key_that_sealed_it_is_lost() {
    let mut server = TestServer::spawn(&[]);
    let subscribed_to = public_key(&server).await;
    let (first, _) = listed(&server);
    let rotated = done(&keys(&server, &["rotate"]));
    assert_eq!(server.terminate(), Some(0));
    assert_ne!(rotated[..8], first);
    fs::remove_file(server.folder.path().join("keys").join("master.key")).unwrap();
    done(&keys(&server, &["forget", "--lost", &first]));
    server.restart();
    let now = public_key(&server).await;
    assert_ne!(now, subscribed_to);
    assert_eq!(public_key(&server).await, now);
    assert_eq!(server.terminate(), Some(0));
}
