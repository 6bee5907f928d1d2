//! R-API-6: the OpenAPI document says what is answered. That refusals are as it lists them is
//! looked at wherever a test meets one: see `common/document.rs`.

use crate::common::{document::document, person::send, server::TestServer};
use hongbao_shared::ErrorCode;
use reqwest::Method;
use serde_json::Value;
use std::collections::BTreeSet;

#[tokio::test]
async fn the_document_names_every_call() {
    let server = TestServer::start().await;
    let document = send(server.request(Method::GET, "/api/v1/openapi.json")).await.ok(200);
    let mut calls = BTreeSet::new();
    let mut names = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let problem = &operation["responses"]["default"]["content"]["application/problem+json"];
            assert_eq!(problem["schema"]["$ref"], "#/components/schemas/Problem", "{path}");
            assert!(
                operation["summary"].as_str().is_some_and(|s| s.ends_with(['.', '?'])),
                "{path}"
            );
            calls.insert(format!("{} {path}", method.to_uppercase()));
            // What a generated client calls it: "get" alone would be a method of what?
            let name = operation["operationId"].as_str().unwrap().to_owned();
            assert!(name.contains('_') || name == "register", "{name}");
            assert!(names.insert(name.clone()), "{name} twice");
        }
    }
    for call in [
        "POST /api/v1/accounts",
        "POST /api/v1/session",
        "DELETE /api/v1/session",
        "POST /api/v1/session/guest",
        "GET /api/v1/session",
        "GET /api/v1/push",
        "PUT /api/v1/session/push",
        "DELETE /api/v1/session/push",
        "GET /api/v1/limits",
        "GET /api/v1/unit",
        "GET /api/v1/me",
        "PATCH /api/v1/me",
        "POST /api/v1/me/account",
        "PUT /api/v1/me/password",
        "GET /api/v1/me/sessions",
        "DELETE /api/v1/me/sessions",
        "DELETE /api/v1/me/sessions/{id}",
        "POST /api/v1/groups",
        "GET /api/v1/groups",
        "GET /api/v1/groups/{id}",
        "POST /api/v1/groups/{id}/invitations",
        "GET /api/v1/groups/{id}/invitations",
        "DELETE /api/v1/groups/{id}/invitations/{code}",
        "GET /api/v1/invitations/{code}",
        "POST /api/v1/groups/join",
        "PUT /api/v1/groups/{id}/read",
        "PUT /api/v1/groups/{id}/mute",
        "PUT /api/v1/groups/{id}/pin",
        "DELETE /api/v1/groups/{id}/members/{user_id}",
        "POST /api/v1/groups/demo",
        "GET /api/v1/groups/{id}/events",
        "GET /api/v1/events",
        "GET /api/v1/groups/{id}/messages",
        "POST /api/v1/groups/{id}/messages",
        "POST /api/v1/packets",
        "POST /api/v1/packets/{order_no}/pay",
        "POST /api/v1/packets/{order_no}/grab",
        "POST /api/v1/packets/{order_no}/open",
        "GET /api/v1/packets/{order_no}",
        "GET /api/v1/packets/{order_no}/claims",
        "GET /api/v1/wallet",
        "GET /api/v1/wallet/entries",
        "POST /api/v1/wallet/top-ups",
        "POST /api/v1/grants",
        "GET /api/v1/service",
        "PUT /api/v1/service/people",
        "PUT /api/v1/service/rooms",
        "GET /api/v1/service/webhooks",
        "POST /api/v1/service/webhooks",
        "GET /api/v1/service/webhooks/{id}",
        "DELETE /api/v1/service/webhooks/{id}",
        "POST /api/v1/service/webhooks/{id}/secret",
        "POST /api/v1/service/webhooks/{id}/test",
        "POST /api/v1/service/webhooks/{id}/resume",
        "POST /api/v1/service/webhooks/{id}/replay",
        "GET /api/v1/service/webhooks/{id}/attempts",
        "POST /api/v1/packets/{order_no}/opens",
        "GET /api/v1/lists/sent",
        "GET /api/v1/lists/received",
        "GET /api/v1/control",
        "PUT /api/v1/control",
        "GET /api/v1/control/history",
        "GET /api/v1/control/dead-letters",
        "POST /api/v1/control/dead-letters/{id}/retry",
        "GET /api/v1/control/reconciliation",
        "POST /api/v1/control/reconciliation",
        "GET /api/v1/control/journal",
    ] {
        assert!(calls.remove(call), "{call} is not described");
    }
    assert_eq!(calls, BTreeSet::new(), "described, but not in the contract");
    // Whatever a schema refers to is there.
    let text = document.to_string();
    for name in text.split("#/components/schemas/").skip(1).map(|rest| rest.split('"').next()) {
        assert!(document["components"]["schemas"].get(name.unwrap()).is_some(), "{name:?}");
    }
}

fn schema(name: &str) -> &'static Value {
    &document()["components"]["schemas"][name]
}

/// A client that is generated from the document reads every refusal.
#[test]
fn codes_are_written_as_they_are_answered() {
    let codes: Vec<_> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(schema("ErrorCode")["enum"], serde_json::json!(codes));
}

/// What stands under a status is what is answered with it.
#[test]
fn every_refusal_has_an_example_of_its_own() {
    let mut examples = 0;
    for (path, item) in document()["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            for (status, answer) in operation["responses"].as_object().unwrap() {
                let Some(codes) = answer["x-codes"].as_array() else { continue };
                let example = &answer["content"]["application/problem+json"]["example"];
                let place = format!("{method} {path} {status}: {example}");
                let code = example["code"].as_str().expect(&place);
                assert_eq!(example["status"].to_string(), *status, "{place}");
                assert!(codes.contains(&code.into()), "{place}");
                assert_eq!(example["type"], format!("urn:hongbao:error:{code}"), "{place}");
                examples += 1;
            }
        }
    }
    assert!(examples > 0, "no call refuses anything");
}

/// A message is one of several objects, each whole and told apart by `type`.
#[test]
fn a_message_is_one_of_its_kinds() {
    let message = schema("Message");
    let mapping = message["discriminator"]["mapping"].as_object().unwrap();
    assert_eq!(message["discriminator"]["propertyName"], "type");
    assert_eq!(message["oneOf"].as_array().unwrap().len(), mapping.len());
    for (tag, place) in mapping {
        let kind = schema(place.as_str().unwrap().rsplit('/').next().unwrap());
        assert_eq!(kind["properties"]["type"]["enum"], serde_json::json!([tag]));
        let required: Vec<_> = kind["required"].as_array().unwrap().iter().collect();
        for field in ["id", "at", "user", "type"] {
            assert!(required.contains(&&Value::from(field)), "{tag}: {field}");
        }
    }
    assert_eq!(mapping.len(), 9);
}

/// What texts look like is told, so that nobody learns it by trying.
#[test]
fn ids_and_moments_have_their_form() {
    for id in ["UserId", "GroupId", "MessageId", "OrderNo", "Commitment", "ClientSeed"] {
        assert!(schema(id)["pattern"].is_string(), "{id}");
    }
    assert_eq!(schema("Timestamp")["format"], "date-time");
    assert_eq!(schema("Fen")["format"], "int64");
    let switch = &schema("Switches")["properties"]["lookups_max"];
    assert_eq!((&switch["minimum"], &switch["maximum"]), (&0.into(), &u32::MAX.into()));
}
