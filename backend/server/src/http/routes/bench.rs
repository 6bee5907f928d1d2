//! What `cargo xtask bench` measures ours against, behind the same middleware and the same
//! check of sessions. Only in builds with the feature `bench`, and even there only on
//! routers that were asked for it.

use crate::http::{
    Answer, Http,
    extract::{Json, Path},
    session::Session,
};
use axum::{
    Extension, Router,
    body::Bytes,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::post,
};
use futures::future::BoxFuture;
use hongbao_domain::Refusal;
use hongbao_shared::{
    ErrorCode, Fen, OrderNo, UserId,
    api::packets::{OpenRequest, Opened},
};
use serde::{Deserialize, Serialize};
use std::{fmt::Debug, sync::Arc};

/// As long as the answer to an open.
pub const NO_OP: &str = r#"{"order_no":"S00000000000000","seq":10000,"amount_fen":100,"opened_at":"2026-01-01T00:00:00.000Z"}"#;

/// Another way to share out packets.
pub trait Rival: Debug + Send + Sync {
    /// Pays for a packet of this many shares and makes it ready to be opened.
    fn send(
        &self,
        sender: UserId,
        total: Fen,
        shares: u32,
    ) -> BoxFuture<'_, anyhow::Result<OrderNo>>;

    /// A share for this person, always the same one; `None` once all are taken.
    fn open(
        &self,
        user: UserId,
        order_no: OrderNo,
    ) -> BoxFuture<'_, anyhow::Result<Option<Opened>>>;
}

/// `POST /api/v1/rival/packets`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct RivalRequest {
    /// The total in fen.
    pub total_fen: Fen,
    /// The number of shares.
    pub shares: u32,
}

/// Its answer.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct RivalPacket {
    /// The number of the new packet.
    pub order_no: OrderNo,
}

/// The no-op, and a rival's two calls where there is one.
pub(in crate::http) fn routes(rival: Option<Arc<dyn Rival>>) -> Router<Http> {
    let no_op = Router::new().route("/api/v1/noop", post(noop));
    let Some(rival) = rival else { return no_op };
    no_op
        .route("/api/v1/rival/packets", post(send))
        .route("/api/v1/rival/packets/{order_no}/open", post(open))
        .layer(Extension(rival))
}

/// Takes the body, reads none of it, and answers.
async fn noop(_session: Session, _body: Bytes) -> Response {
    ([(CONTENT_TYPE, "application/json")], NO_OP).into_response()
}

async fn send(
    Extension(rival): Extension<Arc<dyn Rival>>,
    session: Session,
    Json(RivalRequest { total_fen, shares }): Json<RivalRequest>,
) -> Answer<(StatusCode, Json<RivalPacket>)> {
    let sent = rival.send(session.user_id, total_fen, shares).await;
    let order_no = sent.map_err(Refusal::internal)?;
    Ok((StatusCode::CREATED, Json(RivalPacket { order_no })))
}

/// Takes the ticket that an open brings, and looks at no more of it than that it is there.
async fn open(
    Extension(rival): Extension<Arc<dyn Rival>>,
    Path(order_no): Path<OrderNo>,
    session: Session,
    Json(OpenRequest { ticket: _ }): Json<OpenRequest>,
) -> Answer<Json<Opened>> {
    let opened = rival.open(session.user_id, order_no).await.map_err(Refusal::internal)?;
    Ok(Json(opened.ok_or(ErrorCode::PacketFinished)?))
}
