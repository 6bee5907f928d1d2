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
    let fen = json!({ "type": "integer", "minimum": 0, "description": "Integer fen, 1/100 yuan." });
    assert_eq!(schema::<Fen>(), fen);
}

#[test]
fn ids_times_and_seeds_are_strings() {
    let id = "An id: a decimal number as a string.";
    for (schema, description) in [
        (schema::<UserId>(), id),
        (schema::<GroupId>(), id),
        (schema::<MessageId>(), id),
        (schema::<OrderNo>(), "An order number, 15 symbols."),
        (schema::<Timestamp>(), "RFC 3339 in UTC with milliseconds."),
        (schema::<ServerSeed>(), "32 bytes as lower-case hex."),
        (schema::<Commitment>(), "32 bytes as lower-case hex."),
        (schema::<Seed>(), "32 bytes as lower-case hex."),
        (schema::<ClientSeed>(), "0 to 32 bytes as lower-case hex."),
    ] {
        assert_eq!(schema, json!({ "type": "string", "description": description }));
    }
}
