//! Look back: what you sent and received.

use super::YearPart;
use crate::http::{
    Answer, Http,
    extract::{Json, Query},
    session::Session,
};
use axum::extract::State;
use hongbao_shared::api::lists::{ListPage, ReceivedItem, SentItem};

/// What you sent in a year, newest first.
#[utoipa::path(get, path = "/api/v1/lists/sent", operation_id = "list_sent", tag = "Lists",
    params(YearPart),
    responses((status = 200, description = "A part of the list.", body = ListPage<SentItem>)))]
pub(in crate::http) async fn sent(
    State(http): State<Http>,
    Query(part): Query<YearPart>,
    session: Session,
) -> Answer<Json<ListPage<SentItem>>> {
    let part = part.part(&http.app.control);
    Ok(Json(http.app.lists.sent(session.user_id, part, &*http.app.packets).await?))
}

/// What you received in a year, newest first.
#[utoipa::path(get, path = "/api/v1/lists/received", operation_id = "list_received", tag = "Lists",
    params(YearPart),
    responses((status = 200, description = "A part of the list.", body = ListPage<ReceivedItem>)))]
pub(in crate::http) async fn received(
    State(http): State<Http>,
    Query(part): Query<YearPart>,
    session: Session,
) -> Answer<Json<ListPage<ReceivedItem>>> {
    let part = part.part(&http.app.control);
    Ok(Json(http.app.lists.received(session.user_id, part, &http.app.accounts).await?))
}
