//! Order numbers, tickets and paths that lead nowhere: a refusal with its stable code,
//! and nothing has changed.

use crate::{
    common::person::send,
    scene::{Scene, expect},
};
use hongbao_shared::OrderNo;
use reqwest::{Method, StatusCode};
use serde_json::json;

#[tokio::test]
async fn order_numbers_that_are_not_canonical() {
    let scene = Scene::new().await;
    let before = scene.state().await;
    let right = scene.packet.to_string();
    let (site, rest) = right.split_at(1);
    let check = if right.ends_with('7') { "8" } else { "7" };
    let spellings = [
        right.to_lowercase(),
        right.replacen('0', "O", 1),
        right.replacen('0', "I", 1),
        right.replacen('0', "o", 1),
        format!("{}{rest}", if site == "S" { "N" } else { "S" }),
        format!("{}{check}", &right[..14]),
        format!("%20{right}"),
        format!("{right}%0A"),
        right[..14].to_owned(),
        format!("{right}0"),
        "%F0%9F%A7%A7".to_owned(),
        "%FF".to_owned(),
    ];
    for spelling in spellings {
        for (method, call) in [
            (Method::GET, ""),
            (Method::GET, "/claims"),
            (Method::POST, "/pay"),
            (Method::POST, "/grab"),
            (Method::POST, "/open"),
        ] {
            let path = format!("/packets/{spelling}{call}");
            // Whoever asks: before membership, and even before the session.
            for person in [&scene.sender, &scene.outsider] {
                let request = person.request(method.clone(), &path).json(&json!({"ticket": "t"}));
                expect(&path, &send(request).await, 400, "order_no_invalid");
            }
            let request = scene.server.request(method, &format!("/api/v1{path}"));
            expect(&path, &send(request).await, 400, "order_no_invalid");
        }
    }
    scene.unchanged(&before).await;
}

#[tokio::test]
async fn packets_of_others_do_not_exist() {
    let scene = Scene::new().await;
    let before = scene.state().await;
    let unknown =
        OrderNo::new(scene.packet.site(), scene.packet.shard(), scene.packet.day(), false, 1 << 40);
    for order_no in [scene.packet, unknown.unwrap()] {
        let (outsider, path) = (&scene.outsider, format!("/packets/{order_no}"));
        let ticket = json!({"ticket": scene.member.ticket(scene.packet).await});
        let mut answers = vec![
            outsider.get(&path).await,
            outsider.get(&format!("{path}/claims")).await,
            outsider.post(&format!("{path}/grab"), &json!({})).await,
        ];
        for answer in &mut answers {
            expect(&path, answer, 404, "packet_not_found");
        }
        let answer = outsider.post(&format!("{path}/open"), &ticket).await;
        expect(&path, &answer, 403, "ticket_invalid");
        let answer = outsider.post(&format!("{path}/pay"), &json!({})).await;
        let (status, code) = answer.refused();
        let known = ["packet_not_found", "preorder_expired"];
        assert!((400..500).contains(&status) && known.contains(&code.as_str()), "{answer:?}");
    }
    scene.unchanged(&before).await;
}

#[tokio::test]
async fn tickets_that_do_not_open() {
    let scene = Scene::new().await;
    let before = scene.state().await;
    let body = &json!({"group_id": scene.group, "kind": "equal", "total_fen": 2, "shares": 2});
    let other = scene.sender.pre_order(body).await;
    let mine = scene.member.ticket(scene.packet).await;
    let forged = {
        let mut bytes = mine.clone().into_bytes();
        let last = bytes.last_mut().unwrap();
        *last = if *last == b'0' { b'1' } else { b'0' };
        String::from_utf8(bytes).unwrap()
    };
    let sender_s = scene.sender.ticket(scene.packet).await;
    let cases = [
        ("empty", String::new()),
        ("nonsense", "nonsense".to_owned()),
        ("long", "a".repeat(10_000)),
        ("not ASCII", "红".repeat(40)),
        ("changed", forged),
        ("shorter", mine[..mine.len() - 1].to_owned()),
        ("longer", format!("{mine}0")),
        ("somebody else's", sender_s),
    ];
    for (what, ticket) in cases {
        let answer = scene.member.open_with(scene.packet, &ticket).await;
        expect(what, &answer, 403, "ticket_invalid");
        assert!(ticket.is_empty() || !answer.body.contains(&ticket), "repeats it: {answer:?}");
    }
    let answer = scene.member.open_with(other, &mine).await;
    expect("another packet's", &answer, 403, "ticket_invalid");
    scene.clock.advance_s(61);
    let answer = scene.member.open_with(scene.packet, &mine).await;
    expect("stale", &answer, 403, "ticket_expired");
    scene.unchanged(&before).await;
    // The grab is not used up by all that.
    scene.member.open(scene.packet).await;
}

#[tokio::test]
async fn addresses_that_lead_nowhere() {
    let scene = Scene::new().await;
    let before = scene.state().await;
    let group = &scene.group;
    let gets = [
        ("/groups/01".to_owned(), 400, "invalid_id"),
        ("/groups/-1".to_owned(), 400, "invalid_id"),
        ("/groups/a".to_owned(), 400, "invalid_id"),
        ("/groups/9999999999999999999999".to_owned(), 400, "invalid_id"),
        ("/groups/1".to_owned(), 404, "group_not_found"),
        (format!("/groups/{group}/messages?cursor=x"), 400, "invalid_cursor"),
        (format!("/groups/{group}/messages?page=2"), 400, "invalid_query"),
        (format!("/groups/{group}/messages?cursor=1&cursor=2"), 400, "invalid_query"),
        ("/wallet/entries?cursor=x".to_owned(), 400, "invalid_cursor"),
        ("/wallet/entries?cursor=-1".to_owned(), 400, "invalid_cursor"),
        ("/wallet/entries?from=1".to_owned(), 400, "invalid_query"),
        (scene.path("/claims?cursor=x"), 400, "invalid_cursor"),
        (scene.path("/claims?seq=1"), 400, "invalid_query"),
        ("/lists/sent?year=0".to_owned(), 400, "invalid_query"),
        ("/lists/sent?year=2099".to_owned(), 400, "invalid_query"),
        ("/lists/sent?year=99999".to_owned(), 400, "invalid_query"),
        ("/lists/received?year=2026.5".to_owned(), 400, "invalid_query"),
        ("/lists/received?month=1".to_owned(), 400, "invalid_query"),
        ("/lists/received?cursor=x".to_owned(), 400, "invalid_cursor"),
        ("/nothing".to_owned(), 404, "not_found"),
        (scene.path("/nothing"), 404, "not_found"),
        (scene.path("/grab"), 405, "method_not_allowed"),
    ];
    for (path, status, code) in gets {
        expect(&path, &scene.sender.get(&path).await, status, code);
    }
    // R-API-2: which parameter it is, as bodies say which field.
    for (query, detail) in [
        ("/lists/sent?year=abc", "`year` is wrong"),
        ("/lists/sent?year=0", "`year` must be from "),
        ("/lists/sent?month=13", "does not know the parameter `month`."),
        ("/lists/sent?cursor=1&cursor=2", "The query names `cursor` more than once."),
    ] {
        let answer = scene.sender.get(query).await;
        assert!(answer.body.contains(detail), "{query}: {answer:?}");
    }
    for path in ["/api", "/api/", "/api/v2/me", "/api/v1"] {
        let answer = send(scene.server.request(Method::GET, path)).await;
        expect(path, &answer, 404, "not_found");
    }
    let answer = send(scene.sender.request(Method::DELETE, &scene.path(""))).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(answer.headers["allow"].to_str().unwrap().contains("GET"), "{answer:?}");
    scene.unchanged(&before).await;
}
