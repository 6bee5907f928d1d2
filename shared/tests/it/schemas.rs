//! What the OpenAPI document says of the types that write their schemas themselves (R-API-1).
//! The server turns the feature `openapi` on; alone: `cargo test -p hongbao-shared --features openapi`.

use crate::common::test;
use hongbao_shared::{
    Fen, GroupId, MessageId, OrderNo, Timestamp, UserId,
    fairness::{ClientSeed, Commitment, Seed, ServerSeed},
};
use serde_json::{Value, json};
use utoipa::PartialSchema;

fn schema<T: PartialSchema>() -> Value {
    serde_json::to_value(T::schema()).unwrap()
}

#[test]
fn amounts_are_integers_from_zero() {
    let fen = json!({
        "type": "integer", "format": "int64", "minimum": 0,
        "description": "Integer fen, 1/100 yuan.",
    });
    assert_eq!(schema::<Fen>(), fen);
}

#[test]
fn ids_times_and_seeds_are_strings() {
    let id = ("An id: a decimal number as a string.", "^(0|[1-9][0-9]{0,18})$");
    let bytes = ("32 bytes as lower-case hex.", "^[0-9a-f]{64}$");
    let order_no = "An order number: 15 symbols, of which the last is a check.";
    for (schema, (description, pattern)) in [
        (schema::<UserId>(), id),
        (schema::<GroupId>(), id),
        (schema::<MessageId>(), id),
        (schema::<OrderNo>(), (order_no, "^[SN][0-9A-HJKMNP-TV-Z]{14}$")),
        (schema::<ServerSeed>(), bytes),
        (schema::<Commitment>(), bytes),
        (schema::<Seed>(), bytes),
        (schema::<ClientSeed>(), ("0 to 32 bytes as lower-case hex.", "^([0-9a-f]{2}){0,32}$")),
    ] {
        assert_eq!(schema["type"], "string");
        assert_eq!(schema["description"], description);
        assert_eq!(schema["pattern"], pattern);
    }
    let moment = schema::<Timestamp>();
    assert_eq!((&moment["type"], &moment["format"]), (&json!("string"), &json!("date-time")));
}

/// What the document gives as an example is one.
#[test]
fn examples_are_read() {
    let example = |schema: Value| schema["examples"][0].as_str().unwrap().to_owned();
    assert!(example(schema::<OrderNo>()).parse::<OrderNo>().is_ok());
    assert!(example(schema::<UserId>()).parse::<UserId>().is_ok());
    assert!(example(schema::<Timestamp>()).parse::<Timestamp>().is_ok());
}
