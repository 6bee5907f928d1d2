//! Be told of packets while no page of the app is open (R-WEB-8).

use crate::http::{Answer, Http, extract::Json, session::Own};
use axum::{extract::State, http::StatusCode};
use hongbao_engine::control::Deed;
use hongbao_shared::api::push::{NewPushSubscription, PushKey};

/// What does a browser subscribe with?
#[utoipa::path(get, path = "/api/v1/push", operation_id = "get_push_key", tag = "People",
    security(()),
    responses((status = 200, description = "The key that says who pushes.", body = PushKey)))]
pub(in crate::http) async fn key(State(http): State<Http>) -> Answer<Json<PushKey>> {
    Ok(Json(PushKey { public_key: http.app.pushes.public_key().await? }))
}

/// Have the browser of this session told of red packets, until the session ends. Muted groups, your
/// own packets and those for somebody else are left out, and nothing of amounts is told.
#[utoipa::path(put, path = "/api/v1/session/push", operation_id = "subscribe_to_pushes",
    tag = "People", responses((status = 204, description = "It is told.")))]
pub(in crate::http) async fn subscribe(
    State(http): State<Http>,
    Own(session): Own,
    Json(new): Json<NewPushSubscription>,
) -> Answer<StatusCode> {
    http.app.pace.check(Deed::Profile, session.user_id)?;
    http.app.pushes.subscribe(&session.token, new).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Have the browser of this session told nothing more.
#[utoipa::path(delete, path = "/api/v1/session/push", operation_id = "unsubscribe_from_pushes",
    tag = "People", responses((status = 204, description = "It is told nothing more.")))]
pub(in crate::http) async fn unsubscribe(
    State(http): State<Http>,
    Own(session): Own,
) -> Answer<StatusCode> {
    http.app.pace.check(Deed::Profile, session.user_id)?;
    http.app.pushes.unsubscribe(&session.token).await?;
    Ok(StatusCode::NO_CONTENT)
}
