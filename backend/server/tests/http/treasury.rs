//! What the house gives and allows (R-API-4).

use crate::{
    common::{
        ManualClock,
        person::{Person, send},
        server::TestServer,
    },
    services::Bot,
};
use futures::future::join_all;
use hongbao_domain::store::ledger::Account;
use hongbao_shared::{Fen, api::services::Scope};
use reqwest::Method;
use serde_json::json;
use std::sync::Arc;

fn fen(fen: u64) -> Fen {
    Fen::new(fen).unwrap()
}

/// Half an hour before midnight in Shanghai.
fn late() -> Arc<ManualClock> {
    Arc::new(ManualClock::at("2026-02-16T15:30:00.000Z"))
}

async fn statement(person: &Person) -> Vec<(String, i64)> {
    let page = person.get("/wallet/entries").await.ok(200);
    let lines = page["items"].as_array().unwrap().iter();
    lines
        .map(|line| {
            (line["kind"].as_str().unwrap().to_owned(), line["amount_fen"].as_i64().unwrap())
        })
        .collect()
}

/// However many come at midnight, and however often: once each a day, and nothing for days on
/// which nobody came.
#[tokio::test(flavor = "multi_thread")]
async fn everybody_is_given_a_days_allowance_once() {
    let clock = late();
    let server = TestServer::start_with(Some(Arc::clone(&clock)), |config| {
        config.limits.welcome_grant_fen = fen(1000);
        config.treasury.daily_allowance_fen = fen(7);
    })
    .await;
    let bot = Bot::new(&server, "bot", &[Scope::Act], 10_000).await;
    bot.link(&["ann"]).await;
    let mut people = Vec::new();
    for n in 0..20 {
        people.push(server.guest(&format!("Guest {n}")).await);
    }
    let come = async || {
        let each = people
            .iter()
            .flat_map(|person| ["/me", "/session", "/wallet"].map(|path| person.get(path)));
        for answer in join_all(each).await {
            answer.ok(200);
        }
    };
    come().await;
    come().await;
    for person in &people {
        assert_eq!(person.balance_fen().await, 1007);
    }
    clock.advance_s(3600);
    come().await;
    clock.advance_s(3 * 24 * 3600);
    come().await;
    for person in &people {
        let given = |kind: &str, fen| (kind.to_owned(), fen);
        let expected = [
            given("allowance", 7),
            given("allowance", 7),
            given("allowance", 7),
            given("welcome", 1000),
        ];
        assert_eq!(statement(person).await, expected);
    }
    // A program's people get what that program gives.
    let wallet = send(bot.of("ann", Method::GET, "/wallet")).await.ok(200);
    assert_eq!(wallet["balance_fen"], 0);
}

#[tokio::test]
async fn administrators_and_programs_grant_in_the_name_of_the_house() {
    let server =
        TestServer::start_with(None, |config| config.treasury.grant_max_fen = fen(500)).await;
    let (ann, boss) = (server.guest("Ann").await, server.guest("Boss").await);
    server.app().accounts.grant_admin(&boss.id).await.unwrap();
    let grant = |fen: i64, key: &str| json!({"user_id": ann.id, "amount_fen": fen, "key": key});

    assert_eq!(ann.post("/grants", &grant(5, "a")).await.refused(), (403, "forbidden".to_owned()));
    let granted = boss.post("/grants", &grant(5, "a")).await.ok(201);
    assert_eq!(granted["balance_fen"], 5);
    assert_eq!(boss.post("/grants", &grant(5, "a")).await.ok(201), granted, "the same again");
    let keyed = || boss.request(Method::POST, "/grants").header("idempotency-key", "k");
    let by_header = send(keyed().json(&grant(5, "b"))).await.ok(201);
    assert_eq!(send(keyed().json(&grant(5, "b"))).await.ok(201), by_header);
    for (body, expected) in [
        (grant(6, "a"), (409, "key_reused")),
        (grant(0, "c"), (422, "amount_out_of_range")),
        (grant(501, "c"), (422, "amount_out_of_range")),
        (grant(1, "c d"), (422, "key_invalid")),
        (json!({"amount_fen": 1, "key": "c"}), (400, "person_required")),
        (json!({"user_id": "1", "amount_fen": 1, "key": "c"}), (404, "not_found")),
    ] {
        let (status, code) = boss.post("/grants", &body).await.refused();
        assert_eq!((status, code.as_str()), expected, "{body}");
    }

    let bot = Bot::new(&server, "bot", &[Scope::Grant], 10_000).await;
    bot.link(&["cec"]).await;
    let body = json!({"amount_fen": 9, "key": "a"});
    assert_eq!(bot.post("cec", "/grants", &body).await.ok(201)["balance_fen"], 9);
    assert_eq!(bot.post("cec", "/grants", &body).await.ok(201)["balance_fen"], 9);
    let named = bot.post("cec", "/grants", &grant(1, "b")).await;
    assert_eq!(named.refused(), (400, "person_required".to_owned()), "to those that it links");
    let acts = server.app().services.acts("bot", 10).await.unwrap();
    assert!(acts.iter().any(|act| act.call == "POST /api/v1/grants" && act.user.is_some()));

    let line = |fen| ("grant".to_owned(), fen);
    assert_eq!(statement(&ann).await, [line(5), line(5)]);
    // Who did it stands in the books.
    let entries = server.app().ledger.store().transfers_page(0, 10).await.unwrap();
    let keys: Vec<_> = entries.iter().map(|line| line.transfer.key.as_str()).collect();
    let of_boss = |key| format!("grant:{}:admin-{}:{key}", ann.id, boss.id);
    assert_eq!(keys[..2], [of_boss("a"), of_boss("b")]);
    assert!(keys[2].contains(":service-"), "{keys:?}");
}

#[tokio::test]
async fn topping_up_by_oneself_is_a_switch() {
    let server = TestServer::start_with(None, |config| config.treasury.self_top_up = false).await;
    let ann = server.guest("Ann").await;
    let body = json!({"amount_fen": 5, "key": "a"});
    let refused = ann.post("/wallet/top-ups", &body).await.refused();
    assert_eq!(refused, (422, "top_up_out_of_range".to_owned()));
    assert_eq!(ann.get("/limits").await.ok(200)["max_top_up_fen"], 0);
    let bot = Bot::new(&server, "bot", &[Scope::Grant], 10_000).await;
    bot.link(&["cec"]).await;
    bot.post("cec", "/wallet/top-ups", &body).await.ok(201);
}

/// What is paid in a day, in the transaction that pays: also of calls at the same time.
#[tokio::test(flavor = "multi_thread")]
async fn what_one_person_sends_in_a_day_is_capped() {
    let clock = late();
    let server = TestServer::start_with(Some(Arc::clone(&clock)), |config| {
        config.treasury.send_max_per_day_fen = fen(100);
    })
    .await;
    let (group, people) = server.group_of(2).await;
    let (ann, bob) = (&people[0], &people[1]);
    for person in &people {
        person.top_up(1000, "k").await;
    }
    let packet =
        |fen: u64| json!({"group_id": group, "kind": "lucky", "total_fen": fen, "shares": 1});
    let first = ann.send_packet(&group, 40, 1).await;
    let mut orders = Vec::new();
    for _ in 0..4 {
        orders.push(ann.pre_order(&packet(30)).await);
    }
    let pay = |order_no| {
        let ann = ann.clone();
        async move { ann.post(&format!("/packets/{order_no}/pay"), &json!({})).await }
    };
    let answers = join_all(orders.iter().map(|order_no| pay(*order_no))).await;
    let refused = answers.iter().filter(|answer| answer.body.contains("send_cap_reached"));
    assert_eq!(refused.count(), 2, "40 + 30 + 30");
    assert_eq!(ann.balance_fen().await, 900);
    // What was paid is paid, however often one asks; others have caps of their own; what comes
    // in counts for nothing.
    ann.pay(first).await;
    bob.send_packet(&group, 100, 1).await;
    let over = bob.pre_order(&packet(1)).await;
    let answer = bob.post(&format!("/packets/{over}/pay"), &json!({})).await;
    assert_eq!(answer.refused(), (409, "send_cap_reached".to_owned()));
    // The next day begins at midnight.
    clock.advance_s(3600);
    ann.send_packet(&group, 100, 1).await;
    assert_eq!(ann.balance_fen().await, 800);
}

/// R-API-4: what was opened stands, also the share that passes the cap; then there are no more
/// tickets until the next day.
#[tokio::test]
async fn what_one_person_receives_in_a_day_is_capped() {
    let clock = late();
    let server = TestServer::start_with(Some(Arc::clone(&clock)), |config| {
        config.treasury.receive_max_per_day_fen = fen(100);
    })
    .await;
    let (group, people) = server.group_of(3).await;
    let (ann, bob, cec) = (&people[0], &people[1], &people[2]);
    ann.top_up(10_000, "k").await;
    let under = ann.send_packet(&group, 99, 1).await;
    let over = ann.send_packet(&group, 120, 1).await;
    let later = ann.send_packet(&group, 40, 2).await;
    assert_eq!(bob.open(under).await.amount_fen, fen(99));
    // A ticket that is held is good: a cap takes nothing away.
    let held = bob.ticket(later).await;
    assert_eq!(bob.open(over).await.amount_fen, fen(120));
    let more = ann.send_packet(&group, 5, 5).await;
    let answer = bob.post(&format!("/packets/{more}/grab"), &json!({})).await;
    assert_eq!(answer.refused(), (429, "receive_cap_reached".to_owned()));
    let seconds: u64 = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1700..=1800).contains(&seconds), "half an hour to midnight: {seconds}");
    assert_eq!(bob.grab(over).await["amount_fen"], 120, "it is asked for shares alone");
    bob.open_with(later, &held).await.ok(200);
    assert_eq!(bob.open_with(later, &held).await.ok(200)["seq"], 0, "the same again");
    cec.open(more).await;
    clock.advance_s(3600);
    bob.open(more).await;
}

/// R-API-4, R-WEB-7: told before anything is paid, taken with the total or not at all.
#[tokio::test]
async fn the_house_takes_a_fee_from_who_sends() {
    let server = TestServer::start_with(None, |config| config.treasury.fee_bp = 150).await;
    let bot = Bot::new(&server, "bot", &[Scope::Act, Scope::Grant], 10_000).await;
    bot.link(&["cec"]).await;
    let (group, people) = server.group_of(2).await;
    let (ann, bob) = (&people[0], &people[1]);
    assert_eq!(ann.get("/limits").await.ok(200)["fee_bp"], 150);
    let packet =
        |fen: u64| json!({"group_id": group, "kind": "lucky", "total_fen": fen, "shares": 1});
    // 1000 and 15; the other has a fen too little, though enough for the total.
    ann.top_up(1015, "k").await;
    bob.top_up(1014, "k").await;
    for (who, expected) in [(ann, 200), (bob, 409)] {
        let made = who.post("/packets", &packet(1000)).await.ok(201);
        assert_eq!(made["fee_fen"], 15);
        let path = format!("/packets/{}/pay", made["order_no"].as_str().unwrap());
        let paid = who.post(&path, &json!({})).await;
        if expected == 409 {
            assert_eq!(paid.refused(), (409, "insufficient_balance".to_owned()));
            assert_eq!(who.balance_fen().await, 1014);
            continue;
        }
        assert_eq!(paid.json()["fee_fen"], 15, "{paid:?}");
        assert_eq!(who.post(&path, &json!({})).await.json()["fee_fen"], 15, "the same again");
    }
    let line = |kind: &str, fen| (kind.to_owned(), fen);
    let lines = [line("fee", -15), line("pay", -1000), line("top_up", 1015)];
    assert_eq!(statement(ann).await, lines);
    // A part of a fen is a whole one.
    let made = bob.post("/packets", &packet(67)).await.ok(201);
    assert_eq!(made["fee_fen"], 2);
    // Programs' people pay as well.
    let room = json!({"name": "Room"});
    let room = bot.post("cec", "/groups", &room).await.ok(201);
    bot.post("cec", "/grants", &json!({"amount_fen": 102, "key": "a"})).await.ok(201);
    let body = json!({"group_id": room["id"], "kind": "equal", "total_fen": 100, "shares": 1});
    let made = bot.post("cec", "/packets", &body).await.ok(201);
    let path = format!("/packets/{}/pay", made["order_no"].as_str().unwrap());
    assert_eq!(bot.post("cec", &path, &json!({})).await.json()["fee_fen"], 2);
    let wallet = send(bot.of("cec", Method::GET, "/wallet")).await.ok(200);
    assert_eq!(wallet["balance_fen"], 0);
    let held = server.app().ledger.store().account(Account::Fees).await.unwrap();
    assert_eq!(held.balance, 17);
}
