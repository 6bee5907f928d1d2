//! Invitations looked at, leaving, removing, reading, muting, pinning (R-PEOPLE-2, R-WEB-1).

use crate::common::{
    person::{Person, send},
    server::TestServer,
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

async fn put(person: &Person, path: &str, body: &Value) -> crate::common::person::Answer {
    send(person.request(Method::PUT, path).json(body)).await
}

#[tokio::test]
async fn an_invitation_shows_where_it_leads() {
    let server = TestServer::start_with(None, |config| {
        config.addresses.guests_per_minute = 5;
        config.addresses.guests_at_once = 0;
    })
    .await;
    let (group, people) = server.group_of(3).await;
    let invited = people[1].post(&format!("/groups/{group}/invitations"), &json!({})).await.ok(201);
    let path = format!("/invitations/{}", invited["code"].as_str().unwrap());
    let preview = people[2].get(&path).await.ok(200);
    assert_eq!(preview["group_id"], json!(group));
    assert_eq!((&preview["group_name"], &preview["member_count"]), (&json!("test"), &json!(3)));
    assert_eq!(preview["inviter"]["id"], json!(people[1].id));
    assert_eq!(preview["expires_at"], invited["expires_at"]);
    assert_eq!(preview["faces"].as_array().unwrap().len(), 3);

    // Without a session, but not without end; a session that is gone counts as none.
    let anonymous = || server.request(Method::GET, &format!("/api/v1{path}"));
    let seen = send(anonymous()).await.ok(200);
    assert_eq!((&seen["group_name"], seen.get("group_id")), (&json!("test"), None));
    send(anonymous().bearer_auth("nonsense")).await.ok(200);
    for wrong in ["nonsense", "%ff", &"x".repeat(2000)] {
        let answer = people[2].get(&format!("/invitations/{wrong}")).await;
        assert_eq!(answer.refused(), (404, "invitation_invalid".to_owned()), "{wrong}");
    }
    for _ in 0..3 {
        send(anonymous()).await.ok(200);
    }
    assert_eq!(send(anonymous()).await.refused(), (429, "rate_limited".to_owned()));
    people[2].get(&path).await.ok(200);
}

#[tokio::test]
async fn members_go_and_come_back_by_invitation() {
    let server = TestServer::start().await;
    let (group, people) = server.group_of(3).await;
    let [owner, first, second] = &people[..] else { panic!("three") };
    let outsider = server.guest("outsider").await;
    let remove = async |by: &Person, id: &str| {
        send(by.request(Method::DELETE, &format!("/groups/{group}/members/{id}"))).await
    };
    for (by, whom, expected) in [
        (first, second.id.as_str(), (403, "not_owner")),
        (owner, outsider.id.as_str(), (404, "member_not_found")),
        (&outsider, first.id.as_str(), (404, "group_not_found")),
        (&outsider, outsider.id.as_str(), (404, "group_not_found")),
        (owner, "01", (400, "invalid_id")),
        (owner, "me", (400, "invalid_id")),
    ] {
        let answer = remove(by, whom).await;
        assert_eq!(answer.refused(), (expected.0, expected.1.to_owned()), "{whom}");
    }
    let bad = format!("/groups/07/members/{}", first.id);
    let answer = send(owner.request(Method::DELETE, &bad)).await;
    assert_eq!(answer.refused(), (400, "invalid_id".to_owned()));

    owner.top_up(300, "k").await;
    let order_no = owner.send_packet(&group, 300, 3).await;
    let opened = first.open(order_no).await;
    assert_eq!(remove(owner, &first.id).await.status, StatusCode::NO_CONTENT);
    assert_eq!(remove(second, &second.id).await.status, StatusCode::NO_CONTENT);
    for gone in [first, second] {
        let (path, packet) = (format!("/groups/{group}"), format!("/packets/{order_no}"));
        assert_eq!(gone.get(&path).await.refused(), (404, "group_not_found".to_owned()));
        assert_eq!(gone.get(&packet).await.refused(), (404, "packet_not_found".to_owned()));
        let grab = gone.post(&format!("{packet}/grab"), &json!({})).await;
        assert_eq!(grab.refused(), (404, "packet_not_found".to_owned()));
        assert_eq!(gone.get("/groups").await.ok(200), json!([]));
    }
    let log = owner.get(&format!("/groups/{group}/messages")).await.ok(200);
    let lines: Vec<_> = log["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|message| matches!(message["type"].as_str(), Some("left" | "removed")))
        .collect();
    assert_eq!((&lines[0]["type"], &lines[0]["user"]["id"]), (&json!("left"), &json!(second.id)));
    assert_eq!(lines[1]["user"]["id"], json!(first.id));
    assert_eq!(lines[1]["by"]["id"], json!(owner.id));

    owner.bring(&group, first).await;
    let details = first.details(order_no).await;
    assert_eq!(details.claims.unwrap()[0].amount_fen, opened.amount_fen);
    remove(owner, &owner.id).await;
    let group = first.get(&format!("/groups/{group}")).await.ok(200);
    assert_eq!((&group["owner_id"], &group["muted"]), (&json!(first.id), &json!(false)));
}

#[tokio::test]
async fn reading_and_muting_are_written_down() {
    let server = TestServer::start().await;
    let (group, people) = server.group_of(2).await;
    let path = format!("/groups/{group}");
    for text in ["one", "two"] {
        let message = json!({"text": text});
        people[0].post(&format!("{path}/messages"), &message).await.ok(201);
    }
    let summary = people[1].get("/groups").await.ok(200)[0].clone();
    assert_eq!((&summary["unread"], &summary["muted"]), (&json!(2), &json!(false)));
    assert_eq!(summary["last_message"]["text"], "two");
    assert_eq!(people[0].get("/groups").await.ok(200)[0]["unread"], 0);

    let read = put(&people[1], &format!("{path}/read"), &json!({"message_id": "3"})).await;
    assert_eq!((read.status, read.body.as_str()), (StatusCode::NO_CONTENT, ""));
    let muted = put(&people[1], &format!("{path}/mute"), &json!({"muted": true})).await;
    assert_eq!(muted.status, StatusCode::NO_CONTENT);
    let summary = people[1].get("/groups").await.ok(200)[0].clone();
    assert_eq!((&summary["unread"], &summary["muted"]), (&json!(1), &json!(true)));
    let seen = people[1].get(&path).await.ok(200);
    assert_eq!((&seen["read_up_to"], &seen["muted"]), (&json!("3"), &json!(true)));
    put(&people[1], &format!("{path}/read"), &json!({"message_id": "999999"})).await;
    assert_eq!(people[1].get(&path).await.ok(200)["read_up_to"], "4");

    let outsider = server.guest("outsider").await;
    for (call, body) in [("read", json!({"message_id": "1"})), ("mute", json!({"muted": true}))] {
        let answer = put(&outsider, &format!("{path}/{call}"), &body).await;
        assert_eq!(answer.refused(), (404, "group_not_found".to_owned()), "{call}");
        let answer = put(&people[0], &format!("{path}/{call}"), &json!({})).await;
        assert_eq!(answer.refused(), (400, "invalid_body".to_owned()), "{call}");
    }
    let answer = put(&people[0], &format!("{path}/read"), &json!({"message_id": 3})).await;
    assert_eq!(answer.refused(), (400, "invalid_body".to_owned()));
}

#[tokio::test]
async fn pinned_groups_stand_first() {
    let server = TestServer::start().await;
    let (first, people) = server.group_of(2).await;
    let ann = &people[0];
    let second = ann.post("/groups", &json!({"name": "second"})).await.ok(201);
    let second = second["id"].as_str().unwrap().to_owned();
    let listed = async || -> Vec<(String, bool)> {
        let groups = ann.get("/groups").await.ok(200);
        let line = |group: &Value| {
            (group["id"].as_str().unwrap().to_owned(), group["pinned"].as_bool().unwrap())
        };
        groups.as_array().unwrap().iter().map(line).collect()
    };
    let pin = async |pinned: bool| {
        let path = format!("/groups/{first}/pin");
        let answer = put(ann, &path, &json!({"pinned": pinned})).await;
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::NO_CONTENT, ""));
    };
    let hi = json!({"text": "hi"});
    ann.post(&format!("/groups/{second}/messages"), &hi).await.ok(201);
    assert_eq!(listed().await, [(second.clone(), false), (first.clone(), false)]);
    pin(true).await;
    ann.post(&format!("/groups/{second}/messages"), &hi).await.ok(201);
    assert_eq!(listed().await, [(first.clone(), true), (second.clone(), false)]);
    assert_eq!(ann.get(&format!("/groups/{first}")).await.ok(200)["pinned"], true);
    assert_eq!(people[1].get("/groups").await.ok(200)[0]["pinned"], false);
    pin(false).await;
    assert_eq!(listed().await, [(second.clone(), false), (first.clone(), false)]);

    let outsider = server.guest("outsider").await;
    for (who, body, expected) in [
        (&outsider, json!({"pinned": true}), (404, "group_not_found")),
        (ann, json!({}), (400, "invalid_body")),
        (ann, json!({"pinned": 1}), (400, "invalid_body")),
        (ann, json!({"pinned": true, "muted": true}), (400, "unknown_field")),
    ] {
        let answer = put(who, &format!("/groups/{first}/pin"), &body).await;
        assert_eq!(answer.refused(), (expected.0, expected.1.to_owned()), "{body}");
    }
}
