//! Programs: who they are, whom and which rooms they link, and what they do for many at once
//! (R-API-5).

use crate::http::{
    Answer, Http,
    extract::{Json, Path},
    problem::Answered,
    service::{Actor, Asking, Linking},
};
use axum::extract::State;
use hongbao_domain::Refusal;
use hongbao_shared::{
    ErrorCode, OrderNo, ServiceId,
    api::services::{
        BulkOpen, BulkOpened, LinkPeople, LinkRooms, LinkedPeople, LinkedRooms, OPENS_PER_CALL_MAX,
        OpenFor, OpensRequest, Service,
    },
};

/// What is this service, and what may it do?
#[utoipa::path(get, path = "/api/v1/service", operation_id = "get_service", tag = "Services",
    responses((status = 200, description = "The service.", body = Service)))]
pub(in crate::http) async fn service(Asking(service): Asking) -> Json<Service> {
    Json(Service {
        name: service.name.clone(),
        scopes: service.scopes.iter().collect(),
        calls_per_minute: service.calls_per_minute,
        expires_at: service.expires_at,
    })
}

/// Link people of another system: each becomes somebody here, once. Repeated, the same people.
#[utoipa::path(put, path = "/api/v1/service/people", operation_id = "link_people", tag = "Services",
    responses((status = 200, description = "Who they are.", body = LinkedPeople)))]
pub(in crate::http) async fn people(
    State(http): State<Http>,
    Linking(service): Linking,
    Json(request): Json<LinkPeople>,
) -> Answer<Json<LinkedPeople>> {
    let people = http.app.services.link_people(service.id, request.people).await?;
    Ok(Json(LinkedPeople { people }))
}

/// Link rooms of another system: each becomes a group here, once, and gets the members that it
/// lacks. Repeated, the same groups.
#[utoipa::path(put, path = "/api/v1/service/rooms", operation_id = "link_rooms", tag = "Services",
    responses((status = 200, description = "Which they are.", body = LinkedRooms)))]
pub(in crate::http) async fn rooms(
    State(http): State<Http>,
    Linking(service): Linking,
    Json(request): Json<LinkRooms>,
) -> Answer<Json<LinkedRooms>> {
    let rooms = http.app.services.link_rooms(service.id, request.rooms).await?;
    Ok(Json(LinkedRooms { rooms }))
}

/// Open a packet for many linked people at once, each with the ticket of their own grab; each is
/// answered by itself, in the order of the request. Repeated, the same shares.
#[utoipa::path(post, path = "/api/v1/packets/{order_no}/opens", operation_id = "open_packet_for_many", tag = "Services",
    params(("order_no" = OrderNo, Path, description = "The packet.")),
    responses((status = 200, description = "What each has got.", body = BulkOpened)))]
pub(in crate::http) async fn opens(
    State(http): State<Http>,
    Path(order_no): Path<OrderNo>,
    Actor(service): Actor,
    Json(OpensRequest { opens }): Json<OpensRequest>,
) -> Answer<Json<BulkOpened>> {
    if opens.len() > OPENS_PER_CALL_MAX {
        let detail = format!("This call takes {OPENS_PER_CALL_MAX} at a time.");
        return Err(Refusal::new(ErrorCode::TooManyAtOnce).detail(detail).into());
    }
    // All at once: they gather in the lane's batch as those of as many people would.
    let opens = opens.into_iter().map(|open| open_for(&http, service.id, order_no, open));
    Ok(Json(BulkOpened { opens: futures::future::join_all(opens).await }))
}

async fn open_for(http: &Http, service: ServiceId, order_no: OrderNo, open: OpenFor) -> BulkOpen {
    let OpenFor { person, ticket } = open;
    let opened = async {
        let user = http.app.services.person(service, person.clone()).await?;
        http.app.packets.open(user, order_no, &ticket).await
    };
    match opened.await {
        Ok(opened) => BulkOpen { person, opened: Some(opened), refused: None },
        Err(refusal) => {
            BulkOpen { person, opened: None, refused: Some(Answered(refusal).problem()) }
        }
    }
}
