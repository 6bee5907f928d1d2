//! The life of a packet: send, grab, open, look.
//!
//! The order number is read before the session is looked up, so that a text that is
//! not canonical is refused before any look-up (R-ORDER-3).

use super::Part;
use crate::http::{
    Answer, Http,
    extract::{Json, Path, Query},
    session::Session,
};
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use hongbao_engine::packets::Paid;
use hongbao_shared::{
    ErrorCode, OrderNo,
    api::{
        Page,
        packets::{
            Claim, Grabbed, Landing, OpenRequest, Opened, PacketDetails, PayRequest, PreOrder,
            PreOrderRequest,
        },
    },
};

/// Pre-order a packet: it gets its number and the commitment to its split.
#[utoipa::path(post, path = "/api/v1/packets", operation_id = "create_packet", tag = "Packets",
    responses((status = 201, description = "To be paid before it expires.", body = PreOrder)))]
pub(in crate::http) async fn pre_order(
    State(http): State<Http>,
    session: Session,
    Json(request): Json<PreOrderRequest>,
) -> Answer<(StatusCode, Json<PreOrder>)> {
    let pre_order = http.app.packets.pre_order(session.user_id, request).await?;
    Ok((StatusCode::CREATED, Json(pre_order)))
}

/// Pay a pre-order: the packet comes into the group. Repeated, the same answer.
#[utoipa::path(post, path = "/api/v1/packets/{order_no}/pay", operation_id = "pay_packet", tag = "Packets",
    params(("order_no" = OrderNo, Path, description = "The packet.")),
    request_body(content = PayRequest),
    responses(
        (status = 200, description = "The packet is in the group.", body = PacketDetails),
        (status = 202, description = "Paid; the packet arrives later by itself.", body = Landing),
    ))]
pub(in crate::http) async fn pay(
    State(http): State<Http>,
    Path(order_no): Path<OrderNo>,
    session: Session,
    request: Option<Json<PayRequest>>,
) -> Answer<Response> {
    let Json(request) = request.unwrap_or(Json(PayRequest::default()));
    let pay = || {
        let pay = http.app.packets.pay(session.user_id, order_no, request.clone());
        http.app.pace.look(session.user_id, pay)
    };
    let paid = match pay().await {
        // Who has not come to their wallet yet has not been given what the house gives.
        Err(refusal) if refusal.code == ErrorCode::InsufficientBalance => {
            let before = http.app.ledger.account(session.user_id).await?;
            if session.come(&http).await? == before { Err(refusal) } else { pay().await }
        }
        other => other,
    };
    Ok(match paid? {
        Paid::Landed(details) => Json(details).into_response(),
        Paid::Landing(landing) => (StatusCode::ACCEPTED, Json(landing)).into_response(),
    })
}

/// Tap a packet: may it be opened?
#[utoipa::path(post, path = "/api/v1/packets/{order_no}/grab", operation_id = "grab_packet", tag = "Packets",
    params(("order_no" = OrderNo, Path, description = "The packet.")),
    responses((status = 200, description = "What you can expect.", body = Grabbed)))]
pub(in crate::http) async fn grab(
    State(http): State<Http>,
    Path(order_no): Path<OrderNo>,
    session: Session,
) -> Answer<Json<Grabbed>> {
    Ok(Json(http.app.packets.grab(session.user_id, order_no).await?))
}

/// Open a packet with the ticket of a grab: your share. Repeated, the same share.
#[utoipa::path(post, path = "/api/v1/packets/{order_no}/open", operation_id = "open_packet", tag = "Packets",
    params(("order_no" = OrderNo, Path, description = "The packet.")),
    responses((status = 200, description = "Your share; it is durable.", body = Opened)))]
pub(in crate::http) async fn open(
    State(http): State<Http>,
    Path(order_no): Path<OrderNo>,
    session: Session,
    Json(request): Json<OpenRequest>,
) -> Answer<Json<Opened>> {
    Ok(Json(http.app.packets.open(session.user_id, order_no, &request.ticket).await?))
}

/// A packet: who sent it, who got what, and the proof once it is over.
#[utoipa::path(get, path = "/api/v1/packets/{order_no}", operation_id = "get_packet", tag = "Packets",
    params(("order_no" = OrderNo, Path, description = "The packet.")),
    responses((status = 200, description = "The packet as you may see it.", body = PacketDetails)))]
pub(in crate::http) async fn details(
    State(http): State<Http>,
    Path(order_no): Path<OrderNo>,
    session: Session,
) -> Answer<Json<PacketDetails>> {
    let details = http.app.packets.details(session.user_id, order_no);
    Ok(Json(http.app.pace.look(session.user_id, details).await?))
}

/// The shares of a very large packet, in the order of opening.
#[utoipa::path(get, path = "/api/v1/packets/{order_no}/claims", operation_id = "list_claims", tag = "Packets",
    params(("order_no" = OrderNo, Path, description = "The packet."), Part),
    responses((status = 200, description = "A part of the shares.", body = Page<Claim>)))]
pub(in crate::http) async fn claims(
    State(http): State<Http>,
    Path(order_no): Path<OrderNo>,
    Query(part): Query<Part>,
    session: Session,
) -> Answer<Json<Page<Claim>>> {
    let cursor = part.cursor.as_deref();
    let claims = http.app.packets.claims(session.user_id, order_no, cursor);
    Ok(Json(http.app.pace.look(session.user_id, claims).await?))
}
