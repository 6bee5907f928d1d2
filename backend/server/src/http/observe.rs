//! What every request goes through: an id, a span, a metric, one log line; and the
//! headers that every answer carries.

use super::{Http, client::Client, problem::Refused};
use crate::telemetry::REQUEST_SECONDS;
use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    middleware::Next,
    response::Response,
};
use hongbao_domain::runtime::{Entropy, SystemEntropy};
use std::{
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};
use tracing::Instrument;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// No page of ours may run what is not ours (inline script and style included), or be
/// framed; WASM is compiled, nothing else is evaluated.
const CONTENT_SECURITY_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
     connect-src 'self'; img-src 'self' data:; font-src 'self'; manifest-src 'self'; \
     base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
);

/// What no page of ours asks for, and nothing that gets into one may.
const PERMISSIONS_POLICY: HeaderValue = HeaderValue::from_static(
    "camera=(), microphone=(), geolocation=(), payment=(), usb=(), serial=(), \
     midi=(), display-capture=()",
);

/// A year of https alone, for whoever came by https.
const STRICT_TRANSPORT_SECURITY: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Outermost: counts, times and logs. By route template, never by path: paths hold
/// invitation codes.
pub(super) async fn observe(State(http): State<Http>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let https = Client::of(&parts, &http.app.config).https;
    let request = Request::from_parts(parts, body);
    let id = next_id();
    let method = known(request.method());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let span = tracing::info_span!("request", request.id = %id);
    let is_api = request.uri().path().starts_with("/api/");
    let started = Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    let elapsed = started.elapsed();

    let route = route.as_ref().map_or("other", MatchedPath::as_str);
    let status = response.status().as_u16();
    metrics::histogram!(
        REQUEST_SECONDS,
        "method" => method, "route" => route.to_owned(), "status" => status.to_string()
    )
    .record(elapsed);
    span.in_scope(|| {
        if let Some(Refused(refusal)) = response.extensions_mut().remove()
            && let Some(cause) = &refusal.cause
        {
            let code = refusal.code.as_str();
            let cause = format!("{cause:#}");
            if refusal.code.status() == 500 {
                tracing::error!(http.method = method, http.route = route, code, cause, "refused");
            } else {
                // Something is down: the board says so once, and not every call. Or it is
                // the client's fault, as often as they like.
                tracing::debug!(http.method = method, http.route = route, code, cause, "refused");
            }
        }
        let duration_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        tracing::debug!(
            http.method = method,
            http.route = route,
            http.status = status,
            duration_us,
            "answered"
        );
    });
    harden(response.headers_mut(), is_api, https);
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// Unique across restarts, and cheap: random once, then counted.
fn next_id() -> String {
    static START: LazyLock<u32> = LazyLock::new(|| {
        let mut bytes = [0; 4];
        SystemEntropy.fill(&mut bytes);
        u32::from_le_bytes(bytes)
    });
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("{:08x}-{:x}", *START, COUNT.fetch_add(1, Ordering::Relaxed))
}

/// HTTP lets clients make up methods; a metric must not grow with them.
fn known(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

/// The headers that keep browsers careful.
fn harden(headers: &mut HeaderMap, is_api: bool, https: bool) {
    let html = headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|content_type| content_type.as_bytes().starts_with(b"text/html"));
    if html {
        headers.insert(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
        headers.insert(HeaderName::from_static("permissions-policy"), PERMISSIONS_POLICY);
    }
    let always = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // Addresses of invitations are secrets.
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in always {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, STRICT_TRANSPORT_SECURITY);
    }
    if is_api {
        default(headers, header::CACHE_CONTROL, "no-store");
    }
}

fn default(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.entry(name).or_insert(HeaderValue::from_static(value));
}
