//! For those who run it: alive, ready, metrics (R-API-3).

use super::{Http, client::Client, problem::Answered};
use crate::telemetry;
use axum::{
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use hongbao_domain::Refusal;
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

/// Everything that is measured, in Prometheus' text format, for this machine and those that
/// `server.metrics_addresses` names. What a proxy on this machine forwards is not of this machine,
/// whether we trust the proxy or not.
pub(super) async fn metrics(
    State(http): State<Http>,
    client: Client,
    headers: HeaderMap,
) -> Result<Response, Answered> {
    let is_ours = client.address.is_loopback() && !headers.contains_key("x-forwarded-for");
    let named = &http.app.config.server.metrics_addresses;
    if !is_ours && !named.iter().any(|one| one.contains(&client.address)) {
        let detail = "server.metrics_addresses says who may read the metrics.";
        return Err(Refusal::new(ErrorCode::Forbidden).detail(detail).into());
    }
    let text = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    Ok((text, telemetry::metrics().render()).into_response())
}
