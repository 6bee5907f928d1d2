//! Come in: guests, accounts, sessions.

use crate::http::{
    Answer, Http,
    client::{Agent, Client},
    extract::Json,
    session::{self, Own, Present},
    throttle::Counted,
};
use axum::{extract::State, response::Response};
use hongbao_shared::{
    Limits, Unit,
    api::accounts::{Credentials, GuestRequest, Registration, SignedIn},
};

/// The limits that forms, previews and the server obey.
#[utoipa::path(get, path = "/api/v1/limits", operation_id = "get_limits", tag = "People", security(()),
    responses((status = 200, description = "The limits.", body = Limits)))]
pub(in crate::http) async fn limits(State(http): State<Http>) -> Json<Limits> {
    Json(http.app.config.limits())
}

/// What amounts are counted in, and how they are shown.
#[utoipa::path(get, path = "/api/v1/unit", operation_id = "get_unit", tag = "People", security(()),
    responses((status = 200, description = "The unit of value.", body = Unit)))]
pub(in crate::http) async fn unit(State(http): State<Http>) -> Json<Unit> {
    Json(http.app.config.unit.clone())
}

/// Come in as a guest: a name is enough. A browser that is signed in already, by its cookie,
/// stays who it is and is answered so; nobody is replaced unasked.
#[utoipa::path(post, path = "/api/v1/session/guest", operation_id = "create_guest", tag = "People", security(()),
    responses((status = 201, description = "Signed in, also by cookie.", body = SignedIn)))]
pub(in crate::http) async fn guest(
    State(http): State<Http>,
    client: Client,
    Agent(agent): Agent,
    Present(present): Present,
    Json(request): Json<GuestRequest>,
) -> Answer<Response> {
    if let Some(signed_in) = present {
        return Ok(session::started(&http, &client, signed_in));
    }
    http.throttle.check(Counted::NewGuest, &client)?;
    let signed_in = http.app.accounts.guest(&request.name, &agent).await?;
    Ok(session::started(&http, &client, signed_in))
}

/// Make an account, and sign in.
#[utoipa::path(post, path = "/api/v1/accounts", tag = "People", security(()),
    responses((status = 201, description = "Signed in, also by cookie.", body = SignedIn)))]
pub(in crate::http) async fn register(
    State(http): State<Http>,
    client: Client,
    Agent(agent): Agent,
    Json(registration): Json<Registration>,
) -> Answer<Response> {
    http.throttle.check(Counted::NewAccount, &client)?;
    let signed_in = http.app.accounts.register(registration, &agent).await?;
    Ok(session::started(&http, &client, signed_in))
}

/// Sign in to an account.
#[utoipa::path(post, path = "/api/v1/session", tag = "People", security(()),
    responses((status = 201, description = "Signed in, also by cookie.", body = SignedIn)))]
pub(in crate::http) async fn sign_in(
    State(http): State<Http>,
    client: Client,
    Agent(agent): Agent,
    Json(credentials): Json<Credentials>,
) -> Answer<Response> {
    http.throttle.check_password(&client, &credentials.name)?;
    let signed_in = http.app.accounts.sign_in(credentials, &agent).await?;
    Ok(session::started(&http, &client, signed_in))
}

/// End this session.
#[utoipa::path(delete, path = "/api/v1/session", tag = "People",
    responses((status = 204, description = "The session has ended.")))]
pub(in crate::http) async fn sign_out(
    State(http): State<Http>,
    client: Client,
    Own(session): Own,
) -> Answer<Response> {
    http.app.accounts.sign_out(&session.token).await?;
    Ok(session::ended(&client))
}
