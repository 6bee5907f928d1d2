//! Which calls take an `Idempotency-Key`, and what becomes of those that are done twice
//! (R-API-5).

use hongbao_engine::calls::Repeat;
use hongbao_shared::limits::KEY_CHARS_MAX;
use serde_json::json;
use utoipa::openapi::{
    ObjectBuilder, Required, Type,
    path::{Operation, ParameterBuilder, ParameterIn},
};

/// What becomes of a call that changes something and is done twice, by its `operationId`; `None`
/// for those that take no key. Every such call stands here.
pub(in crate::http) fn repeat(operation: &str) -> Option<Repeat> {
    match operation {
        // A password comes in, or a token or secret goes out, and neither is to be kept; or a session
        // ends, perhaps the one that asks.
        "create_guest" | "register" | "sign_in" | "sign_out" | "become_account"
        | "change_password" | "end_session" | "end_other_sessions" | "create_webhook"
        | "rotate_webhook_secret" => None,
        // A second group, code, or event.
        "create_group" | "create_invitation" | "test_webhook" => Some(Repeat::Other),
        // Another number, of which the first was told to nobody and expires unpaid.
        "create_packet"
        // A ticket more for the same person.
        | "grab_packet"
        // By keys of their own, in the body or in the path.
        | "top_up" | "grant_money" | "post_message" | "pay_packet" | "open_packet" | "open_packet_for_many"
        | "link_people" | "link_rooms" | "retry_dead_letter"
        // As it is to be, however often it is said.
        | "join_group" | "enter_demo_group" | "update_me" | "subscribe_to_pushes" | "mark_group_read" | "mute_group"
        | "pin_group"
        | "turn_switches" | "start_reconciliation" | "resume_webhook"
        // Told again under the ids of before.
        | "replay_webhook"
        // Gone is gone, though the second answer may be that it is.
        | "remove_member" | "revoke_invitation" | "delete_webhook" | "unsubscribe_from_pushes" => Some(Repeat::Same),
        other => unlisted(other),
    }
}

/// A call that is forgotten above takes no key, and a test finds it.
#[cfg(not(test))]
fn unlisted(_: &str) -> Option<Repeat> {
    None
}

#[cfg(test)]
fn unlisted(operation: &str) -> Option<Repeat> {
    panic!("{operation} changes something: does it take an Idempotency-Key?")
}

/// Adds the header to a call that takes it.
pub(super) fn add(operation: &mut Operation) {
    let Some(repeat) = operation.operation_id.as_deref().and_then(repeat) else { return };
    let cut_off = match repeat {
        Repeat::Same => {
            "If the server was cut off, the call is done again, which changes nothing more."
        }
        Repeat::Other => "If the server was cut off, it answers `outcome_unknown`.",
    };
    let description = format!(
        "A key of your own, kept for a day for you, or for whom you act: the same call under it is \
         done once and answered the same, another call is refused as `key_reused`. {cut_off}"
    );
    let key = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(KEY_CHARS_MAX))
        .pattern(Some("^[!-~]+$"));
    let header = ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(key))
        .example(Some(json!("3f0c9a52-7d0e-4c1b-9a57-5d2f6f1e8b11")));
    operation.parameters.get_or_insert_default().push(header.build().into());
}

#[cfg(test)]
mod tests {
    /// What changes something says whether it takes a key; [`super::repeat`] panics otherwise.
    #[test]
    fn every_change_says_what_becomes_of_its_key() {
        let document = crate::http::document();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let parameters = operation["parameters"].as_array();
                let header = |name: &serde_json::Value| *name == "Idempotency-Key";
                let takes =
                    parameters.is_some_and(|all| all.iter().any(|one| header(&one["name"])));
                let name = operation["operationId"].as_str().unwrap();
                let expected = method != "get" && super::repeat(name).is_some();
                assert_eq!(takes, expected, "{method} {path}");
            }
        }
    }
}
