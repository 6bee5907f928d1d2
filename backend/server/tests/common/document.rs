//! R-API-6: whatever is refused over HTTP, in whichever test, is refused as the document says.

use axum::http::{Method, StatusCode};
use serde_json::Value;
use std::sync::LazyLock;

static DOCUMENT: LazyLock<Value> = LazyLock::new(hongbao::http::document);

/// The document, as every server serves it.
pub(crate) fn document() -> &'static Value {
    &DOCUMENT
}

/// A refusal of a call that the document describes has its status and code listed there.
pub(crate) fn expects(method: &Method, path: &str, status: StatusCode, body: &str) {
    if !status.is_client_error() && !status.is_server_error() {
        return;
    }
    let Some(operation) = operation(method, path) else { return };
    let code = serde_json::from_str::<Value>(body).unwrap_or_default()["code"].take();
    let listed = &operation["responses"][status.as_str()]["x-codes"];
    let is_listed = listed.as_array().is_some_and(|codes| codes.contains(&code));
    assert!(
        is_listed,
        "{method} {path} is refused as {status} {code}, of which the document says {listed}"
    );
}

/// What the document says of the call that has this path, literal parts before parameters.
fn operation(method: &Method, path: &str) -> Option<&'static Value> {
    let parts = || path.split('/');
    let fits = |template: &str| {
        let mut both = template.split('/').zip(parts());
        template.split('/').count() == parts().count()
            && both.all(|(told, part)| told.starts_with('{') || told == part)
    };
    let paths = DOCUMENT["paths"].as_object().unwrap().iter();
    let item = paths.filter(|(template, _)| fits(template));
    let (_, item) = item.min_by_key(|(template, _)| template.matches('{').count())?;
    item.get(method.as_str().to_lowercase())
}
