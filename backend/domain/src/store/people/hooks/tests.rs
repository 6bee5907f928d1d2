use super::*;

/// R-API-5: what waits for webhooks is read by nodes of two versions, and so are the bits
/// of what they hear.
#[test]
fn events_are_what_they_were() {
    let pinned = concat!(
        r#"{"order_no":"S00G0000000000J","group_id":"7","room":{"provider":"chat","id":"a"},"#,
        r#""sender":{"user_id":"1"},"person":{"user_id":"2"},"greeting":"恭喜","#,
        r#""kind":"lucky","shares":5,"share":0,"recipient":{"user_id":"3"},"#,
        r#""best_luck":{"user_id":"4"},"amount_fen":100}"#,
    );
    let data: EventData = serde_json::from_str(pinned).unwrap();
    assert_eq!(serde_json::to_string(&data).unwrap(), pinned);
    let bits = EventType::ALL.iter().map(|one| (one.bit(), one.as_str()));
    let pinned = [
        (1, "packet.sent"),
        (2, "packet.opened"),
        (4, "packet.finished"),
        (8, "packet.expired"),
        (16, "packet.credited"),
        (32, "packet.refunded"),
        (64, "member.joined"),
        (128, "webhook.test"),
    ];
    assert!(bits.eq(pinned));
}
