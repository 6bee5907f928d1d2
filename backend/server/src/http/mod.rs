//! REST under `/api/v1` (R-API), health and metrics, and the web app.
//!
//! A handler extracts, calls one service and maps its answer; what is allowed is
//! decided below.

mod accept;
mod client;
mod cors;
mod docs;
mod doors;
mod extract;
mod health;
mod keyed;
mod observe;
mod patience;
mod problem;
mod room;
mod routes;
mod serve;
mod service;
mod session;
mod tags;
mod throttle;
mod token;
mod web;

pub use docs::ROLES;
#[cfg(feature = "bench")]
pub use routes::bench::{NO_OP, Rival, RivalPacket, RivalRequest};
pub use serve::serve;

use axum::{Router, extract::FromRequestParts, http::request::Parts, routing::get};
use client::Client;
use doors::Doors;
use hongbao_engine::app::App;
use hongbao_shared::Unit;
use keyed::Repeats;
use problem::Answered;
use routes::{
    accounts, control, groups, lists, live, me, packets, push, services, wallet, webhooks,
};
use std::{convert::Infallible, ops::Deref, sync::Arc};
use throttle::Throttle;
use tokio_util::sync::CancellationToken;
use utoipa_axum::{router::OpenApiRouter, routes};

/// What handlers share. One pointer: every layer of every call clones it.
#[derive(Clone, Debug)]
struct Http(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    app: Arc<App>,
    throttle: Throttle,
    repeats: Repeats,
    /// Streams of events, by the addresses of clients: also of those behind a proxy.
    streams: Doors,
    draining: CancellationToken,
}

impl Deref for Http {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

/// Everything that the server answers. Once `draining` is cancelled, `/readyz` says so,
/// and whatever streams ends.
pub fn router(app: Arc<App>, draining: CancellationToken) -> Router {
    assemble(app, draining, Router::new())
}

/// The same, and beside it what is measured against it.
#[cfg(feature = "bench")]
pub fn router_beside(
    app: Arc<App>,
    draining: CancellationToken,
    rival: Option<Arc<dyn Rival>>,
) -> Router {
    assemble(app, draining, routes::bench::routes(rival))
}

fn assemble(app: Arc<App>, draining: CancellationToken, beside: Router<Http>) -> Router {
    let throttle = Throttle::new(&app.config.addresses);
    let live = &app.config.live;
    let board = app.control.board();
    let streams = Doors::new("streams", live.streams_max, live.streams_per_address_max, board);
    let (api, document) = api().split_for_parts();
    let repeats = Repeats::of(&document);
    let documents = docs::routes(document, &app.config.unit);
    let http = Http(Arc::new(Shared { app, throttle, repeats, streams, draining }));
    Router::new()
        .merge(api)
        .merge(beside)
        .merge(documents)
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .fallback(web::fallback)
        .method_not_allowed_fallback(problem::method_not_allowed)
        .layer(observe::Observing(http.clone()))
        .with_state(http)
}

/// The list of what Hongbao can do, as somebody meets it.
fn api() -> OpenApiRouter<Http> {
    OpenApiRouter::with_openapi(docs::head())
        // Come in.
        .routes(routes!(accounts::limits))
        .routes(routes!(accounts::unit))
        .routes(routes!(accounts::guest))
        .routes(routes!(accounts::register))
        .routes(routes!(accounts::sign_in, accounts::sign_out, me::present))
        // Be somebody.
        .routes(routes!(me::me, me::change))
        .routes(routes!(me::become_account))
        .routes(routes!(me::change_password))
        .routes(routes!(me::sessions, me::end_other_sessions))
        .routes(routes!(me::end_session))
        .routes(routes!(push::key))
        .routes(routes!(push::subscribe, push::unsubscribe))
        // Meet.
        .routes(routes!(groups::create, groups::list))
        .routes(routes!(groups::preview))
        .routes(routes!(groups::join))
        .routes(routes!(groups::demo))
        .routes(routes!(groups::get))
        .routes(routes!(groups::invite, groups::invitations))
        .routes(routes!(groups::revoke))
        .routes(routes!(groups::messages, groups::post))
        .routes(routes!(groups::read))
        .routes(routes!(groups::mute))
        .routes(routes!(groups::pin))
        .routes(routes!(groups::remove_member))
        .routes(routes!(live::group))
        .routes(routes!(live::hints))
        // Get money.
        .routes(routes!(wallet::wallet))
        .routes(routes!(wallet::top_up))
        .routes(routes!(wallet::entries))
        .routes(routes!(wallet::grant))
        // Send.
        .routes(routes!(packets::pre_order))
        .routes(routes!(packets::pay))
        // Grab and open.
        .routes(routes!(packets::grab))
        .routes(routes!(packets::open))
        // Come as a program, and open for many.
        .routes(routes!(services::service))
        .routes(routes!(services::people))
        .routes(routes!(services::rooms))
        .routes(routes!(services::opens))
        // Hear what happens.
        .routes(routes!(webhooks::add, webhooks::list))
        .routes(routes!(webhooks::get, webhooks::remove))
        .routes(routes!(webhooks::rotate))
        .routes(routes!(webhooks::test))
        .routes(routes!(webhooks::resume))
        .routes(routes!(webhooks::replay))
        .routes(routes!(webhooks::attempts))
        // See who got what.
        .routes(routes!(packets::details))
        .routes(routes!(packets::claims))
        // Look back.
        .routes(routes!(lists::sent))
        .routes(routes!(lists::received))
        // Look after it.
        .routes(routes!(control::switches, control::turn_switches))
        .routes(routes!(control::history))
        .routes(routes!(control::dead_letters))
        .routes(routes!(control::retry_dead_letter))
        .routes(routes!(control::reconciliation, control::reconcile))
        .routes(routes!(control::journal))
}

/// The OpenAPI document, as `GET /api/v1/openapi.json` answers it.
pub fn document() -> serde_json::Value {
    docs::finish(api().into_openapi(), &Unit::default())
}

impl FromRequestParts<Http> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, http: &Http) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers, &parts.extensions, &http.app.config))
    }
}

/// What every handler answers.
type Answer<T> = Result<T, Answered>;
