//! Money: the wallet, its statement, demo top-ups.

use super::Part;
use crate::http::{
    Answer, Http,
    extract::{Json, Query},
    session::{Grant, Session},
};
use axum::{extract::State, http::StatusCode};
use hongbao_engine::control::Deed;
use hongbao_shared::api::{
    Page,
    wallet::{Entry, TopUp, TopUpRequest, Wallet},
};

/// How many lines of a statement come at a time.
const ENTRIES_PER_PART: u32 = 50;

/// What you can spend.
#[utoipa::path(get, path = "/api/v1/wallet", operation_id = "get_wallet", tag = "Wallet",
    responses((status = 200, description = "Your wallet.", body = Wallet)))]
pub(in crate::http) async fn wallet(
    State(http): State<Http>,
    session: Session,
) -> Answer<Json<Wallet>> {
    session.welcome(&http).await?;
    Ok(Json(http.app.ledger.wallet(session.user_id, &http.app.lists).await?))
}

/// Get demo money. The same key again moves nothing and answers the same.
#[utoipa::path(post, path = "/api/v1/wallet/top-ups", tag = "Wallet",
    responses((status = 201, description = "It is in your wallet.", body = TopUp)))]
pub(in crate::http) async fn top_up(
    State(http): State<Http>,
    Grant(user): Grant,
    Json(request): Json<TopUpRequest>,
) -> Answer<(StatusCode, Json<TopUp>)> {
    http.app.pace.check(Deed::TopUp, user)?;
    let limits = &http.app.config.limits;
    let ledger = &http.app.ledger;
    let top_up = ledger.top_up(user, request.amount_fen, &request.key, limits).await?;
    Ok((StatusCode::CREATED, Json(top_up)))
}

/// The statement, newest first.
#[utoipa::path(get, path = "/api/v1/wallet/entries", operation_id = "list_entries", tag = "Wallet",
    params(Part),
    responses((status = 200, description = "A part of the statement.", body = Page<Entry>)))]
pub(in crate::http) async fn entries(
    State(http): State<Http>,
    Query(part): Query<Part>,
    session: Session,
) -> Answer<Json<Page<Entry>>> {
    let cursor = part.cursor.as_deref();
    Ok(Json(http.app.ledger.entries(session.user_id, cursor, ENTRIES_PER_PART).await?))
}
