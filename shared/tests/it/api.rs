//! The REST types: closed requests, stable codes, stable names (R-API-2).

use crate::common::{
    details::{details, person},
    fen, test,
    vectors::published,
};
use hongbao_shared::{
    ErrorCode, Limits, MessageId, OrderNo, Timestamp,
    api::{
        Page,
        accounts::{Credentials, GuestRequest, PasswordChange, Registration, SignedIn},
        groups::{
            CardProgress, CardState, JoinRequest, Message, MessageBody, NewGroup, NewMessage,
            PacketCard,
        },
        packets::{GrabState, Grabbed, OpenRequest, PacketDetails, PayRequest, PreOrderRequest},
        problem::Problem,
        wallet::TopUpRequest,
    },
    limits::{KEY_CHARS_MAX, is_key},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::collections::HashSet;

#[test]
fn codes_are_unique_and_stable_in_form() {
    let mut seen = HashSet::new();
    for code in ErrorCode::ALL.iter().copied() {
        let text = code.as_str();
        assert!(seen.insert(text), "{text} stands twice");
        assert!(text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{text}");
        assert!((400..600).contains(&code.status()), "{text}");
        assert!(code.title().ends_with('.') && code.title().is_ascii(), "{text}");
        assert_eq!(code.to_string(), text);
        assert_eq!(serde_json::to_value(code).unwrap(), text);
        assert_eq!(serde_json::from_value::<ErrorCode>(text.into()).unwrap(), code);
    }
    assert!(serde_json::from_str::<ErrorCode>("\"no_such_code\"").is_err());
}

/// Clients retry on these alone, so which codes are the server's fault matters.
#[test]
fn codes_of_the_server_are_few() {
    let of_server: Vec<_> = ErrorCode::ALL
        .iter()
        .filter(|code| code.status() >= 500)
        .map(|code| code.as_str())
        .collect();
    assert_eq!(
        of_server,
        ["packets_off", "lane_full", "unavailable", "shard_unavailable", "internal"]
    );
    assert_eq!(ErrorCode::RateLimited.status(), 429);
    assert_eq!(ErrorCode::PacketBusy.status(), 429);
    assert_eq!(ErrorCode::OrderNoInvalid.status(), 400);
}

#[test]
fn problems_are_rfc_9457() {
    let problem = Problem::new(ErrorCode::LaneFull, "Try again in 1 s.");
    assert_eq!(
        serde_json::to_value(&problem).unwrap(),
        json!({
            "type": "urn:hongbao:error:lane_full", "title": ErrorCode::LaneFull.title(), "status": 503,
            "detail": "Try again in 1 s.", "code": "lane_full",
        })
    );
}

/// A request is read as written, and refused with one field more.
fn closed<T: Serialize + DeserializeOwned>(request: &Value) {
    let read: T = serde_json::from_value(request.clone()).unwrap();
    assert_eq!(&serde_json::to_value(&read).unwrap(), request);
    let mut more = request.clone();
    more["surplus"] = json!(1);
    let refusal = serde_json::from_value::<T>(more).err().unwrap().to_string();
    assert!(refusal.contains("unknown field `surplus`"), "{refusal}");
    for name in request.as_object().unwrap().keys() {
        let mut wrong = request.clone();
        wrong[name] = json!([]);
        assert!(serde_json::from_value::<T>(wrong).is_err(), "{name} as a list");
    }
}

#[test]
fn requests_refuse_unknown_fields() {
    closed::<PreOrderRequest>(
        &json!({ "group_id": "7", "kind": "lucky", "total_fen": 100, "shares": 3 }),
    );
    closed::<PreOrderRequest>(&json!({
        "group_id": "7", "kind": "exclusive", "total_fen": 100, "shares": 1, "greeting": "福",
        "cover": "dragon", "recipient_id": "8",
    }));
    closed::<PayRequest>(&json!({ "client_seed": "ab" }));
    closed::<PayRequest>(&json!({}));
    closed::<OpenRequest>(&json!({ "ticket": "t" }));
    closed::<Credentials>(&json!({ "name": "n", "password": "p" }));
    closed::<Registration>(&json!({ "name": "n", "password": "p" }));
    closed::<Registration>(&json!({ "name": "n", "login_name": "l", "password": "p" }));
    closed::<GuestRequest>(&json!({ "name": "n" }));
    closed::<NewGroup>(&json!({ "name": "n" }));
    closed::<JoinRequest>(&json!({ "code": "c" }));
    closed::<NewMessage>(&json!({ "text": "t", "key": "k" }));
    closed::<TopUpRequest>(&json!({ "amount_fen": 1, "key": "k" }));
}

/// R-SPLIT-1: an amount that is not a whole number is refused while it is read.
#[test]
fn amounts_of_requests_are_whole_numbers() {
    for bad in [json!(1.5), json!(1.0), json!("100"), json!(1e30), json!(u64::MAX), json!(null)] {
        let request = json!({ "group_id": "7", "kind": "lucky", "total_fen": bad, "shares": 3 });
        assert!(serde_json::from_value::<PreOrderRequest>(request).is_err(), "{bad}");
        let request = json!({ "group_id": "7", "kind": "lucky", "total_fen": 100, "shares": bad });
        assert!(serde_json::from_value::<PreOrderRequest>(request).is_err(), "{bad}");
        let request = json!({ "amount_fen": bad, "key": "k" });
        assert!(serde_json::from_value::<TopUpRequest>(request).is_err(), "{bad}");
    }
}

#[test]
fn messages_are_tagged_by_type() {
    let message = |body| Message {
        id: MessageId::new(4).unwrap(),
        at: Timestamp::from_millis(0),
        user: person(1),
        body,
    };
    let card = PacketCard {
        order_no: OrderNo::from_bits(0).unwrap(),
        kind: hongbao_shared::Kind::Lucky.into(),
        greeting: String::new(),
        cover: "classic".to_owned(),
        recipient: None,
        state: CardState::Open,
        progress: Some(CardProgress { shares: 3, claimed: 1 }),
    };
    let order_no = OrderNo::from_bits(0).unwrap();
    let bodies = [
        MessageBody::Text { text: "新年好".to_owned() },
        MessageBody::Packet { packet: card },
        MessageBody::Created,
        MessageBody::Joined,
        MessageBody::Left,
        MessageBody::Removed { by: person(2) },
        MessageBody::Opened { order_no, sender: person(2), others: 3 },
        MessageBody::Finished { order_no, shares: 3, took_ms: 12, best_luck: Some(person(2)) },
        MessageBody::Expired { order_no, refunded_fen: fen(5) },
    ];
    for body in bodies {
        // Exhaustive: a new kind does not compile before it is tried here.
        let kind = match body {
            MessageBody::Text { .. } => "text",
            MessageBody::Packet { .. } => "packet",
            MessageBody::Created => "created",
            MessageBody::Joined => "joined",
            MessageBody::Left => "left",
            MessageBody::Removed { .. } => "removed",
            MessageBody::Opened { .. } => "opened",
            MessageBody::Finished { .. } => "finished",
            MessageBody::Expired { .. } => "expired",
            MessageBody::Unknown => unreachable!("never sent"),
        };
        let value = serde_json::to_value(message(body.clone())).unwrap();
        assert_eq!(value["type"], kind);
        assert_eq!(value["at"], "1970-01-01T00:00:00.000Z");
        assert_eq!(serde_json::from_value::<Message>(value).unwrap(), message(body));
    }
    assert!(serde_json::to_value(message(MessageBody::Unknown)).is_err(), "never sent");
}

/// R-OPEN-5: what a reader may not see is absent, not null or zero.
#[test]
fn hidden_fields_are_absent() {
    let mut packet = details(&published()[0]);
    (packet.total_fen, packet.claimed_fen, packet.claims) = (None, None, None);
    (packet.refunded_fen, packet.fairness.server_seed) = (None, None);
    let value = serde_json::to_value(&packet).unwrap();
    for hidden in ["total_fen", "claimed_fen", "claims", "openers", "refunded_fen"] {
        assert!(value.get(hidden).is_none(), "{hidden}");
    }
    assert!(value["fairness"].get("server_seed").is_none());
    assert_eq!(serde_json::from_value::<PacketDetails>(value).unwrap(), packet);
    let grabbed = Grabbed { state: GrabState::NotForYou, ticket: None, amount_fen: None };
    assert_eq!(serde_json::to_value(grabbed).unwrap(), json!({ "state": "not_for_you" }));
    let page = Page::<u8> { items: vec![], next_cursor: None };
    assert_eq!(serde_json::to_value(page).unwrap(), json!({ "items": [] }));
}

/// What a log shows of them says what they are and whose, but holds no secret.
#[test]
fn debug_hides_passwords_and_tokens() {
    let secret = || "secret".to_owned();
    let credentials = Credentials { name: "n".to_owned(), password: secret() };
    assert_eq!(format!("{credentials:?}"), r#"Credentials { name: "n", .. }"#);
    let registration = Registration::from(credentials);
    let shown = r#"Registration { name: "n", login_name: None, .. }"#;
    assert_eq!(format!("{registration:?}"), shown);
    let signed_in = SignedIn { user: person(1), token: secret() };
    assert_eq!(format!("{signed_in:?}"), format!("SignedIn {{ user: {:?}, .. }}", person(1)));
    let change = PasswordChange { current: secret(), new: secret() };
    assert_eq!(format!("{change:?}"), "PasswordChange { .. }");
}

/// `GET /limits` and the configuration: what is not given keeps its default.
#[test]
fn limits_have_defaults() {
    assert_eq!(serde_json::from_str::<Limits>("{}").unwrap(), Limits::default());
    let read: Limits = serde_json::from_str(r#"{"max_shares": 100000}"#).unwrap();
    assert_eq!(read, Limits { max_shares: 100_000, ..Limits::default() });
    assert!(serde_json::from_str::<Limits>(r#"{"max_share_fen": 0.5}"#).is_err());
    let limits = Limits::default();
    assert_eq!((limits.max_share_fen, limits.max_shares), (fen(20_000), 100));
    assert_eq!(
        (limits.preorder_ttl_s, limits.packet_lifetime_s, limits.ticket_ttl_s),
        (900, 86_400, 60)
    );
    let text = serde_json::to_string(&limits).unwrap();
    assert_eq!(serde_json::from_str::<Limits>(&text).unwrap(), limits);
}

#[test]
fn keys_are_printable_ascii() {
    let longest = "k".repeat(KEY_CHARS_MAX);
    for key in ["a", "A-1_~!", longest.as_str()] {
        assert!(is_key(key), "{key}");
    }
    let too_long = "k".repeat(KEY_CHARS_MAX + 1);
    for bad in ["", " ", "a b", "a\n", "é", "福", "\u{7f}", too_long.as_str()] {
        assert!(!is_key(bad), "{bad:?}");
    }
}
