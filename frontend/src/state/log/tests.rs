use super::{Log, LogRow, STEP, WINDOW};
use hongbao_shared::{
    Timestamp, UserId,
    api::{
        Page,
        groups::{CardState, Message, MessageBody},
        live::PacketChange,
    },
};
use serde_json::json;
use wasm_bindgen_test::wasm_bindgen_test;

fn entry(id: i64, body: serde_json::Value) -> Message {
    let mut message = json!({
        "id": id.to_string(), "at": "2026-02-17T00:00:00.000Z",
        "user": {"id": "1", "name": "A", "avatar": "a00"},
    });
    if let (Some(message), Some(body)) = (message.as_object_mut(), body.as_object()) {
        message.extend(body.clone());
    }
    serde_json::from_value(message).expect("a message")
}

fn said(id: i64) -> Message {
    entry(id, json!({"type": "text", "text": "hi"}))
}

fn packet(id: i64, state: &str, claimed: u32) -> Message {
    let packet = json!({
        "order_no": "S0000000000001F", "kind": "lucky", "greeting": "", "cover": "classic",
        "state": state, "progress": {"shares": 10, "claimed": claimed},
    });
    entry(id, json!({"type": "packet", "packet": packet}))
}

fn change(state: &str, claimed: u32) -> PacketChange {
    serde_json::from_value(json!({
        "order_no": "S0000000000001F", "state": state,
        "progress": {"shares": 10, "claimed": claimed},
    }))
    .expect("a change")
}

fn page(ids: impl DoubleEndedIterator<Item = i64>, next: Option<&str>) -> Page<Message> {
    Page { items: ids.rev().map(said).collect(), next_cursor: next.map(str::to_owned) }
}

fn ids(log: &Log) -> Vec<i64> {
    log.rows().iter().map(|row| row.message.id.get()).collect()
}

/// R-WEB-1: nothing twice, whoever tells it first.
#[wasm_bindgen_test]
fn an_entry_is_there_once() {
    let mut log = Log::default();
    log.add_newest(page(1..=3, None));
    assert!(log.add(said(5)), "my own, from the answer");
    assert_eq!(log.seen(), 3, "4 may still be on its way");
    assert!(log.add(said(4)));
    assert!(!log.add(said(5)), "and from the stream");
    assert_eq!(ids(&log), [1, 2, 3, 4, 5]);
}

#[wasm_bindgen_test]
fn a_page_that_leaves_a_gap_starts_anew() {
    let mut log = Log::default();
    log.add_newest(page(1..=3, None));
    log.add_newest(page(3..=6, Some("c")));
    assert_eq!(ids(&log), [1, 2, 3, 4, 5, 6]);
    log.add_newest(page(90..=99, Some("d")));
    assert_eq!(ids(&log), (90..=99).collect::<Vec<_>>());
    assert_eq!(log.older().map(String::as_str), Some("d"));
    assert_eq!(log.seen(), 99);
}

#[wasm_bindgen_test]
fn a_card_never_goes_back() {
    let mut log = Log::default();
    log.add(packet(1, "open", 2));
    log.change(change("opened", 3), false);
    log.add(packet(1, "open", 2));
    let (state, progress) = log.card(1).expect("a card");
    assert_eq!((state, progress.map(|p| p.claimed)), (CardState::Opened, Some(3)));
}

#[wasm_bindgen_test]
fn a_change_that_overtakes_its_page_is_kept() {
    let mut log = Log::default();
    log.change(change("finished", 10), true);
    log.add(packet(1, "open", 9));
    assert_eq!(log.card(1).map(|(state, _)| state), Some(CardState::Finished));
}

#[wasm_bindgen_test]
fn the_window_is_bounded_and_moves_over_everything() {
    let mut log = Log::default();
    log.add_newest(page(1..=1000, None));
    assert_eq!(ids(&log), (701..=1000).collect::<Vec<_>>());
    let mut moves = 0;
    while log.move_up() {
        moves += 1;
        assert_eq!(ids(&log).len(), WINDOW);
    }
    assert_eq!(moves, (1000 - WINDOW) / STEP);
    assert_eq!(ids(&log).first(), Some(&1));
    assert!(log.has_newer());
    while log.move_down() {
        assert_eq!(ids(&log).len(), WINDOW);
    }
    assert_eq!(ids(&log).last(), Some(&1000));
    assert!(!log.has_newer());
}

#[wasm_bindgen_test]
fn what_is_read_stays_while_the_log_grows() {
    let mut log = Log::default();
    let newest = i64::try_from(WINDOW).expect("a small number") + 1;
    log.add_newest(page(1..=newest, None));
    log.hold();
    log.add(said(999));
    assert_eq!(ids(&log).last(), Some(&newest));
    assert!(log.has_newer());
    log.move_to_end();
    assert_eq!(ids(&log).last(), Some(&999));
}

fn opened(id: i64, packet: &str, by: i64, others: u32) -> Message {
    let mut message = entry(
        id,
        json!({
            "type": "opened", "order_no": packet, "others": others,
            "sender": {"id": "1", "name": "A", "avatar": "a00"},
        }),
    );
    message.user.id = by.to_string().parse().expect("an id");
    message
}

const ONE: &str = "S0000000000001F";
const TWO: &str = "N03H0000XDWT5HH";

/// The rows of openings: the place, how many more, and who was first.
fn openings(log: &Log) -> Vec<(i64, u32, Option<i64>)> {
    log.rows()
        .iter()
        .filter_map(|row| match &row.message.body {
            MessageBody::Opened { others, .. } => {
                Some((row.message.id.get(), *others, row.first.map(UserId::get)))
            }
            _ => None,
        })
        .collect()
}

/// R-PEOPLE-2: one line for all who opened a packet, in the place of the newest.
#[wasm_bindgen_test]
fn openings_of_a_packet_are_one_line() {
    let mut log = Log::default();
    log.add(opened(3, ONE, 7, 0));
    assert_eq!(openings(&log), [(3, 0, None)]);
    log.add(said(4));
    log.add(opened(5, TWO, 7, 0));
    log.add(opened(6, ONE, 8, 2));
    log.add(opened(6, ONE, 8, 2));
    assert_eq!(openings(&log), [(5, 0, None), (6, 3, None)], "told twice counts once");
    assert_eq!(ids(&log), [4, 5, 6]);
    let looks: Vec<i64> = log.rows().iter().map(LogRow::looks).collect();
    log.add(packet(1, "open", 4));
    assert_eq!(openings(&log), [(5, 0, None), (6, 3, Some(7))], "with the card all is known");
    let now: Vec<i64> = log.rows().iter().skip(1).map(LogRow::looks).collect();
    assert_ne!(looks[2], now[2], "and drawn again");
}

/// The window is of rows, not of entries, and moves over all of them.
#[wasm_bindgen_test]
fn a_busy_packet_leaves_a_screen_full_of_rows() {
    let mut log = Log::default();
    for id in 1..=1_000 {
        log.add(said(id));
    }
    for id in 1_001..=2_000 {
        log.add(opened(id, ONE, id, 0));
    }
    assert_eq!(ids(&log).len(), WINDOW);
    assert_eq!(openings(&log), [(2_000, 999, None)]);
    log.hold();
    log.add(opened(2_001, ONE, 1, 0));
    assert!(log.has_newer(), "it has gone to the end");
    while log.move_up() {
        assert_eq!(ids(&log).len(), WINDOW);
    }
    assert_eq!(ids(&log).first(), Some(&1));
    assert!(!log.has_older());
    while log.move_down() {}
    assert_eq!(ids(&log).last(), Some(&2_001));
    assert_eq!(ids(&log).len(), WINDOW);
}

/// R-WEB-1: a day that begins between two lines is said, however little lies between them, and by
/// more than the clock.
#[wasm_bindgen_test]
fn a_new_day_is_marked() {
    let midnight_ms = js_sys::Date::new_with_year_month_day(2026, 1, 17).get_time();
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970")]
    let midnight_ms = midnight_ms as i64;
    let at = |after_ms: i64| Timestamp::from_millis(midnight_ms + after_ms);
    let mut log = Log::default();
    for (id, after_ms) in [(2, 60_000), (3, 120_000)] {
        log.add(Message { at: at(after_ms), ..said(id) });
    }
    let marks = |log: &Log| -> Vec<(bool, bool)> {
        log.rows().iter().map(|row| (row.time.is_some(), row.begins_day)).collect()
    };
    assert_eq!(marks(&log), [(true, false), (false, false)]);
    let alone = log.rows()[0].looks();
    log.add(Message { at: at(-60_000), ..said(1) });
    assert_eq!(marks(&log), [(true, false), (true, true), (false, false)]);
    assert_ne!(log.rows()[1].looks(), alone, "drawn again, with the day");
}
