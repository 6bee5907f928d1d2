//! The OpenAPI document and the page to browse it (R-API-1).
//!
//! The page is our own: Swagger UI would add four megabytes to the binary, and needs
//! inline styles that the content security policy refuses.

mod access;
mod events;
mod keys;
mod refusals;

pub use access::ROLES;
pub(super) use keys::repeat;

use super::{Http, tags};
use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use hongbao_shared::{
    Unit,
    api::{
        live::{GroupNews, PacketChange},
        problem::Problem,
        webhooks::WebhookEvent,
    },
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        ComponentsBuilder, Header, InfoBuilder, ObjectBuilder, OpenApiBuilder, RefOr, Required,
        ServerBuilder, Type,
        path::Operation,
        security::{
            ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
        },
    },
};

/// What the document says before its paths.
pub(super) fn head() -> utoipa::openapi::OpenApi {
    let info = InfoBuilder::new()
        .title("Hongbao")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Group red packets. Times are RFC 3339 in UTC, ids are strings. \
             Refusals are application/problem+json with a stable `code`; those for rate carry \
             Retry-After. No answer may be kept by caches (`Cache-Control: no-store`), but this document, which has an \
             `ETag`. An `Accept` that excludes what a call answers is refused as `not_acceptable` (406), a body that \
             is not `application/json` as `unsupported_media_type` (415); `HEAD` is answered as `GET` without a body, \
             `OPTIONS` by `Allow`. Calls that move money can be repeated safely, and whatever takes \
             an `Idempotency-Key` is answered the same under the same key. `x-allowed` says who may make a call; a \
             service names in `hongbao-for: {provider}:{id}` for whom it acts. A call with the header \
             `hongbao-person: {user id}` is refused as `person_changed` (409), and does nothing, where \
             the session is another person's: for pages that share a cookie with others.",
        ))
        .build();
    let cookie = ApiKey::Cookie(ApiKeyValue::new("hongbao_session"));
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    let no_scopes = || std::iter::empty::<String>();
    OpenApiBuilder::new()
        .info(info)
        .components(Some(
            ComponentsBuilder::new()
                .security_scheme("bearer", SecurityScheme::Http(bearer))
                .security_scheme("cookie", SecurityScheme::ApiKey(cookie))
                .build(),
        ))
        .servers(Some([ServerBuilder::new().url("/").build()]))
        .security(Some([
            SecurityRequirement::new("bearer", no_scopes()),
            SecurityRequirement::new("cookie", no_scopes()),
        ]))
        .build()
}

/// Adds to every operation how it refuses.
pub(super) fn finish(mut document: utoipa::openapi::OpenApi, unit: &Unit) -> Value {
    let mut schemas = vec![
        (Problem::name().into_owned(), Problem::schema()),
        // What streams carry; no answer's body names them.
        (PacketChange::name().into_owned(), PacketChange::schema()),
        (GroupNews::name().into_owned(), GroupNews::schema()),
        // What is posted to webhooks.
        (WebhookEvent::name().into_owned(), WebhookEvent::schema()),
    ];
    Problem::schemas(&mut schemas);
    WebhookEvent::schemas(&mut schemas);
    document.components.get_or_insert_default().schemas.extend(schemas);
    pays_without_a_body(&mut document);
    for item in document.paths.paths.values_mut() {
        let changes = [&mut item.put, &mut item.post, &mut item.patch, &mut item.delete];
        changes.into_iter().flatten().for_each(keys::add);
        let operations =
            [&mut item.get, &mut item.put, &mut item.post, &mut item.patch, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            is_not_kept(operation);
            refusals::add(operation);
        }
    }
    let mut document = serde_json::to_value(document).unwrap_or_default();
    widen(&mut document);
    access::add(&mut document);
    ask_nothing(&mut document);
    events::add(&mut document);
    say_the_unit(&mut document, unit);
    document
}

/// Says of what a call answers that nothing may keep it.
fn is_not_kept(operation: &mut Operation) {
    for response in operation.responses.responses.values_mut() {
        let RefOr::T(response) = response else { continue };
        let text = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["no-store"]));
        response.headers.insert("Cache-Control".to_owned(), RefOr::T(Header::new(text)));
    }
}

/// Fields are called after the fen, whatever the unit of this installation is (R-API-4).
fn say_the_unit(document: &mut Value, unit: &Unit) {
    let amount = format!("A whole number of {}.", unit.smallest());
    if let Some(info) = document["info"]["description"].as_str() {
        document["info"]["description"] =
            format!("{info} Amounts are in {}, as whole numbers.", unit.smallest()).into();
    }
    document["components"]["schemas"]["Fen"]["description"] = amount.into();
}

/// The derive calls a `u32` an `int32`, of which it has more.
fn widen(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(widen),
        Value::Object(fields) => {
            let is_unsigned = fields.get("minimum").is_some_and(|least| *least == json!(0));
            if is_unsigned && fields.get("format").is_some_and(|format| format == "int32") {
                fields.insert("format".to_owned(), "int64".into());
                fields.insert("maximum".to_owned(), u32::MAX.into());
            }
            fields.values_mut().for_each(widen);
        }
        _ => {}
    }
}

/// Calls without any way in are written as such; generators take a list that holds an empty one for
/// a call that wants a token.
fn ask_nothing(document: &mut Value) {
    let paths = document["paths"].as_object_mut().into_iter().flat_map(|paths| paths.values_mut());
    for operation in paths.filter_map(Value::as_object_mut).flat_map(|item| item.values_mut()) {
        if operation.get("security") == Some(&json!([{}])) {
            operation["security"] = json!([]);
        }
    }
}

/// The one body that may be absent. `Option` would say that it may be `null`, which it may not.
fn pays_without_a_body(document: &mut utoipa::openapi::OpenApi) {
    let pay = document.paths.paths.get_mut("/api/v1/packets/{order_no}/pay");
    if let Some(RefOr::T(body)) = pay.and_then(|item| item.post.as_mut()?.request_body.as_mut()) {
        body.required = Some(Required::False);
    }
}

/// What is the same for everybody until another version comes: asked for each time, and sent to
/// those who do not have it.
fn public(headers: &HeaderMap, tag: String, content_type: &'static str, text: Bytes) -> Response {
    let is_known = tags::is_known(headers, &tag);
    let about = [(header::CACHE_CONTROL, "no-cache".to_owned()), (header::ETAG, tag)];
    if is_known {
        return (StatusCode::NOT_MODIFIED, about).into_response();
    }
    (about, [(header::CONTENT_TYPE, content_type)], text).into_response()
}

/// The document, and the page that shows it.
pub(super) fn routes(document: utoipa::openapi::OpenApi, unit: &Unit) -> Router<Http> {
    let document = Bytes::from(finish(document, unit).to_string());
    let file = |content_type: &'static str, text: Bytes| {
        let tag = tags::tag(&Sha256::digest(&text).into());
        get(async move |headers: HeaderMap| public(&headers, tag, content_type, text))
    };
    let embedded =
        |content_type, text: &'static str| file(content_type, Bytes::from_static(text.as_bytes()));
    Router::new()
        .route("/api/v1/openapi.json", file("application/json", document))
        .route("/api/docs", embedded("text/html; charset=utf-8", include_str!("docs/page.html")))
        .route(
            "/api/docs/page.js",
            embedded("text/javascript; charset=utf-8", include_str!("docs/page.js")),
        )
        .route(
            "/api/docs/page.css",
            embedded("text/css; charset=utf-8", include_str!("docs/page.css")),
        )
}
