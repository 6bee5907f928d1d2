//! Money: the wallet, its statement, demo top-ups, grants.

use super::Part;
use crate::http::{
    Answer, Http,
    extract::{Json, Query},
    session::{Bringing, Granting, Session},
};
use axum::{extract::State, http::StatusCode};
use hongbao_domain::{Refusal, store::people::What};
use hongbao_engine::control::Deed;
use hongbao_shared::{
    ErrorCode,
    api::{
        Page,
        wallet::{Entry, Grant, GrantRequest, TopUp, TopUpRequest, Wallet},
    },
};
use serde_json::json;

/// How many lines of a statement come at a time.
const ENTRIES_PER_PART: u32 = 50;

/// What you can spend.
#[utoipa::path(get, path = "/api/v1/wallet", operation_id = "get_wallet", tag = "Wallet",
    responses((status = 200, description = "Your wallet.", body = Wallet)))]
pub(in crate::http) async fn wallet(
    State(http): State<Http>,
    session: Session,
) -> Answer<Json<Wallet>> {
    let wallet = session.come(&http).await?;
    Ok(Json(http.app.ledger.shown(session.user_id, wallet, &http.app.lists).await?))
}

/// Get demo money. The same key again moves nothing and answers the same.
#[utoipa::path(post, path = "/api/v1/wallet/top-ups", tag = "Wallet",
    responses((status = 201, description = "It is in your wallet.", body = TopUp)))]
pub(in crate::http) async fn top_up(
    State(http): State<Http>,
    Bringing { user, is_self }: Bringing,
    Json(request): Json<TopUpRequest>,
) -> Answer<(StatusCode, Json<TopUp>)> {
    http.app.pace.check(Deed::TopUp, user)?;
    let (limits, treasury) = (&http.app.config.limits, &http.app.config.treasury);
    if is_self && !treasury.self_top_up {
        let detail = "People bring no money into their own wallets here.";
        return Err(Refusal::new(ErrorCode::TopUpOutOfRange).detail(detail).into());
    }
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

/// Bring money into somebody's wallet in the name of the house. An administrator names them by
/// `user_id`; a service with the scope `grant` by `hongbao-for`, and leaves `user_id` out. The
/// same key again moves nothing and answers the same.
#[utoipa::path(post, path = "/api/v1/grants", operation_id = "grant_money", tag = "Wallet",
    responses((status = 201, description = "It is in their wallet.", body = Grant)))]
pub(in crate::http) async fn grant(
    State(http): State<Http>,
    Granting { by, to, admin }: Granting,
    Json(request): Json<GrantRequest>,
) -> Answer<(StatusCode, Json<Grant>)> {
    let GrantRequest { user_id, amount_fen, key } = request;
    let (Some(user), None) = (to.or(user_id), to.and(user_id)) else {
        let detail = "An administrator names to whom by user_id, a service by hongbao-for alone.";
        return Err(Refusal::new(ErrorCode::PersonRequired).detail(detail).into());
    };
    if to.is_none() && !http.app.accounts.exists(user).await? {
        return Err(Refusal::new(ErrorCode::NotFound).detail("There is no such person.").into());
    }
    if let Some(admin) = admin {
        let detail = json!({ "user_id": user, "amount_fen": amount_fen, "key": key });
        admin.enter(&http, What::GrantMoney, detail).await?;
    }
    let most = http.app.config.treasury.grant_max_fen;
    let grant = http.app.ledger.grant(by, user, amount_fen, &key, most).await?;
    Ok((StatusCode::CREATED, Json(grant)))
}
