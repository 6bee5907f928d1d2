//! Look after it: for administrators.

use super::{Letters, Part, Window};
use crate::{
    http::{
        Answer, Http,
        extract::{Json, Path, Query},
        session::Admin,
    },
    telemetry,
};
use axum::{extract::State, http::StatusCode};
use hongbao_domain::store::{outbox::Fate, people::What};
use hongbao_engine::delivery::{LETTERS_PAGE_MAX, LetterId};
use hongbao_shared::{
    UserId,
    api::{
        control::{
            ChangeSwitches, ControlState, DeadLetters, Journal, LetterState, Reconciliation,
            Retried,
        },
        history::History,
    },
};
use serde_json::json;

/// Every switch, what it says, who turned it last; the newest changes; and what is degraded on
/// the node that answers. For administrators.
#[utoipa::path(get, path = "/api/v1/control", operation_id = "get_switches", tag = "Control",
    responses((status = 200, description = "All of it.", body = ControlState)))]
pub(in crate::http) async fn switches(
    State(http): State<Http>,
    _admin: Admin,
) -> Answer<Json<ControlState>> {
    let state = http.app.follower.state().await?;
    let mut people: Vec<UserId> = state.turned_by.values().map(|by| by.user_id).collect();
    people.extend(state.changes.iter().map(|change| change.by.user_id));
    people.sort_unstable();
    people.dedup();
    let people = http.app.accounts.profiles(&people).await;
    Ok(Json(ControlState { people, degraded: http.app.degraded(), ..state }))
}

/// Turn switches; those that are not named stay. In force on every node within a second, and
/// recorded. For administrators.
#[utoipa::path(put, path = "/api/v1/control", tag = "Control",
    request_body = ChangeSwitches,
    responses((status = 200, description = "All of it, as it is now.", body = ControlState)))]
pub(in crate::http) async fn turn_switches(
    State(http): State<Http>,
    admin: Admin,
    Json(change): Json<ChangeSwitches>,
) -> Answer<Json<ControlState>> {
    // It limits damage, and has a record of its own: a journal that is away or damaged keeps nobody
    // from it.
    if let Err(refusal) = admin.enter(&http, What::TurnSwitches, json!(change)).await {
        tracing::error!(%refusal, cause = ?refusal.cause, "switches are turned without a journal");
    }
    http.app.follower.change(admin.user, &change).await?;
    switches(State(http), admin).await
}

/// What the node that answers has measured since it was started: its own short history, in
/// memory. For administrators.
#[utoipa::path(get, path = "/api/v1/control/history", operation_id = "get_history", tag = "Control",
    params(Window),
    responses((status = 200, description = "The lines of the charts.", body = History)))]
pub(in crate::http) async fn history(Query(window): Query<Window>, _admin: Admin) -> Json<History> {
    Json(telemetry::history(window.window.unwrap_or_default()))
}

/// What could not be delivered, database by database, the oldest of each first. For
/// administrators.
#[utoipa::path(get, path = "/api/v1/control/dead-letters", operation_id = "list_dead_letters", tag = "Control",
    params(Letters),
    responses((status = 200, description = "A part of them.", body = DeadLetters)))]
pub(in crate::http) async fn dead_letters(
    State(http): State<Http>,
    Query(letters): Query<Letters>,
    _admin: Admin,
) -> Answer<Json<DeadLetters>> {
    let fate = match letters.state.unwrap_or_default() {
        LetterState::Dead => Fate::Dead,
        LetterState::Failing => Fate::Failing,
    };
    Ok(Json(http.app.letters.page(fate, letters.cursor.as_deref(), LETTERS_PAGE_MAX).await?))
}

/// Try a dead letter again, at once. Repeating it changes nothing. For administrators.
#[utoipa::path(post, path = "/api/v1/control/dead-letters/{id}/retry", tag = "Control",
    params(("id" = String, Path, description = "The letter.", pattern = "^.+-[1-9][0-9]*$")),
    responses((status = 200, description = "Whether it was dead.", body = Retried)))]
pub(in crate::http) async fn retry_dead_letter(
    State(http): State<Http>,
    Path(id): Path<LetterId>,
    admin: Admin,
) -> Answer<Json<Retried>> {
    let letter = json!({ "letter": id.to_string() });
    admin.enter(&http, What::RetryDeadLetter, letter).await?;
    let retried = http.app.letters.retry(id).await?;
    Ok(Json(Retried { id: id.to_string(), retried }))
}

/// What reconciliation found last on this node. For administrators.
#[utoipa::path(get, path = "/api/v1/control/reconciliation", operation_id = "get_reconciliation", tag = "Control",
    responses((status = 200, description = "The last report, if there is one.",
               body = Reconciliation)))]
pub(in crate::http) async fn reconciliation(
    State(http): State<Http>,
    _admin: Admin,
) -> Json<Reconciliation> {
    Json(http.app.reconciliation.state())
}

/// Reconcile now. One runs at a time; this is the answer as long as it does. For
/// administrators.
#[utoipa::path(post, path = "/api/v1/control/reconciliation", operation_id = "start_reconciliation", tag = "Control",
    responses((status = 202, description = "It runs; ask for the report.",
               body = Reconciliation)))]
pub(in crate::http) async fn reconcile(
    State(http): State<Http>,
    admin: Admin,
) -> Answer<(StatusCode, Json<Reconciliation>)> {
    admin.enter(&http, What::Reconcile, json!({})).await?;
    http.app.reconciliation.ask();
    Ok((StatusCode::ACCEPTED, Json(http.app.reconciliation.state())))
}

/// What administrators and services did, the newest first, and where that ends. Each entry's
/// hash covers the one before it; `hongbao audit` follows the chain. For administrators.
#[utoipa::path(get, path = "/api/v1/control/journal", operation_id = "list_journal", tag = "Control",
    params(Part),
    responses((status = 200, description = "A part of it.", body = Journal)))]
pub(in crate::http) async fn journal(
    State(http): State<Http>,
    Query(part): Query<Part>,
    _admin: Admin,
) -> Answer<Json<Journal>> {
    Ok(Json(http.app.journal.page(part.cursor.as_deref()).await?))
}
