//! For those who run it: alive, ready, metrics (R-API-3).

use super::Http;
use super::problem::Answered;
use crate::telemetry;
use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use hongbao_shared::ErrorCode;

/// The process answers.
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// The stores answer and take writes; 503 while starting, while draining and while a
/// database refuses writes, so that a proxy sends nothing new.
pub(super) async fn ready(State(http): State<Http>) -> Result<&'static str, Answered> {
    if !http.draining.is_cancelled() && http.app.ready().await {
        Ok("ready\n")
    } else {
        Err(ErrorCode::Unavailable.into())
    }
}

/// Everything that is measured, in Prometheus' text format.
pub(super) async fn metrics() -> Response {
    let text = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (text, telemetry::metrics().render()).into_response()
}
