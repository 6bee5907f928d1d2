//! Who may make which call (R-API-6): anonymous people, persons, administrators, and services
//! with each scope. Stands in the document as `x-allowed`, and so in docs/API.md; a test tries
//! each cell over HTTP.

use serde_json::{Value, json};

/// Everybody whom the table tells apart.
pub const ROLES: [&str; 8] =
    ["anonymous", "person", "administrator", "act", "read", "grant", "webhooks", "administer"];

const PERSONS: [&str; 2] = ["person", "administrator"];

/// Those who may make a call, of [`ROLES`].
fn allowed(method: &str, operation: &Value) -> Vec<&'static str> {
    let anybody = json!({});
    let security = operation["security"].as_array();
    if security.is_some_and(|ways| *ways == [anybody.clone()]) {
        return ROLES.to_vec();
    }
    let mut roles = Vec::new();
    if security.is_some_and(|ways| ways.contains(&anybody)) {
        roles.push("anonymous");
    }
    match operation["operationId"].as_str().unwrap_or_default() {
        "get_service" | "link_people" | "link_rooms" => roles.extend(&ROLES[3..]),
        _ if operation["tags"][0] == "Webhooks" => roles.push("webhooks"),
        "open_packet_for_many" => roles.push("act"),
        "top_up" => roles.extend(PERSONS.iter().chain(&["grant"])),
        "grant_money" => roles.extend(["administrator", "grant"]),
        "sign_out"
        | "become_account"
        | "change_password"
        | "list_sessions"
        | "end_session"
        | "end_other_sessions"
        | "subscribe_to_pushes"
        | "unsubscribe_from_pushes"
        | "stream_group_events"
        | "stream_events" => roles.extend(PERSONS),
        _ if operation["tags"][0] == "Control" => roles.extend(["administrator", "administer"]),
        _ if method == "get" => roles.extend(PERSONS.iter().chain(&["act", "read"])),
        _ => roles.extend(PERSONS.iter().chain(&["act"])),
    }
    roles
}

/// Adds to every operation of a document who may call it.
pub(super) fn add(document: &mut Value) {
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    for (_, item) in paths {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            let roles = allowed(method, operation);
            operation["x-allowed"] = json!(roles);
        }
    }
}
