//! Keys that go away under a running server.

use super::*;

/// All keys are gone under a running server: what it opens it opens from memory, and nothing is
/// sealed, or paid, that no later start could open. It says so where one looks, and is over as
/// soon as the keys are back.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sealed_with_a_key_that_stands_on_no_disk() {
    let mut server = TestServer::spawn(&[]);
    let (group, people) = server.group_of(2).await;
    people[0].top_up(1_000, "start").await;
    let open = people[0].send_packet(&group, 200, 2).await;
    let body = json!({"group_id": group, "kind": "lucky", "total_fen": 200, "shares": 2});
    let ordered = people[0].pre_order(&body).await;
    let (first, _) = listed(&server);
    let (folder, aside) = (server.folder.path().join("keys"), server.folder.path().join("aside"));
    let shown = "hongbao_degraded{name=\"keys_missing\",place=\"\"} 1";

    fs::rename(&folder, &aside).unwrap();
    until_ready(&server, false).await;
    assert!(metrics(&server).await.lines().any(|line| line == shown));
    for refused in [
        people[0].post("/packets", &body).await,
        people[0].post(&format!("/packets/{ordered}/pay"), &json!({})).await,
    ] {
        assert_eq!(refused.refused(), (503, "unavailable".to_owned()));
        assert!(refused.headers.contains_key("retry-after"));
    }
    people[1].open(open).await;
    assert_eq!(people[0].balance_fen().await, 800);
    let list = keys(&server, &["list"]);
    assert!(!list.status.success());
    let list = text(&list.stdout);
    assert!(
        list.lines().any(|line| line.starts_with(&first) && line.contains("MISSING")),
        "{list}"
    );

    fs::rename(&aside, &folder).unwrap();
    until_ready(&server, true).await;
    assert!(!metrics(&server).await.contains("keys_missing\",place=\"\"} 1"));
    people[0].pay(ordered).await;
    finish(&people, ordered).await;

    // Another key goes on sealing; that the first one is missing is said all the same.
    fs::rename(&folder, &aside).unwrap();
    until_ready(&server, false).await;
    let rotated = keys(&server, &["rotate"]);
    let second = done(&rotated)[..8].to_owned();
    let warning = text(&rotated.stderr);
    assert!(warning.contains(&format!("the data needs the key {first}, which is missing")));
    until_ready(&server, true).await;
    until_it_seals(&server, &second).await;
    assert!(metrics(&server).await.lines().any(|line| line == shown));
    let sent = people[0].send_packet(&group, 200, 2).await;
    finish(&people, sent).await;
    fs::rename(aside.join("master.key"), folder.join("master.key")).unwrap();
    assert_eq!(server.terminate(), Some(0));
    server.restart();
}

async fn metrics(server: &TestServer) -> String {
    send(server.request(Method::GET, "/metrics")).await.body
}

async fn until_ready(server: &TestServer, is_so: bool) {
    for _ in 0..500 {
        let status = send(server.request(Method::GET, "/readyz")).await.status;
        if (status == 200) == is_so {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("never: ready is {is_so}");
}
