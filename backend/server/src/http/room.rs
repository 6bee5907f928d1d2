//! Without room on the disk, people can add nothing (R-STORE-4).

use super::Http;
use axum::{
    extract::{MatchedPath, Request},
    http::Method,
};
use hongbao_domain::Refusal;
use hongbao_shared::ErrorCode;
use std::time::Duration;

const RETRY_AFTER: Duration = Duration::from_secs(5);

/// Refuses whatever adds something while room is low. What has been paid goes on: grabs,
/// opens, and everything behind them; so do signing in and the switches, for whoever mends it.
pub(super) fn refusal(http: &Http, request: &Request) -> Option<Refusal> {
    (http.app.room.is_low() && adds(request)).then(|| {
        Refusal::new(ErrorCode::Unavailable)
            .detail("There is hardly any room left to store anything new; try again later.")
            .retry_after(RETRY_AFTER)
    })
}

/// Other methods write over what there is, or remove it; but for programs, which link people and
/// rooms that are new here by `PUT`.
fn adds(request: &Request) -> bool {
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let goes_on = route.ends_with("/grab")
        || route.ends_with("/open")
        || route.ends_with("/opens")
        || route == "/api/v1/session"
        || route.starts_with("/api/v1/control");
    let links = request.method() == Method::PUT && route.starts_with("/api/v1/service/");
    links || request.method() == Method::POST && !goes_on
}
