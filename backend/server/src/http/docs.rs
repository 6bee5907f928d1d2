//! The OpenAPI document and the page to browse it (R-API-1).
//!
//! The page is our own: Swagger UI would add four megabytes to the binary, and needs
//! inline styles that the content security policy refuses.

use super::Http;
use axum::{Router, body::Bytes, http::header, response::IntoResponse, routing::get};
use hongbao_shared::api::{
    live::{GroupNews, PacketChange},
    problem::Problem,
};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        ComponentsBuilder, ContentBuilder, InfoBuilder, OpenApiBuilder, Ref, ResponseBuilder,
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
            "Group red packets. Money is integer fen, times are RFC 3339 in UTC, ids are strings. \
             Refusals are application/problem+json with a stable `code`; those for rate carry \
             Retry-After. Calls that move money can be repeated safely. A call with the header \
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
        .security(Some([
            SecurityRequirement::new("bearer", no_scopes()),
            SecurityRequirement::new("cookie", no_scopes()),
        ]))
        .build()
}

/// Adds to every operation how it refuses.
pub(super) fn finish(mut document: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    let mut schemas = vec![
        (Problem::name().into_owned(), Problem::schema()),
        // What streams carry; no answer's body names them.
        (PacketChange::name().into_owned(), PacketChange::schema()),
        (GroupNews::name().into_owned(), GroupNews::schema()),
    ];
    Problem::schemas(&mut schemas);
    document.components.get_or_insert_default().schemas.extend(schemas);
    for item in document.paths.paths.values_mut() {
        let operations =
            [&mut item.get, &mut item.put, &mut item.post, &mut item.patch, &mut item.delete];
        operations.into_iter().flatten().for_each(add_refusal);
    }
    document
}

fn add_refusal(operation: &mut Operation) {
    let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let refusal = ResponseBuilder::new()
        .description("A refusal; `code` says which.")
        .content("application/problem+json", problem)
        .build();
    operation.responses.responses.insert("default".to_owned(), refusal.into());
}

/// The document, and the page that shows it.
pub(super) fn routes(document: utoipa::openapi::OpenApi) -> Router<Http> {
    let document = finish(document).to_json().unwrap_or_default();
    let document = Bytes::from(document);
    let file = |content_type: &'static str, text: Bytes| {
        get(move || async move { ([(header::CONTENT_TYPE, content_type)], text).into_response() })
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
