//! Receivers that do not do what they should.

use super::{Scene, kinds};
use crate::common::receiver::Receiver;
use reqwest::Method;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// What is refused comes again under the same id, and what comes after it waits.
#[tokio::test]
async fn what_is_refused_comes_again_in_order() {
    let scene = Scene::new().await;
    let group = scene.room().await;
    let receiver = Receiver::start().await;
    let (id, _) = scene.add(&receiver.url).await;
    receiver.answer(&[500, 302, 404]);
    let order_no = scene.send(&group, 1).await;
    scene.open("bob", order_no).await;
    let first = receiver.count(1).await[0].clone();
    for count in 2..=4 {
        scene.tried(&id, count - 1).await;
        scene.clock.advance_s(10);
        receiver.count(count).await;
    }
    let posted = receiver.until("credited", |posted| {
        ["packet.finished", "packet.credited"]
            .iter()
            .all(|kind| posted.iter().any(|post| post.what() == *kind))
    });
    let posted = posted.await;
    assert!(posted[..4].iter().all(|post| post.id == first.id && post.body == first.body));
    assert_eq!(kinds(&posted[3..5]), ["packet.sent", "packet.opened"]);
    assert!(posted.iter().all(|post| post.path != "/elsewhere"), "redirects are not followed");
    let attempts = scene.attempts(&id).await;
    let of_first = attempts.iter().rev().filter(|attempt| attempt["event_id"] == first.id.as_str());
    let statuses: Vec<_> = of_first.map(|attempt| attempt["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [500, 302, 404, 204]);
    let redirect = attempts.iter().find(|attempt| attempt["status"] == 302).unwrap();
    assert_eq!(redirect["error"], "It answered 302; redirects are not followed.");
}

/// One that is gone or says nothing keeps nobody else waiting, and no money.
#[tokio::test]
async fn one_that_is_slow_holds_up_nobody() {
    let scene = Scene::new().await;
    let group = scene.room().await;
    let (slow, quick) = (Receiver::start().await, Receiver::start().await);
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gone_url = format!("http://{}/", gone.local_addr().unwrap());
    drop(gone);
    let (slow_id, _) = scene.add(&slow.url).await;
    let (gone_id, _) = scene.add(&gone_url).await;
    scene.add(&quick.url).await;
    slow.answer(&[0]);
    let order_no = scene.send(&group, 1).await;
    scene.open("bob", order_no).await;
    quick
        .until("it is credited", |posted| {
            posted.iter().any(|post| post.what() == "packet.credited")
        })
        .await;
    assert_eq!(slow.posted().len(), 1, "the first of them waits");
    // Ten seconds of it.
    let mut attempts = Vec::new();
    while attempts.is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        attempts = scene.attempts(&slow_id).await;
    }
    assert_eq!(attempts[0]["error"], "No answer in time.");
    let attempts = scene.attempts(&gone_id).await;
    assert!(attempts[0]["error"].as_str().unwrap().starts_with("No connection"), "{attempts:?}");
    assert!(scene.get(&gone_id).await["failing_since"].is_string());
}

/// Posts that are being made wait for nothing that whoever looks for more of them holds: with many
/// packets at once no call stands still until a pool of connections gives up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_packets_at_once_hold_up_nobody() {
    let scene = Scene::new().await;
    let receiver = Receiver::start().await;
    scene.add(&receiver.url).await;
    let group = scene.room().await;
    let packet = async || {
        let order_no = scene.send(&group, 3).await;
        for who in ["ann", "bob", "cec"] {
            scene.open(who, order_no).await;
        }
    };
    let packets = async || {
        for _ in 0..40 {
            // Less than a pool waits for a connection, and far more than a few calls take.
            let soon = tokio::time::timeout(std::time::Duration::from_secs(25), packet());
            soon.await.expect("it stands still");
        }
    };
    futures::future::join4(packets(), packets(), packets(), packets()).await;
    let credited = 4 * 40 * 3;
    receiver
        .until("all are credited", |posted| {
            posted.iter().filter(|post| post.what() == "packet.credited").count() == credited
        })
        .await;
}

/// Of an answer the head is read; what else comes on the connection is not.
#[tokio::test]
async fn one_that_answers_twice_or_nonsense_is_read_once() {
    let scene = Scene::new().await;
    for (answer, status, error) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\nHTTP/1.1 500 No\r\n\r\n", Some(200), ""),
        ("HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\nendless", Some(200), ""),
        ("nonsense\r\n\r\n", None, "No answer"),
        ("", None, "No answer"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (id, _) = scene.add(&format!("http://{}/", listener.local_addr().unwrap())).await;
        let answering = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = vec![0; 16];
            stream.read_exact(&mut head).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
            // Read what was posted, so that the answer is not lost to a reset.
            while stream.read(&mut head).await.unwrap_or_default() > 0 {}
        };
        let path = format!("/{id}/test");
        let body = json!({});
        let (tested, ()) = tokio::join!(scene.call(Method::POST, &path, &body), answering);
        let tested = tested.ok(200);
        assert_eq!(tested["status"].as_u64(), status, "{answer}: {tested}");
        assert!(tested["error"].as_str().unwrap_or_default().starts_with(error), "{tested}");
        scene.call(Method::DELETE, &format!("/{id}"), &body).await;
    }
}
