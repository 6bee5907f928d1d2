//! Whatever somebody sends in a body: a refusal with its stable code, and nothing has
//! changed.

use crate::{
    common::person::send,
    scene::{Scene, expect, with},
};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn packets_that_cannot_be() {
    let scene = Scene::new().await;
    let before = scene.state().await;
    let whole = json!({"group_id": scene.group, "kind": "lucky", "total_fen": 1000, "shares": 10});
    let huge: Value = serde_json::from_str("1000000000000000000000000000000").unwrap();
    let (member, outsider) = (&scene.member.id, &scene.outsider.id);
    let foreign = scene.outsider.post("/groups", &json!({"name": "other"})).await.ok(201);
    let cases = [
        (json!({"total_fen": 0}), 422, "amount_out_of_range"),
        (json!({"total_fen": -1}), 422, "amount_out_of_range"),
        (json!({"total_fen": 2_000_001}), 422, "amount_out_of_range"),
        (json!({"total_fen": i64::MAX}), 422, "amount_out_of_range"),
        (json!({"total_fen": huge}), 400, "invalid_body"),
        (json!({"total_fen": 10.5}), 400, "invalid_body"),
        (json!({"total_fen": 1000.0}), 400, "invalid_body"),
        (json!({"total_fen": "1000"}), 400, "invalid_body"),
        (json!({"total_fen": [1000]}), 400, "invalid_body"),
        (json!({"total_fen": null}), 400, "invalid_body"),
        (json!({"shares": 0}), 422, "shares_out_of_range"),
        (json!({"shares": -3}), 422, "shares_out_of_range"),
        (json!({"shares": 101}), 422, "shares_out_of_range"),
        (json!({"shares": 4_294_967_297_i64}), 422, "shares_out_of_range"),
        (json!({"shares": 2.5}), 400, "invalid_body"),
        (json!({"shares": true}), 400, "invalid_body"),
        (json!({"total_fen": 9}), 422, "more_shares_than_fen"),
        (json!({"total_fen": 200_001}), 422, "share_too_large"),
        (json!({"kind": "equal", "total_fen": 1001}), 422, "does_not_divide"),
        (json!({"kind": "rigged"}), 400, "invalid_body"),
        (json!({"kind": "exclusive", "recipient_id": member}), 422, "exclusive_shares"),
        (json!({"kind": "exclusive", "shares": 1}), 422, "recipient_required"),
        (json!({"recipient_id": member}), 422, "recipient_unexpected"),
        (
            json!({"kind": "exclusive", "shares": 1, "recipient_id": outsider}),
            422,
            "recipient_invalid",
        ),
        (
            json!({"kind": "exclusive", "shares": 1, "recipient_id": scene.sender.id}),
            422,
            "recipient_invalid",
        ),
        (json!({"greeting": "祝".repeat(26)}), 422, "greeting_invalid"),
        (json!({"greeting": "a\u{0}b"}), 422, "greeting_invalid"),
        (json!({"greeting": "a\nb"}), 422, "greeting_invalid"),
        (json!({"greeting": "\u{202e}fen"}), 422, "greeting_invalid"),
        (json!({"cover": "gold"}), 422, "cover_unknown"),
        (json!({"group_id": foreign["id"]}), 404, "group_not_found"),
        (json!({"group_id": "1"}), 404, "group_not_found"),
        (json!({"group_id": "01"}), 400, "invalid_body"),
        (json!({"group_id": 1}), 400, "invalid_body"),
        (json!({"max_share_fen": 1}), 400, "unknown_field"),
    ];
    for (changes, status, code) in cases {
        let answer = scene.sender.post("/packets", &with(&whole, &changes)).await;
        expect(&changes.to_string(), &answer, status, code);
    }
    for (changes, bounds) in [
        (json!({"total_fen": 2_000_001}), "`total_fen` must be from 1 to 2000000."),
        (json!({"shares": 101}), "`shares` must be from 1 to 100."),
    ] {
        let answer = scene.sender.post("/packets", &with(&whole, &changes)).await;
        assert!(answer.body.contains(bounds), "{answer:?}");
    }
    let answer = scene.outsider.post("/packets", &whole).await;
    expect("an outsider sends", &answer, 404, "group_not_found");
    let rich = with(&whole, &json!({"total_fen": 200_000}));
    let unpayable = scene.sender.pre_order(&rich).await;
    let answer = scene.sender.post(&format!("/packets/{unpayable}/pay"), &json!({})).await;
    expect("more than the wallet holds", &answer, 409, "insufficient_balance");
    scene.unchanged(&before).await;
}

#[tokio::test]
async fn bodies_that_cannot_be_read() {
    let scene = Scene::new().await;
    let before = scene.state().await;
    let whole = json!({"amount_fen": 5, "key": "k"}).to_string();
    let json_type = Some("application/json");
    let cases = [
        ("nothing", json_type, String::new(), 400, "invalid_body"),
        ("half", json_type, whole[..9].to_owned(), 400, "invalid_body"),
        ("two", json_type, whole.repeat(2), 400, "invalid_body"),
        ("array", json_type, "[5,\"k\"]".to_owned(), 400, "invalid_body"),
        ("deep", json_type, format!("{{\"key\":{}", "[".repeat(8000)), 400, "invalid_body"),
        ("deep unknown", json_type, format!("{{\"x\":{}", "[".repeat(8000)), 400, "unknown_field"),
        ("twice a field", json_type, whole.replace("key", "amount_fen"), 400, "invalid_body"),
        ("unknown", json_type, whole.replace("key", "Key"), 400, "unknown_field"),
        ("large", json_type, format!("{whole}{}", " ".repeat(16 * 1024)), 413, "body_too_large"),
        ("untyped", None, whole.clone(), 415, "unsupported_media_type"),
        (
            "a form",
            Some("application/x-www-form-urlencoded"),
            whole.clone(),
            415,
            "unsupported_media_type",
        ),
        ("text", Some("text/plain"), whole.clone(), 415, "unsupported_media_type"),
    ];
    for (what, content_type, body, status, code) in cases {
        let mut request = scene.sender.request(Method::POST, "/wallet/top-ups").body(body);
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        expect(what, &send(request).await, status, code);
    }
    scene.unchanged(&before).await;
}

#[tokio::test]
async fn payments_that_do_not_fit() {
    let scene = Scene::new().await;
    let body = json!({"group_id": scene.group, "kind": "lucky", "total_fen": 5, "shares": 2});
    let order_no = scene.sender.pre_order(&body).await;
    let stale = scene.sender.pre_order(&body).await;
    let before = scene.state().await;
    let pay = format!("/packets/{order_no}/pay");
    for seed in ["0", "0G", "AB", "0x00", &"00".repeat(33), " 00"] {
        let answer = scene.sender.post(&pay, &json!({"client_seed": seed})).await;
        expect(seed, &answer, 422, "client_seed_invalid");
    }
    let answer = scene.sender.post(&pay, &json!({"client_seed": 7})).await;
    expect("a number", &answer, 400, "invalid_body");
    let answer = scene.sender.post(&pay, &json!({"server_seed": "00"})).await;
    expect("a field too much", &answer, 400, "unknown_field");
    let answer = scene.member.post(&pay, &json!({})).await;
    expect("somebody else pays", &answer, 410, "preorder_expired");
    scene.unchanged(&before).await;

    let paid = scene.sender.post(&pay, &json!({"client_seed": "ab"})).await.ok(200);
    scene.sender.wait_for_card(&scene.group, order_no).await;
    let before = scene.state().await;
    let answer = scene.sender.post(&pay, &json!({"client_seed": "cd"})).await;
    expect("another seed", &answer, 409, "client_seed_differs");
    for same in [json!({"client_seed": "ab"}), json!({})] {
        assert_eq!(scene.sender.post(&pay, &same).await.ok(200), paid);
    }
    scene.clock.advance_s(15 * 60 + 1);
    let answer = scene.sender.post(&format!("/packets/{stale}/pay"), &json!({})).await;
    expect("too late", &answer, 410, "preorder_expired");
    scene.unchanged(&before).await;
}

#[tokio::test]
async fn top_ups_that_do_not_count() {
    let scene = Scene::new().await;
    let before = scene.state().await;
    let cases = [
        (json!({"amount_fen": 0}), 422, "top_up_out_of_range"),
        (json!({"amount_fen": -5}), 422, "top_up_out_of_range"),
        (json!({"amount_fen": 1_000_001}), 422, "top_up_out_of_range"),
        (json!({"amount_fen": 0.5}), 400, "invalid_body"),
        (json!({"amount_fen": "5"}), 400, "invalid_body"),
        (json!({"key": ""}), 422, "key_invalid"),
        (json!({"key": "k".repeat(65)}), 422, "key_invalid"),
        (json!({"key": "a b"}), 422, "key_invalid"),
        (json!({"key": "钥"}), 422, "key_invalid"),
        (json!({"key": null}), 400, "invalid_body"),
        // The scene's own top-up was another amount.
        (json!({"key": "start"}), 409, "key_reused"),
    ];
    for (changes, status, code) in cases {
        let body = with(&json!({"amount_fen": 5, "key": "new"}), &changes);
        let answer = scene.sender.post("/wallet/top-ups", &body).await;
        expect(&changes.to_string(), &answer, status, code);
        let says_bounds = answer.body.contains("`amount_fen` must be from 1 to 1000000.");
        assert_eq!(says_bounds, code == "top_up_out_of_range", "{answer:?}");
    }
    scene.unchanged(&before).await;
}

#[tokio::test]
async fn texts_that_are_not_shown() {
    let scene = Scene::new().await;
    let before = scene.state().await;
    let messages = format!("/groups/{}/messages", scene.group);
    let sender = &scene.sender;
    for text in ["", "  \n ", "a\u{7}b", "\u{202e}abc", "\u{2067}", &"字".repeat(1001)] {
        let answer = sender.post(&messages, &json!({"text": text})).await;
        expect(text, &answer, 422, "message_invalid");
    }
    let answer = sender.post(&messages, &json!({"text": "hi", "key": "a b"})).await;
    expect("key", &answer, 422, "key_invalid");
    let answer = scene.outsider.post(&messages, &json!({"text": "hi"})).await;
    expect("an outsider", &answer, 404, "group_not_found");
    for name in ["", " ", "a\tb", "\u{200b}", &"n".repeat(31)] {
        let answer = sender.post("/groups", &json!({"name": name})).await;
        expect(name, &answer, 422, "group_name_invalid");
    }
    for code in ["", "nonsense", &"a".repeat(10_000)] {
        let answer = sender.post("/groups/join", &json!({"code": code})).await;
        expect(code, &answer, 404, "invitation_invalid");
    }
    scene.unchanged(&before).await;
}
