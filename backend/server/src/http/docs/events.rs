//! What is posted to webhooks, as the document has it (R-API-5).

use hongbao_shared::api::webhooks::EventType;
use serde_json::{Map, Value, json};

/// Adds what webhooks hear to a document that has the schema `WebhookEvent`.
pub(super) fn add(document: &mut Value) {
    let header = |name: &str, description: &str| {
        json!({
            "name": name, "in": "header", "required": true, "description": description,
            "schema": {"type": "string"},
        })
    };
    let parameters = json!([
        header("webhook-id", "The same however often the event comes."),
        header("webhook-timestamp", "When it is posted, in Unix seconds."),
        header(
            "webhook-signature",
            "`v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`; several with spaces between.",
        ),
    ]);
    let schema = json!({"$ref": "#/components/schemas/WebhookEvent"});
    let described = |event: &EventType| {
        let post = json!({
            "summary": format!("Posted to webhooks that hear `{}`.", event.as_str()),
            "tags": ["Webhooks"],
            "security": [],
            "parameters": parameters,
            "requestBody": {
                "required": true,
                "content": {"application/json": {"schema": schema}},
            },
            "responses": {
                "2XX": {"description": "It has arrived; anything else has it posted again."},
            },
        });
        (event.as_str().to_owned(), json!({"post": post}))
    };
    document["webhooks"] =
        Value::Object(EventType::ALL.iter().map(described).collect::<Map<_, _>>());
}
