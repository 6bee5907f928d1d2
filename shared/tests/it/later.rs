//! What the version of before makes of a later server: an app in an open tab, a program, the
//! JavaScript package. What it does not know costs nothing but itself.

use crate::common::{details::person, fen, test};
use hongbao_shared::{
    Kind, Limits, Unit,
    api::{
        Page,
        groups::{CardState, GroupSummary, Message, MessageBody},
        lists::{ListPage, SentItem},
        live::PacketChange,
        packets::{PacketState, PreOrderRequest},
        services::{BulkOpen, External, OpensRequest},
        wallet::{Entry, EntryKind},
    },
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

const ORDER_NO: &str = "S0000000000001F";

fn read<T: DeserializeOwned>(answer: Value) -> T {
    serde_json::from_value(answer).unwrap()
}

/// An entry of a log, with a field that nobody has heard of.
fn entry(body: &Value) -> Value {
    let mut entry = json!({
        "id": "7", "at": "2026-02-17T00:00:00.000Z", "user": person(1), "mood": { "good": true },
    });
    entry.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
    entry
}

fn card(kind: &str, state: &str) -> Value {
    json!({
        "order_no": ORDER_NO, "kind": kind, "greeting": "", "cover": "classic", "state": state,
    })
}

fn group(id: &str, last: &Value) -> Value {
    json!({
        "id": id, "name": "Family", "member_count": 1, "faces": [], "muted": false, "unread": 0,
        "last_message": last,
    })
}

/// One new kind of message would have taken the whole list of groups with it.
#[test]
fn a_message_of_a_later_kind_is_alone() {
    let poll = entry(&json!({ "type": "poll", "question": "Tea?", "votes": [1, 2] }));
    let text = entry(&json!({ "type": "text", "text": "hi" }));
    let groups: Vec<GroupSummary> = read(json!([group("1", &poll), group("2", &text)]));
    assert!(groups.iter().all(|group| !group.pinned), "the version before says nothing of pins");
    let bodies = groups.into_iter().map(|group| group.last_message.unwrap().body);
    let said = MessageBody::Text { text: "hi".to_owned() };
    assert_eq!(bodies.collect::<Vec<_>>(), [MessageBody::Unknown, said]);
    let page: Page<Message> = read(json!({ "items": [text, poll] }));
    assert_eq!((page.items[1].id.get(), &page.items[1].body), (7, &MessageBody::Unknown));
}

#[test]
fn a_card_of_a_later_kind_or_state_is_a_card() {
    let packet = card("riddle", "paused");
    let message: Message = read(entry(&json!({ "type": "packet", "packet": packet })));
    let MessageBody::Packet { packet } = message.body else { panic!("{message:?}") };
    assert_eq!((packet.kind.get(), packet.state), (None, CardState::Open), "the tap will tell");
    let change: PacketChange = read(json!({ "order_no": ORDER_NO, "state": "paused" }));
    assert_eq!(change.state, CardState::Open);
    let message: Message =
        read(entry(&json!({ "type": "packet", "packet": card("lucky", "opened") })));
    let MessageBody::Packet { packet } = message.body else { panic!("{message:?}") };
    assert_eq!((packet.kind.get(), packet.state), (Some(Kind::Lucky), CardState::Opened));
}

/// Of money every line stays, with its amount.
#[test]
fn lines_of_a_later_kind_keep_their_amounts() {
    let line = |kind: &str| {
        let at = "2026-02-17T00:00:00.000Z";
        json!({ "at": at, "kind": kind, "amount_fen": -5, "balance_fen": 7 })
    };
    let page: Page<Entry> = read(json!({ "items": [line("tax"), line("pay")] }));
    let lines: Vec<_> = page
        .items
        .iter()
        .map(|line| (line.kind.get(), line.amount_fen, line.balance_fen))
        .collect();
    assert_eq!(lines, [(None, -5, fen(7)), (Some(EntryKind::Pay), -5, fen(7))]);

    let row = |kind: &str, state: &str| {
        json!({
            "order_no": ORDER_NO, "at": "2026-02-17T00:00:00.000Z", "group_id": "1", "kind": kind,
            "total_fen": 9, "shares": 2, "progress": { "state": state, "claimed": 1 },
        })
    };
    let page: ListPage<SentItem> = read(json!({
        "items": [row("riddle", "paused"), row("equal", "expired")], "year": 2026, "count": 2,
        "total_fen": 18, "best_lucks": 0, "months": [], "years": [2026],
    }));
    let rows: Vec<_> = page
        .items
        .iter()
        .map(|row| (row.kind.get(), row.progress.unwrap().state.get(), row.total_fen))
        .collect();
    let known = (Some(Kind::Equal), Some(PacketState::Expired), fen(9));
    assert_eq!(rows, [(None, None, fen(9)), known]);
}

/// They are settings as well; whether those are misspelt is asked where they are read.
#[test]
fn limits_and_unit_may_say_more() {
    let limits: Limits = read(json!({ "max_shares": 7, "stickers_max": 3 }));
    assert_eq!(limits, Limits { max_shares: 7, ..Limits::default() });
    let unit: Unit = read(json!({ "symbol": "★", "plural_zh": "星" }));
    assert_eq!(unit, Unit { symbol: "★".to_owned(), ..Unit::default() });
}

/// The same in an answer and in a request, which is to say what is meant.
#[test]
fn requests_stay_closed() {
    let ann = json!({ "provider": "chat", "id": "ann", "since": 2026 });
    let open: BulkOpen = read(json!({ "person": ann }));
    assert_eq!(open.person, "chat:ann".parse::<External>().unwrap());
    let request = |person: &Value| json!({ "opens": [{ "person": person, "ticket": "t" }] });
    let refusal = serde_json::from_value::<OpensRequest>(request(&ann)).unwrap_err().to_string();
    assert!(refusal.contains("unknown field `since`"), "{refusal}");
    let plain = request(&json!({ "provider": "chat", "id": "ann" }));
    assert_eq!(serde_json::to_value(read::<OpensRequest>(plain.clone())).unwrap(), plain);
    let riddle = json!({ "group_id": "7", "kind": "riddle", "total_fen": 100, "shares": 3 });
    assert!(serde_json::from_value::<PreOrderRequest>(riddle).is_err());
}
