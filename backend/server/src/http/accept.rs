//! What a client takes (RFC 9110, 12.5.1), as far as it matters here: each call answers in one
//! form, and whoever excludes it is refused before anything is done. Allocates nothing.

use super::problem::Answered;
use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderMap, Method, header},
    response::{IntoResponse, Response},
};
use hongbao_domain::Refusal;
use hongbao_shared::ErrorCode;

const JSON: &str = "application/json";
/// Refusals are that, so whoever takes it can be answered.
const PROBLEM: &str = "application/problem+json";
const EVENTS: &str = "text/event-stream";

/// Of a call whose answer the client excludes.
pub(super) fn refusal(request: &Request) -> Option<Response> {
    if !request.headers().contains_key(header::ACCEPT) {
        return None;
    }
    // Most of these answer nothing, which nobody excludes.
    if matches!(*request.method(), Method::PUT | Method::DELETE) {
        return None;
    }
    let route = request.extensions().get::<MatchedPath>()?.as_str();
    // The document goes to tools, which call it by names of their own.
    if !route.starts_with("/api/v1/") || route == "/api/v1/openapi.json" {
        return None;
    }
    let answered = if route.ends_with("/events") { EVENTS } else { JSON };
    if takes(request.headers(), answered) || takes(request.headers(), PROBLEM) {
        return None;
    }
    let detail = format!("This call answers {answered}.");
    Some(Answered(Refusal::new(ErrorCode::NotAcceptable).detail(detail)).into_response())
}

/// Does the range that fits this type best allow it? What cannot be read excludes nothing.
fn takes(headers: &HeaderMap, wanted: &str) -> bool {
    let (mut best, mut allowed, mut named) = (0, false, false);
    for value in headers.get_all(header::ACCEPT) {
        let Ok(text) = value.to_str() else { return true };
        for range in text.split(',') {
            let mut parts = range.split(';');
            let name = parts.next().unwrap_or_default().trim();
            if !name.contains('/') {
                continue;
            }
            named = true;
            let fits = fits(name, wanted);
            if fits == 0 || fits < best {
                continue;
            }
            let is_taken = !parts.any(is_zero);
            allowed = if fits > best { is_taken } else { allowed || is_taken };
            best = fits;
        }
    }
    allowed || !named
}

/// How well: 3 for the type itself, 1 for any; 0 not at all.
fn fits(range: &str, wanted: &str) -> u8 {
    if range.eq_ignore_ascii_case(wanted) {
        return 3;
    }
    let (kind, any) = range.split_once('/').unwrap_or_default();
    match (kind, any, wanted.split_once('/')) {
        ("*", "*", _) => 1,
        (kind, "*", Some((of, _))) if kind.eq_ignore_ascii_case(of) => 2,
        _ => 0,
    }
}

/// `q=0`, in any of its spellings.
fn is_zero(parameter: &str) -> bool {
    let Some((name, weight)) = parameter.split_once('=') else { return false };
    let weight = weight.trim();
    name.trim().eq_ignore_ascii_case("q")
        && weight.starts_with('0')
        && weight.bytes().all(|byte| matches!(byte, b'0' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn the_range_that_fits_best_decides() {
        for (accepts, json, events) in [
            (&[][..], true, true),
            (&[""], true, true),
            (&["*/*"], true, true),
            (&["nonsense"], true, true),
            (&["application/*"], true, false),
            (&["APPLICATION/JSON; charset=utf-8"], true, false),
            (&["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"], true, true),
            (&["text/html", "application/json"], true, false),
            (&["text/html"], false, false),
            (&["text/event-stream"], false, true),
            (&["text/*;q=0.1"], false, true),
            (&["application/json;q=0"], false, false),
            (&["*/*, application/json;q=0.000"], false, true),
            (&["*/*;q=0, application/json"], true, false),
            (&["application/*;q=0, */*"], false, true),
            (&["application/json;q=0.001"], true, false),
            (&["application/vnd.other+json"], false, false),
        ] {
            let mut headers = HeaderMap::new();
            for accept in accepts {
                headers.append(header::ACCEPT, HeaderValue::from_static(accept));
            }
            assert_eq!(takes(&headers, JSON), json, "{accepts:?}");
            assert_eq!(takes(&headers, EVENTS), events, "{accepts:?}");
        }
    }
}
