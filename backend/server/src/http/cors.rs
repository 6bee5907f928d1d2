//! Calls from pages of other origins, as far as `server.cors_origins` names them (the Fetch
//! standard's CORS protocol). Without a cookie: such a page has a token, and says so in a header.

use super::{Http, session::EXPECTED};
use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use hongbao_shared::api::services::FOR;

/// All that any call is made by.
const METHODS: HeaderValue = HeaderValue::from_static("GET, PUT, POST, PATCH, DELETE");
/// What a page may read of an answer beside its body.
const EXPOSED: HeaderValue =
    HeaderValue::from_static("retry-after, idempotency-replayed, x-request-id");
/// For how long a browser need not ask again, in seconds: the most that any of them takes.
const MAX_AGE_S: HeaderValue = HeaderValue::from_static("7200");

/// What a call of a page elsewhere is told.
#[derive(Debug)]
pub(super) struct Cors {
    /// The origin of the page, if it may.
    allowed: Option<HeaderValue>,
}

impl Cors {
    /// `None` where pages have nothing to call, or no setting lets any.
    pub(super) fn of(http: &Http, request: &Request) -> Option<Self> {
        let origins = &http.app.config.server.cors_origins;
        if origins.is_empty() || !request.uri().path().starts_with("/api/") {
            return None;
        }
        let origin = request.headers().get(header::ORIGIN);
        let allowed = origin.filter(|named| origins.iter().any(|one| *named == one.as_str()));
        Some(Self { allowed: allowed.cloned() })
    }

    /// The answer to a browser that asks whether a call may be made.
    pub(super) fn preflight(&self, request: &Request) -> Option<Response> {
        let asks = request.method() == Method::OPTIONS
            && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        if !asks || self.allowed.is_none() {
            return None;
        }
        let taken = format!(
            "authorization, content-type, idempotency-key, last-event-id, {FOR}, {EXPECTED}"
        );
        let headers = [
            (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
            (header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::try_from(taken).ok()?),
            (header::ACCESS_CONTROL_MAX_AGE, MAX_AGE_S),
        ];
        Some((StatusCode::NO_CONTENT, headers).into_response())
    }

    /// What every answer to such a call carries, refusals too.
    pub(super) fn tell(&self, headers: &mut HeaderMap) {
        headers.append(header::VARY, HeaderValue::from_static("origin"));
        if let Some(allowed) = &self.allowed {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed.clone());
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
    }
}
