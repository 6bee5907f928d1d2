//! What administrators and services did, over HTTP (R-API-6).

use super::services::Bot;
use crate::common::{
    person::{Person, send},
    server::TestServer,
};
use hongbao_shared::api::{control::Journal, services::Scope};
use reqwest::Method;
use serde_json::{Value, json};

async fn journal(admin: &Person) -> Journal {
    admin.get("/control/journal").await.read()
}

/// Who, what and to whom, as far as a test can tell.
fn told(journal: &Journal) -> Vec<(String, Option<String>, Option<String>, Value)> {
    let one = |entry: &hongbao_shared::api::control::JournalEntry| {
        let user = entry.user_id.map(|user| user.to_string());
        let detail = serde_json::from_str(&entry.detail).unwrap();
        (entry.what.clone(), entry.service.clone(), user, detail)
    };
    journal.items.iter().map(one).collect()
}

#[tokio::test]
async fn what_administrators_do_is_written_down() {
    let server = TestServer::start().await;
    let (boss, ann) = (server.guest("Boss").await, server.guest("Ann").await);
    server.app().accounts.grant_admin(&boss.id).await.unwrap();
    let bot = Bot::new(&server, "bot", &[Scope::Administer], 10_000).await;
    let cec = bot.link(&["cec"]).await.remove(0);
    let switch = json!({"packets_on": false});
    send(boss.request(Method::PUT, "/control").json(&switch)).await.ok(200);
    let grant = json!({"user_id": ann.id, "amount_fen": 5, "key": "a"});
    boss.post("/grants", &grant).await.ok(201);
    boss.post("/control/dead-letters/ledger-1/retry", &json!({})).await.ok(200);
    bot.post("cec", "/control/reconciliation", &json!({})).await.ok(202);
    // What is refused before it is anything is no entry.
    ann.post("/grants", &grant).await.refused();
    let wrong = json!({"packets_on": 1});
    send(boss.request(Method::PUT, "/control").json(&wrong)).await.refused();
    boss.post("/grants", &json!({"user_id": "1", "amount_fen": 1, "key": "c"})).await.refused();

    // Bad input is refused for what it is, however long.
    let long = json!({"user_id": ann.id, "amount_fen": 5, "key": "k".repeat(5_000)});
    let refused = boss.post("/grants", &long).await.refused();
    assert_eq!(refused, (422, "key_invalid".to_owned()));

    let mut told = told(&journal(&boss).await);
    let cut = told.remove(0);
    assert!(cut.3["cut"].as_u64() > Some(5_000), "{cut:?}");
    let (of, whom) = (Some(boss.id.clone()), Some(cec));
    let expected = [
        ("reconcile", Some("bot"), whom, json!({})),
        ("retry_dead_letter", None, of.clone(), json!({"letter": "ledger-1"})),
        ("grant_money", None, of.clone(), grant),
        ("turn_switches", None, of, switch),
    ];
    let expected = expected.map(|(what, service, user, detail)| {
        (what.to_owned(), service.map(str::to_owned), user, detail)
    });
    assert_eq!(told[..4], expected);
    let rest: Vec<_> =
        told[4..].iter().map(|(what, service, user, _)| (&**what, service, user)).collect();
    assert_eq!(rest, [("add_service", &None, &None), ("make_administrator", &None, &None)]);
    assert_eq!(told[5].3, json!({"user_id": boss.id}));
}

#[tokio::test]
async fn the_journal_comes_in_pages() {
    let server = TestServer::start().await;
    let (boss, ann) = (server.guest("Boss").await, server.guest("Ann").await);
    server.app().accounts.grant_admin(&boss.id).await.unwrap();
    for _ in 0..50 {
        boss.post("/control/reconciliation", &json!({})).await.ok(202);
    }
    let first = journal(&boss).await;
    assert_eq!((first.items.len(), first.head.seq), (50, 51));
    assert_eq!(first.items[0].hash, first.head.hash);
    let cursor = first.next_cursor.unwrap();
    let last: Journal = boss.get(&format!("/control/journal?cursor={cursor}")).await.read();
    assert_eq!((last.items.len(), last.items[0].seq, last.next_cursor), (1, 1, None));
    assert_eq!(last.head, first.head);
    for cursor in ["0", "-1", "+1", "01", "x", ""] {
        let refused = boss.get(&format!("/control/journal?cursor={cursor}")).await.refused();
        assert_eq!(refused, (400, "invalid_cursor".to_owned()), "{cursor}");
    }
    assert_eq!(ann.get("/control/journal").await.refused(), (403, "forbidden".to_owned()));
}
