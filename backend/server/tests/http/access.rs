//! Access that ends when it is taken away, and goes on while it is used (R-PEOPLE-5).

use crate::common::{
    ManualClock,
    person::{Answer, Person, send},
    server::TestServer,
};
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;

async fn delete(person: &Person, path: &str) -> Answer {
    send(person.request(Method::DELETE, path)).await
}

async fn invite(person: &Person, group: &str) -> String {
    let made = person.post(&format!("/groups/{group}/invitations"), &json!({})).await.ok(201);
    made["code"].as_str().unwrap().to_owned()
}

async fn join(person: &Person, code: &str) -> Answer {
    person.post("/groups/join", &json!({"code": code})).await
}

fn invalid() -> (u16, String) {
    (404, "invitation_invalid".to_owned())
}

/// Whoever was removed comes back by a new invitation only, whosever code they have.
#[tokio::test]
async fn the_removed_need_a_new_invitation() {
    let server = TestServer::start().await;
    let (group, people) = server.group_of(3).await;
    let [owner, removed, other] = &people[..] else { panic!("three") };
    let codes =
        [invite(owner, &group).await, invite(removed, &group).await, invite(other, &group).await];
    let gone = delete(owner, &format!("/groups/{group}/members/{}", removed.id)).await;
    assert_eq!(gone.status, 204);
    for code in &codes {
        assert_eq!(join(removed, code).await.refused(), invalid());
    }
    join(removed, &invite(other, &group).await).await.ok(200);
}

#[tokio::test]
async fn invitations_are_listed_and_revoked() {
    let server = TestServer::start().await;
    let (group, people) = server.group_of(3).await;
    let [owner, member, other] = &people[..] else { panic!("three") };
    let outsider = server.guest("outsider").await;
    let path = format!("/groups/{group}/invitations");
    let list = async |person: &Person| person.get(&path).await.ok(200).as_array().unwrap().len();
    let before = list(owner).await;
    let (first, second) = (invite(member, &group).await, invite(member, &group).await);
    assert_ne!(first, second, "every invitation is a new code");
    assert_eq!((list(owner).await, list(member).await, list(other).await), (before + 2, 2, 0));
    let newest: Value = member.get(&path).await.ok(200)[0].clone();
    assert_eq!(newest["inviter"]["id"], json!(member.id));
    assert!(newest["created_at"].is_string() && newest["expires_at"].is_string());
    assert_eq!(outsider.get(&path).await.refused().1, "group_not_found");

    let one = |code: &str| format!("{path}/{code}");
    for (who, code, expected) in [
        (other, first.as_str(), (403, "not_owner")),
        (&outsider, &first, (404, "group_not_found")),
        (owner, "abcdefghijklmnop", (404, "invitation_invalid")),
        (owner, "nonsense", (404, "invitation_invalid")),
    ] {
        let answer = delete(who, &one(code)).await;
        assert_eq!(answer.refused(), (expected.0, expected.1.to_owned()), "{code}");
    }
    assert_eq!(delete(member, &one(&first)).await.status, 204);
    assert_eq!(delete(owner, &one(&second)).await.status, 204);
    assert_eq!(delete(owner, &one(&second)).await.refused(), invalid());
    for code in [first, second] {
        assert_eq!(join(&outsider, &code).await.refused(), invalid());
    }
}

fn full_width(c: char) -> char {
    char::from_u32(u32::from(c) + 0xfee0).unwrap()
}

/// In fours, as people write down what is long.
fn grouped(code: &str, between: &str) -> String {
    let fours: Vec<_> = code.as_bytes().chunks(4).map(String::from_utf8_lossy).collect();
    fours.join(between)
}

/// What people paste is understood (fault 16).
#[tokio::test]
async fn a_pasted_invitation_is_understood() {
    let server = TestServer::start().await;
    let (group, people) = server.group_of(1).await;
    let code = invite(&people[0], &group).await;
    for pasted in [
        code.to_uppercase(),
        format!("{code}。"),
        format!(" {}/join/{code}?from=chat, ", server.url),
        format!("“{}/join/{code}?x=1#top”", server.url),
        format!("{}/join/{}", server.url, code.to_uppercase()),
        code.chars().map(full_width).collect(),
        grouped(&code, "-"),
        grouped(&code, " – "),
        grouped(&code.to_uppercase(), "\u{2011}"),
        format!("邀请码：「{}」。", grouped(&code, "　")),
        format!("'{}'.", grouped(&code, "\u{200b}")),
        format!("the code is {}", grouped(&code, " ")),
    ] {
        let guest = server.guest("guest").await;
        let joined = join(&guest, &pasted).await;
        assert_eq!(joined.status, 200, "{pasted:?}: {}", joined.body);
        let mut url = reqwest::Url::parse("http://localhost/invitations").unwrap();
        url.path_segments_mut().unwrap().push(&pasted);
        guest.get(url.path()).await.ok(200);
    }
}

/// The cookie lasts as long as its session: both are renewed while they are used.
#[tokio::test]
async fn a_session_in_use_goes_on() {
    let clock = Arc::new(ManualClock::at("2026-02-16T12:00:00.000Z"));
    let server = TestServer::start_with(Some(Arc::clone(&clock)), |_| {}).await;
    let guest =
        send(server.request(Method::POST, "/api/v1/session/guest").json(&json!({"name": "Ann"})))
            .await;
    let ann = guest.ok(201)["user"]["id"].clone();
    let set = guest.headers["set-cookie"].to_str().unwrap().to_owned();
    let cookie = set.split(';').next().unwrap().to_owned();
    let look = || server.request(Method::GET, "/api/v1/me").header("cookie", &cookie);
    assert!(!send(look()).await.headers.contains_key("set-cookie"), "it is new");
    for _ in 0..4 {
        clock.advance_s(20 * 24 * 60 * 60);
        // Upon this, the node forgets what it remembers of sessions.
        server.app().accounts.grant_admin(ann.as_str().unwrap()).await.unwrap();
        let answer = send(look()).await;
        answer.ok(200);
        assert_eq!(answer.headers["set-cookie"].to_str().unwrap(), set, "set again");
    }
    clock.advance_s(31 * 24 * 60 * 60);
    assert_eq!(send(look()).await.refused().0, 401);
}

/// A browser that is somebody already stays that; a proxy's password is not ours.
#[tokio::test]
async fn nobody_is_replaced_unasked() {
    let server = TestServer::start().await;
    let come =
        || server.request(Method::POST, "/api/v1/session/guest").json(&json!({"name": "Ann"}));
    let first = send(come()).await;
    let cookie = first.headers["set-cookie"].to_str().unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let ann = first.ok(201);
    let again = send(come().header("cookie", &cookie)).await.ok(201);
    assert_eq!(again, ann, "the same person with the same session");
    // Whoever has none, or one that has ended, is somebody new.
    assert_ne!(send(come()).await.ok(201)["user"]["id"], ann["user"]["id"]);
    let ended = send(come().header("cookie", "hongbao_session=gone")).await.ok(201);
    assert_ne!(ended["user"]["id"], ann["user"]["id"]);

    let behind = server.request(Method::GET, "/api/v1/me").header("cookie", &cookie);
    let me = send(behind.basic_auth("proxy", Some("secret"))).await.ok(200);
    assert_eq!(me["user"]["id"], ann["user"]["id"]);
}
