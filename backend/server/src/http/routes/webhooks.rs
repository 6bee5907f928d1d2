//! Webhooks: where programs are told what happens (R-API-5).

use crate::http::{
    Answer, Http,
    extract::{Json, Path},
    service::Hearing,
};
use axum::{extract::State, http::StatusCode};
use hongbao_shared::{
    WebhookId,
    api::webhooks::{
        Attempt, AttemptList, NewWebhook, Replay, Replayed, Webhook, WebhookList, WebhookWithSecret,
    },
};

/// Have events posted to a URL. The answer holds the secret that signs them, told this once.
#[utoipa::path(post, path = "/api/v1/service/webhooks", operation_id = "create_webhook", tag = "Webhooks",
    responses((status = 201, description = "The webhook, and its secret.", body = WebhookWithSecret)))]
pub(in crate::http) async fn add(
    State(http): State<Http>,
    Hearing(service): Hearing,
    Json(new): Json<NewWebhook>,
) -> Answer<(StatusCode, Json<WebhookWithSecret>)> {
    Ok((StatusCode::CREATED, Json(http.app.hooks.add(service.id, new).await?)))
}

/// What webhooks does this service have?
#[utoipa::path(get, path = "/api/v1/service/webhooks", operation_id = "list_webhooks", tag = "Webhooks",
    responses((status = 200, description = "All of them.", body = WebhookList)))]
pub(in crate::http) async fn list(
    State(http): State<Http>,
    Hearing(service): Hearing,
) -> Answer<Json<WebhookList>> {
    Ok(Json(WebhookList { webhooks: http.app.hooks.list(service.id).await? }))
}

/// How is a webhook?
#[utoipa::path(get, path = "/api/v1/service/webhooks/{id}", operation_id = "get_webhook", tag = "Webhooks",
    params(("id" = WebhookId, Path, description = "The webhook.")),
    responses((status = 200, description = "The webhook.", body = Webhook)))]
pub(in crate::http) async fn get(
    State(http): State<Http>,
    Path(id): Path<WebhookId>,
    Hearing(service): Hearing,
) -> Answer<Json<Webhook>> {
    Ok(Json(http.app.hooks.get(service.id, id).await?))
}

/// Remove a webhook with all that waits for it.
#[utoipa::path(delete, path = "/api/v1/service/webhooks/{id}", operation_id = "delete_webhook", tag = "Webhooks",
    params(("id" = WebhookId, Path, description = "The webhook.")),
    responses((status = 204, description = "It is gone.")))]
pub(in crate::http) async fn remove(
    State(http): State<Http>,
    Path(id): Path<WebhookId>,
    Hearing(service): Hearing,
) -> Answer<StatusCode> {
    http.app.hooks.remove(service.id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Give a webhook another secret; the one before signs as well for a day.
#[utoipa::path(post, path = "/api/v1/service/webhooks/{id}/secret", operation_id = "rotate_webhook_secret", tag = "Webhooks",
    params(("id" = WebhookId, Path, description = "The webhook.")),
    responses((status = 200, description = "The webhook, and its new secret.", body = WebhookWithSecret)))]
pub(in crate::http) async fn rotate(
    State(http): State<Http>,
    Path(id): Path<WebhookId>,
    Hearing(service): Hearing,
) -> Answer<Json<WebhookWithSecret>> {
    Ok(Json(http.app.hooks.rotate(service.id, id).await?))
}

/// Post an event of type `webhook.test` now: what became of it.
#[utoipa::path(post, path = "/api/v1/service/webhooks/{id}/test", operation_id = "test_webhook", tag = "Webhooks",
    params(("id" = WebhookId, Path, description = "The webhook.")),
    responses((status = 200, description = "What became of it; `error` says why it did not arrive.", body = Attempt)))]
pub(in crate::http) async fn test(
    State(http): State<Http>,
    Path(id): Path<WebhookId>,
    Hearing(service): Hearing,
) -> Answer<Json<Attempt>> {
    Ok(Json(http.app.hooks.test(service.id, id).await?))
}

/// Have a paused webhook take new events again.
#[utoipa::path(post, path = "/api/v1/service/webhooks/{id}/resume", operation_id = "resume_webhook", tag = "Webhooks",
    params(("id" = WebhookId, Path, description = "The webhook.")),
    responses((status = 200, description = "The webhook.", body = Webhook)))]
pub(in crate::http) async fn resume(
    State(http): State<Http>,
    Path(id): Path<WebhookId>,
    Hearing(service): Hearing,
) -> Answer<Json<Webhook>> {
    Ok(Json(http.app.hooks.resume(service.id, id).await?))
}

/// Deliver events again that arrived or were given up, under the ids that they had: one, or all
/// that happened from a moment on. They are kept for a week.
#[utoipa::path(post, path = "/api/v1/service/webhooks/{id}/replay", operation_id = "replay_webhook", tag = "Webhooks",
    params(("id" = WebhookId, Path, description = "The webhook.")),
    responses((status = 200, description = "How many.", body = Replayed)))]
pub(in crate::http) async fn replay(
    State(http): State<Http>,
    Path(id): Path<WebhookId>,
    Hearing(service): Hearing,
    Json(replay): Json<Replay>,
) -> Answer<Json<Replayed>> {
    Ok(Json(Replayed { events: http.app.hooks.replay(service.id, id, replay).await? }))
}

/// What was tried last? Attempts are kept for a week.
#[utoipa::path(get, path = "/api/v1/service/webhooks/{id}/attempts", operation_id = "list_webhook_attempts", tag = "Webhooks",
    params(("id" = WebhookId, Path, description = "The webhook.")),
    responses((status = 200, description = "The newest attempts.", body = AttemptList)))]
pub(in crate::http) async fn attempts(
    State(http): State<Http>,
    Path(id): Path<WebhookId>,
    Hearing(service): Hearing,
) -> Answer<Json<AttemptList>> {
    Ok(Json(AttemptList { attempts: http.app.hooks.attempts(service.id, id).await? }))
}
