//! How a request says who asks: a bearer token, or the cookie of a session.

use axum::http::{HeaderMap, Method, header};

pub(super) const COOKIE: &str = "hongbao_session";
/// Over https: no other host, and nobody on the way, can set it (RFC 6265bis, 4.1.3.2). The plain one is
/// read until it is renewed.
pub(super) const SECURE_COOKIE: &str = "__Host-hongbao_session";

/// The token, and whether it came as a cookie. An explicit token wins; any other scheme than
/// `Bearer` is for somebody else, such as a proxy in front that asks for a password.
pub(super) fn token(headers: &HeaderMap) -> Option<(&str, bool)> {
    let bearer = headers.get_all(header::AUTHORIZATION).iter().find_map(|value| {
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some((token.trim(), false))
    });
    bearer.or_else(|| cookie_token(headers).map(|token| (token, true)))
}

/// That of the cookie, if there is one.
pub(super) fn cookie_token(headers: &HeaderMap) -> Option<&str> {
    [SECURE_COOKIE, COOKIE].into_iter().find_map(|cookie| {
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find_map(|(name, value)| (name == cookie).then_some(value))
    })
}

/// Does this method change nothing?
pub(super) fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}
